"""Places on the body that are the same for every shape, and cutting a surface where a number on it becomes zero.

Garments are pieces of the body's helper geometry. Where they begin and end is said in body measures, evaluated once on
the unshaped body: `height` runs along the trunk and the legs (1 base of the neck, 0 hip joints, -1 knees, -2 ankles),
and `arm` along the arms (0 shoulder joint and everything that is no arm, 1 elbow, 2 wrist).
"""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np

from training.data.render.body import Body, load_body
from training.data.render.mesh import SKIN_PARTS, part_number

__all__ = ["BodyMeasures", "Cut", "body_measures", "group_uv", "triangles", "cut_triangles"]

_ARM_BONES = ("upperarm", "lowerarm", "hand", "thumb", "index", "middle", "ring", "pinky")
_PART_BONES = {
    "head": "head",
    "neck": "neck_01",
    "upper_arm": "upperarm",
    "lower_arm": "lowerarm",
    "hand": _ARM_BONES[2:],
    "upper_leg": "thigh",
    "lower_leg": "calf",
    "foot": ("foot", "ball"),
}


@dataclass(frozen=True)
class BodyMeasures:
    """Numbers for all 19158 vertices of the base mesh (joint cubes: meaningless).

    Attributes:
        height: float32, see above; for arms as if they were in the middle of the trunk.
        arm: float32, see above.
        parts: uint8, body parts as in `Mesh.part_index`.
        position: float32 `[19158, 3]`, the unshaped body in metres, x to the left, y up, z to the front.
    """

    height: np.ndarray
    arm: np.ndarray
    parts: np.ndarray
    position: np.ndarray


def _joint(body: Body, bone: str) -> np.ndarray:
    return body.vertices[body.bone_ends[body.bone_names.index(bone), 0]].mean(axis=0)


def _share(body: Body, prefixes: tuple[str, ...]) -> np.ndarray:
    """How much each vertex follows the bones whose names begin so."""
    chosen = np.array([name.startswith(prefixes) for name in body.bone_names])
    return (body.weights * chosen[body.weight_bones]).sum(axis=1)


def _arm(body: Body) -> np.ndarray:
    result = np.zeros(len(body.vertices), np.float32)
    for side, sign in (("l", 1), ("r", -1)):
        shoulder, elbow, wrist = (_joint(body, f"{bone}_{side}") for bone in ("upperarm", "lowerarm", "hand"))
        upper = (body.vertices - shoulder) @ (elbow - shoulder) / np.sum((elbow - shoulder) ** 2)
        lower = (body.vertices - elbow) @ (wrist - elbow) / np.sum((wrist - elbow) ** 2)
        along = np.where(lower > 0, 1 + lower, np.minimum(upper, 1))
        share = np.clip(_share(body, _ARM_BONES) * 1.5, 0, 1)
        here = np.sign(body.vertices[:, 0]) == sign
        result[here] = (np.clip(along, 0, None) * share)[here]
    return result


def _parts(body: Body) -> np.ndarray:
    numbers = np.full(len(body.bone_names), part_number("torso"), np.uint8)
    for bone, name in enumerate(body.bone_names):
        for part, prefix in _PART_BONES.items():
            if name.startswith(prefix):
                side = {"l": "left_", "r": "right_"}[name[-1]] if part not in ("head", "neck") else ""
                numbers[bone] = SKIN_PARTS.index(side + part) + 1
    return numbers[body.weight_bones[:, 0]]


@functools.cache
def body_measures() -> BodyMeasures:
    """The measures of the bundled body."""
    body = load_body()
    levels = [_joint(body, bone)[1] for bone in ("foot_l", "calf_l", "thigh_l", "neck_01")]
    y = body.vertices[:, 1]
    height = np.interp(y, levels, (-2, -1, 0, 1)).astype(np.float32)
    height += np.minimum(y - levels[0], 0) / (levels[1] - levels[0]) + np.maximum(y - levels[-1], 0) / 0.5
    arm = _arm(body)
    height = np.where(_share(body, _ARM_BONES) > 0.5, np.float32(0.7), height)
    return BodyMeasures(height, arm, _parts(body), body.vertices)


def triangles(quads: np.ndarray) -> np.ndarray:
    """Two triangles for every quad: `[Q, 4, ...]` becomes `[2 * Q, 3, ...]`, both halves of a quad side by side."""
    return np.stack([quads[:, [0, 1, 2]], quads[:, [0, 2, 3]]], axis=1).reshape(-1, 3, *quads.shape[2:])


@functools.cache
def group_uv(group: str) -> np.ndarray:
    """Texture coordinates `[Q, 4, 2]` of a group's quads, stretched to fill 0 to 1 with a rim of 1 %."""
    body = load_body()
    uv = body.uv[body.uv_quads[body.groups[group]]]
    low, high = uv.min(axis=(0, 1)), uv.max(axis=(0, 1))
    return (0.01 + 0.98 * (uv - low) / (high - low)).astype(np.float32)


@dataclass(frozen=True)
class Cut:
    """What is left of a surface.

    Attributes:
        ends: int `[n, 2]`; a new vertex lies between two of the old ones.
        share: float32 `[n]`, how far from the first (0) to the second (1).
        faces: int32 `[m, 3]`, indices of the new vertices.
        uv: float32 `[m, 3, 2]`.
    """

    ends: np.ndarray
    share: np.ndarray
    faces: np.ndarray
    uv: np.ndarray


# For 1, 2 and 3 inner corners, which are rotated to the front: new faces, their corners between two old ones.
_NEW_FACES = {
    1: [((0, 0), (0, 1), (0, 2))],
    2: [((0, 0), (1, 1), (1, 2)), ((0, 0), (1, 2), (0, 2))],
    3: [((0, 0), (1, 1), (2, 2))],
}


def cut_triangles(faces: np.ndarray, uv: np.ndarray, values: np.ndarray) -> Cut:
    """Keep the part of a surface where `values` (linear on every triangle) is above zero.

    Args:
        faces: int `[F, 3]`.
        uv: float `[F, 3, 2]`.
        values: float `[V]`, one for every vertex.

    Returns:
        The part; vertices on the cut are shared by the faces that meet there, so that no holes come about.
    """
    inside = values[faces] > 0
    counts = inside.sum(axis=1)
    corner_pairs, corner_uv = [], []
    for count, new_faces in _NEW_FACES.items():
        chosen = np.nonzero(counts == count)[0]
        # One inner corner goes first; of two inner ones that which follows the outer corner.
        first = {1: inside[chosen].argmax(1), 2: (inside[chosen].argmin(1) + 1) % 3, 3: 0 * chosen}[count]
        order = (first[:, None] + np.arange(3)) % 3
        corners = np.take_along_axis(faces[chosen], order, axis=1)
        places = np.take_along_axis(uv[chosen], order[..., None], axis=1)
        for pairs in new_faces:
            a, b = np.array(pairs).T
            ends = np.stack([corners[:, a], corners[:, b]], axis=-1)
            share = _share_to_zero(values, ends)[..., None]
            corner_pairs.append(ends)
            corner_uv.append((1 - share) * places[:, a] + share * places[:, b])
    return _joined(np.concatenate(corner_pairs), np.concatenate(corner_uv), values)


def _share_to_zero(values: np.ndarray, ends: np.ndarray) -> np.ndarray:
    first, second = values[ends[..., 0]], values[ends[..., 1]]
    across = np.where(first == second, 1, first - second)
    return np.where(ends[..., 0] == ends[..., 1], 0, first / across).astype(np.float32)


def _joined(ends: np.ndarray, uv: np.ndarray, values: np.ndarray) -> Cut:
    """Give corners between the same two vertices (in either order of the two) one number."""
    flat = np.sort(ends.reshape(-1, 2), axis=1)
    keys, numbers = np.unique(flat[:, 0] * np.int64(len(values)) + flat[:, 1], return_inverse=True)
    unique = np.stack([keys // len(values), keys % len(values)], axis=1)
    faces = numbers.reshape(-1, 3).astype(np.int32)
    return Cut(unique, _share_to_zero(values, unique), faces, uv.astype(np.float32))
