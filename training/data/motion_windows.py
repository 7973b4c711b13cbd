"""Motion capture seen by random cameras and a made-up detector: what the motion extractor learns from.

A folder of BVH files (`gfla_tf.pose.capture`) gives windows of the same kind as Human3.6M (`human36m`), a dict each:

    index     int64, number of the window
    noisy     float32 `[frames + 80, 34]`, the detector's joints: the window and 40 frames more on either side
    clean     float32 `[frames, 34]`, the exact joints

34 channels are the 17 joints' y, then their x (order: `h36m-17`). What the detector missed is filled in, and both are
normalized by one frame of reference, which is found in the noisy joints: by the functions that are used with the
trained network, too (`gfla_tf.motion.windows`). Beyond the ends of a recording its end frame is repeated.

Each recording is cut into pieces as long as a window, and each piece is seen from four directions. In training, the
exact place of the window, its frames a second, the body's proportions, its mirror image, the camera and the strength of
the noise are drawn from the element's seed; in testing from the window's number, so that they are the same every time.

Recordings are split by their files' names, like those of the renderer (`clip_split`), so that what is rendered for
testing was not trained on. A file that the renderer has for testing is never in training, even alone. Others may be
held out of training by name.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import tensorflow as tf

from gfla_tf.motion.filling import is_seen
from gfla_tf.motion.normalization import check_normalization
from gfla_tf.motion.windows import prepare_window
from gfla_tf.pose.capture import BONES, Capture, read_capture
from gfla_tf.pose.skeletons import convert_keypoints, get_skeleton
from training.data.human36m import RECEPTIVE_FIELD
from training.data.layouts import SPLITS
from training.data.motion_cameras import DIRECTIONS, SIDE, photograph, random_camera
from training.data.motion_detector import detect
from training.data.motion_noise import DetectorNoise
from training.data.render.people import clip_split

__all__ = ["MotionCaptureSettings", "MotionCaptureWindows", "find_recordings"]

_MARGIN = RECEPTIVE_FIELD // 2
_CHANNELS = 34
_FLIP = list(get_skeleton("openpose-18").flip)
_LARGEST_CHANGE = 0.25


@dataclass(frozen=True)
class MotionCaptureSettings:
    """How windows are made.

    Attributes:
        frames: of a window that come out of the network; at least 1.
        frames_per_second: (lowest, highest) that recordings are seen at; above 0.
        proportions: standard deviation of the factors that parts of the body (`BONES`) are longer by; from 0.
        strength: (smallest, largest) factor of the noise; from 0.
        durations: (smallest, largest) factor of how long the detector's accidents last; from 0.
        noise: how the detector errs.
        normalization: "person" or "image", see `gfla_tf.motion.normalization`.
        variants: how many different draws there are of each window of training. They are kept in memory, 19 kB each
            with 30 frames, as making a window takes as long as training on it. None draws anew each time.
        held_out: recordings (names without ".bvh") that are for testing, too.
    """

    frames: int = 30
    frames_per_second: tuple[float, float] = (25.0, 50.0)
    proportions: float = 0.08
    strength: tuple[float, float] = (0.5, 2.0)
    durations: tuple[float, float] = (0.5, 2.0)
    noise: DetectorNoise = field(default_factory=DetectorNoise)
    normalization: str = "person"
    variants: int | None = None
    held_out: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.frames < 1 or not 0 <= self.proportions < float("inf"):
            raise ValueError(
                f"frames from 1 and proportions from 0 are expected. Received: {self.frames}, {self.proportions}"
            )
        if self.variants is not None and self.variants < 1:
            raise ValueError(f"variants from 1, or none, are expected. Received: {self.variants}")
        for name, lowest in (("frames_per_second", 1.0), ("strength", 0.0), ("durations", 0.0)):
            low, high = getattr(self, name)
            if not lowest <= low <= high < float("inf"):
                raise ValueError(f"{name} must be two numbers from {lowest}, in order. Received: {low}, {high}")
        check_normalization(self.normalization)


def find_recordings(folder: str | os.PathLike[str], split: str, held_out: Collection[str] = ()) -> list[Path]:
    """The BVH files of a split at any depth, in the order of their names.

    Args:
        folder: where they are.
        split: "train" or "test".
        held_out: names, without ".bvh", of files for testing that would be for training.

    Raises:
        ValueError: another split, no such folder, no file of that split in it, or none of a name that is held out.
    """
    if split not in SPLITS:
        raise ValueError(f"split must be one of {', '.join(SPLITS)}. Received: {split!r}")
    if not Path(folder).is_dir():
        raise ValueError(f"{folder}: a folder of .bvh files is expected. Received: a path that is no folder")
    paths = sorted(Path(folder).glob("**/*.bvh"))
    if missing := set(held_out) - {path.stem for path in paths}:
        raise ValueError(f"{folder}: {', '.join(sorted(missing))}.bvh, held out for testing, expected. Received: none")
    tests = [path.stem in held_out or clip_split(path) == "test" for path in paths]
    found = [path for path, test in zip(paths, tests, strict=True) if test == (split == "test")]
    if not found:
        raise ValueError(
            f"{folder}: .bvh files for {split} are expected; their names decide. Received: {len(paths)} files, none "
            f"for {split}"
        )
    return found


class MotionCaptureWindows:
    """Windows of one split, as a source for `pipeline.Pipeline`.

    Args:
        folder: of BVH files.
        split: "train" or "test"; in "test" nothing depends on the seed.
        settings: how windows are made.

    Attributes:
        paths: of the recordings.
        windows: int64 `[windows, 3]` = (recording, piece, direction).

    Raises:
        ValueError: no usable file, or a damaged one.
    """

    def __init__(
        self, folder: str | os.PathLike[str], split: str = "train", settings: MotionCaptureSettings | None = None
    ) -> None:
        self.settings = settings or MotionCaptureSettings()
        self.random = split == "train"
        self.paths = find_recordings(folder, split, self.settings.held_out)
        self._captures = [read_capture(path) for path in self.paths]
        self._kept: dict[tuple[int, ...], tuple[np.ndarray, np.ndarray]] = {}
        self._pieces = [self._count_pieces(capture) for capture in self._captures]
        self.windows = np.array(
            [
                (recording, piece, direction)
                for recording, pieces in enumerate(self._pieces)
                for piece in range(pieces)
                for direction in range(DIRECTIONS)
            ],
            np.int64,
        )

    def _count_pieces(self, capture: Capture) -> int:
        seconds = len(capture) / capture.frames_per_second
        return max(round(seconds * np.mean(self.settings.frames_per_second) / self.settings.frames), 1)

    def __len__(self) -> int:
        return len(self.windows)

    def load(self, index: tf.Tensor, seed: tf.Tensor) -> dict[str, tf.Tensor]:
        """Make the window of that number, drawn from the seed (in training) or from the number alone."""
        noisy, clean = tf.numpy_function(self._take_window, [index, seed], [tf.float32, tf.float32])
        frames = self.settings.frames
        return {
            "index": index,
            "noisy": tf.ensure_shape(noisy, [frames + 2 * _MARGIN, _CHANNELS]),
            "clean": tf.ensure_shape(clean, [frames, _CHANNELS]),
        }

    def _take_window(self, index: int, seed: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Make a window, or take one that is kept."""
        if self.settings.variants is None:
            return self.make_window(index, seed)
        key = (int(index), *self._drawn(seed))
        if key not in self._kept:
            self._kept[key] = self.make_window(index, seed)
        return self._kept[key]

    def make_window(self, index: int, seed: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """What `load` gives, in NumPy: noisy and clean channels."""
        exact, found = self.make_keypoints(index, seed)
        channels, _, frame = prepare_window(found, self.settings.normalization, (SIDE, SIDE))
        clean = frame.channels(exact[_MARGIN:-_MARGIN, :, :2])
        return channels, clean

    def make_keypoints(self, index: int, seed: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The window in pixels: exact joints and found ones, float32 `[frames + 80, 17, 3]` each."""
        recording, piece, direction = (int(number) for number in self.windows[index])
        random = self._random(int(index), seed)
        rate = random.uniform(*self.settings.frames_per_second)
        times, rows = self._times(recording, piece, rate, random)
        joints = self._captures[recording].at(times).joints(self._lengths(random))
        if random.random() < 0.5:
            joints = joints[:, _FLIP] * np.float32([-1, 1, 1])
        exact = photograph(joints, random_camera(joints, direction, random))
        found = detect(exact, random, self._noise(random), rate)
        exact[..., 2] = 1
        found, exact = (convert_keypoints(points, "openpose-18", "h36m-17") for points in (found, exact))
        if not is_seen(found).any():
            found = exact
        return exact[rows], found[rows]

    def _noise(self, random: np.random.Generator) -> DetectorNoise:
        settings = self.settings
        strength, durations = random.uniform(*settings.strength), random.uniform(*settings.durations)
        # What the detector takes for a joint does not depend on how sure it is of it.
        return settings.noise.scaled(strength, durations, keep_bias=True)

    def _random(self, index: int, seed: np.ndarray) -> np.random.Generator:
        return np.random.Generator(np.random.PCG64(np.random.SeedSequence([index, *self._drawn(seed)])))

    def _drawn(self, seed: np.ndarray) -> list[int]:
        """What the chance of a window depends on, besides its number."""
        if not self.random:
            return [0, 0]
        drawn = np.asarray(seed, np.int32).view(np.uint32).tolist()
        return drawn if self.settings.variants is None else [drawn[0] % self.settings.variants, 0]

    def _times(self, recording: int, piece: int, rate: float, random) -> tuple[np.ndarray, np.ndarray]:
        """The places in the recording of the frames that are there, and which of these each of the window's is."""
        capture, step = self._captures[recording], self._captures[recording].frames_per_second / rate
        length = len(capture) / self._pieces[recording]
        start = (piece + self.random * random.uniform(-0.5, 0.5)) * length
        start = float(np.clip(start, 0, len(capture) - 1))
        times = start + step * np.arange(-_MARGIN, self.settings.frames + _MARGIN)
        there = np.flatnonzero((times >= 0) & (times <= len(capture) - 1))
        rows = np.clip(np.arange(len(times)), there[0], there[-1]) - there[0]
        return times[there], rows

    def _lengths(self, random: np.random.Generator) -> dict[str, float]:
        change = np.clip(self.settings.proportions * random.normal(size=len(BONES)), -_LARGEST_CHANGE, _LARGEST_CHANGE)
        return dict(zip(BONES, (1 + change).tolist(), strict=True))

    def unreadable(self, index: int) -> Mapping[Path, str]:
        """No file is read after the start."""
        return {}
