"""One person's keypoints over time: from files, and to them.

A sequence comes from a folder of keypoint files, one a frame, or from one file of many images, in any known format
(`keypoint_files`). Frames are in the natural order of their names (frame2 before frame10). Where names are numbered and
some numbers are missing, as detectors leave out images without people, these frames are there, without anybody.

Keypoints are float32 `[frames, joints, 3]` = (x, y, confidence) in pixels, confidence 0 = missing; a frame without the
person is all 0.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np

from gfla_tf.pose.keypoint_files import KEYPOINT_EXTENSIONS, read_keypoint_file
from gfla_tf.pose.keypoint_records import NobodyError, common_size, frame_name
from gfla_tf.pose.openpose_json import write_openpose_images
from gfla_tf.pose.person_choice import box_area, check_person, choose_people
from gfla_tf.pose.skeletons import convert_keypoints, get_skeleton

__all__ = ["KeypointSequence", "choose_sequence", "read_sequence", "write_sequence"]

_LAST_NUMBER = re.compile(r"(\d+)(\D*)$")


@dataclass(frozen=True, eq=False)
class KeypointSequence:
    """One person's keypoints over time.

    Attributes:
        names: of the frames.
        keypoints: float32 `[frames, joints, 3]`.
        skeleton: of the keypoints.
        image_size: (height, width) in pixels of all frames, None where it is not known.
    """

    names: tuple[str, ...]
    keypoints: np.ndarray
    skeleton: str
    image_size: tuple[int, int] | None = None


def read_sequence(
    path: str | os.PathLike[str], skeleton: str = "h36m-17", rule: str = "nearest", person: int = 0
) -> KeypointSequence:
    """Read a sequence.

    Args:
        path: a folder of keypoint files, or one file.
        skeleton: what the keypoints are converted to.
        rule: which of several people: "nearest" or "largest", see `person_choice`.
        person: with "nearest", who is followed: which one of the first frame that has so many, by size, from 0.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: a file cannot be read, or the person is in no frame.
    """
    frames, size = _read_folder(Path(path), skeleton) if os.path.isdir(path) else _read_file(path, skeleton)
    frames = _with_gaps(dict(sorted(frames.items(), key=lambda item: _natural(item[0]))))
    if person == 0 and max(map(len, frames.values())) == 1:
        rule = "largest"  # nobody to tell apart: the file is one person's, however they jump
    return choose_sequence(frames, skeleton, size, rule, person, os.fspath(path))


def choose_sequence(
    frames: dict[str, list[np.ndarray]],
    skeleton: str,
    image_size: tuple[int, int] | None = None,
    rule: str = "nearest",
    person: int = 0,
    where: str = "the frames",
) -> KeypointSequence:
    """The sequence of one of the people in frames.

    Args:
        frames: name -> people, each `[joints, 3]`, in order of time.
        skeleton: of the people.
        image_size: (height, width) of the frames in pixels.
        rule: see `read_sequence`.
        person: likewise.
        where: the people are from, for messages.

    Raises:
        ValueError: the person is in no frame.
    """
    people = [sorted(_there(found), key=box_area, reverse=True) for found in frames.values()]
    chosen = choose_people(people, rule, person)
    if all(one is None for one in chosen):
        most = max((len(found) for found in people), default=0)
        if not most:
            raise ValueError(f"nobody in {where}: expected at least one person")
        check_person(person, most, where)
    nobody = np.zeros([len(get_skeleton(skeleton).joints), 3], np.float32)
    keypoints = np.stack([nobody if one is None else one for one in chosen]).astype(np.float32)
    return KeypointSequence(tuple(frames), keypoints, skeleton, image_size)


def write_sequence(path: str | os.PathLike[str], sequence: KeypointSequence) -> None:
    """Write a sequence as one OpenPose JSON of all frames, which `read_sequence` reads back."""
    people = [[keypoints] if (keypoints[:, 2] > 0).any() else [] for keypoints in sequence.keypoints]
    images = dict(zip(sequence.names, people, strict=True))
    write_openpose_images(path, images, sequence.skeleton, sequence.image_size)


def _read_file(path: str | os.PathLike[str], skeleton: str) -> tuple[dict, tuple[int, int] | None]:
    file = read_keypoint_file(path)
    frames = {
        name: _there([convert_keypoints(person, file.skeleton, skeleton) for person in people])
        for name, people in file.frames.items()
    }
    return frames, file.image_size


def _there(people: list[np.ndarray]) -> list[np.ndarray]:
    """Those of whom a joint is there: files may hold people without any, or without one that the skeleton has."""
    return [person for person in people if (person[:, 2] > 0).any()]


def _read_folder(folder: Path, skeleton: str) -> tuple[dict, tuple[int, int] | None]:
    """The people of each file of a folder, under the file's name; a file without people is a frame without."""
    paths = sorted(path for path in folder.iterdir() if path.suffix.lower() in KEYPOINT_EXTENSIONS and path.is_file())
    if not paths:
        raise ValueError(f"{folder}: expected keypoint files, {' or '.join(KEYPOINT_EXTENSIONS)}. Received: none")
    frames, sizes = {}, []
    for path in paths:
        try:
            images, size = _read_file(path, skeleton)
        except NobodyError:
            images, size = {}, None
        if len(images) > 1:
            raise ValueError(f"{path}: expected the keypoints of one frame. Received: {len(images)} images")
        frames[frame_name(path)] = [person for people in images.values() for person in people]
        sizes += [size] if size else []
    return frames, common_size(sizes)


def _natural(name: str) -> list:
    return [int(part) if place % 2 else part for place, part in enumerate(re.split(r"(\d+)", name))]


def _with_gaps(frames: dict[str, list]) -> dict[str, list]:
    """Frames with empty ones where numbers are missing; unless that would more than double them."""
    stems = [PurePosixPath(name).stem for name in frames]
    found = [_LAST_NUMBER.search(stem) for stem in stems]
    numbers = [int(match[1]) if match else -1 for match in found]
    steps = np.diff(numbers)
    if min(numbers) < 0 or not len(steps) or min(steps) < 1 or (steps % min(steps)).any():
        return frames
    if sum(steps) // min(steps) > 2 * len(steps):
        return frames
    return _numbered(frames, numbers, int(min(steps)))


def _numbered(frames: dict[str, list], numbers: Sequence[int], step: int) -> dict[str, list]:
    """Frames of which some have numbers in between that are not there."""
    filled: dict[str, list] = {}
    before: tuple[str, int] | None = None
    for (name, people), number in zip(frames.items(), numbers, strict=True):
        while before is not None and number > before[1] + step:
            before = _next_name(*before, step)
            filled[before[0]] = []
        filled[name] = people
        before = (name, number)
    return filled


def _next_name(name: str, number: int, step: int) -> tuple[str, int]:
    """The name that has the next number, with as many digits."""
    suffix = PurePosixPath(name).suffix
    match = _LAST_NUMBER.search(name.removesuffix(suffix))
    following = f"{number + step:0{len(match[1])}}"
    return f"{name[: match.start()]}{following}{match[2]}{suffix}", number + step
