"""A face painted on a skin's picture in MakeHuman's layout: lips, eyelids and eyebrows."""

from __future__ import annotations

import functools

import numpy as np

from training.data.render.body import load_body
from training.data.render.regions import body_measures

__all__ = ["paint_face"]


@functools.cache
def _mask(name: str, size: int) -> np.ndarray:
    """How much each texel `[size, size]` belongs to one of the body's masks: drawn quad by quad and softened."""
    import cv2

    body = load_body()
    quads = body.groups["body"]
    strength = body.masks[name][body.quads[quads]].mean(axis=1)
    chosen = strength > 0.02
    corners = body.uv[body.uv_quads[quads[chosen]]] * [size, -size] + [0, size] - 0.5
    mask = np.zeros((size, size), np.float32)
    for corner, value in zip(corners, strength[chosen], strict=True):
        cv2.fillConvexPoly(mask, np.rint(corner * 16).astype(np.int32), float(value), cv2.LINE_AA, 4)
    return np.clip(cv2.GaussianBlur(mask, (0, 0), 0.6), 0, 1)


def _blend(picture: np.ndarray, mask: np.ndarray, strength: float, colour: np.ndarray) -> None:
    """Change a picture towards a colour where the mask is above zero."""
    rows, columns = np.nonzero(mask)
    towards = (strength * mask[rows, columns])[:, None]
    picture[rows, columns] += (towards * (colour - picture[rows, columns])).astype(np.float32)


@functools.cache
def _brow_curves() -> tuple[np.ndarray, np.ndarray]:
    """Where the left and the right eyebrow are in the skin's layout: two rows of points `[n, 2]`, u right, v up."""
    from scipy.interpolate import LinearNDInterpolator

    body, position = load_body(), body_measures().position
    quads = body.groups["body"]
    place = np.zeros((len(position), 2))
    place[body.quads[quads]] = body.uv[body.uv_quads[quads]]
    vertices, weights = body.keypoints["left_eye"]
    eye = weights @ body.vertices[vertices]
    across = np.linspace(-0.75, 0.95, 12)  # from the nose outwards, an arch a finger's breadth above the eye
    arch = np.stack([1.05 * eye[0] + 0.022 * across, eye[1] + 0.0205 - 0.005 * across**2], axis=1)
    curves = []
    for sign in (1, -1):
        front = (position[:, 2] > eye[2] - 0.03) & (sign * position[:, 0] > 0.002) & (body.masks["face"] > 0.5)
        curves.append(LinearNDInterpolator(position[front, :2], place[front])(arch * [sign, 1]))
    return curves[0], curves[1]


def _paint_brows(rng: np.random.Generator, picture: np.ndarray, colour: np.ndarray) -> None:
    import cv2

    size = len(picture)
    mask = np.zeros((size, size), np.float32)
    raised, width = rng.uniform(-0.002, 0.002), rng.uniform(0.004, 0.0075)  # shares of the picture
    for curve in _brow_curves():
        points = (curve + [raised, 0]) * [size, -size] + [0, size] - 0.5  # the head lies on its side in the layout
        taper = np.linspace(1.0, 0.5, len(points) - 1)
        for first, second, share in zip(points[:-1], points[1:], taper, strict=True):
            ends = (tuple(np.rint(point * 16).astype(int).tolist()) for point in (first, second))
            cv2.line(mask, *ends, 1.0, max(1, round(width * size * share)), cv2.LINE_AA, 4)
    _blend(picture, cv2.GaussianBlur(mask, (0, 0), 0.7), rng.uniform(0.55, 0.85), colour)


def paint_face(rng: np.random.Generator, picture: np.ndarray, hair: np.ndarray, makeup: float) -> None:
    """Paint lips, eyelids and eyebrows into a skin's picture, which is changed.

    Args:
        rng: where chance comes from.
        picture: float32 `[size, size, 3]` with MakeHuman's skin layout.
        hair: float32 `[3]`, the colour of the hair.
        makeup: 0 none to 1 much.
    """
    tone, size = picture.mean(axis=(0, 1)), len(picture)
    lips = tone * [0.88, 0.62, 0.60] * (1 - makeup) + makeup * np.array(
        [rng.uniform(0.5, 0.85), 0.1, rng.uniform(0.1, 0.3)]
    )
    _blend(picture, _mask("lips", size), 0.9, lips)
    _blend(picture, _mask("eyelids", size), 0.35 + 0.6 * makeup, tone * 0.35)
    _paint_brows(rng, picture, hair * 0.8)
