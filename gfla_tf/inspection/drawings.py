"""Maps as pictures: flows with their legend, heat, shares, and colours that say a place.

Images are float32 RGB `[height, width, 3]` in [-1, 1]. Flows are (dx, dy) in pixels of their level; position l takes
its texture from l + flow(l). The colours of `gfla_tf.sheets.flow_to_color` mean the direction, as the wheel shows.
"""

from __future__ import annotations

import numpy as np

from gfla_tf.sheets import flow_to_color

__all__ = ["blend", "color_wheel", "flow_with_legend", "heat", "nearest", "overlay", "place_colors", "sample_places"]

LEGEND_SHARE = 0.2  # of a picture's shorter side
LEGEND_MARGIN = 2  # pixels
COLORMAP = "COLORMAP_INFERNO"


def color_wheel(size: int) -> np.ndarray:
    """The colours of flows by direction and length, as a disc `[size, size, 3]` on white; red points to the right."""
    reach = (size - 1) / 2
    rows, columns = np.mgrid[:size, :size] - reach
    offsets = np.stack([columns, rows], axis=-1)
    outside = np.linalg.norm(offsets, axis=-1, keepdims=True) > reach + 0.5
    return np.where(outside, 1.0, flow_to_color(offsets, max(reach, 1))).astype(np.float32)


def flow_with_legend(flow: np.ndarray, height: int, width: int, longest: float | None = None) -> np.ndarray:
    """A flow as colours at a picture's size, each of its pixels a block, with the wheel in the lower right corner.

    Args:
        flow: `[h, w, 2]`, (dx, dy) in pixels.
        height: of the picture in pixels.
        width: likewise.
        longest: length in pixels that is shown fully saturated, at the wheel's rim; the longest of the flow by default.
    """
    picture = nearest(flow_to_color(flow, longest), height, width)
    side = max(round(LEGEND_SHARE * min(height, width)), 5)
    frame = side + 2 * LEGEND_MARGIN
    picture[-frame:, -frame:] = 1
    picture[-frame:, -frame] = picture[-frame, -frame:] = 0
    picture[-frame + LEGEND_MARGIN : -LEGEND_MARGIN, -frame + LEGEND_MARGIN : -LEGEND_MARGIN] = color_wheel(side)
    return picture


def heat(values: np.ndarray, low: float = 0.0, high: float = 1.0) -> np.ndarray:
    """Numbers `[height, width]` as colours from black (low) over red to light yellow (high)."""
    import cv2

    share = np.clip((np.asarray(values, np.float32) - low) / max(high - low, 1e-6), 0, 1)
    colors = cv2.applyColorMap(np.rint(share * 255).astype(np.uint8), getattr(cv2, COLORMAP))
    return (colors[..., ::-1] / np.float32(127.5) - 1).astype(np.float32)


def nearest(image: np.ndarray, height: int, width: int) -> np.ndarray:
    """A map `[h, w, ...]` at another size, each of its pixels a block: its own grid stays to be seen."""
    rows = (2 * np.arange(height) + 1) * image.shape[0] // (2 * height)
    columns = (2 * np.arange(width) + 1) * image.shape[1] // (2 * width)
    return np.array(image[rows[:, np.newaxis], columns])


def blend(image: np.ndarray, other: np.ndarray, share) -> np.ndarray:
    """Two images mixed; `share` in [0, 1], a number or `[height, width, 1]`, is the other's."""
    return (image * (1 - share) + other * share).astype(np.float32)


def overlay(image: np.ndarray, values: np.ndarray, share: float = 0.6) -> np.ndarray:
    """Heat over a picture in grey: `values` `[h, w]` in [0, 1], enlarged to the picture's size without blocks."""
    import cv2

    height, width = image.shape[:2]
    smooth = cv2.resize(np.asarray(values, np.float32), (width, height), interpolation=cv2.INTER_LINEAR)
    gray = np.repeat(image.mean(axis=-1, keepdims=True), 3, axis=-1)
    return blend(gray, heat(smooth), share)


def place_colors(height: int, width: int) -> np.ndarray:
    """A picture `[height, width, 3]` in which every place has a colour of its own, and near ones have like ones."""
    import cv2

    rows, columns = np.mgrid[:height, :width].astype(np.float32)
    hue = 330 * rows / max(height - 1, 1)
    saturation = 1 - 0.55 * np.abs(2 * columns / max(width - 1, 1) - 1)
    value = 0.55 + 0.45 * columns / max(width - 1, 1)
    colors = np.stack([hue, saturation, value], axis=-1).astype(np.float32)
    return cv2.cvtColor(colors, cv2.COLOR_HSV2RGB) * 2 - 1


def sample_places(image: np.ndarray, places: np.ndarray) -> np.ndarray:
    """What a picture shows at places `[..., 2]` = (x, y), to the nearest pixel, the border repeated."""
    height, width = image.shape[:2]
    columns = np.clip(np.rint(places[..., 0]), 0, width - 1).astype(int)
    rows = np.clip(np.rint(places[..., 1]), 0, height - 1).astype(int)
    return image[rows, columns]
