"""Biovision hierarchy (.bvh) motion files: a tree of joints with offsets, and one row of channel values a frame.

Values are kept as they are in the file: offsets and positions in the file's length unit, y up, angles in degrees. A
joint's rotation is the product of its rotation channels in their order, so that `Zrotation Xrotation Yrotation` means
`Rz @ Rx @ Ry` acting on columns; a joint's frame in the world is its parent's frame times its own.

Reference: M. Meredith, S. Maddock, "Motion Capture File Formats Explained", University of Sheffield, 2001.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

__all__ = ["BvhJoint", "BvhMotion", "read_bvh", "global_rotations"]

_CHANNELS = {f"{axis}{kind}" for axis in "XYZ" for kind in ("position", "rotation")}


@dataclass(frozen=True)
class BvhJoint:
    """A joint: `parent` is an index or -1, `offset` is from the parent, `first_channel` is its column in `values`."""

    name: str
    parent: int
    offset: tuple[float, float, float]
    channels: tuple[str, ...]
    first_channel: int


@dataclass(frozen=True)
class BvhMotion:
    """A whole file.

    Attributes:
        joints: parents before children; the ends of limbs (`End Site`) are joints without channels called
            `NAME_end`.
        values: float64 `[frames, channels]`.
        frame_time: seconds between frames.
    """

    joints: tuple[BvhJoint, ...]
    values: np.ndarray
    frame_time: float


class _Lines:
    """The lines of a file that are not empty, and errors that name the file and the line."""

    def __init__(self, path: str | os.PathLike[str]):
        self.path = Path(path)
        try:
            text = self.path.read_text(encoding="ascii")
        except (OSError, UnicodeDecodeError) as error:
            raise ValueError(f"A BVH motion file is expected. Received: {path} ({error}).") from error
        numbered = enumerate(text.splitlines(), 1)
        self._lines = [(number, line.split()) for number, line in numbered if line.strip()]
        self._next = 0

    def error(self, expected: str) -> ValueError:
        if self._next > len(self._lines):
            return ValueError(f"{self.path}: {expected} expected. Received: the end of the file.")
        number, words = self._lines[self._next - 1]
        return ValueError(f"{self.path}, line {number}: {expected} expected. Received: {' '.join(words)[:80]}.")

    def take(self, expected: str, *keywords: str) -> list[str]:
        """The words of the next line, which must begin with one of the keywords, if there are any."""
        self._next += 1
        if self._next > len(self._lines):
            raise self.error(expected)
        words = self._lines[self._next - 1][1]
        if keywords and words[0] not in keywords:
            raise self.error(expected)
        return words

    def numbers(self, words: list[str], count: int, expected: str) -> list[float]:
        """Words as finite numbers."""
        try:
            values = [float(word) for word in words]
        except ValueError:
            values = []
        if len(values) != count or not np.isfinite(values).all():
            raise self.error(expected)
        return values

    def rest(self) -> Iterator[list[str]]:
        """The words of all remaining lines."""
        while self._next < len(self._lines):
            yield self.take("a frame is")


def _read_offset(lines: _Lines) -> tuple[float, float, float]:
    words = lines.take("OFFSET and three numbers are", "OFFSET")
    x, y, z = lines.numbers(words[1:], 3, "OFFSET and three numbers are")
    return x, y, z


def _read_channels(lines: _Lines) -> tuple[str, ...]:
    expected = "CHANNELS, their number and names are"
    words = lines.take(expected, "CHANNELS")
    if len(words) < 2 or words[1] != str(len(words) - 2) or not set(words[2:]) <= _CHANNELS:
        raise lines.error(expected)
    return tuple(words[2:])


def _read_joints(lines: _Lines) -> list[BvhJoint]:
    joints: list[BvhJoint] = []
    open_joints: list[int] = []
    columns = 0
    while not joints or open_joints:
        words = lines.take("ROOT, JOINT, End Site or } is", *(("JOINT", "End", "}") if joints else ("ROOT",)))
        if words[0] == "}":
            open_joints.pop()
            continue
        parent = open_joints[-1] if open_joints else -1
        name = " ".join(words[1:]) if words[0] != "End" else f"{joints[parent].name}_end"
        lines.take("{ is", "{")
        offset = _read_offset(lines)
        channels = _read_channels(lines) if words[0] != "End" else ()
        joints.append(BvhJoint(name, parent, offset, channels, columns))
        columns += len(channels)
        open_joints.append(len(joints) - 1)
    return joints


def read_bvh(path: str | os.PathLike[str]) -> BvhMotion:
    """Read a motion file.

    Args:
        path: the .bvh file.

    Returns:
        Its joints and frames.

    Raises:
        ValueError: names the file and the line where it is damaged.
    """
    lines = _Lines(path)
    lines.take("HIERARCHY is", "HIERARCHY")
    joints = _read_joints(lines)
    lines.take("MOTION is", "MOTION")
    (frames,) = lines.numbers(lines.take("Frames: and a number are", "Frames:")[1:], 1, "a number of frames is")
    words = lines.take("Frame Time: and seconds are", "Frame")
    (frame_time,) = lines.numbers(words[2:], 1, "Frame Time: and seconds are")
    if frame_time <= 0:
        raise lines.error("a time above zero is")
    columns = sum(len(joint.channels) for joint in joints)
    values = [lines.numbers(words, columns, f"{columns} numbers are") for words in lines.rest()]
    if len(values) != frames:
        raise ValueError(f"{path}: {frames:.0f} frames are expected, as it says. Received: {len(values)}.")
    if not values:
        raise ValueError(f"{path}: at least one frame is expected. Received: none.")
    return BvhMotion(tuple(joints), np.array(values), frame_time)


def _axis_rotations(axis: str, degrees: np.ndarray) -> np.ndarray:
    """Rotations `[frames, 3, 3]` about a coordinate axis."""
    first, second = {"X": (1, 2), "Y": (2, 0), "Z": (0, 1)}[axis]
    cosine, sine = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    matrices = np.tile(np.eye(3), (len(degrees), 1, 1))
    matrices[:, first, first] = matrices[:, second, second] = cosine
    matrices[:, second, first], matrices[:, first, second] = sine, -sine
    return matrices


def global_rotations(motion: BvhMotion) -> np.ndarray:
    """How every joint's frame is turned in the world.

    Args:
        motion: the motion.

    Returns:
        float64 `[frames, joints, 3, 3]`.
    """
    result = np.empty((len(motion.values), len(motion.joints), 3, 3))
    for index, joint in enumerate(motion.joints):
        turned = result[:, joint.parent] if joint.parent >= 0 else np.eye(3)
        for column, channel in enumerate(joint.channels, joint.first_channel):
            if channel.endswith("rotation"):
                turned = turned @ _axis_rotations(channel[0], motion.values[:, column])
        result[:, index] = turned
    return result
