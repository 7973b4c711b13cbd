"""What the bundled estimator finds in rendered clips, beside the exact joints.

A clip is a folder of `data render --kind clips` with its truth. Where the estimator finds several people, the largest
counts. Keypoints are `[frames, 18, 3]` = (x, y, confidence) in pixels, OpenPose's joints; exact ones have confidence 1
for a visible joint, 0.5 for a hidden one, 0 for one that is not in the picture.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from gfla_tf.kept_arrays import read_arrays
from gfla_tf.outputs import whole_file
from gfla_tf.progress import Progress
from training.data.layouts import ClipFolder

__all__ = ["RENDERED_RATE", "detect_clips"]

SKELETON = "openpose-18"
RENDERED_RATE = 30.0  # frames a second


def detect_clips(
    clips: Sequence[ClipFolder], kept: str | os.PathLike[str] | None = None
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Look for the person in each frame.

    Args:
        clips: which ones; those without frames are left out.
        kept: folder that what was found is kept in, a file for the frames of a clip, wherever they lie, and taken from
            where it is there; None for none.

    Yields:
        Found and exact keypoints of a clip.

    Raises:
        ValueError: a clip has no truth, its frames can't be read, or a file is damaged.
    """
    clips = [clip for clip in clips if clip.frames]
    exact = [np.stack([_exact(clip, frame) for frame in clip.frames]) for clip in clips]
    estimate = _Estimator()
    with Progress(sum(map(len, exact)), "frames") as progress:
        for clip, truth in zip(clips, exact, strict=True):
            path = None if kept is None else _kept_file(kept, clip)
            if path is not None and path.is_file():
                (found,) = read_arrays(path, "found")
                progress.add(len(truth), worked=False)
            else:
                found = np.stack([estimate(frame, progress) for frame in clip.frames])
                _write(path, found)
            yield found, truth


class _Estimator:
    """The bundled estimator, made when it is first needed."""

    def __init__(self) -> None:
        self._estimator = None

    def __call__(self, frame: Path, progress: Progress) -> np.ndarray:
        from gfla_tf.image_io import read_image
        from gfla_tf.pose import PoseEstimator

        self._estimator = self._estimator or PoseEstimator()
        people = self._estimator.estimate(read_image(frame))
        progress.add()
        return people[0].keypoints(SKELETON) if people else np.zeros((18, 3), np.float32)


def _exact(clip: ClipFolder, frame: Path) -> np.ndarray:
    path = clip.folder / "truth" / f"{frame.stem}.npz"
    if not path.is_file():
        raise ValueError(f"{path}: the truth of a rendered clip is expected. Received: no such file.")
    return read_arrays(path, "keypoints")[0]


def _kept_file(folder: str | os.PathLike[str], clip: ClipFolder) -> Path:
    """Named by the content of the frames: clips of other datasets may have the same name."""
    content = hashlib.sha256()
    for frame in clip.frames:
        content.update(frame.read_bytes())
    return Path(folder) / f"{clip.name}-{content.hexdigest()[:16]}.npz"


def _write(path: Path | None, found: np.ndarray) -> None:
    if path is None:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    with whole_file(path) as temporary, temporary.open("wb") as file:
        np.savez_compressed(file, found=found)
