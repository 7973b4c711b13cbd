"""Throughput and times over load, as an SVG picture."""

from __future__ import annotations

import math
from collections.abc import Sequence
from xml.sax.saxutils import escape

from serving.load.measurement import PERCENTILES, Measurement

__all__ = ["plot_measurements"]

WIDTH, HEIGHT = 760, 300  # of a panel, in pixels
LEFT, RIGHT, ABOVE, BELOW = 70, 110, 40, 50
COLORS = ("#1f5fa8", "#d9822b", "#b03a48")
TICKS = 5
Line = tuple[str, str, list[float]]  # name, colour, a value for each load


def plot_measurements(measurements: Sequence[Measurement], title: str) -> str:
    """Draw two panels, one above the other: answers a second, and percentiles of the time to an answer.

    Args:
        measurements: at one load or more, of one kind.
        title: over everything.

    Returns:
        The text of an SVG file.

    Raises:
        ValueError: there are none, or of both kinds.
    """
    if len({entry.kind for entry in measurements}) != 1:
        raise ValueError(f"Measurements of one kind are expected. Received: {len(measurements)}.")
    loads = [entry.load for entry in measurements]
    times = [
        (f"p{percent}", color, [1000 * entry.percentile(percent) for entry in measurements])
        for percent, color in zip(PERCENTILES, COLORS, strict=True)
    ]
    across = "requests at one time" if measurements[0].kind == "closed" else "requests a second"
    panels = [
        _panel(0, "answers a second", across, loads, [("answers", COLORS[0], [m.throughput for m in measurements])]),
        _panel(HEIGHT, "milliseconds to an answer", across, loads, times),
    ]
    head = f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{2 * HEIGHT + 24}"'
    style = 'font-family="sans-serif" font-size="13" style="background: white"'
    body = [_text(LEFT, 18, title, 'font-weight="bold"'), '<g transform="translate(0 24)">', *panels, "</g>"]
    return "\n".join([f"{head} {style}>", *body, "</svg>", ""])


def _panel(top: int, title: str, across: str, loads: list[float], lines: list[Line]) -> str:
    highest = max((value for _, _, values in lines for value in values if math.isfinite(value)), default=1.0) or 1.0
    farthest = max(loads)

    def place(load: float, value: float) -> tuple[float, float]:
        x = LEFT + load / farthest * (WIDTH - LEFT - RIGHT)
        return x, top + HEIGHT - BELOW - value / highest * (HEIGHT - ABOVE - BELOW)

    parts = [_text(LEFT, top + ABOVE - 14, title), _text(LEFT, top + HEIGHT - 12, across)]
    for tick in range(TICKS):
        value = highest * tick / (TICKS - 1)
        (x1, y), (x2, _) = place(0, value), place(farthest, value)
        parts.append(f'<line x1="{x1:.1f}" y1="{y:.1f}" x2="{x2:.1f}" y2="{y:.1f}" stroke="#ddd"/>')
        parts.append(_text(x1 - 8, y + 4, f"{value:.3g}", 'text-anchor="end"'))
    for load in loads:
        x, y = place(load, 0)
        parts.append(_text(x, y + 18, f"{load:g}", 'text-anchor="middle"'))
    for name, color, values in lines:
        points = [place(*pair) for pair in zip(loads, values, strict=True) if math.isfinite(pair[1])]
        parts += _line(name, color, points)
    return "\n".join(parts)


def _line(name: str, color: str, points: list[tuple[float, float]]) -> list[str]:
    if not points:
        return []
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    dots = [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{color}"/>' for x, y in points]
    x, y = points[-1]
    label = _text(x + 8, y + 4, name, f'fill="{color}"')
    return [f'<polyline points="{path}" fill="none" stroke="{color}" stroke-width="2"/>', *dots, label]


def _text(x: float, y: float, text: str, style: str = "") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" {style}>{escape(text)}</text>'
