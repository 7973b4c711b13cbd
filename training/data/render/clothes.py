"""Procedural clothes: pieces of the body's helper geometry, some way off the skin.

A garment is described on the unshaped body: `inside` is above zero where it is, in metres from its edge (roughly), and
`thickness` how far it is off the helper surface, in metres. Everything follows from body measures (see `regions.py`),
so that a garment fits every shape. Where a garment covers the skin by more than `MARGIN`, the skin is left out.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.sparse

from training.data.render.body import Body, load_body
from training.data.render.layers import Layer, layer_from_cut
from training.data.render.mesh import Material, part_number, vertex_normals
from training.data.render.patterns import draw_print, random_colour, random_fabric
from training.data.render.regions import BodyMeasures, body_measures, cut_triangles, group_uv, triangles

__all__ = ["MARGIN", "Garment", "random_outfit", "garment_layer"]

MARGIN = 0.02
_TRUNK, _ARM, _LEG = 0.5, 0.27, 0.4  # metres that one unit of the measures stands for
_TEXELS = 384


@dataclass(frozen=True)
class Garment:
    """One garment.

    Attributes:
        name: for messages.
        group: the helper geometry it is cut from, `helper-tights` or `helper-skirt`.
        inside: float32 `[19158]`, above zero where the garment is.
        covered: float32 `[19158]`, above `MARGIN` where the skin below is hidden.
        thickness: float32 `[19158]`, metres off the helper surface.
        texture: float32 `[h, w, 3]`, its fabric.
    """

    name: str
    group: str
    inside: np.ndarray
    covered: np.ndarray
    thickness: np.ndarray
    texture: np.ndarray


def _smooth(values: np.ndarray, low: float, high: float) -> np.ndarray:
    share = np.clip((values - low) / (high - low), 0, 1)
    return share * share * (3 - 2 * share)


def _neckline(measures: BodyMeasures, radius: float, depth: float) -> np.ndarray:
    """Metres outside a neckline: round the neck, tapering down the chest to `depth` metres below the neck's base."""
    body = load_body()
    base = body.vertices[body.bone_ends[body.bone_names.index("neck_01"), 0]].mean(axis=0)
    start, end = base + [0, 0.045, 0.0], base + [0, -depth, 0.06 + 0.35 * depth]
    along = np.clip((measures.position - start) @ (end - start) / np.sum((end - start) ** 2), 0, 1)
    nearest = start + along[:, None] * (end - start)
    return np.linalg.norm((measures.position - nearest) * [1, 0.9, 0.9], axis=1) - radius * (1 - 0.75 * along)


def _tights(name: str, inside: np.ndarray, thickness: np.ndarray, texture: np.ndarray) -> Garment:
    """A piece of the suit; it hides the skin below, but never head or neck, which the measures don't keep apart."""
    free = np.isin(body_measures().parts, [part_number("head"), part_number("neck")])
    covered = np.where(free, np.float32(-1), inside)
    return Garment(name, "helper-tights", inside, covered, thickness, texture)


def _top_inside(measures: BodyMeasures, low: float, sleeve: float, neckline: np.ndarray) -> np.ndarray:
    inside = np.minimum((measures.height - low) * _TRUNK, neckline)
    if sleeve < 0.1:  # no sleeves: straps on the shoulders
        straps = 0.15 - np.abs(measures.position[:, 0]) + np.where(measures.height < 0.72, 1, 0)
        inside = np.minimum(inside, straps)
    return np.minimum(inside, (sleeve - measures.arm) * (_ARM if sleeve > 0.1 else 2.0))


def _top(rng: np.random.Generator, low: float, outside: bool, loosest: float, texture: np.ndarray) -> Garment:
    """A shirt or the like down to the height `low`, `outside` the trousers or tucked in; `loosest` in metres."""
    measures = body_measures()
    lengths = [0.04, rng.uniform(0.3, 0.7), rng.uniform(0.8, 1.4), rng.uniform(1.8, 1.97)]
    sleeve = rng.choice(lengths, p=[0.15, 0.45, 0.1, 0.3])
    if rng.random() < 0.12:  # a collar up to the chin
        neckline = np.ones(len(measures.height), np.float32)
    else:
        neckline = _neckline(measures, rng.uniform(0.095, 0.135), rng.choice([0.0, rng.uniform(0.03, 0.15)]))
    belly = _smooth(measures.height, 0.85, 0.3) * (0.014 + rng.uniform(0.0, loosest) if outside else 0.0)
    sleeves = rng.uniform(0.001, 0.5 * loosest) * _smooth(measures.arm, 0.1, 0.6)
    return _tights("top", _top_inside(measures, low, sleeve, neckline), 0.003 + belly + sleeves, texture)


def _jacket(rng: np.random.Generator, texture: np.ndarray) -> Garment:
    """Long sleeves, open in front by a random width."""
    measures = body_measures()
    inside = _top_inside(measures, rng.uniform(-0.08, 0.25), rng.uniform(1.75, 1.97), _neckline(measures, 0.09, 0.0))
    in_front = measures.position[:, 2] > 0.02
    opening = rng.uniform(-0.01, 0.09) + 0.03 * np.clip(measures.height, 0, 1)
    inside = np.where(in_front, np.minimum(inside, np.abs(measures.position[:, 0]) - opening), inside)
    thickness = 0.013 + rng.uniform(0.013, 0.022) * _smooth(measures.height, 0.85, 0.3)
    return _tights("jacket", inside, thickness, texture)


def _trousers(rng: np.random.Generator, texture: np.ndarray, waist: float) -> Garment:
    measures = body_measures()
    cuff = rng.choice(
        [rng.uniform(-1.9, -1.75), rng.uniform(-1.0, -0.35), rng.uniform(-1.7, -1.2)], p=[0.65, 0.25, 0.1]
    )
    inside = np.minimum((waist - measures.height) * _TRUNK, (measures.height - cuff) * _LEG)
    flare = rng.choice([0.0, rng.uniform(0, 0.015), rng.uniform(0.015, 0.045)], p=[0.35, 0.45, 0.2])
    outer = _smooth(np.abs(measures.position[:, 0]), 0.02, 0.10)
    thickness = 0.008 + flare * _smooth(-measures.height, 0.1, 1.7) * outer + 0.6 * min(flare, 0.012) * outer
    return _tights("trousers", inside, thickness, texture)


def _skirt(rng: np.random.Generator, texture: np.ndarray) -> Garment:
    measures = body_measures()
    hem = rng.choice([rng.uniform(-0.75, -0.4), rng.uniform(-1.2, -0.8), rng.uniform(-1.75, -1.3)])
    inside = (measures.height - hem) * _LEG
    covered = np.minimum(inside - 0.12, (0.25 - measures.height) * _TRUNK)
    flare = rng.uniform(0.0, 0.09)
    thickness = 0.008 + flare * np.clip(0.3 - measures.height, 0, 1.3)
    return Garment("skirt", "helper-skirt", inside, covered, thickness, texture)


def _shoes(rng: np.random.Generator) -> list[Garment]:
    measures = body_measures()
    level = rng.choice([-1.88, rng.uniform(-1.8, -1.72), rng.uniform(-1.5, -1.2)], p=[0.35, 0.45, 0.2])
    inside = (level - measures.height) * _LEG
    bottom = measures.position[load_body().quads[load_body().groups["helper-tights"]], 1].min()
    sole = bottom + rng.uniform(0.012, 0.022) - measures.position[:, 1]
    colour = np.full(3, rng.uniform(0.03, 0.25)) if rng.random() < 0.5 else random_colour(rng)
    upper = np.tile(colour, (8, 8, 1)) if rng.random() < 0.75 else random_fabric(rng, 256)
    rubber = np.full((8, 8, 3), rng.choice([0.05, 0.2, 0.85, 0.95]), np.float32)
    flat = np.zeros(len(inside), np.float32)
    return [
        _tights("shoes", inside, flat + np.float32(0.006), upper),
        _tights("soles", np.minimum(sole, inside), flat + np.float32(0.011), rubber),
    ]


def _chest(group: str = "helper-tights") -> np.ndarray:
    """Where the middle of the chest is in the texture: (across, down)."""
    measures, body = body_measures(), load_body()
    near = (
        (np.abs(measures.position[:, 0]) < 0.04)
        & (np.abs(measures.height - 0.62) < 0.12)
        & (measures.position[:, 2] > 0)
    )
    chosen = near[body.quads[body.groups[group]]]
    middle = group_uv(group)[chosen].mean(axis=0)
    return np.array([middle[0], 1 - middle[1]])


def _top_texture(rng: np.random.Generator, split: str) -> np.ndarray:
    texture = random_fabric(rng, _TEXELS, split)
    if rng.random() < 0.4:
        place = _chest() + rng.normal(0, 0.012, 2)
        for _ in range(rng.integers(1, 5)):
            offset, radius = rng.normal(0, 0.025, 2), rng.uniform(0.02, 0.07)
            draw_print(rng, texture, place + offset, radius, random_colour(rng), split)
    return texture


def random_outfit(rng: np.random.Generator, gender: float, split: str = "train") -> list[Garment]:
    """What somebody wears: shoes, and a dress, or a top with trousers, shorts or a skirt, and sometimes a jacket.

    Args:
        rng: where chance comes from.
        gender: 0 female to 1 male; skirts and dresses are for the lower half.
        split: "train" or "test", for prints.

    Returns:
        Garments; where they overlap, thicker ones are outside.
    """
    garments = _shoes(rng)
    kind = rng.random()
    if gender < 0.5 and kind < 0.22:
        texture = _top_texture(rng, split)
        return garments + [_top(rng, 0.12, False, 0.01, texture), _skirt(rng, texture)]
    skirt, jacket = gender < 0.5 and kind < 0.42, rng.random() < 0.25
    outside = not skirt and rng.random() < 0.7
    low = rng.uniform(-0.06, 0.2) if outside else 0.12
    below = random_fabric(rng, _TEXELS, split, plain=0.65)
    # What hangs over the waist hides it, and two garments so close would show through each other.
    waist = min(rng.uniform(0.24, 0.38), low + 0.14 if outside else 1.0)
    garments.append(_skirt(rng, below) if skirt else _trousers(rng, below, waist))
    garments.append(_top(rng, low, outside, 0.002 if jacket else 0.016, _top_texture(rng, split)))
    if jacket:
        garments.append(_jacket(rng, random_fabric(rng, _TEXELS, split, plain=0.6)))
    return garments


def garment_layer(garment: Garment, body: Body, vertices: np.ndarray, weights: scipy.sparse.csr_array) -> Layer:
    """A garment on a shaped body.

    Args:
        garment: the garment.
        body: the base mesh.
        vertices: float32 `[19158, 3]`, the shaped body.
        weights: sparse `[19158, bones]`.

    Returns:
        The layer.
    """
    quads = body.quads[body.groups[garment.group]]
    cut = cut_triangles(triangles(quads), triangles(group_uv(garment.group)), garment.inside)
    raised = vertices + vertex_normals(vertices, quads) * garment.thickness[:, None]
    alpha = np.ones((*garment.texture.shape[:2], 1), np.float32)
    material = Material(garment.name, np.concatenate([garment.texture, alpha], axis=2).astype(np.float32))
    return layer_from_cut(cut, raised.astype(np.float32), weights, body_measures().parts, material)
