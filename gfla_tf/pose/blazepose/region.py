"""Rotated squares of a photo: where the networks look, and the way back from what they say to the photo's pixels.

The person detector and the landmark network both read a square picture. That square is cut out of the photo by a
`Region`: a centre, a side and a rotation. A letterboxed photo, a tile of it and the upright crop around a lying person
are all regions, so one warp and one way back serve them all.

Coordinates:

* photo: (x, y) in pixels, (0, 0) the top left pixel, integers are pixel centres;
* region: (u, v) as fractions of the side, (0, 0) the region's top left corner and (1, 1) its bottom right one;
* crop of `size` pixels a side: its pixel (i, j) shows the point (u, v) = (i / size, j / size). MediaPipe crops like
  this, without the half pixel that is usual elsewhere, and reads the networks' answers accordingly;
* rotation: radians, positive turns the region clockwise as the photo is looked at. A region of rotation 0 is upright.

Reference: Bazarevsky et al., "BlazePose: On-device Real-time Body Pose Tracking", 2020, arXiv:2006.10204.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

__all__ = ["Region", "body_region", "crop_region", "paste_region", "whole_picture"]

ENLARGEMENT = 1.25  # how much larger the region is than the circle around the body, as MediaPipe sets it


@dataclass(frozen=True)
class Region:
    """A rotated square of a photo.

    Attributes:
        center_x: column of the centre in photo pixels.
        center_y: row of the centre in photo pixels.
        side: length of a side in photo pixels.
        rotation: radians, clockwise.
    """

    center_x: float
    center_y: float
    side: float
    rotation: float = 0.0

    def matrix(self, size: float = 1.0) -> np.ndarray:
        """Build the affine map `[2, 3]` to the photo, from a crop of `size` pixels a side or (1) from fractions."""
        step = self.side / size
        cosine, sine = math.cos(self.rotation) * step, math.sin(self.rotation) * step
        linear = np.array([[cosine, -sine], [sine, cosine]])
        offset = np.array([self.center_x, self.center_y]) - linear @ np.array([size / 2, size / 2])
        return np.column_stack([linear, offset])

    def to_photo(self, points: np.ndarray) -> np.ndarray:
        """Map points `[..., 2]` from fractions of the region (u, v) to photo pixels (x, y)."""
        matrix = self.matrix()
        return points @ matrix[:, :2].T + matrix[:, 2]

    def from_photo(self, points: np.ndarray) -> np.ndarray:
        """Map points `[..., 2]` from photo pixels (x, y) to fractions of the region (u, v)."""
        matrix = self.matrix()
        return (points - matrix[:, 2]) @ np.linalg.inv(matrix[:, :2]).T

    def magnified(self, factor: int) -> Region:
        """Give the same region in the photo that was shrunk to this one by averaging `factor` x `factor` pixels."""
        offset = (factor - 1) / 2
        center_x, center_y = self.center_x * factor + offset, self.center_y * factor + offset
        return Region(center_x, center_y, self.side * factor, self.rotation)

    def bounding_box(self, width: int, height: int) -> tuple[int, int, int, int]:
        """Find the part (left, top, right, bottom) of a photo that the region covers; right and bottom exclusive.

        One pixel larger than the region on each side, and never empty: a region beside the photo gets its nearest
        pixel.
        """
        corners = self.to_photo(np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0], [1.0, 1.0]]))
        low = np.clip(np.floor(corners.min(axis=0)) - 1, 0, [width - 1, height - 1])
        high = np.clip(np.ceil(corners.max(axis=0)) + 2, low + 1, [width, height])
        return int(low[0]), int(low[1]), int(high[0]), int(high[1])


def whole_picture(width: int, height: int) -> Region:
    """Find the smallest square region around a photo of `width` x `height` pixels, which keeps its aspect ratio."""
    return Region(width / 2, height / 2, float(max(width, height)))


def body_region(center: np.ndarray, scale: np.ndarray) -> Region:
    """Find the region around a body, in which the person stands upright.

    Args:
        center: `[2]`, the middle of the hips in photo pixels.
        scale: `[2]`, the point on the circle around the whole body in the direction of the head, in photo pixels.

    Returns:
        The square around that circle, enlarged, rotated so that `scale` lies straight above `center`.
    """
    x, y = (float(value) for value in np.subtract(scale, center))
    rotation = math.pi / 2 - math.atan2(-y, x)
    rotation -= 2 * math.pi * math.floor((rotation + math.pi) / (2 * math.pi))
    return Region(float(center[0]), float(center[1]), 2 * math.hypot(x, y) * ENLARGEMENT, rotation)


def crop_region(image: np.ndarray, region: Region, size: int, outside: float | None = None) -> np.ndarray:
    """Cut a region out of a photo by one bilinear warp.

    Args:
        image: `[height, width, channels]` float32.
        region: the region.
        size: side of the result in pixels.
        outside: the value beyond the photo's border; None repeats the border pixels.

    Returns:
        `[size, size, channels]` float32.
    """
    import cv2

    left, top, right, bottom = region.bounding_box(image.shape[1], image.shape[0])
    part = image[top:bottom, left:right]
    matrix = region.matrix(size) - np.array([[0, 0, left], [0, 0, top]])
    return cv2.warpAffine(
        part,
        matrix,
        (size, size),
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REPLICATE if outside is None else cv2.BORDER_CONSTANT,
        borderValue=(outside or 0.0,) * 4,
    )


def paste_region(crop: np.ndarray, region: Region, width: int, height: int) -> np.ndarray:
    """Put a map seen in a region back to its place in the photo, the opposite of `crop_region`.

    Args:
        crop: `[size, size]` float32.
        region: where it was cut out.
        width: of the photo in pixels.
        height: of the photo in pixels.

    Returns:
        `[height, width]` float32, 0 outside the region.
    """
    import cv2

    photo = np.zeros((height, width), np.float32)
    left, top, right, bottom = region.bounding_box(width, height)
    matrix = region.matrix(len(crop)) - np.array([[0, 0, left], [0, 0, top]])
    photo[top:bottom, left:right] = cv2.warpAffine(crop, matrix, (right - left, bottom - top), flags=cv2.INTER_LINEAR)
    return photo
