"""Where a pixel came from: from the picture that was rendered, through flow and attention, back into the source.

Position l of a level takes its texture from the k x k taps around l + flow(l), each with its weight; beyond the border
the border pixel counts. Levels are coarser than pictures: a level's pixel p, of side f in the picture, has its centre
at (p + 0.5) * f - 0.5, and the picture's pixel x belongs to the level's pixel floor((x + 0.5) / f). Which of the taps'
texture shows, and how, the network's later layers decide; and a feature sees more of the source than the pixel that it
lies at. So this says where texture was fetched, which is not yet a colour.

Places are (x, y), in pixels of the picture that the network sees, (0, 0) the centre of its top left one.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gfla_tf.inspection.attention import AttentionMaps
from gfla_tf.pose.framing import are_inside

__all__ = ["Origin", "entropy", "expected_origins", "source_use", "tap_offsets", "tap_places", "trace", "winning_taps"]

Size = tuple[int, int]  # (height, width) in pixels of a picture


@dataclass(frozen=True, eq=False)
class Origin:
    """Where one pixel came from at one level.

    Attributes:
        name: of the level, for titles.
        position: (column, row) of the pixel at the level.
        center: (x, y) in the source's picture that the flow points at.
        taps: `[k * k, 2]`, (x, y) of each tap in the source's picture, row major.
        weights: `[k * k]`.
        cell: (width, height) of a level's pixel in the picture.
        mask: in [0, 1], how much of the result is taken from the source; 1 where it is not known.
    """

    name: str
    position: tuple[int, int]
    center: tuple[float, float]
    taps: np.ndarray
    weights: np.ndarray
    cell: tuple[float, float]
    mask: float

    @property
    def mean(self) -> tuple[float, float]:
        """(x, y), the mean of the taps by their weights."""
        x, y = self.weights @ self.taps
        return float(x), float(y)


def trace(maps: AttentionMaps, x: float, y: float, size: Size) -> Origin:
    """Follow one pixel of the result back.

    Args:
        maps: of a level.
        x: column in pixels of the picture.
        y: row.
        size: (height, width) of the picture.

    Raises:
        ValueError: the pixel is not in the picture.
    """
    height, width = size
    if not are_inside(np.array([x, y]), height, width):
        raise ValueError(f"A pixel X,Y inside {width}x{height} (width x height) is expected. Received: {x:g},{y:g}.")
    cell = _cell(maps, size)
    column, row = int((x + 0.5) // cell[0]), int((y + 0.5) // cell[1])
    taps = tap_places(maps, size)[row, column]
    center = _to_picture(np.array([column, row]) + maps.flow[row, column], cell)
    mask = 1.0 if maps.mask is None else float(maps.mask[row, column, 0])
    weights = maps.weights[row, column]
    return Origin(maps.name, (column, row), (float(center[0]), float(center[1])), taps, weights, cell, mask)


def tap_offsets(kernel_size: int) -> np.ndarray:
    """`[k * k, 2]`: (dx, dy) of each tap from the middle one, row major, in pixels of the level."""
    reach = np.arange(kernel_size) - kernel_size // 2
    rows, columns = np.meshgrid(reach, reach, indexing="ij")
    return np.stack([columns.ravel(), rows.ravel()], axis=-1)


def tap_places(maps: AttentionMaps, size: Size) -> np.ndarray:
    """(x, y) of every position's taps in the source's picture: `[height, width, k * k, 2]`."""
    height, width = maps.size
    columns, rows = np.meshgrid(np.arange(width), np.arange(height))
    centers = np.stack([columns, rows], axis=-1) + maps.flow
    places = centers[:, :, np.newaxis] + tap_offsets(maps.kernel_size)
    inside = np.clip(places, 0, np.array([width, height]) - 1)  # the border pixel repeats
    return _to_picture(inside, _cell(maps, size))


def expected_origins(maps: AttentionMaps, size: Size) -> np.ndarray:
    """The mean place of every position's taps by their weights: `[height, width, 2]`, (x, y) in the source."""
    return np.einsum("hwt,hwtc->hwc", maps.weights, tap_places(maps, size))


def winning_taps(maps: AttentionMaps) -> np.ndarray:
    """Where each position's heaviest tap lies from the middle one: `[height, width, 2]`, (dx, dy) in level pixels."""
    return tap_offsets(maps.kernel_size)[maps.weights.argmax(axis=-1)]


def entropy(maps: AttentionMaps) -> np.ndarray:
    """How evenly the taps share: `[height, width]`, 0 where one has all the weight, 1 where all have the same."""
    taps = maps.weights.shape[-1]
    weights = np.maximum(maps.weights, 1e-12)
    return -(weights * np.log(weights)).sum(axis=-1) / max(np.log(taps), 1e-12)


def source_use(maps: AttentionMaps, size: Size) -> np.ndarray:
    """How much each of the source's level pixels is used: `[height, width]`, weights and mask added up over positions.

    1 is what a pixel gets if every position takes itself and nothing else.
    """
    cell = _cell(maps, size)
    columns, rows = (((tap_places(maps, size)[..., axis] + 0.5) // cell[axis]).astype(int) for axis in (0, 1))
    shares = maps.weights if maps.mask is None else maps.weights * maps.mask
    use = np.zeros(maps.size, np.float32)
    np.add.at(use, (rows, columns), shares)
    return use


def _cell(maps: AttentionMaps, size: Size) -> tuple[float, float]:
    height, width = maps.size
    return size[1] / width, size[0] / height


def _to_picture(places: np.ndarray, cell: tuple[float, float]) -> np.ndarray:
    """From pixels of a level to pixels of the picture."""
    return (places + 0.5) * np.array(cell) - 0.5
