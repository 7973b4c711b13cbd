"""What a keypoint file says, whatever its format, and the checks that all formats share.

Keypoints are float32 `[joints, 3]` = (x, y, confidence) in pixels as the file has them, missing joints (0, 0, 0).
"""

from __future__ import annotations

import os
import reprlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

__all__ = [
    "KeypointFile",
    "NobodyError",
    "are_numbers",
    "read_triples",
    "read_size",
    "common_size",
    "frame_name",
    "shorten",
]

# Anything larger is damage and not a coordinate; its square would still fit into float32.
_LARGEST = 1e9

_SHORT = reprlib.Repr()
_SHORT.maxstring = _SHORT.maxother = 100


class NobodyError(ValueError):
    """A file is as it should be, but there is nobody in it."""


@dataclass(frozen=True, eq=False)
class KeypointFile:
    """What was read from a keypoint file.

    Attributes:
        format: "openpose-json", "alphapose-json", "coco-json", "landmark-json" or "annotation-csv".
        skeleton: Name of the skeleton that all people have.
        frames: Image name -> its people in the order of the file, each float32 `[joints, 3]`. A file that doesn't name
            its image has one frame, called after the file. An image without people has an empty list.
        image_size: (height, width) in pixels where the file says it, and the same for all of its images; else None.
    """

    format: str
    skeleton: str
    frames: dict[str, list[np.ndarray]]
    image_size: tuple[int, int] | None = None


def are_numbers(values: Iterable[object]) -> bool:
    """Tell whether all are numbers of JSON that can be coordinates: finite, at most 1e9, no text, no true or false."""
    return all(type(value) in (int, float) and abs(value) <= _LARGEST for value in values)


def read_triples(numbers: object, joint_counts: Sequence[int], where: str) -> np.ndarray:
    """Read keypoints from a flat list x, y, confidence, x, y, confidence, ...

    Args:
        numbers: A value from JSON, which may be anything.
        joint_counts: Numbers of joints that are allowed.
        where: Starts the error's message.

    Returns:
        float32 `[joints, 3]`; joints whose confidence is not above 0 are (0, 0, 0).

    Raises:
        ValueError: Not a list of finite numbers, or one of another length.
    """
    if not isinstance(numbers, list) or len(numbers) not in [3 * count for count in joint_counts]:
        received = f"{len(numbers)} numbers" if isinstance(numbers, list) else shorten(numbers)
        counts = " or ".join(f"{count}*3" for count in joint_counts)
        raise ValueError(f"{where}: expected a list of {counts} numbers. Received: {received}")
    if not are_numbers(numbers):
        index = next(index for index, number in enumerate(numbers) if not are_numbers([number]))
        raise ValueError(f"{where}: expected finite numbers. Received: {shorten(numbers[index])} at index {index}")
    keypoints = np.array(numbers, np.float32).reshape(-1, 3)
    keypoints[keypoints[:, 2] <= 0] = 0
    return keypoints


def read_size(record: dict, height_key: str, width_key: str, where: str) -> tuple[int, int] | None:
    """Read (height, width) from a JSON object; None where it lacks one of them.

    Raises:
        ValueError: A size that is not a whole number above 0.
    """
    size = record.get(height_key), record.get(width_key)
    if None in size:
        return None
    if not are_numbers(size) or min(size) < 1 or any(length != int(length) for length in size):
        raise ValueError(f"{where}: {height_key} and {width_key} must be whole numbers above 0. Received: {size}")
    return int(size[0]), int(size[1])


def common_size(sizes: Iterable[tuple[int, int] | None]) -> tuple[int, int] | None:
    """Return the size that all of them are, or None."""
    distinct = set(sizes)
    return distinct.pop() if len(distinct) == 1 else None


def frame_name(path: str | os.PathLike[str]) -> str:
    """Name the frame of a file that doesn't name its image: OpenPose writes NAME_keypoints.json for NAME.jpg."""
    return Path(path).stem.removesuffix("_keypoints")


def shorten(value: object) -> str:
    """Return the value as text of a length that fits an error message."""
    return _SHORT.repr(value)
