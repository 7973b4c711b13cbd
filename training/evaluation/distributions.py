"""How scores are distributed, as a drawing: a histogram for each system, one below the other on one axis.

In: one number a picture. Out: SVG, of which equal numbers give equal bytes. The axis spans all systems; what lies in
the lowest and the highest half percent is put into the outermost bins, so that one odd picture does not squeeze the
rest. A line marks the mean.
"""

from __future__ import annotations

import html
from collections.abc import Mapping

import numpy as np

from training.callbacks.curves import round_ticks

__all__ = ["draw_distributions"]

BINS = 48
WIDTH, ROW, TOP, BOTTOM = 720, 64, 30, 26  # in pixels
LEFT, RIGHT = 170, 20  # of the axis's margins
CUT = 0.005
COLORS = ("#1f64b4", "#e26a14", "#2a8c4a", "#b03a8c", "#7a6a20", "#208c94")
INK, SOFT_INK, GRID = "#1e1e1e", "#6e6e6e", "#e0e0e0"


def draw_distributions(title: str, scores: Mapping[str, np.ndarray]) -> str:
    """Draw one metric.

    Args:
        title: of the drawing.
        scores: system -> `[pictures]`; what is not finite is left out.

    Returns:
        The SVG file's text.

    Raises:
        ValueError: no system has a finite score.
    """
    finite = {name: values[np.isfinite(values)] for name, values in scores.items()}
    finite = {name: values for name, values in finite.items() if len(values)}
    if not finite:
        raise ValueError("Finite scores are expected. Received: none.")
    low, high = _span(np.concatenate(list(finite.values())))
    height = TOP + ROW * len(finite) + BOTTOM
    parts = [f'<text x="8" y="18" fill="{INK}" font-size="14">{html.escape(title)}</text>', *_axis(low, high, height)]
    for number, (name, values) in enumerate(finite.items()):
        parts += _row(name, values, low, high, TOP + ROW * (number + 1) - 8, COLORS[number % len(COLORS)])
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" viewBox="0 0 {WIDTH} {height}" '
        'font-family="sans-serif" font-size="12">\n'
        f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>\n' + "\n".join(parts) + "\n</svg>\n"
    )


def _span(values: np.ndarray) -> tuple[float, float]:
    low, high = (float(value) for value in np.quantile(values, [CUT, 1 - CUT]))
    return (low, high) if low < high else (low - 0.5, low + 0.5)


def _pixel(value: float, low: float, high: float) -> float:
    return LEFT + (value - low) / (high - low) * (WIDTH - LEFT - RIGHT)


def _axis(low: float, high: float, height: int) -> list[str]:
    parts = []
    for value in round_ticks(low, high, 6):
        x, bottom = _pixel(value, low, high), height - BOTTOM
        parts.append(f'<line x1="{x:.1f}" y1="{TOP}" x2="{x:.1f}" y2="{bottom}" stroke="{GRID}"/>')
        parts.append(f'<text x="{x:.1f}" y="{bottom + 16}" fill="{SOFT_INK}" text-anchor="middle">{value:.6g}</text>')
    return parts


def _row(name: str, values: np.ndarray, low: float, high: float, base: int, color: str) -> list[str]:
    """A histogram standing on the base line, its fullest bin as high as those of other systems."""
    counts, edges = np.histogram(np.clip(values, low, high), BINS, (low, high))
    heights = counts / counts.max() * (ROW - 18)
    steps = [f"{_pixel(edges[0], low, high):.1f},{base}"]
    for bar, left, right in zip(heights, edges, edges[1:], strict=False):
        steps += [f"{_pixel(edge, low, high):.1f},{base - bar:.1f}" for edge in (left, right)]
    steps.append(f"{_pixel(edges[-1], low, high):.1f},{base}")
    mean = _pixel(float(np.clip(values.mean(), low, high)), low, high)
    label = html.escape(name)
    return [
        f'<polygon points="{" ".join(steps)}" fill="{color}" fill-opacity="0.35" stroke="{color}"/>',
        f'<line x1="{mean:.1f}" y1="{base}" x2="{mean:.1f}" y2="{base - ROW + 16}" stroke="{color}" stroke-width="2"/>',
        f'<text x="8" y="{base - 14}" fill="{INK}">{label}</text>',
        f'<text x="8" y="{base + 1}" fill="{SOFT_INK}">mean {values.mean():.4f}</text>',
    ]
