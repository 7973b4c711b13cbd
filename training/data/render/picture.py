"""One picture: a posed person, a camera, a light and a background give pixels, a mask, body parts and surface points.

Every pixel is the mean of 4 points, on outlines of 16: with the pixel cut into 4 x 4 cells, the points are their
centres; the first 4 take one of every row and column. Textures are read at the halved size whose texels are about
as large as the distance of the points. What truth is made of is seen at pixel centres.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from training.data.render.backgrounds import Background
from training.data.render.camera import Camera
from training.data.render.lighting import Light
from training.data.render.raytrace import Hits, Scene
from training.data.render.shadows import floor_shadow
from training.data.render.surface import LitSurface

__all__ = ["Picture", "render_picture", "see_pixels"]

_CELLS = (np.arange(4) - 1.5) / 4
_FIRST_POINTS = [(_CELLS[column], _CELLS[row]) for row, column in enumerate((1, 3, 0, 2))]
_OTHER_POINTS = [(x, y) for x in _CELLS for y in _CELLS if (x, y) not in _FIRST_POINTS]
MARGIN = 2  # pixels around the person that are looked at


@dataclass(frozen=True)
class Picture:
    """A rendered picture and what is seen in it.

    Attributes:
        image: float32 sRGB `[height, width, 3]` in [0, 1].
        mask: float32 `[height, width]`, the person's share of each pixel in [0, 1].
        parts: uint8 `[height, width]`, body part at the pixel's centre, 0 = background.
        seen: bool `[height, width]`, whether the person is at the pixel's centre.
        hits: the surface points at those centres, row by row; names points of the person in every pose.
        outside: bool `[n]`, which of the hits show the outer side of the surface.
    """

    image: np.ndarray
    mask: np.ndarray
    parts: np.ndarray
    seen: np.ndarray
    hits: Hits
    outside: np.ndarray


def see_pixels(scene: Scene, camera: Camera) -> tuple[np.ndarray, Hits]:
    """Which pixel centres show the person, bool `[height, width]`, and the surface points there, row by row."""
    rows, columns = _person_pixels(scene, camera)
    hits = scene.hit(*camera.rays(columns, rows))
    seen = np.zeros((camera.height, camera.width), bool)
    seen[rows[hits.found], columns[hits.found]] = True
    return seen, hits[hits.found]


def render_picture(scene: Scene, camera: Camera, light: Light, background: Background) -> Picture:
    """Render one picture.

    Args:
        scene: the posed person.
        camera: where it is seen from, with the picture's size.
        light: what shines on it.
        background: of the picture's size.

    Raises:
        ValueError: a background of another size.
    """
    if background.image.shape != (camera.height, camera.width, 3):
        raise ValueError(
            f"A background of {camera.height} x {camera.width} pixels is expected. Received: {background.image.shape}."
        )
    surface = LitSurface(scene, camera, light)
    seen, hits = see_pixels(scene, camera)
    surface.find_shadows(seen, hits)
    color, mask = _average(surface, camera, seen)
    backdrop = background.image
    if background.floor and not light.flat:
        backdrop = backdrop * floor_shadow(scene, camera, light)[..., np.newaxis]
    image = color + (1 - mask[..., np.newaxis]) * backdrop
    parts = np.zeros(seen.shape, np.uint8)
    parts[seen] = scene.mesh.part_index[hits.face]
    outside = scene.outside_seen(hits, camera.rays(*np.nonzero(seen)[::-1])[1])
    return Picture(np.clip(image, 0, 1), mask, parts, seen, hits, outside)


def _grown(seen: np.ndarray) -> np.ndarray:
    """The pixels within `MARGIN` of those whose centre shows the person: some of their other points may show it."""
    import cv2

    return cv2.dilate(seen.astype(np.uint8), np.ones((2 * MARGIN + 1, 2 * MARGIN + 1), np.uint8)) > 0


def _average(surface: LitSurface, camera: Camera, seen: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean colours (times coverage) and coverage: `[height, width, 3]` and `[height, width]`."""
    total = np.zeros((camera.height, camera.width, 4), np.float32)
    surface.add_points(total, *np.nonzero(_grown(seen)), _FIRST_POINTS)
    count = np.full((camera.height, camera.width, 1), len(_FIRST_POINTS), np.float32)
    outline = ((total[..., 3] > 0) | seen) & (total[..., 3] < len(_FIRST_POINTS))
    surface.add_points(total, *np.nonzero(outline), _OTHER_POINTS)
    count[outline] += len(_OTHER_POINTS)
    mean = total / count
    return mean[..., :3], mean[..., 3]


def _person_pixels(scene: Scene, camera: Camera) -> tuple[np.ndarray, np.ndarray]:
    """Rows and columns of the pixels in the box around the person."""
    projected = camera.project(scene.mesh.vertices)[:, :2]
    low = np.maximum(np.floor(projected.min(axis=0)).astype(int) - MARGIN, 0)
    high = np.minimum(np.ceil(projected.max(axis=0)).astype(int) + MARGIN + 1, [camera.width, camera.height])
    rows, columns = np.mgrid[low[1] : max(high[1], low[1]), low[0] : max(high[0], low[0])]
    return rows.ravel(), columns.ravel()
