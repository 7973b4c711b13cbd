"""The video of an animation: by ffmpeg with sound where it is there, else by OpenCV without."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Iterator

import numpy as np

from gfla_tf.animation.ffmpeg import FfmpegError, find_ffmpeg, write_with_ffmpeg
from gfla_tf.motion.video import write_video

__all__ = ["write_animation"]


def write_animation(
    path: str | os.PathLike[str],
    frames: Callable[[], Iterator[np.ndarray]],
    count: int,
    frames_per_second: float,
    sound: str | os.PathLike[str] | None = None,
) -> None:
    """Write frames as a video; it is there as a whole or not at all.

    Args:
        path: ends in .mp4, .m4v or .mov.
        frames: gives the frames `[height, width, 3]` in [-1, 1] from the first on, all of one size with even sides;
            called again if ffmpeg fails.
        count: how many there are; at least 1.
        frames_per_second: above 0.
        sound: file whose sound is taken over, if there is ffmpeg; None for silence.

    Raises:
        ValueError: another extension, or the file cannot be written.
    """
    ffmpeg = find_ffmpeg()
    if ffmpeg is not None:
        try:
            return write_with_ffmpeg(path, frames(), count, frames_per_second, sound, ffmpeg)
        except FfmpegError as error:
            warnings.warn(f"ffmpeg failed ({error}): {path} is written by OpenCV, without sound.", stacklevel=2)
    write_video(path, frames(), frames_per_second)
