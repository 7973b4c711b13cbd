"""The annotation CSV of the DeepFashion and Market-1501 keypoints: one row an image, y first, -1 = missing.

    name:keypoints_y:keypoints_x
    fashionMENDenimid1.jpg:[38, 70, ...]:[88, 87, ...]

Two JSON lists of 18 whole numbers in OpenPose's order; some files have a space after each colon. There are no
confidences: a joint has 1, or 0 where its x or its y is -1. A coordinate outside of the image is kept. A row without
any joint is kept as a person of whom nothing was found.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping

import numpy as np

from gfla_tf.outputs import whole_file
from gfla_tf.pose.keypoint_records import KeypointFile, NobodyError, are_numbers, shorten
from gfla_tf.pose.skeletons import check_keypoints

__all__ = ["is_annotation_csv", "parse_annotation_csv", "write_annotation_csv"]

_COLUMNS = ["name", "keypoints_y", "keypoints_x"]
_SKELETON = "openpose-18"
_JOINTS = 18
_MISSING = -1


def is_annotation_csv(text: str) -> bool:
    """Tell whether a file's first line is the header of this format."""
    header = text.partition("\n")[0]
    return [column.strip() for column in header.split(":")] == _COLUMNS


def parse_annotation_csv(text: str, path: str | os.PathLike[str]) -> KeypointFile:
    """Read text for which `is_annotation_csv`.

    Raises:
        NobodyError: No row at all.
        ValueError: A bad line, by its number (the header is line 1).
    """
    names, rows = [], []
    # Not splitlines, which also splits at characters that a file name may hold.
    for number, line in enumerate(text.split("\n")[1:], start=2):
        if line.strip():
            name, y_and_x = _parse_row(line, f"{path}, line {number}")
            names.append(name)
            rows.append(y_and_x)
    if not rows:
        raise NobodyError(f"nobody in {path}: expected at least one row under the header")
    frames: dict[str, list[np.ndarray]] = {}
    for name, keypoints in zip(names, _to_keypoints(np.array(rows, np.float32)), strict=True):
        frames.setdefault(name, []).append(keypoints)
    return KeypointFile("annotation-csv", _SKELETON, frames)


def _parse_row(line: str, where: str) -> tuple[str, list[list[float]]]:
    try:
        name, y, x = line.rsplit(":", 2)
        y_and_x = [json.loads(y), json.loads(x)]
    except (ValueError, RecursionError):
        raise _bad_row(line, where) from None
    for values in y_and_x:
        if not isinstance(values, list) or len(values) != _JOINTS or not are_numbers(values):
            raise _bad_row(line, where)
    if not name.strip():
        raise _bad_row(line, where)
    return name.strip(), y_and_x


def _bad_row(line: str, where: str) -> ValueError:
    return ValueError(f"{where}: expected name:[{_JOINTS} numbers y]:[{_JOINTS} numbers x]. Received: {shorten(line)}")


def _to_keypoints(y_and_x: np.ndarray) -> np.ndarray:
    """Turn `[rows, 2, joints]` into keypoints `[rows, joints, 3]`."""
    y, x = y_and_x[:, 0], y_and_x[:, 1]
    confidence = ((y != _MISSING) & (x != _MISSING)).astype(np.float32)
    return np.stack([x * confidence, y * confidence, confidence], axis=-1)


def write_annotation_csv(path: str | os.PathLike[str], keypoints: Mapping[str, np.ndarray]) -> None:
    """Write one person an image in the genuine format.

    Coordinates are rounded to whole numbers; confidences are lost but for missing joints. A coordinate that would round
    to -1, which means missing, is written as 0.

    Args:
        path: The file; it is replaced as a whole.
        keypoints: Image name -> `[18, 3]` = (x, y, confidence) in pixels, OpenPose's order.

    Raises:
        ValueError: Keypoints of another shape, a joint that is not missing and not finite either, or a name that the
            format can't hold.
    """
    lines = [":".join(_COLUMNS)] + [_format_row(name, person) for name, person in keypoints.items()]
    with whole_file(path) as temporary:
        temporary.write_text("\n".join(lines) + "\n", encoding="utf-8", newline="\n")


def _format_row(name: str, keypoints: np.ndarray) -> str:
    if not name or name != name.strip() or ":" in name or "\n" in name:
        raise ValueError(f"an image's name must not be empty, hold a colon or end in a space. Received: {name!r}")
    keypoints = check_keypoints(keypoints, _SKELETON)
    present = keypoints[..., 2] > 0
    if keypoints.ndim != 2 or not are_numbers(keypoints[present].ravel().tolist()):
        received = shorten(keypoints.tolist())
        raise ValueError(f"keypoints of {name} must be finite numbers of shape [{_JOINTS}, 3]. Received: {received}")
    x, y = (_whole_numbers(keypoints[:, axis], present) for axis in (0, 1))
    return f"{name}:{json.dumps(y)}:{json.dumps(x)}"


def _whole_numbers(coordinates: np.ndarray, present: np.ndarray) -> list[int]:
    rounded = np.rint(np.where(present, coordinates, 0))
    rounded[rounded == _MISSING] = 0
    return [int(number) for number in np.where(present, rounded, _MISSING)]
