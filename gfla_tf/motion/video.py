"""Videos: frames in, frames out, and a person's joints before and after cleaning drawn over them.

Images are float32 RGB `[height, width, 3]` in [-1, 1].
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from gfla_tf.image_io import from_uint8, to_uint8
from gfla_tf.motion.filling import SKELETON
from gfla_tf.outputs import whole_file
from gfla_tf.pose.drawing import draw_skeleton

__all__ = ["VIDEO_EXTENSIONS", "VideoInfo", "draw_before_and_after", "read_frames", "read_timed_frames", "video_info"]
__all__ += ["write_video"]

VIDEO_EXTENSIONS = (".mp4", ".m4v", ".mov")  # that can be written
BEFORE_COLOR = (205, 95, 95)  # RGB


@dataclass(frozen=True)
class VideoInfo:
    """What a video says about itself; `frames` may be wrong, as some containers only guess it."""

    frames: int
    frames_per_second: float
    height: int
    width: int


def _open(path: str | os.PathLike[str]):
    import cv2

    if not os.path.isfile(path):
        raise ValueError(f"A video is expected. Received: {path}, which is not a file.")
    capture = cv2.VideoCapture(os.path.abspath(path))  # FFmpeg takes what is before a colon for a protocol
    if not capture.isOpened():
        raise ValueError(f"A video that OpenCV can read is expected. Received: {path}.")
    return capture


def video_info(path: str | os.PathLike[str]) -> VideoInfo:
    """Read how many frames a video has, and how large.

    Raises:
        ValueError: it is no video that OpenCV can read.
    """
    import cv2

    capture = _open(path)
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


def write_video(path: str | os.PathLike[str], frames: Iterable[np.ndarray], frames_per_second: float) -> int:
    """Write a video (MPEG-4); it is there as a whole or not at all.

    Args:
        path: ends in .mp4, .m4v or .mov.
        frames: images of one size; odd sides lose their last row or column, which video cannot hold.
        frames_per_second: above 0.

    Returns:
        How many frames were written.

    Raises:
        ValueError: another extension, no frames, or the file cannot be written.
    """
    import cv2

    path = os.fspath(path)
    if not path.lower().endswith(VIDEO_EXTENSIONS):
        raise ValueError(f"A file ending in {', '.join(VIDEO_EXTENSIONS)} is expected. Received: {path}.")
    writer, count = None, 0
    with whole_file(path) as temporary:
        try:
            for frame in frames:
                height, width = (side - side % 2 for side in frame.shape[:2])
                if writer is None:
                    code = cv2.VideoWriter_fourcc(*"mp4v")
                    writer = cv2.VideoWriter(os.path.abspath(temporary), code, frames_per_second, (width, height))
                writer.write(np.ascontiguousarray(to_uint8(frame)[:height, :width, ::-1]))
                count += 1
        finally:
            if writer is not None:
                writer.release()
        if not count or not temporary.is_file():
            raise ValueError(f"{path} could not be written: a video of at least one frame is expected.")
    return count


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
