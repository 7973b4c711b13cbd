"""Choosing clothes and hair from a wardrobe for one person."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import scipy.sparse

from training.data.render.clothes import Garment, random_outfit
from training.data.render.layers import Layer
from training.data.render.mesh import Material
from training.data.render.wardrobe import Wardrobe, bound_layer, pieces, recoloured

__all__ = ["wardrobe_clothes", "wardrobe_hair"]

_SUIT_SHARE = 0.6  # the others wear procedural clothes


def _pick(rng: np.random.Generator, paths: list[Path]) -> Path:
    return paths[rng.integers(len(paths))]


def _shoes(
    rng: np.random.Generator, wardrobe: Wardrobe, vertices: np.ndarray, weights: scipy.sparse.csr_array, split: str
) -> tuple[list[Layer], np.ndarray]:
    mesh, picture = wardrobe.asset(_pick(rng, wardrobe.shoes))
    material = Material(mesh.name, picture if rng.random() < 0.4 else recoloured(rng, picture, split, plain=0.8))
    return [bound_layer(mesh, np.arange(len(mesh.quads)), vertices, weights, material)], mesh.hidden


def wardrobe_clothes(
    rng: np.random.Generator,
    wardrobe: Wardrobe,
    vertices: np.ndarray,
    weights: scipy.sparse.csr_array,
    gender: float,
    split: str,
) -> tuple[list[Layer], list[Garment], np.ndarray]:
    """What somebody wears.

    Args:
        rng: where chance comes from.
        wardrobe: the files.
        vertices: float32 `[19158, 3]`, the shaped body.
        weights: sparse `[19158, bones]` of the body.
        gender: 0 female to 1 male.
        split: "train" or "test".

    Returns:
        Layers from the wardrobe, procedural garments besides, and which of the body's vertices the former hide
        (bool `[19158]`).
    """
    layers: list[Layer] = []
    hidden = np.zeros(len(vertices), bool)
    garments: list[Garment] = []
    shod = False
    if rng.random() < _SUIT_SHARE:
        mesh, picture = wardrobe.asset(_pick(rng, wardrobe.suits["female" if gender < 0.5 else "male"]))
        kinds = pieces(mesh)
        shod, hidden = "shoes" in kinds, hidden | mesh.hidden
        for kind, quads in kinds.items():
            material = Material(f"{mesh.name} {kind}", recoloured(rng, picture, split))
            layers.append(bound_layer(mesh, quads, vertices, weights, material))
    else:
        garments = random_outfit(rng, gender, split)
        shod = rng.random() < 0.4
        garments = garments if shod else [g for g in garments if g.name not in ("shoes", "soles")]
    if not shod:
        more, covered = _shoes(rng, wardrobe, vertices, weights, split)
        layers, hidden = layers + more, hidden | covered
    return layers, garments, hidden


def wardrobe_hair(
    rng: np.random.Generator,
    wardrobe: Wardrobe,
    vertices: np.ndarray,
    weights: scipy.sparse.csr_array,
    colour: np.ndarray,
    gender: float,
) -> list[Layer]:
    """One of the wardrobe's hairstyles in a colour (float32 `[3]`); men mostly get names that begin with `short`."""
    short = [path for path in wardrobe.hair if path.stem.startswith(("short", "afro"))]
    rest = [path for path in wardrobe.hair if path not in short]
    first, second = (short, rest) if gender >= 0.5 else (rest, short)
    mesh, picture = wardrobe.asset(_pick(rng, (first if rng.random() < 0.85 else second) or wardrobe.hair))
    grey = picture[..., :3].mean(axis=2, keepdims=True)
    covered = grey[picture[..., 3:] > 0.5]
    strands = grey / max(float(covered.mean()) if covered.size else 0.5, 0.05)
    tinted = np.clip(colour * np.clip(strands, 0.3, 1.8), 0, 1)
    material = Material(mesh.name, np.concatenate([tinted, picture[..., 3:]], axis=2).astype(np.float32))
    return [bound_layer(mesh, np.arange(len(mesh.quads)), vertices, weights, material, part="hair")]
