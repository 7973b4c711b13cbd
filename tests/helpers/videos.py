"""Small videos, with the people in them known, and a variable frame rate."""

from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np

from gfla_tf.motion.video import read_timed_frames, write_video
from gfla_tf.motion.video_people import VideoPeople, keep_people

__all__ = ["make_uneven", "write_people"]

SIZE = (240, 320)


def write_people(
    path: Path, keypoints: np.ndarray, rate: float, change: Callable[[Path], None] | None = None
) -> tuple[Path, VideoPeople]:
    """Write a grey video and, as if they had been found in it, people `[frames, 33, 3]` of BlazePose, one a frame."""
    write_video(path, [np.full((*SIZE, 3), number / 100, np.float32) for number in range(len(keypoints))], rate)
    if change is not None:
        change(path)
    times = np.array([time for time, _ in read_timed_frames(path)])
    people = VideoPeople(keypoints.astype(np.float32), np.arange(len(keypoints)), times, SIZE)
    keep_people(people, path)
    return path, people


def make_uneven(path: Path) -> None:
    """Show the first half of an MP4's frames, an even number, three times as long as the second, as phones may do.

    The table `stts` says how long frames are shown: (number of frames, duration) for each run of frames. It gets a
    second run, and the boxes around it their new sizes; OpenCV writes them behind the pictures, whose places stay.
    The sum of the durations, which stands in other places, too, stays the same.
    """
    data = path.read_bytes()
    place = data.index(b"stts")
    entries, frames, duration = struct.unpack(">3I", data[place + 8 : place + 20])
    if entries != 1:
        raise ValueError(f"One run of frames is expected. Received: {entries}.")
    half = frames // 2
    runs = struct.pack(">5I", 2, half, 3 * duration // 2, frames - half, duration // 2)
    data = data[: place + 8] + runs + data[place + 20 :]
    for box in (b"moov", b"trak", b"mdia", b"minf", b"stbl", b"stts"):
        start = data.index(box) - 4
        data = data[:start] + struct.pack(">I", struct.unpack(">I", data[start : start + 4])[0] + 8) + data[start + 4 :]
    path.write_bytes(data)
