"""Video files and folders of frames below a folder, and which of them are for testing.

A clip is called after its path: `SOURCE/001/1/1.mp4` and the frames in `SOURCE/001/1/1/` are both `001_1_1`. Frames are
taken in the natural order of their names (`frame2.png` before `frame10.png`). Videos are turned upright as they say.

Whatever lies below `SOURCE/train` and `SOURCE/test` is split so already, and these folders are not part of the name.
Otherwise a list names the clips for testing, or a fraction of all is drawn by the clips' names: a clip's draw does not
depend on the other clips, so that clips can be added later.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath

import numpy as np

from training.data.layouts import SPLITS, natural_order

__all__ = ["ClipSource", "UnusableClipError", "find_sources", "read_test_list"]

VIDEO_EXTENSIONS = (".mp4", ".avi", ".mov", ".mkv", ".webm", ".m4v", ".mpg", ".mpeg")
FRAME_EXTENSIONS = (".jpg", ".jpeg", ".png", ".webp", ".bmp")


class UnusableClipError(ValueError):
    """A clip that cannot be read or has nobody in it: the others can still be prepared."""


@dataclass(frozen=True)
class ClipSource:
    """A clip that has not been read yet.

    Attributes:
        name: of the clip, unique in its split.
        split: "train" or "test".
        path: a video file, or a folder of frames.
    """

    name: str
    split: str
    path: Path

    def frame_count(self) -> int:
        """How many frames there are, as far as the file says; 0 if it cannot be read."""
        if self.path.is_dir():
            return len(_frame_files(self.path))
        import cv2

        return max(int(cv2.VideoCapture(os.path.abspath(self.path)).get(cv2.CAP_PROP_FRAME_COUNT)), 0)

    def frames_per_second(self) -> float | None:
        """Frames a second, where a video says it."""
        if self.path.is_dir():
            return None
        import cv2

        return float(cv2.VideoCapture(os.path.abspath(self.path)).get(cv2.CAP_PROP_FPS)) or None

    def frames(self) -> Iterator[Callable[[], np.ndarray]]:
        """The frames in order, each as a function that gives the float32 image `[height, width, 3]` in [-1, 1].

        The functions may be called by any thread.

        Raises:
            UnusableClipError: by the iteration or such a function, if something cannot be read.
        """
        if self.path.is_dir():
            return (partial(_read_frame, file) for file in _frame_files(self.path))
        return _video_frames(self.path)


def find_sources(
    source: Path, test_names: Collection[str] = (), test_fraction: float = 0.0, output: Path | None = None
) -> list[ClipSource]:
    """Find all clips below a folder, by split and name.

    Args:
        source: the folder.
        test_names: names of the clips for testing, as `read_test_list` gives them.
        test_fraction: of the clips is drawn for testing, in [0, 1]; not with `test_names`.
        output: a folder that is left out, since it may lie in `source`.

    Raises:
        ValueError: no clip was found, two have the same name, a name of the list is not there, or the source is split
            already and another split is wanted.
    """
    if not source.is_dir():
        raise ValueError(f"A folder of videos, or of folders of frames, is expected. Received: {source}.")
    paths = _clip_paths(source, output)
    if not paths:
        raise ValueError(f"Videos ({', '.join(VIDEO_EXTENSIONS)}) or folders of frames are expected in {source}.")
    clips = [_clip(path, source, test_names, test_fraction) for path in paths]
    if test_names and any(_split_folder(path, source) for path in paths):
        raise ValueError(f"A list of test clips is for a folder that is not split yet. Received: {source}.")
    _check_names(clips, test_names)
    return sorted(clips, key=lambda clip: (SPLITS.index(clip.split), clip.name))


def read_test_list(path: Path) -> list[str]:
    """Names of clips, one a line: with or without extension, parts separated by `/` or `_` (iPER's val.txt)."""
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise ValueError(f"Names of clips, one a line, are expected in {path}. Received: {error}.") from error
    names = [_joined(PurePosixPath(line.strip().replace("\\", "/"))) for line in lines if line.strip()]
    if not names:
        raise ValueError(f"Names of clips, one a line, are expected in {path}. Received: an empty file.")
    return sorted(set(names))


def _joined(path: PurePosixPath) -> str:
    stem = path.with_suffix("") if path.suffix.lower() in VIDEO_EXTENSIONS else path
    return "_".join(part.strip() for part in stem.parts if part not in ("/", "."))


def _clip_paths(source: Path, output: Path | None) -> list[Path]:
    found, written = [], None if output is None else output.resolve()
    for parent, folders, files in os.walk(source):
        below = (folder for folder in folders if not folder.startswith("."))
        folders[:] = sorted(folder for folder in below if Path(parent, folder).resolve() != written)
        found += [Path(parent, file) for file in sorted(files) if Path(file).suffix.lower() in VIDEO_EXTENSIONS]
        if len(_frame_files(Path(parent))) > 1:
            found.append(Path(parent))
    return [path for path in found if not path.name.startswith(".")]


def _clip(path: Path, source: Path, test_names: Collection[str], test_fraction: float) -> ClipSource:
    parts = path.relative_to(source).parts or (source.name,)
    split = _split_folder(path, source)
    if split:
        return ClipSource(_joined(PurePosixPath(*parts[1:])), split, path)
    name = _joined(PurePosixPath(*parts))
    for_test = name in test_names if test_names else _draw(name) < test_fraction
    return ClipSource(name, "test" if for_test else "train", path)


def _split_folder(path: Path, source: Path) -> str | None:
    """The split that the source's own folders say."""
    parts = path.relative_to(source).parts
    return parts[0] if len(parts) > 1 and parts[0] in SPLITS else None


def _draw(name: str) -> float:
    """A number in [0, 1) that depends on the name only."""
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:6], "big") / 2**48


def _check_names(clips: list[ClipSource], test_names: Collection[str]) -> None:
    seen: dict[tuple[str, str], Path] = {}
    for clip in clips:
        if (clip.split, clip.name) in seen:
            both = f"{seen[clip.split, clip.name]} and {clip.path}"
            raise ValueError(f"Clips must differ in their names. Received: {both}, both called {clip.name}.")
        seen[clip.split, clip.name] = clip.path
    unknown = sorted(set(test_names) - {clip.name for clip in clips})
    if unknown:
        raise ValueError(f"The list of test clips must name clips that are there. Received: {', '.join(unknown[:10])}.")


def _frame_files(folder: Path) -> list[Path]:
    files = [
        file for file in folder.iterdir() if file.suffix.lower() in FRAME_EXTENSIONS and not file.name.startswith(".")
    ]
    return sorted(files, key=natural_order)


def _read_frame(file: Path) -> np.ndarray:
    from gfla_tf.image_io import read_image

    try:
        return read_image(file)
    except ValueError as error:
        raise UnusableClipError(str(error)) from error


def _video_frames(path: Path) -> Iterator[Callable[[], np.ndarray]]:
    import cv2

    capture = cv2.VideoCapture(os.path.abspath(path))
    try:
        if not capture.isOpened():
            raise UnusableClipError(f"A video that OpenCV can read is expected. Received: {path}.")
        while True:
            more, pixels = capture.read()
            if not more:
                return
            yield partial(_as_image, pixels)
    finally:
        capture.release()


def _as_image(pixels: np.ndarray) -> np.ndarray:
    """OpenCV's blue, green, red bytes as an image of the library."""
    from gfla_tf.image_io import from_uint8

    return from_uint8(np.ascontiguousarray(pixels[..., ::-1]))
