"""A folder of MakeHuman assets: garments, shoes, hair and skins, with their pictures recoloured at random.

Layout: `clothes/NAME/NAME.mhclo` with `.obj` and `*_diffuse.png` beside it (names begin with `female_`, `male_` or
`shoes`), `hair/NAME/` likewise, and `skins/AGE_TONE_GENDER_diffuse*.png` (`young`, `middleage`, `old`; `darkskinned`,
`lightskinned`; `female`, `male`). Files are read when first needed and kept.

A suit's upper and lower pieces (they are not connected) become layers of their own, each with its own new colours, so
that few garments give many looks: the picture as it is, its hue turned, or its folds on another fabric.
"""

from __future__ import annotations

import functools
import os
from pathlib import Path

import numpy as np
import scipy.sparse
from scipy.sparse.csgraph import connected_components

from training.data.render.body import Shape
from training.data.render.layers import Layer
from training.data.render.mesh import Material, part_number
from training.data.render.mhclo import BoundMesh, read_mhclo
from training.data.render.patterns import random_fabric
from training.data.render.regions import body_measures, triangles

__all__ = ["Wardrobe", "bound_layer", "recoloured", "pieces"]

_SHOES_HEIGHT = -1.6  # in body measures; pieces whose middle is below are shoes
_WAIST_HEIGHT = 0.25


class Wardrobe:
    """The assets of a folder.

    Args:
        folder: with `clothes`, `hair` and `skins`.

    Attributes:
        suits: garments by gender ("female", "male"), paths of .mhclo files.
        shoes: paths of .mhclo files.
        hair: paths of .mhclo files.
        skins: paths of pictures.

    Raises:
        ValueError: if one of the three kinds is missing.
    """

    def __init__(self, folder: str | os.PathLike[str]):
        folder = Path(folder)
        clothes = sorted(folder.glob("clothes/*/*.mhclo"))
        self.folder = folder
        self.suits = {gender: [p for p in clothes if p.stem.startswith(f"{gender}_")] for gender in ("female", "male")}
        self.shoes = [path for path in clothes if path.stem.startswith("shoes")]
        self.hair = sorted(folder.glob("hair/*/*.mhclo"))
        self.skins = sorted(folder.glob("skins/*_diffuse*.png"))
        for kind, files in {**self.suits, "shoes": self.shoes, "hair": self.hair, "skins": self.skins}.items():
            if not files:
                raise ValueError(
                    f"A folder with clothes, hair and skins is expected; no {kind} in it. Received: {folder}."
                )

    def skin(self, rng: np.random.Generator, shape: Shape) -> np.ndarray:
        """The picture float32 `[h, w, 3]` of a random skin for the shape's gender, age and origin."""
        gender = "female" if shape.gender < 0.5 else "male"
        age = "young" if shape.age < 0.25 else "middleage" if shape.age < 0.6 else "old"
        tone = "dark" if rng.random() < shape.races[0] else "light"
        wanted = f"{age}_{tone}skinned_{gender}_"
        fitting = [path for path in self.skins if path.name.startswith(wanted)] or self.skins
        picture = _picture(fitting[rng.integers(len(fitting))])[..., :3]
        gain = rng.uniform(0.86, 1.08) * (1 + rng.normal(0, 0.02, 3))
        return np.clip(picture * gain.astype(np.float32), 0, 1)

    def asset(self, path: Path) -> tuple[BoundMesh, np.ndarray]:
        """A bound mesh and its picture float32 `[h, w, 4]`."""
        pictures = sorted(path.parent.glob("*_diffuse*.png"))
        if not pictures:
            raise ValueError(f"A picture *_diffuse.png is expected beside {path}. Received: none.")
        return _bound_mesh(path), _picture(pictures[0])


@functools.lru_cache(maxsize=64)
def _bound_mesh(path: Path) -> BoundMesh:
    return read_mhclo(path)


@functools.lru_cache(maxsize=64)
def _picture(path: Path) -> np.ndarray:
    """A PNG as float32 RGBA `[h, w, 4]` in [0, 1]."""
    import cv2

    picture = cv2.imread(str(path), cv2.IMREAD_UNCHANGED) if path.is_file() else None
    if picture is None or picture.ndim != 3 or picture.dtype != np.uint8:
        raise ValueError(f"A colour picture with 8 bits a channel is expected. Received: {path}.")
    picture = cv2.cvtColor(picture, cv2.COLOR_BGRA2RGBA if picture.shape[2] == 4 else cv2.COLOR_BGR2RGBA)
    return picture.astype(np.float32) / 255


def bound_layer(
    mesh: BoundMesh,
    quads: np.ndarray,
    vertices: np.ndarray,
    weights: scipy.sparse.csr_array,
    material: Material,
    part: str | None = None,
) -> Layer:
    """Some quads of a bound mesh on a shaped body.

    Args:
        mesh: the bound mesh.
        quads: indices of its quads.
        vertices: float32 `[19158, 3]`, the shaped body.
        weights: sparse `[19158, bones]` of the body.
        material: the picture to wear.
        part: body part of all faces; without it that of the body vertices they are bound to.

    Returns:
        The layer.
    """
    followed = mesh.binding @ weights
    followed.data = np.maximum(followed.data, 0)  # vertices outside their triangle have weights below zero
    followed = (scipy.sparse.diags_array(1 / followed.sum(axis=1), dtype=np.float32) @ followed).tocsr()
    parts = body_measures().parts[mesh.nearest]
    faces = triangles(mesh.quads[quads])
    face_parts = parts[faces[:, 0]] if part is None else np.full(len(faces), part_number(part), np.uint8)
    uv = triangles(mesh.uv[quads])
    real = (faces[:, 1] != faces[:, 2]) & (faces[:, 0] != faces[:, 2])  # halves of quads that are triangles
    return Layer(mesh.fitted(vertices), followed, faces[real], uv[real], face_parts[real], material)


def pieces(mesh: BoundMesh) -> dict[str, np.ndarray]:
    """Indices of the quads that make the `top`, the `bottom` and the `shoes` of a suit; kinds it lacks are missing."""
    corners = mesh.quads
    rows, columns = corners[:, [0, 1, 2]].ravel(), corners[:, [1, 2, 3]].ravel()
    count = len(mesh.offsets)
    links = scipy.sparse.coo_array((np.ones(len(rows)), (rows, columns)), (count, count))
    labels = connected_components(links, directed=False)[1]
    height = mesh.binding @ body_measures().height
    middle = np.bincount(labels, height) / np.bincount(labels)
    kinds = np.select([middle < _SHOES_HEIGHT, middle < _WAIST_HEIGHT], ["shoes", "bottom"], "top")
    found = kinds[labels[corners[:, 0]]]
    return {kind: np.nonzero(found == kind)[0] for kind in ("top", "bottom", "shoes") if (found == kind).any()}


def recoloured(rng: np.random.Generator, picture: np.ndarray, split: str, plain: float = 0.3) -> np.ndarray:
    """A garment's picture in other colours.

    Args:
        rng: where chance comes from.
        picture: float32 `[h, w, 4]`, square.
        split: "train" or "test", for patterns.
        plain: how likely another fabric has no pattern.

    Returns:
        float32 `[h, w, 4]`: as it was, with another hue and brightness, or its folds on another fabric.
    """
    import cv2

    kind = rng.random()
    if kind < 0.1:
        return picture
    if kind < 0.4:
        hsv = cv2.cvtColor(picture[..., :3], cv2.COLOR_RGB2HSV)
        hsv[..., 0] = (hsv[..., 0] + rng.uniform(0, 360)) % 360
        hsv[..., 1] *= rng.uniform(0.3, 1.3)
        hsv[..., 2] = hsv[..., 2] * rng.uniform(0.6, 1.5) + rng.uniform(0, 0.15)
        colours = cv2.cvtColor(np.clip(hsv, 0, [360, 1, 1]).astype(np.float32), cv2.COLOR_HSV2RGB)
    else:
        grey = picture[..., :3].mean(axis=2)
        smooth = cv2.GaussianBlur(grey, (0, 0), 8)
        folds = np.clip(1 + (grey - smooth) / np.maximum(smooth, 0.2), 0.4, 1.5)
        colours = random_fabric(rng, len(picture), split, plain) * folds[..., None]
    return np.concatenate([np.clip(colours, 0, 1), picture[..., 3:]], axis=2).astype(np.float32)
