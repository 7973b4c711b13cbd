"""Keypoints from files of any known format, which is found by content and not by the file's name.

| format | description |
|---|---|
| openpose-json, also AlphaPose's imitation of it | `openpose_json` |
| alphapose-json, also COCO results | `coco_json` |
| coco-json | `coco_json` |
| landmark-json (MediaPipe) | `landmark_json` |
| annotation-csv (DeepFashion, Market-1501) | `annotation_csv` |

Keypoints are float32 `[joints, 3]` = (x, y, confidence) in pixels of the image that the file was made from, confidence
0 = missing.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable
from pathlib import PurePosixPath

import numpy as np

from gfla_tf.pose.annotation_csv import is_annotation_csv, parse_annotation_csv
from gfla_tf.pose.coco_json import is_alphapose_json, is_coco_json, parse_alphapose_json, parse_coco_json
from gfla_tf.pose.keypoint_records import KeypointFile, NobodyError, shorten
from gfla_tf.pose.landmark_json import is_landmark_json, parse_landmark_json
from gfla_tf.pose.openpose_json import is_openpose_json, parse_openpose_json
from gfla_tf.pose.person_choice import box_area, check_person
from gfla_tf.pose.skeletons import Skeleton, convert_keypoints
from gfla_tf.remote import as_path

__all__ = ["KEYPOINT_EXTENSIONS", "read_keypoint_file", "read_keypoints", "split_image_name"]

KEYPOINT_EXTENSIONS = (".json", ".csv")
_JSON_FORMATS: tuple[tuple[Callable[[object], bool], Callable[..., KeypointFile]], ...] = (
    (is_coco_json, parse_coco_json),
    (is_landmark_json, parse_landmark_json),
    (is_alphapose_json, parse_alphapose_json),
    (is_openpose_json, parse_openpose_json),
)
_EXPECTED = (
    "expected keypoints as JSON of OpenPose, AlphaPose, COCO or MediaPipe, "
    "or as CSV with the header name:keypoints_y:keypoints_x"
)
_CHOICES_SHOWN = 5


def read_keypoint_file(path: str | os.PathLike[str]) -> KeypointFile:
    """Read everything in a keypoint file.

    Raises:
        FileNotFoundError: There is no such file.
        NobodyError: There is nobody in it.
        ValueError: It is not of a known format, or damaged.
    """
    text = _read_text(path)
    if text.lstrip()[:1] in ("{", "["):
        data = _parse_json(text, path)
        for matches, parse in _JSON_FORMATS:
            if matches(data):
                return parse(data, path)
    elif is_annotation_csv(text):
        return parse_annotation_csv(text, path)
    raise ValueError(f"{path}: {_EXPECTED}. Received: {shorten(text)}")


def _read_text(path: str | os.PathLike[str]) -> str:
    if os.path.isdir(path):
        raise ValueError(f"{path}: {_EXPECTED}. Received: a folder")
    content = as_path(path).read_bytes()
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ValueError(f"{path}: {_EXPECTED}. Received: a file that is not UTF-8 text") from None
    if not text.strip():
        raise ValueError(f"{path}: {_EXPECTED}. Received: an empty file")
    return text


def _parse_json(text: str, path: str | os.PathLike[str]) -> object:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{path}: {_EXPECTED}. Received: broken JSON ({error})") from None


def read_keypoints(
    path: str | os.PathLike[str],
    skeleton: str | Skeleton = "openpose-18",
    person: int | None = None,
    image: str | None = None,
) -> np.ndarray:
    """Read one person's keypoints.

    Args:
        path: A keypoint file; `FILE#IMAGE` is short for the image of that name in it.
        skeleton: What the keypoints are converted to.
        person: Index among the image's people, in the order of the file. By default it's the one whose joints fill the
            largest upright box.
        image: Which image of the file, by its full name, its name without folders, or that without its extension.
            Needed if there are several.

    Returns:
        float32 `[joints of skeleton, 3]`.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: The file can't be read, or doesn't hold that image or person, or no joint of that person.
    """
    whole, (path, name) = path, split_image_name(path)
    if name is not None and image is not None:
        raise ValueError(
            f"expected the image's name in the path or as an argument, not both. Received: {whole}, {image}"
        )
    file = read_keypoint_file(path)
    name = _find_image(file.frames, name if image is None else image, path)
    where = f"image {name} of {path}"
    keypoints = convert_keypoints(_find_person(file.frames[name], person, where), file.skeleton, skeleton)
    if not (keypoints[:, 2] > 0).any():
        raise ValueError(f"no joint was found in {where}: expected a person with at least one")
    return keypoints


def split_image_name(path: str | os.PathLike[str]) -> tuple[str, str | None]:
    """File and image of `FILE#IMAGE`; None as the image of another path."""
    path = os.fspath(path)
    # Either name may have a # of its own: what exists decides, beginning with the whole as a file's name.
    ends = [len(path)] + [position for position, letter in enumerate(path) if letter == "#"]
    end = next((end for end in ends if os.path.isfile(path[:end])), len(path))
    return path[:end], path[end + 1 :] if end < len(path) else None


def _find_image(frames: dict[str, list[np.ndarray]], image: str | None, path: str) -> str:
    if image is None:
        if len(frames) == 1:
            return next(iter(frames))
        raise ValueError(f"{path}: expected the name of one of its images. Choices: {_choices(frames)}")
    for key_of_frame, key_of_image in _NAME_MATCHES:
        wanted = key_of_image(image)
        found = [name for name in frames if key_of_frame(name) == wanted]
        if len(found) == 1:
            return found[0]
        if found:
            raise ValueError(f"{path}: image {image} is ambiguous. Choices: {_choices(found)}")
    raise ValueError(f"{path}: there is no image {image}. Choices: {_choices(frames)}")


def _base_name(name: str) -> str:
    return PurePosixPath(name).name


def _stem(name: str) -> str:
    return PurePosixPath(name).stem


# From the strictest to the loosest: a frame's name may lack the extension that the image's name has, or the reverse.
_NAME_MATCHES = ((str, str), (_base_name, _base_name), (_stem, _base_name), (_base_name, _stem), (_stem, _stem))


def _choices(names: Iterable[str]) -> str:
    names = list(names)
    shown = ", ".join(names[:_CHOICES_SHOWN])
    return shown if len(names) <= _CHOICES_SHOWN else f"{shown}, ... ({len(names)} in all)"


def _find_person(people: list[np.ndarray], person: int | None, where: str) -> np.ndarray:
    if not people:
        raise NobodyError(f"nobody in {where}: expected at least one person")
    if person is None:
        return max(people, key=box_area)
    check_person(person, len(people), where)
    return people[person]
