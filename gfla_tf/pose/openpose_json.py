"""OpenPose's JSON: one file an image, the people each a flat list x, y, confidence.

    {"version": 1.3, "people": [{"pose_keypoints_2d": [x, y, confidence, ...]}]}

18 joints (COCO order) or 25 (BODY_25); (0, 0, 0) is a missing joint. Older versions call the list `pose_keypoints`.
Some files say the image's size as `canvas_width` and `canvas_height`. AlphaPose can write the same under the images'
names, `{"image.jpg": {"people": [...]}}`, and with the older words `bodies` and `joints`.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence

import numpy as np

from gfla_tf.outputs import whole_file
from gfla_tf.pose.keypoint_records import (
    KeypointFile,
    are_numbers,
    common_size,
    frame_name,
    read_size,
    read_triples,
    shorten,
)

__all__ = ["is_openpose_json", "parse_openpose_json", "write_openpose_json"]

_PEOPLE_KEYS = ("people", "bodies")
_KEYPOINT_KEYS = ("pose_keypoints_2d", "pose_keypoints", "joints")
_SKELETONS = {18: "openpose-18", 25: "openpose-25"}


def is_openpose_json(data: object) -> bool:
    """Tell whether parsed JSON has the shape of this format, for one image or for several."""
    return isinstance(data, dict) and (_has_people(data) or any(_has_people(value) for value in data.values()))


def _has_people(data: object) -> bool:
    return isinstance(data, dict) and any(key in data for key in _PEOPLE_KEYS)


def parse_openpose_json(data: dict, path: str | os.PathLike[str]) -> KeypointFile:
    """Read parsed JSON for which `is_openpose_json`.

    Raises:
        ValueError: Nobody in the file, or something in it that is not of this format.
    """
    images = {frame_name(path): data} if _has_people(data) else data
    frames = {name: _read_people(image, f"{path}, image {name}") for name, image in images.items()}
    counts = {len(keypoints) for people in frames.values() for keypoints in people}
    if not counts:
        raise ValueError(f"nobody in {path}: expected at least one person")
    if len(counts) > 1:
        raise ValueError(f"{path}: expected 18 or 25 joints, the same for all people. Received: both")
    sizes = [
        read_size(image, "canvas_height", "canvas_width", f"{path}, image {name}") for name, image in images.items()
    ]
    return KeypointFile("openpose-json", _SKELETONS[counts.pop()], frames, common_size(sizes))


def _read_people(image: object, where: str) -> list[np.ndarray]:
    people = _first_value(image, _PEOPLE_KEYS)
    if not isinstance(people, list):
        raise ValueError(f'{where}: expected a list of people under "people". Received: {shorten(image)}')
    return [
        read_triples(_first_value(person, _KEYPOINT_KEYS), list(_SKELETONS), f"{where}, person {index}")
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
    data: dict[str, object] = {"version": 1.3}
    data["people"] = [{"person_id": [-1], "pose_keypoints_2d": _triples(keypoints)} for keypoints in people]
    if image_size is not None:
        data["canvas_height"], data["canvas_width"] = (int(length) for length in image_size)
    with whole_file(path) as temporary:
        temporary.write_text(json.dumps(data), encoding="utf-8")


def _triples(keypoints: np.ndarray) -> list[float]:
    keypoints = np.asarray(keypoints, np.float32)
    if keypoints.shape not in [(count, 3) for count in _SKELETONS]:
        raise ValueError(f"people must be keypoints of shape [18, 3] or [25, 3]. Received: {keypoints.shape}")
    # str gives the shortest decimals that are read back as the same float32.
    numbers = [float(str(number)) for number in np.where(keypoints[:, 2:] > 0, keypoints, np.float32(0)).ravel()]
    if not are_numbers(numbers):
        raise ValueError(f"people must have finite keypoints. Received: {shorten(keypoints.tolist())}")
    return numbers
