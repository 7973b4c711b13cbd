"""Videos through ffmpeg, where it is there: H.264 that browsers play, with the sound of another video.

It is the system's ffmpeg, or the one of the package imageio-ffmpeg.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from gfla_tf.image_io import to_uint8
from gfla_tf.outputs import whole_file

__all__ = ["FfmpegError", "find_ffmpeg", "write_with_ffmpeg"]

QUALITY = "18"  # x264's constant rate factor: hardly any loss
_REPRODUCIBLE = ["-map_metadata", "-1", "-fflags", "+bitexact", "-flags:v", "+bitexact", "-flags:a", "+bitexact"]


class FfmpegError(RuntimeError):
    """ffmpeg is there but did not do it."""


def find_ffmpeg() -> str | None:
    """The ffmpeg program, None if there is none."""
    found = shutil.which("ffmpeg")
    if found:
        return found
    try:
        import imageio_ffmpeg

        return imageio_ffmpeg.get_ffmpeg_exe()
    except (ImportError, RuntimeError):
        return None


def write_with_ffmpeg(
    path: str | os.PathLike[str],
    frames: Iterable[np.ndarray],
    count: int,
    frames_per_second: float,
    sound: str | os.PathLike[str] | None,
    ffmpeg: str,
) -> None:
    """Write a video.

    Args:
        path: ends in .mp4, .m4v or .mov.
        frames: `[height, width, 3]` in [-1, 1], all of one size with even sides.
        count: how many.
        frames_per_second: above 0.
        sound: a file whose sound is taken over as far as the frames last; one without sound is let through.
        ffmpeg: of `find_ffmpeg`.

    Raises:
        FfmpegError: it failed; what it says.
        ValueError: the file cannot be written.
    """
    frames = iter(frames)
    first = next(frames)
    with whole_file(path) as temporary, tempfile.TemporaryFile() as messages:
        command = _command(ffmpeg, first.shape, count, frames_per_second, sound, temporary)
        try:
            process = subprocess.Popen(command, stdin=subprocess.PIPE, stderr=messages)
        except OSError as error:
            raise FfmpegError(f"it cannot be run: {error.strerror or error}") from error
        try:
            _feed(process, itertools.chain([first], frames))
            failed = process.wait() != 0
        finally:
            process.kill()
            process.wait()
        if failed:
            messages.seek(0)
            said = messages.read().decode(errors="replace").strip().splitlines()
            raise FfmpegError(said[-1] if said else "it gave no reason")


def _command(ffmpeg: str, shape: tuple, count: int, rate: float, sound, target: Path) -> list[str]:
    height, width = shape[:2]
    target = os.path.abspath(target)  # what is before a colon would be taken for a protocol
    pictures = ["-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{width}x{height}", "-r", f"{rate:.6f}", "-i", "-"]
    sounds = [] if sound is None else ["-i", os.path.abspath(sound), "-map", "0:v", "-map", "1:a:0?", "-c:a", "aac"]
    codec = ["-c:v", "libx264", "-crf", QUALITY, "-pix_fmt", "yuv420p", "-movflags", "+faststart"]
    return [
        *(ffmpeg, "-hide_banner", "-loglevel", "error", "-y", *pictures, *sounds, *codec, *_REPRODUCIBLE),
        *("-t", f"{count / rate:.6f}", target),
    ]


def _feed(process: subprocess.Popen, frames: Iterable[np.ndarray]) -> None:
    """Hand over the pictures; if it ends before the last of them, what it says will tell why."""
    with contextlib.suppress(BrokenPipeError), process.stdin:
        for frame in frames:
            process.stdin.write(to_uint8(frame).tobytes())
