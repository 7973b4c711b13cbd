"""COCO's keypoint JSON and AlphaPose's, whose 17 joints are in the same order.

COCO annotations; v is 0 for a missing joint (confidence 0), 1 for a hidden one and 2 for a visible one (both 1):

    {"images": [{"id": 7, "file_name": "a.jpg", "width": 640, "height": 480}],
     "annotations": [{"image_id": 7, "keypoints": [x, y, v, ...]}]}

COCO results and AlphaPose, with real confidences; several entries of one image are several people:

    [{"image_id": "a.jpg", "category_id": 1, "keypoints": [x, y, confidence, ...], "score": 2.9}]

AlphaPose's larger skeletons (Halpe's 26, 68, 94 and 136 joints, COCO-WholeBody's 133) start with COCO's 17; the rest is
dropped.
"""

from __future__ import annotations

import os

import numpy as np

from gfla_tf.pose.keypoint_records import KeypointFile, NobodyError, common_size, read_size, read_triples, shorten

__all__ = ["is_alphapose_json", "is_coco_json", "parse_alphapose_json", "parse_coco_json"]

_COCO_JOINTS = 17
_ALPHAPOSE_JOINTS = (17, 26, 68, 94, 133, 136)


def is_coco_json(data: object) -> bool:
    """Tell whether parsed JSON has the shape of COCO's annotations."""
    return isinstance(data, dict) and "images" in data and "annotations" in data


def parse_coco_json(data: dict, path: str | os.PathLike[str]) -> KeypointFile:
    """Read parsed JSON for which `is_coco_json`.

    Annotations without keypoints, which are of other categories than persons, are skipped.

    Raises:
        NobodyError: Nobody in the file.
        ValueError: Something in it that is not of this format.
    """
    names: dict[int | str, str] = {}
    sizes = []
    for index, image in enumerate(_records(data["images"], f'{path}, "images"')):
        where = f"{path}, image {index}"
        names[_identifier(image.get("id"), where)] = _file_name(image.get("file_name"), where)
        sizes.append(read_size(image, "height", "width", where))
    frames: dict[str, list[np.ndarray]] = {name: [] for name in names.values()}
    for index, annotation in enumerate(_records(data["annotations"], f'{path}, "annotations"')):
        if "keypoints" in annotation:
            where = f"{path}, annotation {index}"
            frames[_image_name(annotation, names, where)].append(_read_annotation(annotation, where))
    return _keypoint_file("coco-json", frames, path, common_size(sizes))


def _read_annotation(annotation: dict, where: str) -> np.ndarray:
    keypoints = read_triples(annotation["keypoints"], [_COCO_JOINTS], where)
    keypoints[:, 2] = keypoints[:, 2] > 0
    return keypoints


def _image_name(annotation: dict, names: dict[int | str, str], where: str) -> str:
    identifier = _identifier(annotation.get("image_id"), where)
    if identifier not in names:
        raise ValueError(f'{where}: expected the id of one of the "images". Received: {shorten(identifier)}')
    return names[identifier]


def is_alphapose_json(data: object) -> bool:
    """Tell whether parsed JSON has the shape of AlphaPose's results, or COCO's."""
    return isinstance(data, list) and (not data or any(isinstance(one, dict) and "keypoints" in one for one in data))


def parse_alphapose_json(data: list, path: str | os.PathLike[str]) -> KeypointFile:
    """Read parsed JSON for which `is_alphapose_json`.

    Raises:
        NobodyError: Nobody in the file.
        ValueError: Something in it that is not of this format.
    """
    frames: dict[str, list[np.ndarray]] = {}
    for index, person in enumerate(_records(data, path)):
        where = f"{path}, entry {index}"
        name = str(_identifier(person.get("image_id"), where))
        keypoints = read_triples(person.get("keypoints"), _ALPHAPOSE_JOINTS, where)
        frames.setdefault(name, []).append(keypoints[:_COCO_JOINTS])
    return _keypoint_file("alphapose-json", frames, path, None)


def _keypoint_file(
    file_format: str, frames: dict[str, list[np.ndarray]], path: str | os.PathLike[str], size: tuple[int, int] | None
) -> KeypointFile:
    if not any(frames.values()):
        raise NobodyError(f"nobody in {path}: expected at least one person")
    return KeypointFile(file_format, "coco-17", frames, size)


def _records(value: object, where: str | os.PathLike[str]) -> list[dict]:
    if not isinstance(value, list) or not all(isinstance(record, dict) for record in value):
        raise ValueError(f"{where}: expected a list of JSON objects. Received: {shorten(value)}")
    return value


def _identifier(value: object, where: str) -> int | str:
    if isinstance(value, bool) or not isinstance(value, (int, str)):
        raise ValueError(f"{where}: expected a number or a name as the image's id. Received: {shorten(value)}")
    return value


def _file_name(value: object, where: str) -> str:
    if not isinstance(value, str):
        raise ValueError(f'{where}: expected a name under "file_name". Received: {shorten(value)}')
    return value
