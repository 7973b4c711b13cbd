"""Sheets: pictures with titles in rows, each row under a heading that says how to read it.

Images are float32 RGB `[height, width, 3]` in [-1, 1]; everything stands on white.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from gfla_tf.image_io import from_uint8

__all__ = ["Panel", "Row", "lay_out", "text_line"]

GAP = 14  # pixels between panels
MARGIN = 24  # around the sheet
INK, SOFT_INK = (30, 30, 30), (110, 110, 110)
TITLE, NOTE, HEADING = 0.5, 0.4, 0.75  # sizes, in units of OpenCV's fonts
SMALLEST = 0.28  # a text that is too long is written smaller, down to this, and cut off then


@dataclass(frozen=True, eq=False)
class Panel:
    """A picture, its title above and a note below that.

    Attributes:
        image: `[height, width, 3]`.
        title: a few words.
        note: a few more.
    """

    image: np.ndarray
    title: str
    note: str = ""


@dataclass(frozen=True, eq=False)
class Row:
    """Panels side by side.

    Attributes:
        heading: of the row.
        text: how to read it, one line; may be empty.
        panels: at least one, their bottoms in line.
    """

    heading: str
    text: str
    panels: Sequence[Panel]


def lay_out(title: str, rows: Sequence[Row]) -> np.ndarray:
    """A sheet of rows under a title."""
    blocks = [_with_panels(row) for row in rows]
    width = max(block.shape[1] for block in blocks)
    headings = [_heading(row, width) for row in rows]
    parts = [text_line(title, width, 1.0, INK, 2)]
    for heading, block in zip(headings, blocks, strict=True):
        parts += [heading, _wide(block, width), _white(GAP, width)]
    return np.pad(np.concatenate(parts, axis=0), ((MARGIN,) * 2, (MARGIN,) * 2, (0, 0)), constant_values=1)


def text_line(text: str, width: int, size: float, color: tuple[int, int, int] = INK, thickness: int = 1) -> np.ndarray:
    """One line of text on white, `[height, width, 3]`; smaller if it would not fit."""
    import cv2

    font = cv2.FONT_HERSHEY_SIMPLEX
    height = round(36 * size) + 6
    needed = cv2.getTextSize(text, font, size, thickness)[0][0]
    size = max(SMALLEST, min(size, size * (width - 2) / max(needed, 1)))
    strip = np.full((height, width, 3), 255, np.uint8)
    cv2.putText(strip, text, (1, height - round(11 * size) - 3), font, size, color, thickness, cv2.LINE_AA)
    return from_uint8(strip)


def _heading(row: Row, width: int) -> np.ndarray:
    rule = np.full((2, width, 3), 0.7, np.float32)
    lines = [text_line(row.heading, width, HEADING, INK, 2)]
    lines += [text_line(row.text, width, 0.5, SOFT_INK)] if row.text else []
    return np.concatenate([rule, *lines], axis=0)


def _with_panels(row: Row) -> np.ndarray:
    captioned = [_captioned(panel) for panel in row.panels]
    height = max(one.shape[0] for one in captioned)
    parts = []
    for one in captioned:
        parts += [np.pad(one, ((height - len(one), 0), (0, 0), (0, 0)), constant_values=1), _white(height, GAP)]
    return np.concatenate(parts[:-1], axis=1)


def _captioned(panel: Panel) -> np.ndarray:
    width = panel.image.shape[1]
    lines = [text_line(panel.title, width, TITLE), text_line(panel.note, width, NOTE, SOFT_INK)]
    return np.concatenate([*lines, np.asarray(panel.image, np.float32)], axis=0)


def _wide(block: np.ndarray, width: int) -> np.ndarray:
    return np.pad(block, ((0, 0), (0, width - block.shape[1]), (0, 0)), constant_values=1)


def _white(height: int, width: int) -> np.ndarray:
    return np.ones((height, width, 3), np.float32)
