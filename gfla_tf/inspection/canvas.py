"""A picture, enlarged, to draw marks on that are placed in the pixels of the original.

Places are (x, y) in pixels of the original, (0, 0) the centre of its top left one; x lies at (x + 0.5) * s - 0.5 on a
canvas that is s times as wide. Colours are RGB, each 0..255. Images are float32 RGB in [-1, 1].
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from gfla_tf.image_io import from_uint8, to_uint8

__all__ = ["Canvas", "Color"]

Color = tuple[int, int, int]
FRACTION_BITS = 4  # OpenCV's fixed point coordinates


class Canvas:
    """See the module's text.

    Args:
        image: `[height, width, 3]` in [-1, 1].
        size: (height, width) of the canvas in pixels.
    """

    def __init__(self, image: np.ndarray, size: tuple[int, int]) -> None:
        import cv2

        self._scale = np.array([size[1] / image.shape[1], size[0] / image.shape[0]])
        enlarged = cv2.resize(np.asarray(image, np.float32), size[::-1], interpolation=cv2.INTER_CUBIC)
        self._pixels = np.ascontiguousarray(to_uint8(enlarged))

    @property
    def image(self) -> np.ndarray:
        """As it is now."""
        return from_uint8(self._pixels)

    def line(self, start: Sequence[float], end: Sequence[float], color: Color, thickness: int = 1) -> None:
        """A straight line."""
        import cv2

        cv2.line(self._pixels, self._fixed(start), self._fixed(end), color, thickness, cv2.LINE_AA, FRACTION_BITS)

    def arrow(self, start: Sequence[float], end: Sequence[float], color: Color) -> None:
        """A line with a head at its end; a dot where the two are hardly apart on the canvas."""
        import cv2

        first, last = self._place(start), self._place(end)
        length = float(np.linalg.norm(last - first))
        if length < 3:
            cv2.circle(self._pixels, self._fixed(start), 1 << FRACTION_BITS, color, -1, cv2.LINE_AA, FRACTION_BITS)
            return
        points = [tuple(round(float(value)) for value in point) for point in (first, last)]
        cv2.arrowedLine(self._pixels, *points, color, 1, cv2.LINE_AA, tipLength=min(0.5, 5 / length))

    def box(self, center: Sequence[float], width: float, height: float, color: Color, thickness: int = 1) -> None:
        """The outline of a rectangle of that size in pixels of the original."""
        import cv2

        half = np.array([width, height]) / 2
        corners = [self._fixed(np.asarray(center) + sign * half) for sign in (-1, 1)]
        cv2.rectangle(self._pixels, *corners, color, thickness, cv2.LINE_AA, FRACTION_BITS)

    def fill(self, center: Sequence[float], width: float, height: float, color: Color, opacity: float) -> None:
        """A rectangle, so much of which covers what is below it."""
        half = np.array([width, height]) / 2
        limits = np.array(self._pixels.shape[1::-1])
        (left, top), (right, bottom) = (
            np.clip(np.rint(self._place(np.asarray(center) + sign * half) + 0.5), 0, limits).astype(int)
            for sign in (-1, 1)
        )
        area = self._pixels[top:bottom, left:right]
        area[:] = np.rint(area * (1 - opacity) + np.array(color) * opacity)

    def cross(self, place: Sequence[float], color: Color, reach: int = 9) -> None:
        """A ring and a cross with an open middle, to be seen on everything; `reach` in pixels of the canvas."""
        import cv2

        x, y = (round(float(value)) for value in self._place(place))
        for tone, thickness in (((0, 0, 0), 3), (color, 1)):
            cv2.circle(self._pixels, (x, y), reach - 3, tone, thickness, cv2.LINE_AA)
            for dx, dy in ((1, 0), (-1, 0), (0, 1), (0, -1)):
                ends = [(x + dx * part, y + dy * part) for part in (reach - 3, reach + 3)]
                cv2.line(self._pixels, *ends, tone, thickness, cv2.LINE_AA)

    def _place(self, point: Sequence[float]) -> np.ndarray:
        return (np.asarray(point, np.float64) + 0.5) * self._scale - 0.5

    def _fixed(self, point: Sequence[float]) -> tuple[int, int]:
        x, y = np.rint(self._place(point) * 2**FRACTION_BITS).astype(int)
        return int(x), int(y)
