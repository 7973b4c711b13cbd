"""A joint's x and y over time, before and after cleaning, as a picture.

Drawn with OpenCV. Images are float32 RGB `[height, width, 3]` in [-1, 1].
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from gfla_tf.image_io import from_uint8
from gfla_tf.motion.filling import SKELETON, is_seen
from gfla_tf.pose.skeletons import get_skeleton

__all__ = ["most_corrected_joint", "plot_joint"]

WIDTH, PANEL_HEIGHT = 1000, 280
MARGINS = (64, 16, 34, 30)  # pixels left, right, above, below
BEFORE, AFTER, GRID, TEXT = (225, 110, 100), (20, 90, 200), (225, 225, 225), (70, 70, 70)
TICKS = 5


def most_corrected_joint(before: np.ndarray, after: np.ndarray) -> int:
    """The joint that moved most on average in frames that have it before and after; the first if none has any.

    Args:
        before: `[frames, joints, 3]` = (x, y, confidence) in pixels.
        after: likewise.
    """
    both = is_seen(before) & is_seen(after)
    moved = np.where(both, np.linalg.norm(np.nan_to_num(after - before)[..., :2], axis=-1), 0)
    return int(np.argmax(moved.sum(axis=0) / np.maximum(both.sum(axis=0), 1)))


def plot_joint(before: np.ndarray, after: np.ndarray, joint: int, frames_per_second: float = 30.0) -> np.ndarray:
    """Draw a joint's way.

    Args:
        before: `[frames, 17, 3]` = (x, y, confidence) in pixels; drawn as red dots, joined where frames follow each
            other.
        after: likewise; drawn as a blue line.
        joint: number of the joint.
        frames_per_second: for the time axis.

    Returns:
        Image `[600, 1000, 3]`, x above y; pixels of the frame upwards are larger y, as in the plot of any number.
    """
    import cv2

    name = get_skeleton(SKELETON).joints[joint].replace("_", " ")
    canvas = np.full((2 * PANEL_HEIGHT + 40, WIDTH, 3), 255, np.uint8)
    seconds = np.arange(len(before)) / frames_per_second
    for row, axis in enumerate("xy"):
        tracks = [_track(keypoints[:, joint], row) for keypoints in (before, after)]
        panel = _Panel(row * PANEL_HEIGHT + 10, _limits(seconds), _limits(np.concatenate(tracks)))
        panel.draw_axes(canvas, f"{axis} of {name} in pixels, over seconds")
        panel.draw_line(canvas, seconds, tracks[0], BEFORE, thickness=1, dots=True)
        panel.draw_line(canvas, seconds, tracks[1], AFTER, thickness=2)
    for column, (text, color) in enumerate((("before", BEFORE), ("after", AFTER))):
        place = (MARGINS[0] + 110 * column, 2 * PANEL_HEIGHT + 28)
        cv2.putText(canvas, text, place, cv2.FONT_HERSHEY_SIMPLEX, 0.6, color, 2, cv2.LINE_AA)
    return from_uint8(canvas)


def _track(joint: np.ndarray, axis: int) -> np.ndarray:
    """A coordinate over time, not a number where the joint is missing."""
    return np.where(is_seen(joint), joint[:, axis], np.nan)


def _limits(values: np.ndarray) -> tuple[float, float]:
    known = values[np.isfinite(values)]
    low, high = (float(known.min()), float(known.max())) if known.size else (0.0, 1.0)
    return (low, high) if high > low else (low - 0.5, high + 0.5)


@dataclass(frozen=True)
class _Panel:
    """One pair of axes, `PANEL_HEIGHT` pixels high, with the values at their ends."""

    top: int
    across: tuple[float, float]
    up: tuple[float, float]

    def place(self, time: float, value: float) -> tuple[int, int]:
        left, right, above, below = MARGINS
        x = left + (time - self.across[0]) / (self.across[1] - self.across[0]) * (WIDTH - left - right)
        share = (value - self.up[0]) / (self.up[1] - self.up[0])
        return round(x), round(self.top + PANEL_HEIGHT - below - share * (PANEL_HEIGHT - above - below))

    def draw_axes(self, canvas: np.ndarray, title: str) -> None:
        import cv2

        def write(text: str, place: tuple[int, int], size: float = 0.42) -> None:
            cv2.putText(canvas, text, place, cv2.FONT_HERSHEY_SIMPLEX, size, TEXT, 1, cv2.LINE_AA)

        write(title, (MARGINS[0], self.top + MARGINS[2] - 12), 0.55)
        for value in np.linspace(*self.up, TICKS):
            left, right = self.place(self.across[0], value), self.place(self.across[1], value)
            cv2.line(canvas, left, right, GRID, 1)
            write(f"{value:.0f}", (6, left[1] + 4))
        for time in np.linspace(*self.across, TICKS):
            x, y = self.place(time, self.up[0])
            write(f"{time:.1f}", (x - 10, y + 18))

    def draw_line(
        self, canvas: np.ndarray, times: np.ndarray, values: Sequence[float], color, thickness: int, dots: bool = False
    ) -> None:
        import cv2

        places = [self.place(*point) if np.isfinite(point[1]) else None for point in zip(times, values, strict=True)]
        for first, second in zip(places, [*places[1:], None], strict=True):
            if first and second:
                cv2.line(canvas, first, second, color, thickness, cv2.LINE_AA)
            if first and (dots or not second):
                cv2.circle(canvas, first, 2, color, cv2.FILLED, cv2.LINE_AA)
