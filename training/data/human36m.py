"""Human3.6M's 2-D joints, exact and as a detector saw them: what the motion extractor learns from.

The two files (`data_2d_h36m_gt.npz`, `data_2d_h36m_DETECTOR.npz`) hold `positions_2d`: subject -> action -> one array
`[frames, 17, 2]` a camera, (x, y) in pixels. Where a detector's array is longer or shorter than the exact one, both are
cut to the shorter. Each element is one window of one camera's recording, a dict:

    index     int64, number of the window
    noisy     float32 `[frames + 80, 34]`, the detector's joints: the window and 40 frames more on either side
    clean     float32 `[frames, 34]`, the exact joints

34 channels are the 17 joints' y, then their x (order: `h36m-17`). Convention: 2 * coordinate / side - 1, side being
the image's height for y and its width for x, so that the image's edges are at -1 and 1. Beyond the ends of a recording
its end frame is repeated. In training, joints are scaled by 1 to 1.5 about the image's centre and then shifted by up to
0.1, x and y each, in these units: noisy and clean ones alike.

With `normalization="person"`, both are then in the frame of reference that the noisy joints of the window give, see
`gfla_tf.motion.normalization`; the scale and the shift leave no trace there.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import tensorflow as tf

from gfla_tf.motion.normalization import check_normalization, image_frame, normalize_joints
from gfla_tf.motion.windows import prepare_window
from training.data.layouts import find_human36m
from training.data.object_arrays import read_object_arrays

__all__ = ["RECEPTIVE_FIELD", "SUBJECTS", "Human36mSettings", "Human36mWindows"]

RECEPTIVE_FIELD = 81  # frames of the motion extractor
SUBJECTS = {"train": ("S1", "S5", "S6", "S7", "S8"), "test": ("S9", "S11")}
_JOINTS = 17
_MARGIN = RECEPTIVE_FIELD // 2


@dataclass(frozen=True)
class Human36mSettings:
    """How windows are cut and moved.

    Attributes:
        frames: of a window that come out of the network; at least 1.
        image_size: (height, width) of the recordings in pixels. The cameras have 1000x1000 or 1002x1000.
        detector: whose joints to take, as in the file's name; None if there is one.
        scale: (smallest, largest) random factor; above 0.
        shift: largest random shift in normalized units; at least 0.
        normalization: "image", or "person" for networks that are used with that.
    """

    frames: int = 30
    image_size: tuple[int, int] = (1000, 1000)
    detector: str | None = None
    scale: tuple[float, float] = (1.0, 1.5)
    shift: float = 0.1
    normalization: str = "image"

    def __post_init__(self) -> None:
        if self.frames < 1 or min(self.image_size) < 1:
            raise ValueError(f"frames and image_size must be at least 1. Received: {self.frames} and {self.image_size}")
        if not 0 < self.scale[0] <= self.scale[1] or self.shift < 0:
            raise ValueError(
                f"0 < smallest <= largest scale and a shift from 0 are expected. "
                f"Received: {self.scale} and {self.shift}"
            )
        check_normalization(self.normalization)


class Human36mWindows:
    """Windows of one split, as a source for `pipeline.Pipeline`.

    Windows follow each other without overlap; the last one of a recording ends with it. A recording that is shorter
    than a window is one window, its end frame repeated.

    Args:
        folder: that of the two files.
        split: "train" (subjects 1, 5, 6, 7, 8) or "test" (9, 11); only "train" is scaled and shifted at random.
        settings: how windows are cut and moved.

    Attributes:
        recordings: (subject, action, camera) of each recording.
        windows: int64 `[windows, 2]` = (recording, first output frame).

    Raises:
        ValueError: a file is missing, can't be read or lacks what the other one has.
    """

    def __init__(
        self, folder: str | os.PathLike[str], split: str = "train", settings: Human36mSettings | None = None
    ) -> None:
        if split not in SUBJECTS:
            raise ValueError(f"split must be one of {', '.join(SUBJECTS)}. Received: {split!r}")
        self.settings = settings = settings or Human36mSettings()
        self.random = split == "train"
        layout = find_human36m(folder, settings.detector)
        clean, noisy = (_read_positions(path, split) for path in (layout.clean, layout.detected))
        self.recordings = list(clean)
        _check_recordings(self.recordings, noisy, layout.detected)
        lengths = [min(len(clean[recording]), len(noisy[recording])) for recording in self.recordings]
        self.windows = np.array(list(_windows(lengths, settings.frames)), np.int64)
        firsts = np.cumsum([0, *lengths])
        ranges = [[firsts[recording], lengths[recording], start] for recording, start in self.windows]
        with tf.device("CPU:0"):  # where tf.data works
            # All recordings one after the other: a window is a range of one table.
            self._clean, self._noisy = (self._table(positions, lengths) for positions in (clean, noisy))
            self._ranges = tf.constant(ranges, tf.int64)

    def _table(self, positions: dict, lengths: list[int]) -> tf.Tensor:
        cut = [positions[recording][:length] for recording, length in zip(self.recordings, lengths, strict=True)]
        return tf.constant(normalize_joints(np.concatenate(cut), *self.settings.image_size))

    def __len__(self) -> int:
        return len(self.windows)

    def load(self, index: tf.Tensor, seed: tf.Tensor) -> dict[str, tf.Tensor]:
        """Cut the window of that number in the graph, scaled and shifted as the seed says."""
        first, length, start = tf.unstack(tf.gather(self._ranges, index))
        frames = start + tf.range(-_MARGIN, self.settings.frames + _MARGIN, dtype=tf.int64)
        rows = first + tf.clip_by_value(frames, 0, length - 1)
        noisy, clean = tf.gather(self._noisy, rows), tf.gather(self._clean, rows[_MARGIN:-_MARGIN])
        if self.random:
            scale, shift = self._motion(seed)
            noisy, clean = scale * noisy + shift, scale * clean + shift
        if self.settings.normalization == "person":
            shapes = noisy.shape, clean.shape
            noisy, clean = tf.numpy_function(self._around_person, [noisy, clean], [tf.float32, tf.float32])
            noisy, clean = (tf.ensure_shape(part, shape) for part, shape in zip((noisy, clean), shapes, strict=True))
        return {"index": index, "noisy": noisy, "clean": clean}

    def _around_person(self, noisy: np.ndarray, clean: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """A window's channels in the person's frame of reference instead of the image's."""
        image = image_frame(*self.settings.image_size)
        points = image.points(noisy)
        channels, _, frame = prepare_window(np.concatenate([points, np.ones_like(points[..., :1])], axis=-1))
        return channels, frame.channels(image.points(clean))

    def _motion(self, seed: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        smallest, largest = self.settings.scale
        unit = tf.random.stateless_uniform([3], seed, alg="philox")
        shift = self.settings.shift * (2 * unit[1:] - 1)
        return smallest + (largest - smallest) * unit[0], tf.repeat(shift, _JOINTS)

    def unreadable(self, index: int) -> dict[Path, str]:
        """No file is read after the start."""
        return {}


def _check_recordings(recordings: list[tuple[str, str, int]], noisy: dict, path: Path) -> None:
    lacking = [" ".join(map(str, recording)) for recording in recordings if recording not in noisy]
    if lacking:
        raise ValueError(f"{path}: {len(lacking)} recordings are missing, the first is {lacking[0]}")


def _windows(lengths: list[int], frames: int) -> Iterator[tuple[int, int]]:
    for recording, length in enumerate(lengths):
        last = max(length - frames, 0)
        yield from ((recording, start) for start in range(0, last, frames))
        yield recording, last


def _read_positions(path: Path, split: str) -> dict[tuple[str, str, int], np.ndarray]:
    """(subject, action, camera) -> float32 `[frames, 17, 2]` of the split's subjects."""
    subjects = read_object_arrays(path).get("positions_2d")
    if not isinstance(subjects, dict):
        raise ValueError(f"{path}: positions_2d, a dict of subjects, is expected. Received: {type(subjects).__name__}")
    recordings = {}
    for subject in SUBJECTS[split]:
        actions = subjects.get(subject, {})
        if not isinstance(actions, dict):
            raise ValueError(f"{path}: a dict of actions of {subject} is expected. Received: {type(actions).__name__}")
        for action, cameras in actions.items():
            for camera, joints in enumerate(cameras):
                recordings[subject, action, camera] = _check_joints(joints, f"{path}, {subject} {action} {camera}")
    if not recordings:
        raise ValueError(
            f"{path}: one of the subjects {', '.join(SUBJECTS[split])} is expected. Received: {list(subjects)}"
        )
    return recordings


def _check_joints(joints: object, where: str) -> np.ndarray:
    try:
        joints = np.asarray(joints, np.float32)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{where}: numbers [frames, {_JOINTS}, 2] are expected. Received: {error}") from error
    if joints.ndim != 3 or joints.shape[1:] != (_JOINTS, 2) or not len(joints) or not np.isfinite(joints).all():
        raise ValueError(f"{where}: finite numbers [frames, {_JOINTS}, 2] are expected. Received: {joints.shape}")
    return joints
