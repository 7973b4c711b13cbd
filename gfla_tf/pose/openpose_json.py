"""OpenPose's JSON: one file an image, the people each a flat list x, y, confidence.

    {"version": 1.3, "people": [{"pose_keypoints_2d": [x, y, confidence, ...]}]}

18 joints (COCO order) or 25 (BODY_25); (0, 0, 0) is a missing joint. Older versions call the list `pose_keypoints`.
Some files say the image's size as `canvas_width` and `canvas_height`. AlphaPose can write the same under the images'
names, `{"image.jpg": {"people": [...]}}`, and with the older words `bodies` and `joints`.

Joints of another skeleton of this library can be written likewise: then each image says so, `"skeleton": "h36m-17"`.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from gfla_tf.outputs import whole_file
from gfla_tf.pose.keypoint_records import (
    KeypointFile,
    NobodyError,
    are_numbers,
    common_size,
    frame_name,
    read_size,
    read_triples,
    shorten,
)
from gfla_tf.pose.skeletons import Skeleton, get_skeleton

__all__ = ["is_openpose_json", "parse_openpose_json", "write_openpose_images", "write_openpose_json"]

_PEOPLE_KEYS = ("people", "bodies")
_KEYPOINT_KEYS = ("pose_keypoints_2d", "pose_keypoints", "joints")
_SKELETONS = {18: "openpose-18", 25: "openpose-25"}
_SKELETON_KEY = "skeleton"


def is_openpose_json(data: object) -> bool:
    """Tell whether parsed JSON has the shape of this format, for one image or for several."""
    return isinstance(data, dict) and (_has_people(data) or any(_has_people(value) for value in data.values()))


def _has_people(data: object) -> bool:
    return isinstance(data, dict) and any(key in data for key in _PEOPLE_KEYS)


def parse_openpose_json(data: dict, path: str | os.PathLike[str]) -> KeypointFile:
    """Read parsed JSON for which `is_openpose_json`.

    Raises:
        NobodyError: Nobody in the file.
        ValueError: Something in it that is not of this format.
    """
    images = {frame_name(path): data} if _has_people(data) else data
    named = _named_skeleton(images, path)
    counts = list(_SKELETONS) if named is None else [len(named.joints)]
    frames = {name: _read_people(image, counts, f"{path}, image {name}") for name, image in images.items()}
    found = {len(keypoints) for people in frames.values() for keypoints in people}
    if not found:
        raise NobodyError(f"nobody in {path}: expected at least one person")
    if len(found) > 1:
        raise ValueError(f"{path}: expected 18 or 25 joints, the same for all people. Received: both")
    skeleton = _SKELETONS[found.pop()] if named is None else named.name
    sizes = [
        read_size(image, "canvas_height", "canvas_width", f"{path}, image {name}") for name, image in images.items()
    ]
    return KeypointFile("openpose-json", skeleton, frames, common_size(sizes))


def _named_skeleton(images: dict, path: str | os.PathLike[str]) -> Skeleton | None:
    """The skeleton that the images name, None if none does."""
    names = {
        str(image[_SKELETON_KEY]) for image in images.values() if isinstance(image, dict) and _SKELETON_KEY in image
    }
    if len(names) > 1:
        raise ValueError(f"{path}: expected the same skeleton for all images. Received: {', '.join(sorted(names))}")
    return get_skeleton(names.pop()) if names else None


def _read_people(image: object, joint_counts: Sequence[int], where: str) -> list[np.ndarray]:
    people = _first_value(image, _PEOPLE_KEYS)
    if not isinstance(people, list):
        raise ValueError(f'{where}: expected a list of people under "people". Received: {shorten(image)}')
    return [
        read_triples(_first_value(person, _KEYPOINT_KEYS), joint_counts, f"{where}, person {index}")
        for index, person in enumerate(people)
    ]


def _first_value(record: object, keys: Sequence[str]) -> object:
    if not isinstance(record, dict):
        return None
    return next((record[key] for key in keys if key in record), None)


def write_openpose_json(
    path: str | os.PathLike[str], people: Sequence[np.ndarray], image_size: tuple[int, int] | None = None
) -> None:
    """Write the people of one image.

    Args:
        path: The file; it is replaced as a whole.
        people: Each `[18, 3]` or `[25, 3]` = (x, y, confidence) in pixels; missing joints are written as (0, 0, 0).
        image_size: (height, width) in pixels, written as `canvas_height` and `canvas_width`.

    Raises:
        ValueError: Keypoints of another shape, or a joint that is not missing and not finite either.
    """
    data = {"version": 1.3, **_image_record(people, image_size, _SKELETONS.values())}
    with whole_file(path) as temporary:
        temporary.write_text(json.dumps(data), encoding="utf-8")


def write_openpose_images(
    path: str | os.PathLike[str],
    images: Mapping[str, Sequence[np.ndarray]],
    skeleton: str = "openpose-18",
    image_size: tuple[int, int] | None = None,
) -> None:
    """Write the people of several images to one file.

    Args:
        path: The file; it is replaced as a whole.
        images: Name -> its people, each `[joints, 3]` = (x, y, confidence) in pixels.
        skeleton: Of the people; any that `get_skeleton` knows.
        image_size: (height, width) in pixels of all images, written as `canvas_height` and `canvas_width`.

    Raises:
        ValueError: Keypoints of another shape, or a joint that is not missing and not finite either.
    """
    named = {} if skeleton in _SKELETONS.values() else {_SKELETON_KEY: get_skeleton(skeleton).name}
    data = {name: {**named, **_image_record(people, image_size, [skeleton])} for name, people in images.items()}
    with whole_file(path) as temporary:
        temporary.write_text(json.dumps(data), encoding="utf-8")


def _image_record(people: Sequence[np.ndarray], size: tuple[int, int] | None, skeletons: Iterable[str]) -> dict:
    counts = [len(get_skeleton(skeleton).joints) for skeleton in skeletons]
    records = [{"person_id": [-1], "pose_keypoints_2d": _triples(keypoints, counts)} for keypoints in people]
    sizes = {} if size is None else {"canvas_height": int(size[0]), "canvas_width": int(size[1])}
    return {"people": records, **sizes}


def _triples(keypoints: np.ndarray, joint_counts: Sequence[int]) -> list[float]:
    keypoints = np.asarray(keypoints, np.float32)
    if keypoints.shape not in [(count, 3) for count in joint_counts]:
        shapes = " or ".join(f"[{count}, 3]" for count in joint_counts)
        raise ValueError(f"people must be keypoints of shape {shapes}. Received: {keypoints.shape}")
    # str gives the shortest decimals that are read back as the same float32.
    numbers = [float(str(number)) for number in np.where(keypoints[:, 2:] > 0, keypoints, np.float32(0)).ravel()]
    if not are_numbers(numbers):
        raise ValueError(f"people must have finite keypoints. Received: {shorten(keypoints.tolist())}")
    return numbers
