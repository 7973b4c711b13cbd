"""Hair that is drawn by the program: a shell around the scalp, with MakeHuman's helper hair hanging from it if long."""

from __future__ import annotations

import numpy as np
import scipy.sparse

from training.data.render.body import Body, load_body
from training.data.render.layers import Layer, layer_from_cut
from training.data.render.mesh import part_number, vertex_normals
from training.data.render.patterns import smooth_noise
from training.data.render.regions import body_measures, cut_triangles, group_uv, triangles
from training.data.render.skin import opaque

__all__ = ["hair_colour", "random_hair"]

_HAIR = np.array(
    [
        [0.05, 0.04, 0.04],
        [0.16, 0.10, 0.07],
        [0.32, 0.20, 0.12],
        [0.50, 0.34, 0.18],
        [0.80, 0.66, 0.42],
        [0.45, 0.17, 0.08],
    ],
    np.float32,
)


def hair_colour(rng: np.random.Generator, age: float) -> np.ndarray:
    """A natural hair colour float32 `[3]`, greyer with age (0 young to 1 old); sometimes dyed."""
    first, second = _HAIR[rng.choice(len(_HAIR), 2, p=[0.3, 0.25, 0.2, 0.12, 0.09, 0.04])]
    colour = first + rng.random() * 0.4 * (second - first)
    if rng.random() < 0.04:
        colour = rng.random(3).astype(np.float32)
    grey = np.clip(age * 1.6 - 0.5 + rng.normal(0, 0.2), 0, 1) * (age > 0.15)
    return (colour + grey * (np.float32([0.75, 0.74, 0.72]) - colour)).astype(np.float32)


def _hair_texture(rng: np.random.Generator, colour: np.ndarray) -> np.ndarray:
    size = 256
    strands = smooth_noise(rng, size, 80) * 0.5 + smooth_noise(rng, size, 9) * 0.5
    return np.clip(colour * (0.6 + 0.8 * strands[..., None]) + 0.02, 0, 1).astype(np.float32)


def _scalp(rng: np.random.Generator, nape: float) -> np.ndarray:
    """Above zero where hair grows: behind the face, above the nape, not on the ears; metres, roughly."""
    body, measures = load_body(), body_measures()
    head = np.isin(measures.parts, [part_number("head"), part_number("neck")])
    face = 0.5 + rng.normal(0, 0.08) - body.masks["face"]
    inside = np.minimum(face, 0.35 - body.masks["ears"]) * 0.06
    inside = np.minimum(inside, measures.position[:, 1] - nape - 0.5 * measures.position[:, 2])
    inside = np.minimum(inside, np.maximum(0.10 - measures.position[:, 2], measures.position[:, 1] - 0.76))  # no mouth
    return np.where(head, inside, -1).astype(np.float32)


def random_hair(
    rng: np.random.Generator,
    body: Body,
    vertices: np.ndarray,
    weights: scipy.sparse.csr_array,
    colour: np.ndarray,
    gender: float,
) -> list[Layer]:
    """Hair of a random length: none, a cap of some thickness, or hanging to the shoulders or the back.

    Args:
        rng: where chance comes from.
        body: the base mesh.
        vertices: float32 `[19158, 3]`, the shaped body.
        weights: sparse `[19158, bones]`.
        colour: float32 `[3]`.
        gender: 0 female to 1 male; the lower half has long hair more often.

    Returns:
        Up to two layers.
    """
    kind = rng.random()
    if gender >= 0.5 and kind < 0.08:
        return []
    material, part = (
        opaque("hair", _hair_texture(rng, colour)),
        np.full(len(vertices), part_number("hair"), np.uint8),
    )
    long = kind < (0.6 if gender < 0.5 else 0.12)
    inside = _scalp(rng, rng.uniform(0.60, 0.66))
    thickness = rng.uniform(0.006, 0.03 if gender >= 0.5 else 0.022) * np.clip(inside / 0.02, 0.15, 1)
    quads = body.quads[body.groups["body"]]
    raised = vertices + vertex_normals(vertices, quads) * thickness[:, None]
    uv = triangles(body.uv[body.uv_quads[body.groups["body"]]] * 4 % 1)
    cap = cut_triangles(triangles(quads), uv, inside)
    layers = [layer_from_cut(cap, raised.astype(np.float32), weights, part, material)]
    if long:
        chosen = body.groups["helper-hair"]
        end = np.float32(rng.uniform(0.40, 0.62))
        uv = triangles(group_uv("helper-hair"))
        x, y, z = body_measures().position.T
        off_face = np.maximum(np.maximum(np.abs(x) - 0.066, 0.06 - z), 0.57 - y)
        hanging = cut_triangles(triangles(body.quads[chosen]), uv, np.minimum(y - end, off_face))
        layers.append(layer_from_cut(hanging, vertices, weights, part, material))
    return layers
