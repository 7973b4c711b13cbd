"""The panels of a sheet that follow single pixels back into the source."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from gfla_tf.image_io import from_uint8, to_uint8
from gfla_tf.inspection.canvas import Canvas, Color
from gfla_tf.inspection.drawings import heat, nearest
from gfla_tf.inspection.layout import Panel, text_line
from gfla_tf.inspection.origins import Origin, trace
from gfla_tf.inspection.pairs import PairInspection

__all__ = ["PIXEL_COLORS", "pixel_panels"]

PIXEL_COLORS: tuple[Color, ...] = ((255, 70, 70), (70, 220, 90), (90, 170, 255), (255, 210, 60), (240, 110, 240))
SQUARE = 40  # pixels of a tap in the drawing of weights


def pixel_panels(
    inspection: PairInspection, pixels: Sequence[tuple[float, float]], size: tuple[int, int]
) -> list[Panel]:
    """The result with the pixels marked, the source with the patches that they came from, and each one's weights.

    Args:
        inspection: of a pair.
        pixels: (x, y) in pixels of the network's picture.
        size: (height, width) of a panel.

    Raises:
        ValueError: a pixel lies outside of the picture.
    """
    result, source = Canvas(inspection.image, size), Canvas(inspection.source_image, size)
    panels = []
    for number, (x, y) in enumerate(pixels):
        color = PIXEL_COLORS[number % len(PIXEL_COLORS)]
        origins = [trace(maps, x, y, inspection.size) for maps in inspection.maps]
        result.cross((x, y), color)
        for origin in origins:
            _draw_patch(source, origin, color)
        panels.append(_weights_panel(inspection, number, (x, y), origins, color, size[0]))
    shown = [Panel(result.image, "result", "the pixels"), Panel(source.image, "source", "their patches")]
    return shown + panels


def _draw_patch(canvas: Canvas, origin: Origin, color: Color) -> None:
    """The taps, as opaque as they are heavy, and a frame around all of them."""
    heaviest = origin.weights.max()
    for tap, weight in zip(origin.taps, origin.weights, strict=True):
        canvas.fill(tap, *origin.cell, color, 0.6 * float(weight / heaviest))
    low, high = origin.taps.min(axis=0), origin.taps.max(axis=0)
    width, height = high - low + np.array(origin.cell)
    canvas.box((low + high) / 2, width, height, color, 1)


def _weights_panel(
    inspection: PairInspection,
    number: int,
    pixel: tuple[float, float],
    origins: Sequence[Origin],
    color: Color,
    height: int,
) -> Panel:
    """What was fetched and with which weights, a square a level, below each other."""
    parts = []
    for origin in origins:
        parts += [_weights_image(inspection, origin), _caption(origin)]
    width = max(part.shape[1] for part in parts)
    parts = [np.pad(part, ((0, 0), (0, width - part.shape[1]), (0, 0)), constant_values=1) for part in parts]
    image = np.concatenate(parts, axis=0)
    marked = np.full((6, width, 3), 1, np.float32) * (np.array(color, np.float32) / 127.5 - 1)
    missing = max(height - len(image) - len(marked), 0)
    image = np.concatenate([marked, image, np.ones((missing, width, 3), np.float32)], axis=0)
    return Panel(image, f"{number + 1}: pixel {pixel[0]:.0f},{pixel[1]:.0f}", "weights in percent")


def _weights_image(inspection: PairInspection, origin: Origin) -> np.ndarray:
    """The weights as heat with numbers, beside what the source shows there."""
    import cv2

    kernel = round(len(origin.weights) ** 0.5)
    weights = origin.weights.reshape(kernel, kernel)
    side = kernel * SQUARE
    squares = np.ascontiguousarray(to_uint8(nearest(heat(weights, high=max(weights.max(), 1e-6)), side, side)))
    for row in range(kernel):
        for column in range(kernel):
            bright = weights[row, column] > 0.6 * weights.max()
            place = column * SQUARE + 5, row * SQUARE + SQUARE // 2 + 5
            tone = (0, 0, 0) if bright else (255, 255, 255)
            text = f"{100 * weights[row, column]:.0f}"
            cv2.putText(squares, text, place, cv2.FONT_HERSHEY_SIMPLEX, 0.45, tone, 1, cv2.LINE_AA)
    return np.concatenate([from_uint8(squares), np.ones((side, 8, 3), np.float32), _patch(inspection, origin, side)], 1)


def _patch(inspection: PairInspection, origin: Origin, side: int) -> np.ndarray:
    """The part of the source that the taps cover, at a size; beyond the border, the border."""
    height, width = inspection.size
    kernel = round(len(origin.weights) ** 0.5)
    grid = (np.arange(side) + 0.5) / side - 0.5
    columns = np.rint(origin.center[0] + grid * kernel * origin.cell[0]).clip(0, width - 1).astype(int)
    rows = np.rint(origin.center[1] + grid * kernel * origin.cell[1]).clip(0, height - 1).astype(int)
    return inspection.source_image[rows[:, np.newaxis], columns]


def _caption(origin: Origin) -> np.ndarray:
    x, y = origin.mean
    width = 2 * SQUARE * round(len(origin.weights) ** 0.5) + 8
    return text_line(f"{origin.name}: from {x:.0f},{y:.0f}; {origin.mask:.0%} taken", max(width, 230), 0.4)
