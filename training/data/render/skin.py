"""Skin and eyes that are drawn by the program.

The skin's picture has MakeHuman's layout: one tone with slight unevenness. `face.py` paints on it.
"""

from __future__ import annotations

import numpy as np
import scipy.sparse

from training.data.render.body import Body
from training.data.render.layers import Layer
from training.data.render.mesh import Material
from training.data.render.patterns import smooth_noise
from training.data.render.regions import body_measures, triangles

__all__ = ["skin_layer", "eye_layers", "skin_texture", "opaque"]

_TEXELS = 512
# sRGB tones from light to dark; people are between two neighbours.
_TONES = np.array(
    [
        [0.96, 0.82, 0.74],
        [0.91, 0.74, 0.62],
        [0.82, 0.63, 0.48],
        [0.66, 0.46, 0.33],
        [0.45, 0.30, 0.21],
        [0.28, 0.18, 0.13],
    ],
    np.float32,
)
_IRIS = np.array([[0.22, 0.13, 0.07], [0.35, 0.24, 0.12], [0.30, 0.40, 0.28], [0.30, 0.45, 0.60]], np.float32)


def skin_texture(rng: np.random.Generator, races: tuple[float, ...]) -> np.ndarray:
    """A skin's picture float32 `[512, 512, 3]`; `races` are shares of African, Asian and Caucasian origin."""
    middle = races[0] * rng.uniform(2.8, 5) + races[1] * rng.uniform(0.5, 2.6) + races[2] * rng.uniform(0, 2.2)
    tone = np.stack([np.interp(middle, range(len(_TONES)), _TONES[:, channel]) for channel in range(3)])
    tone = (tone * (1 + rng.normal(0, 0.015, 3))).astype(np.float32)
    shade = 1 + 0.05 * (smooth_noise(rng, _TEXELS, 24) - 0.5) + 0.04 * (smooth_noise(rng, _TEXELS, 90) - 0.5)
    return np.clip(tone * shade[..., None], 0, 1).astype(np.float32)


def opaque(name: str, picture: np.ndarray) -> Material:
    """A material without transparency from a picture float32 `[h, w, 3]`."""
    return Material(name, np.concatenate([picture, np.ones_like(picture[..., :1])], axis=2).astype(np.float32))


def skin_layer(
    body: Body, vertices: np.ndarray, weights: scipy.sparse.csr_array, hidden: np.ndarray, picture: np.ndarray
) -> Layer:
    """The skin without the quads all of whose vertices are `hidden` (bool `[19158]`)."""
    chosen = body.groups["body"]
    chosen = chosen[~hidden[body.quads[chosen]].all(axis=1)]
    return _whole(body, chosen, vertices, weights, body.uv, opaque("skin", picture))


def _whole(
    body: Body,
    chosen: np.ndarray,
    vertices: np.ndarray,
    weights: scipy.sparse.csr_array,
    uv: np.ndarray,
    material: Material,
) -> Layer:
    """Whole quads of the base mesh; only the vertices that they use are kept."""
    faces = triangles(body.quads[chosen])
    used = np.zeros(len(vertices), bool)
    used[faces] = True
    numbers = (np.cumsum(used) - 1).astype(np.int32)
    parts = body_measures().parts[faces[:, 0]]
    return Layer(vertices[used], weights[used], numbers[faces], triangles(uv[body.uv_quads[chosen]]), parts, material)


def _eye_texture(iris: np.ndarray) -> np.ndarray:
    """White, iris and pupil around the middle of the picture, where the front of the eye is."""
    size = 64
    down, across = (np.mgrid[0:size, 0:size] + 0.5 - size / 2) / (size / 2)
    radius = np.hypot(across, down)[..., None]
    picture = np.where(radius < 0.36, iris, np.float32([0.93, 0.92, 0.90]))
    return np.where(radius < 0.15, 0.02, picture).astype(np.float32)


def eye_layers(
    rng: np.random.Generator, body: Body, vertices: np.ndarray, weights: scipy.sparse.csr_array
) -> list[Layer]:
    """Both eyes, of one random colour."""
    material = opaque("eyes", _eye_texture(_IRIS[rng.choice(4, p=[0.45, 0.25, 0.12, 0.18])]))
    layers = []
    for side in "lr":
        chosen = body.groups[f"helper-{side}-eye"]
        flat = body.vertices[body.quads[chosen]]
        middle, half = (flat.min((0, 1)) + flat.max((0, 1))) / 2, np.ptp(flat, axis=(0, 1)).max() / 2
        # Seen from the front; the back of the ball, which nobody sees, takes the same texels.
        uv = np.zeros_like(body.uv)
        uv[body.uv_quads[chosen]] = 0.5 + 0.49 * (flat - middle)[..., :2] / half
        layers.append(_whole(body, chosen, vertices, weights, uv, material))
    return layers
