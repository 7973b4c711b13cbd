"""Triangle meshes of a clothed person, with textures and the body part of every face.

Metres; x to the person's left, y up, z to the front (a person in the rest pose faces +z), right-handed; faces are
counter-clockwise seen from outside. Texture coordinates: u to the right, v up, both from 0 to 1; row 0 of a texture is
v = 1. A face keeps its index in every pose of one person, so that (face, barycentric coordinates) names a surface point
and gives the correspondence between two pictures of that person.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

__all__ = ["PARTS", "SKIN_PARTS", "Material", "Mesh", "part_number", "vertex_normals", "join_meshes"]

# The part numbers that are written into ground truth: 0 is the background, the part at position i of PARTS is i + 1.
SKIN_PARTS = (
    "head",
    "neck",
    "torso",
    "left_upper_arm",
    "left_lower_arm",
    "left_hand",
    "right_upper_arm",
    "right_lower_arm",
    "right_hand",
    "left_upper_leg",
    "left_lower_leg",
    "left_foot",
    "right_upper_leg",
    "right_lower_leg",
    "right_foot",
)
PARTS = (*SKIN_PARTS, "hair")


@dataclass(frozen=True)
class Material:
    """A picture on a surface.

    Attributes:
        name: for error messages and file names.
        texture: float32 `[h, w, 4]` RGBA in [0, 1] (sRGB as in the file, alpha not premultiplied), row 0 is v = 1.
    """

    name: str
    texture: np.ndarray

    def __post_init__(self) -> None:
        if self.texture.ndim != 3 or self.texture.shape[2] != 4 or self.texture.dtype != np.float32:
            raise ValueError(
                f"A float32 texture [h, w, 4] is expected for {self.name}. "
                f"Received: {self.texture.dtype} {list(self.texture.shape)}."
            )


@dataclass(frozen=True)
class Mesh:
    """Triangles with texture coordinates, materials and body parts.

    Attributes:
        vertices: float32 `[V, 3]` in metres.
        faces: int32 `[F, 3]`, indices of vertices.
        uv: float32 `[F, 3, 2]`, texture coordinates of every corner.
        material_index: int32 `[F]`, index into `materials`.
        materials: the materials.
        part_index: uint8 `[F]`, 1-based body part: `PARTS[part_index - 1]`.
    """

    vertices: np.ndarray
    faces: np.ndarray
    uv: np.ndarray
    material_index: np.ndarray
    materials: tuple[Material, ...]
    part_index: np.ndarray

    def __post_init__(self) -> None:
        count = len(self.faces)
        expected = {
            "vertices": (np.float32, (len(self.vertices), 3)),
            "faces": (np.int32, (count, 3)),
            "uv": (np.float32, (count, 3, 2)),
            "material_index": (np.int32, (count,)),
            "part_index": (np.uint8, (count,)),
        }
        for name, (dtype, shape) in expected.items():
            array = getattr(self, name)
            if array.dtype != dtype or array.shape != shape:
                raise ValueError(
                    f"{name} must be {np.dtype(dtype).name} {list(shape)}. Received: {array.dtype} {list(array.shape)}."
                )

    def with_vertices(self, vertices: np.ndarray) -> Mesh:
        """The same surface elsewhere: float32 vertices `[V, 3]` replace the present ones."""
        return replace(self, vertices=vertices)


def part_number(name: str) -> int:
    """The 1-based number that stands for a body part in `Mesh.part_index`."""
    if name not in PARTS:
        raise ValueError(f"One of {', '.join(PARTS)} is expected. Received: {name!r}.")
    return PARTS.index(name) + 1


def vertex_normals(vertices: np.ndarray, faces: np.ndarray) -> np.ndarray:
    """Unit normals of vertices, the mean over their faces weighted by area.

    Args:
        vertices: float `[V, 3]`.
        faces: integers `[F, 3]` (or `[F, 4]` quads), counter-clockwise from outside.

    Returns:
        float32 `[V, 3]`; (0, 0, 0) for vertices without a face.
    """
    corners = vertices[faces]
    # Twice the area along the normal: of a quad from its diagonals, of a triangle from two sides.
    second_from, first_to = (1, 2) if faces.shape[1] == 4 else (0, 1)
    across = np.cross(corners[:, first_to] - corners[:, 0], corners[:, -1] - corners[:, second_from])
    normals = np.empty((len(vertices), 3), np.float32)
    for axis in range(3):
        weights = np.repeat(across[:, axis], faces.shape[1])
        normals[:, axis] = np.bincount(faces.ravel(), weights, minlength=len(vertices))
    lengths = np.linalg.norm(normals, axis=1, keepdims=True)
    return normals / np.where(lengths > 0, lengths, 1)


def join_meshes(meshes: Sequence[Mesh]) -> Mesh:
    """One mesh with the faces of all, in their order; every mesh keeps its own vertices and materials."""
    vertex_starts = np.cumsum([0] + [len(mesh.vertices) for mesh in meshes])
    material_starts = np.cumsum([0] + [len(mesh.materials) for mesh in meshes])
    return Mesh(
        vertices=np.concatenate([mesh.vertices for mesh in meshes]),
        faces=np.concatenate([m.faces + int(s) for m, s in zip(meshes, vertex_starts[:-1], strict=True)]),
        uv=np.concatenate([mesh.uv for mesh in meshes]),
        material_index=np.concatenate(
            [m.material_index + int(s) for m, s in zip(meshes, material_starts[:-1], strict=True)]
        ),
        materials=tuple(material for mesh in meshes for material in mesh.materials),
        part_index=np.concatenate([mesh.part_index for mesh in meshes]),
    )
