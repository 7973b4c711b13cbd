"""A pose transfer, inspected, as one picture: a row on the pair, one on each level of attention, one on some pixels."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from gfla_tf.inspection.layout import Row, lay_out
from gfla_tf.inspection.level_panels import level_panels
from gfla_tf.inspection.pair_panels import pair_panels
from gfla_tf.inspection.pairs import PairInspection
from gfla_tf.inspection.pixel_panels import pixel_panels

__all__ = ["draw_sheet", "panel_size"]

PANEL_HEIGHT = 384  # pixels, at most, if the network's pictures are not larger
PAIR_TEXT = (
    "Colours of places: every place of the source has a colour of its own (left); the result in the colours of where "
    "its texture was fetched (right), as far as it was not drawn without."
)
LEVEL_TEXT = (
    "Every position of the result looks where its flow points in the source, and mixes the taps around there by their "
    "weights;"
)
PIXEL_TEXT = (
    "Each marked pixel of the result, the patches of the source that it was mixed from, and weights in percent."
)


def panel_size(inspection: PairInspection) -> tuple[int, int]:
    """(height, width) of a panel: a whole multiple of the network's height, in true proportions."""
    height = inspection.size[0] * max(1, PANEL_HEIGHT // inspection.size[0])
    return height, round(height * inspection.aspect)


def draw_sheet(
    inspection: PairInspection,
    pixels: Sequence[tuple[float, float]] | None = None,
    further: Sequence[Row] = (),
) -> np.ndarray:
    """Draw the sheet.

    Args:
        inspection: of a pair.
        pixels: (x, y) in pixels of the network's picture that are followed back; by default some joints.
        further: more rows, for the end.

    Returns:
        float32 image `[sheet height, sheet width, 3]` in [-1, 1].

    Raises:
        ValueError: a pixel lies outside of the picture.
    """
    size = panel_size(inspection)
    rows = [Row("The pair", PAIR_TEXT, pair_panels(inspection, size))]
    for maps in inspection.maps:
        heading = f"Attention at {maps.name} of the picture's side, {maps.kernel_size} x {maps.kernel_size} taps"
        text = f"{LEVEL_TEXT} one tap is a square of {2**maps.level} x {2**maps.level} pixels."
        rows.append(Row(heading, text, level_panels(inspection, maps, size)))
    pixels = inspection.pixels() if pixels is None else list(pixels)
    if pixels:
        rows.append(Row("Where pixels came from", PIXEL_TEXT, pixel_panels(inspection, pixels, size)))
    return lay_out(inspection.name, [*rows, *further])
