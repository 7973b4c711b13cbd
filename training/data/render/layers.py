"""Layers: the surfaces that a person is made of (skin, eyes, hair, garments), and joining them into one mesh.

A layer lies in the rest shape of one body and follows its bones. Joined, layers become a `Mesh` whose faces are the
same in every pose, and the weights by which all its vertices follow the bones.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import scipy.sparse

from training.data.render.mesh import Material, Mesh, join_meshes
from training.data.render.regions import Cut

__all__ = ["Layer", "layer_from_cut", "join_layers"]


@dataclass(frozen=True)
class Layer:
    """A surface with one material.

    Attributes:
        vertices: float32 `[n, 3]`, metres, in the rest shape.
        weights: sparse float32 `[n, bones]`, rows sum to 1.
        faces: int32 `[F, 3]`.
        uv: float32 `[F, 3, 2]`.
        parts: uint8 `[F]`, body parts as in `Mesh.part_index`.
        material: its picture.
    """

    vertices: np.ndarray
    weights: scipy.sparse.csr_array
    faces: np.ndarray
    uv: np.ndarray
    parts: np.ndarray
    material: Material

    def mesh(self) -> Mesh:
        """The layer alone, in the rest shape."""
        index = np.zeros(len(self.faces), np.int32)
        return Mesh(self.vertices, self.faces, self.uv, index, (self.material,), self.parts)


def _blend(first: np.ndarray, second: np.ndarray, share: np.ndarray) -> np.ndarray:
    return first + share[:, None] * (second - first)


def layer_from_cut(
    cut: Cut, vertices: np.ndarray, weights: scipy.sparse.csr_array, parts: np.ndarray, material: Material
) -> Layer:
    """A piece of a surface.

    Args:
        cut: which piece.
        vertices: float32 `[V, 3]`, the vertices that the cut's `ends` are indices of.
        weights: sparse `[V, bones]`.
        parts: uint8 `[V]`; a face belongs to the part of its first corner.
        material: its picture.

    Returns:
        The layer.
    """
    first, second = cut.ends.T
    share = scipy.sparse.diags_array(cut.share, dtype=np.float32)
    rest = scipy.sparse.diags_array(1 - cut.share, dtype=np.float32)
    blended = (rest @ weights[first] + share @ weights[second]).tocsr()
    return Layer(
        _blend(vertices[first], vertices[second], cut.share).astype(np.float32),
        blended,
        cut.faces,
        cut.uv,
        parts[first][cut.faces[:, 0]],
        material,
    )


def join_layers(layers: Sequence[Layer]) -> tuple[Mesh, scipy.sparse.csr_array]:
    """One mesh of all layers in the rest shape, and the weights `[V, bones]` of its vertices."""
    weights = scipy.sparse.vstack([layer.weights for layer in layers], format="csr")
    return join_meshes([layer.mesh() for layer in layers]), weights
