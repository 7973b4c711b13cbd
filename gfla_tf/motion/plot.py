"""A joint's x and y over time, as a picture: before and after cleaning, or whatever lines there are.

Drawn with OpenCV. Images are float32 RGB `[height, width, 3]` in [-1, 1].
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from gfla_tf.image_io import from_uint8
from gfla_tf.motion.filling import SKELETON, is_seen
from gfla_tf.pose.skeletons import get_skeleton

__all__ = ["AFTER", "BEFORE", "EXACT", "Line", "most_corrected_joint", "plot_joint", "plot_lines"]

WIDTH, PANEL_HEIGHT = 1000, 280
MARGINS = (64, 16, 34, 30)  # pixels left, right, above, below
BEFORE, AFTER, EXACT = (225, 110, 100), (20, 90, 200), (90, 90, 90)  # RGB, 0..255
GRID, TEXT = (225, 225, 225), (70, 70, 70)
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
        As for `plot_lines`.
    """
    name = get_skeleton(SKELETON).joints[joint].replace("_", " ")
    lines = [
        Line("before", _track(before[:, joint]), BEFORE, dots=True),
        Line("after", _track(after[:, joint]), AFTER, 2),
    ]
    return plot_lines(lines, np.arange(len(before)) / frames_per_second, f"of {name} in pixels, over seconds")


def _track(joint: np.ndarray) -> np.ndarray:
    """Places over time, not numbers where the joint is missing."""
    return np.where(is_seen(joint)[:, np.newaxis], joint[:, :2], np.nan)


@dataclass(frozen=True, eq=False)
class Line:
    """A way over time.

    Attributes:
        name: for the legend.
        points: `[frames, 2]` = (x, y); the line has gaps where they are no numbers.
        color: RGB, 0..255.
        thickness: in pixels.
        dots: whether each frame has one.
    """

    name: str
    points: np.ndarray
    color: tuple[int, int, int]
    thickness: int = 1
    dots: bool = False


def plot_lines(lines: Sequence[Line], times: np.ndarray, title: str) -> np.ndarray:
    """Draw ways over time, the last one on top.

    Args:
        lines: of as many frames as there are times.
        times: of the frames, ascending.
        title: what follows "x" and "y", such as "of left wrist in pixels, over seconds".

    Returns:
        Image `[600, 1000, 3]`, x above y; upwards is larger, as in the plot of any number.
    """
    import cv2

    canvas = np.full((2 * PANEL_HEIGHT + 40, WIDTH, 3), 255, np.uint8)
    for row, axis in enumerate("xy"):
        values = np.concatenate([line.points[:, row] for line in lines])
        panel = _Panel(row * PANEL_HEIGHT + 10, _limits(times), _limits(values))
        panel.draw_axes(canvas, f"{axis} {title}")
        for line in lines:
            panel.draw_line(canvas, times, line.points[:, row], line.color, line.thickness, line.dots)
    left = MARGINS[0]
    for line in lines:
        style = cv2.FONT_HERSHEY_SIMPLEX, 0.6
        cv2.putText(canvas, line.name, (left, 2 * PANEL_HEIGHT + 28), *style, line.color, 2, cv2.LINE_AA)
        left += cv2.getTextSize(line.name, *style, 2)[0][0] + 30
    return from_uint8(canvas)


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
