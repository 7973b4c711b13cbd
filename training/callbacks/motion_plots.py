"""Plots of windows for the motion extractor: where a joint goes, as found, as cleaned and as it is."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping

import numpy as np

from gfla_tf.motion.filling import SKELETON
from gfla_tf.motion.normalization import JointFrame
from gfla_tf.motion.plot import AFTER, BEFORE, EXACT, Line, plot_lines
from gfla_tf.pose.skeletons import get_skeleton
from training.callbacks.samples import SamplePictures

__all__ = ["MotionPlots", "draw_windows"]

HUNDREDTHS = JointFrame((0.0, 0.0), (100.0, 100.0))  # to 1 % of the windows' unit
COLUMNS = 2


class MotionPlots(SamplePictures):
    """Plots of the same held-out windows.

    Args:
        folder: of the plots; made if it is not there.
        batch: noisy `[windows, frames + 2 * margin, 34]`, clean `[windows, frames, 34]`, as in training.
        render: gives the clean joints for the batch, `[windows, frames, 34]`.
        **kwargs: those of `SamplePictures`.
    """

    def __init__(
        self,
        folder: str | os.PathLike[str],
        batch: Mapping[str, np.ndarray],
        render: Callable[[Mapping[str, np.ndarray]], np.ndarray],
        **kwargs,
    ) -> None:
        super().__init__(folder, **kwargs)
        self._batch, self._render = batch, render

    def draw(self) -> np.ndarray:
        return draw_windows(self._batch["noisy"], self._render(self._batch), self._batch["clean"])


def draw_windows(noisy: np.ndarray, cleaned: np.ndarray, clean: np.ndarray) -> np.ndarray:
    """Plot of each window the joint that was found furthest from its place, on average.

    Args:
        noisy: `[windows, frames + 2 * margin, 34]`, all y, then all x.
        cleaned: `[windows, frames, 34]`, likewise.
        clean: likewise.

    Returns:
        float32 image in [-1, 1], two windows in a row; the vertical axes are in hundredths of the windows' unit.
    """
    margin = (noisy.shape[1] - clean.shape[1]) // 2
    noisy = noisy[:, margin : margin + clean.shape[1]]
    plots = [
        _plot(*(HUNDREDTHS.points(joints) for joints in window)) for window in zip(noisy, cleaned, clean, strict=True)
    ]
    plots += [np.ones_like(plots[0])] * (-len(plots) % COLUMNS)
    rows = [np.concatenate(plots[index : index + COLUMNS], axis=1) for index in range(0, len(plots), COLUMNS)]
    return np.concatenate(rows)


def _plot(noisy: np.ndarray, cleaned: np.ndarray, clean: np.ndarray) -> np.ndarray:
    """One window from `[frames, 17, 2]` = (x, y) each."""
    joint = int(np.argmax(np.linalg.norm(noisy - clean, axis=-1).mean(axis=0)))
    lines = [
        Line("found", noisy[:, joint], BEFORE, dots=True),
        Line("exact", clean[:, joint], EXACT),
        Line("cleaned", cleaned[:, joint], AFTER, thickness=2),
    ]
    name = get_skeleton(SKELETON).joints[joint].replace("_", " ")
    return plot_lines(lines, np.arange(len(clean)), f"of {name} in hundredths, over frames")
