"""What drives an animation: a person's joints over time, from a video, motion capture, or keypoints in files.

A video's own frame rate is kept, and its sound belongs to it; frames at uneven times are refused, since the result has
even ones. Motion capture is looked at 30 times a second (`motion_capture`), keypoints are taken for 30 a second, unless
another rate is given.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from gfla_tf.animation.motion_capture import read_motion_capture
from gfla_tf.motion.video import video_info
from gfla_tf.motion.video_people import find_video_people
from gfla_tf.people import check_there, is_keypoint_file
from gfla_tf.pose.sequences import choose_sequence, read_sequence

__all__ = ["FRAMES_PER_SECOND", "Driving", "check_driving", "even_rate", "read_driving"]

FRAMES_PER_SECOND = 30.0
MOTION_CAPTURE = ".bvh"
_LARGEST_SHIFT = 1.0  # frames that a frame may be away from its even time
_SAME_RATE = 0.01
_SAME_END = 0.5  # frames


@dataclass(frozen=True, eq=False)
class Driving:
    """Somebody's movement.

    Attributes:
        keypoints: float32 `[frames, joints, 3]` = (x, y, confidence) in pixels, confidence 0 = missing; all 0 in a
            frame without the person.
        skeleton: of the keypoints.
        frames_per_second: of the movement.
        image_size: (height, width) of the pictures in pixels, None where it is not known.
        video: where the pictures are, None without.
        sound: file with the sound that belongs to the frames, None without.
        exact: whether there is no detector's noise in it.
    """

    keypoints: np.ndarray
    skeleton: str
    frames_per_second: float = FRAMES_PER_SECOND
    image_size: tuple[int, int] | None = None
    video: Path | None = None
    sound: Path | None = None
    exact: bool = False


def read_driving(
    path: str | os.PathLike[str],
    skeleton: str,
    person: int = 0,
    frames_per_second: float | None = None,
    turn: float = 0.0,
) -> Driving:
    """Read what drives an animation.

    Args:
        path: a video, a .bvh file, a keypoint file of all frames, or a folder of keypoint files.
        skeleton: that the joints are wanted in.
        person: who is followed, by size in the first frame that has so many, from 0.
        frames_per_second: above 0; of keypoints 30 by default, of a video its own. Given for a video, its frames are
            taken as even at that rate, and its sound is left out.
        turn: for motion capture only, degrees to the person's left from facing the viewer.

    Raises:
        ValueError: nothing of that kind, damaged, without the person, or a video with frames at uneven times.
    """
    path = Path(path)
    if frames_per_second is not None and not 0 < frames_per_second < np.inf:
        raise ValueError(f"frames_per_second above 0 is expected. Received: {frames_per_second}.")
    check_driving(path, turn)
    if _is_motion_capture(path):
        rate = frames_per_second or FRAMES_PER_SECOND
        keypoints, size = read_motion_capture(path, skeleton, rate, turn)
        return Driving(keypoints, skeleton, rate, size, exact=True)
    if _is_keypoints(path):
        sequence = read_sequence(path, skeleton, person=person)
        return Driving(sequence.keypoints, skeleton, frames_per_second or FRAMES_PER_SECOND, sequence.image_size)
    return _read_video(path, skeleton, person, frames_per_second)


def check_driving(path: str | os.PathLike[str], turn: float = 0.0) -> None:
    """Raise a ValueError if it can be seen at once that nothing can be driven by it, or not so turned."""
    if not np.isfinite(turn):
        raise ValueError(f"turn must be a number of degrees. Received: {turn}.")
    expected = f"A video, a {MOTION_CAPTURE} file, a keypoint file or a folder of them"
    check_there(path, expected)
    if _is_motion_capture(path):
        return
    if turn:
        raise ValueError(f"--turn is for {MOTION_CAPTURE} files. Received: {turn:g} with {path}.")
    if not _is_keypoints(path):
        video_info(path, expected)


def _is_motion_capture(path: str | os.PathLike[str]) -> bool:
    return os.fspath(path).lower().endswith(MOTION_CAPTURE)


def _is_keypoints(path: str | os.PathLike[str]) -> bool:
    return os.path.isdir(path) or is_keypoint_file(path)


def _read_video(path: Path, skeleton: str, person: int, frames_per_second: float | None) -> Driving:
    people = find_video_people(path)
    rate = frames_per_second or even_rate(people.times, video_info(path).frames_per_second, path)
    sequence = choose_sequence(
        people.by_frame(skeleton), skeleton, people.image_size, person=person, where=os.fspath(path)
    )
    sound = path if frames_per_second is None else None
    return Driving(sequence.keypoints, skeleton, rate, people.image_size, video=path, sound=sound)


def even_rate(times: np.ndarray, stated: float, path: str | os.PathLike[str]) -> float:
    """How many frames a second there are, the times being even.

    Args:
        times: of the frames, `[frames]` in seconds.
        stated: what the video says; taken if it agrees with the times up to 1 %, and at the end up to half a frame, or
            if these tell nothing.
        path: the video, for the message.

    Raises:
        ValueError: a frame is further away from its even time than the time between two frames.
    """
    if len(times) < 3 or times[-1] <= times[0]:
        return stated
    rate = (len(times) - 1) / (times[-1] - times[0])
    shift = np.abs((times - times[0]) * rate - np.arange(len(times))).max()
    if shift > _LARGEST_SHIFT:
        raise ValueError(
            f"{path}: frames at even times (a constant frame rate) are expected. Received: frames up to {shift:.1f} "
            f"frames away from even ones; `ffmpeg -i {path} -vf fps={rate:.0f} even.mp4` makes them even, "
            f"--frames-per-second {rate:.0f} takes them as if they were."
        )
    difference = abs(rate / stated - 1)
    return stated if difference < _SAME_RATE and difference * (len(times) - 1) < _SAME_END else rate
