"""Videos: frames in, frames out, and a person's joints before and after cleaning drawn over them.

Images are float32 RGB `[height, width, 3]` in [-1, 1].
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from gfla_tf.image_io import PICTURE_EXTENSIONS, from_uint8, to_uint8
from gfla_tf.motion.filling import SKELETON
from gfla_tf.outputs import check_output, whole_file
from gfla_tf.pose.drawing import draw_skeleton

__all__ = ["VIDEO_EXTENSIONS", "VideoInfo", "check_rate", "draw_before_and_after", "read_frames", "read_timed_frames"]
__all__ += ["video_info", "write_video"]

VIDEO_EXTENSIONS = (".mp4", ".m4v", ".mov")  # that can be written
BEFORE_COLOR = (205, 95, 95)  # RGB
LOWEST_RATE, HIGHEST_RATE = 0.01, 65535  # frames a second; MPEG-4 has 16 bits for its clock, in which OpenCV counts
DECIMALS = 3  # of a rate that OpenCV keeps


@dataclass(frozen=True)
class VideoInfo:
    """What a video says about itself; `frames` may be wrong, as some containers only guess it."""

    frames: int
    frames_per_second: float
    height: int
    width: int


def _open(path: str | os.PathLike[str], expected: str = "A video"):
    import cv2

    if not os.path.isfile(path):
        raise ValueError(f"{expected} is expected. Received: {path}, which is not a file.")
    if Path(path).suffix.lower() in PICTURE_EXTENSIONS:  # OpenCV takes one for a video of a frame
        raise ValueError(f"{expected} is expected. Received: {path}, which is a picture.")
    capture = cv2.VideoCapture(os.path.abspath(path))  # FFmpeg takes what is before a colon for a protocol
    if not capture.isOpened():
        raise ValueError(f"{expected} is expected. Received: {path}, which OpenCV cannot read as a video.")
    return capture


def video_info(path: str | os.PathLike[str], expected: str = "A video") -> VideoInfo:
    """Read how many frames a video has, and how large.

    Args:
        path: the video.
        expected: what an error begins with, where other things than videos are welcome too.

    Raises:
        ValueError: it is no video that OpenCV can read.
    """
    import cv2

    capture = _open(path, expected)
    try:
        keys = (cv2.CAP_PROP_FRAME_COUNT, cv2.CAP_PROP_FPS, cv2.CAP_PROP_FRAME_HEIGHT, cv2.CAP_PROP_FRAME_WIDTH)
        frames, rate, height, width = (capture.get(key) for key in keys)
    finally:
        capture.release()
    return VideoInfo(max(int(frames), 0), rate if rate > 0 else 30.0, int(height), int(width))


def read_frames(path: str | os.PathLike[str]) -> Iterator[np.ndarray]:
    """The frames of a video, upright as it says.

    Raises:
        ValueError: it is no video that OpenCV can read.
    """
    return (image for _, image in read_timed_frames(path))


def read_timed_frames(path: str | os.PathLike[str]) -> Iterator[tuple[float, np.ndarray]]:
    """The frames of a video as `read_frames` gives them, each with its time in seconds.

    Raises:
        ValueError: it is no video that OpenCV can read.
    """
    import cv2

    capture = _open(path)
    try:
        while True:
            more, pixels = capture.read()
            if not more:
                return
            yield capture.get(cv2.CAP_PROP_POS_MSEC) / 1000, from_uint8(np.ascontiguousarray(pixels[..., ::-1]))
    finally:
        capture.release()


def check_rate(frames_per_second: float) -> None:
    """Raise a ValueError unless videos can have that rate; worth asking before they are rendered."""
    if not LOWEST_RATE <= frames_per_second <= HIGHEST_RATE:
        raise ValueError(
            f"frames_per_second of a video from {LOWEST_RATE} to {HIGHEST_RATE} is expected. "
            f"Received: {frames_per_second}."
        )


def _possible_rate(frames_per_second: float) -> float:
    """The rate with as many decimals as the clock of an MPEG-4 video can tell apart: 119.9213 becomes 119.92."""
    decimals = next(count for count in range(DECIMALS, -1, -1) if round(frames_per_second * 10**count) <= HIGHEST_RATE)
    return round(frames_per_second, decimals)


def write_video(path: str | os.PathLike[str], frames: Iterable[np.ndarray], frames_per_second: float) -> int:
    """Write a video (MPEG-4); it is there as a whole or not at all.

    Args:
        path: ends in .mp4, .m4v or .mov.
        frames: images of one size; odd sides lose their last row or column, which video cannot hold.
        frames_per_second: from 0.01 to 65535; rounded where MPEG-4's clock is too coarse for its decimals.

    Returns:
        How many frames were written.

    Raises:
        ValueError: another extension or rate, no frames, or the file cannot be written.
    """
    path = os.fspath(path)
    check_output(path, VIDEO_EXTENSIONS)
    check_rate(frames_per_second)
    writer, count = None, 0
    with whole_file(path) as temporary:
        try:
            for frame in frames:
                height, width = (side - side % 2 for side in frame.shape[:2])
                if writer is None:
                    writer = _open_writer(path, temporary, _possible_rate(frames_per_second), height, width)
                writer.write(np.ascontiguousarray(to_uint8(frame)[:height, :width, ::-1]))
                count += 1
        finally:
            if writer is not None:
                writer.release()
        if not count or not temporary.is_file():
            raise ValueError(f"{path} could not be written: a video of at least one frame is expected.")
    return count


def _open_writer(path: str, temporary: Path, rate: float, height: int, width: int):
    import cv2

    writer = cv2.VideoWriter(os.path.abspath(temporary), cv2.VideoWriter_fourcc(*"mp4v"), rate, (width, height))
    if not writer.isOpened():
        raise ValueError(
            f"{path} could not be written: a size and a rate that MPEG-4 can have are expected. "
            f"Received: {width}x{height} pixels at {rate} frames a second."
        )
    return writer


def draw_before_and_after(image: np.ndarray, before: np.ndarray, after: np.ndarray) -> np.ndarray:
    """Draw joints over a frame: as they were, thin and red, and as they are, thick and coloured.

    Args:
        image: float `[height, width, 3]` in [-1, 1].
        before: `[17, 3]` = (x, y, confidence) in pixels.
        after: likewise.
    """
    drawn = draw_skeleton(image, after, SKELETON)
    thickness = max(1, min(image.shape[:2]) // 400)
    return draw_skeleton(drawn, before, SKELETON, thickness, BEFORE_COLOR)
