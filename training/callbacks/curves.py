"""Curves of a run as one picture: a panel for each term, training and validation over each other, drawn with OpenCV.

In: the lines of a log, as `log_file` writes them. Out: an image. Both axes are linear; the vertical one spans the
values of its panel. A number that is missing (null) leaves a gap.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from gfla_tf.image_io import from_uint8

__all__ = ["draw_curves", "round_ticks"]

WIDTH, HEIGHT = 460, 280  # of a panel, in pixels
LEFT, TOP, RIGHT, BOTTOM = 64, 44, 22, 34  # of a panel's margins
HEADER = 40
COLUMNS = 3
MARKED_POINTS = 40  # curves of no more points have a dot at each
NO_TERMS = ("step", "seconds")
SPEED = "_per_second"  # how its name ends

COLORS = {"training": (31, 100, 180), "validation": (226, 106, 20)}  # RGB, 0..255
INK, SOFT_INK, FRAME, GRID = (30, 30, 30), (110, 110, 110), (150, 150, 150), (232, 232, 232)


def draw_curves(rounds: Sequence[dict]) -> np.ndarray:
    """Draw all terms of a log.

    Args:
        rounds: the log's lines: "step", and numbers or None by the name of the term, those of validation with "val_".

    Returns:
        float32 image `[height, width, 3]` in [-1, 1].

    Raises:
        ValueError: there is no round, or no term in any.
    """
    names = _term_names(rounds)
    if not names:
        raise ValueError("A log with at least one term is expected. Received: none.")
    columns = min(COLUMNS, len(names))
    rows = -(-len(names) // columns)
    canvas = np.full((HEADER + rows * HEIGHT, columns * WIDTH, 3), 255, np.uint8)
    _draw_legend(canvas[:HEADER])
    for index, name in enumerate(names):
        top, left = HEADER + index // columns * HEIGHT, index % columns * WIDTH
        _draw_panel(canvas[top : top + HEIGHT, left : left + WIDTH], name, rounds)
    return from_uint8(canvas)


def round_ticks(low: float, high: float, most: int = 5) -> list[float]:
    """Round numbers within [low, high], 1, 2 or 5 times a power of ten apart, about `most` of them or fewer.

    Raises:
        ValueError: low is not below high.
    """
    if not low < high:
        raise ValueError(f"low below high is expected. Received: {low} and {high}.")
    power = 10.0 ** math.floor(math.log10((high - low) / most))
    distance = next(power * factor for factor in (1, 2, 5, 10) if power * factor * most >= (high - low) * 0.999)
    first, last = math.ceil(low / distance - 1e-6), math.floor(high / distance + 1e-6)
    return [number * distance for number in range(first, last + 1)]


def _term_names(rounds: Sequence[dict]) -> list[str]:
    """The loss first, then as they come; skipped steps only if there are any."""
    logged = {name: None for line in rounds for name in line if name not in NO_TERMS and not name.endswith(SPEED)}
    names = {name.removeprefix("val_"): None for name in logged}
    shown = [name for name in names if name != "skipped" or any(line.get(name) for line in rounds)]
    return sorted(shown, key=lambda name: name != "loss")


@dataclass(frozen=True)
class _Axis:
    """Where numbers from low to high lie, in pixels from start to end."""

    low: float
    high: float
    start: int
    end: int

    def pixel(self, value: float | np.ndarray) -> float | np.ndarray:
        return self.start + (value - self.low) / (self.high - self.low) * (self.end - self.start)


def _draw_panel(panel: np.ndarray, name: str, rounds: Sequence[dict]) -> None:
    """Draw one term into a view of the canvas."""
    curves = {"training": _points(rounds, name), "validation": _points(rounds, f"val_{name}")}
    _write(panel, name, (LEFT, 22), INK, 0.52)
    points = np.concatenate(list(curves.values()))
    if np.isnan(points[:, 1]).all():
        _write(panel, "no finite value", (LEFT, HEIGHT // 2), SOFT_INK)
        return
    horizontal = _Axis(0, max(line["step"] for line in rounds) or 1, LEFT, WIDTH - RIGHT)
    vertical = _Axis(*_span(points[:, 1]), HEIGHT - BOTTOM, TOP)
    _draw_axes(panel, horizontal, vertical)
    right = WIDTH - RIGHT
    for role, curve in reversed(curves.items()):
        _draw_curve(panel, np.column_stack([horizontal.pixel(curve[:, 0]), vertical.pixel(curve[:, 1])]), COLORS[role])
        finite = curve[~np.isnan(curve[:, 1]), 1]
        if len(finite):
            right = _write_left_of(panel, f"{finite[-1]:.4g}", right, 22, COLORS[role]) - 12


def _points(rounds: Sequence[dict], name: str) -> np.ndarray:
    """`[points, 2]` = (step, value) of the rounds that have the name; NaN where a value is null."""
    points = [(line["step"], math.nan if line[name] is None else line[name]) for line in rounds if name in line]
    return np.array(points, np.float64).reshape(-1, 2)


def _span(values: np.ndarray) -> tuple[float, float]:
    """A little more than from the lowest to the highest value."""
    low, high = float(np.nanmin(values)), float(np.nanmax(values))
    margin = (high - low) * 0.06 or abs(high) * 0.1 or 1.0
    # Where nothing is negative, an axis below 0 would mislead.
    return (max(low - margin, 0.0) if low >= 0 else low - margin), high + margin


def _draw_axes(panel: np.ndarray, horizontal: _Axis, vertical: _Axis) -> None:
    import cv2

    for value in round_ticks(vertical.low, vertical.high):
        y = round(vertical.pixel(value))
        cv2.line(panel, (horizontal.start, y), (horizontal.end, y), GRID, 1)
        _write_left_of(panel, _number(value), horizontal.start - 7, y + 4, SOFT_INK)
    for value in round_ticks(horizontal.low, horizontal.high, 4):
        x = round(horizontal.pixel(value))
        cv2.line(panel, (x, vertical.end), (x, vertical.start), GRID, 1)
        text = _number(value)
        _write(panel, text, (x - _width(text) // 2, vertical.start + 17), SOFT_INK)
    corners = (horizontal.start, vertical.end), (horizontal.end, vertical.start)
    cv2.rectangle(panel, *corners, FRAME, 1)


def _number(value: float) -> str:
    """A tick's number, short: 20000 is 20k, 0.00034 is 3.4e-4."""
    if abs(value) >= 1e4:
        return f"{value / 1e6:g}M" if abs(value) >= 1e6 else f"{value / 1e3:g}k"
    if 0 < abs(value) < 1e-3:
        mantissa, exponent = f"{value:.3e}".split("e")
        return f"{float(mantissa):g}e{int(exponent)}"
    return f"{value:.6g}" if value else "0"


def _draw_curve(panel: np.ndarray, pixels: np.ndarray, color: tuple[int, int, int]) -> None:
    import cv2

    there = ~np.isnan(pixels[:, 1])
    fixed = np.rint(np.nan_to_num(pixels) * 16).astype(np.int32)  # OpenCV's shift of 4 bits
    for number in np.flatnonzero(there[1:] & there[:-1]):
        start, end = (tuple(map(int, fixed[index])) for index in (number, number + 1))
        cv2.line(panel, start, end, color, 2, cv2.LINE_AA, 4)
    alone = there & ~np.append(there[1:], False) & ~np.insert(there[:-1], 0, False)
    for point in fixed[there if len(fixed) <= MARKED_POINTS else alone]:
        cv2.circle(panel, tuple(map(int, point)), 3 * 16, color, cv2.FILLED, cv2.LINE_AA, 4)


def _draw_legend(strip: np.ndarray) -> None:
    import cv2

    x = LEFT
    for role, color in COLORS.items():
        cv2.line(strip, (x, 24), (x + 24, 24), color, 2, cv2.LINE_AA)
        _write(strip, role, (x + 32, 28), INK, 0.46)
        x += 32 + _width(role, 0.46) + 26
    _write(strip, "by step; last values right", (x, 28), SOFT_INK)


def _width(text: str, scale: float = 0.4) -> int:
    import cv2

    return cv2.getTextSize(text, cv2.FONT_HERSHEY_SIMPLEX, scale, 1)[0][0]


def _write(panel: np.ndarray, text: str, place: tuple[int, int], color: tuple, scale: float = 0.4) -> None:
    """Write with the left end of the base line at (x, y)."""
    import cv2

    cv2.putText(panel, text, place, cv2.FONT_HERSHEY_SIMPLEX, scale, color, 1, cv2.LINE_AA)


def _write_left_of(panel: np.ndarray, text: str, right: int, y: int, color: tuple) -> int:
    """Write text that ends at a pixel; returns where it begins."""
    left = right - _width(text)
    _write(panel, text, (left, y), color)
    return left
