"""Bones inside a body, and vertices that follow them (linear blend skinning).

A `Pose` does not depend on the body: its rotations are relative to the T stance, in which a person stands straight,
faces +z, arms stretched out sideways along the x axis, palms down, legs straight down. In that stance the axes of
every bone are the world's: x to the person's left, y up, z to the front. `rotations[bone]` turns a bone, and all that
hangs on it, about its head, in the axes of its parent. The rest shape of MakeHuman's mesh has its arms lowered and its
elbows bent, so `Rig` first turns arms and legs into the T stance by the smallest rotation of each bone.

Rotation matrices act on columns: `rotated = matrix @ vector`. Lengths are metres, except `Pose.root`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.sparse

from training.data.render.body import Body

__all__ = ["Pose", "Rig", "rotation_between", "skin_weights", "skinning_matrix"]

_T_STANCE = {
    "upperarm_l": (1, 0, 0),
    "lowerarm_l": (1, 0, 0),
    "hand_l": (1, 0, 0),
    "upperarm_r": (-1, 0, 0),
    "lowerarm_r": (-1, 0, 0),
    "hand_r": (-1, 0, 0),
    "thigh_l": (0, -1, 0),
    "calf_l": (0, -1, 0),
    "thigh_r": (0, -1, 0),
    "calf_r": (0, -1, 0),
}
_FINGERS = ("thumb", "index", "middle", "ring", "pinky")


@dataclass(frozen=True)
class Pose:
    """A pose that any person can take.

    Attributes:
        rotations: float32 `[bones, 3, 3]`, in the order of `Body.bone_names`; identities are the T stance.
        root: float32 `[3]`, where the pelvis is, in leg lengths (hip to ankle) from a point on the floor; or None: the
            pelvis is above the origin, as high as it takes for the lowest point of the person to touch the floor.
    """

    rotations: np.ndarray
    root: np.ndarray | None = None

    def __post_init__(self) -> None:
        if self.rotations.ndim != 3 or self.rotations.shape[1:] != (3, 3):
            raise ValueError(f"Rotations [bones, 3, 3] are expected. Received: {list(self.rotations.shape)}.")
        if self.root is not None and np.shape(self.root) != (3,):
            raise ValueError(f"A root [3] is expected. Received: {list(np.shape(self.root))}.")


def rotation_between(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """The smallest rotation matrix `[3, 3]` that turns the direction `first` into the direction `second`."""
    first, second = first / np.linalg.norm(first), second / np.linalg.norm(second)
    cosine = float(first @ second)
    if cosine < -0.999999:  # opposite: half a turn about any axis across
        axis = np.cross(first, np.eye(3)[np.argmin(np.abs(first))])
        axis /= np.linalg.norm(axis)
        return 2 * np.outer(axis, axis) - np.eye(3)
    x, y, z = np.cross(first, second)
    across = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    return np.eye(3) + across + across @ across / (1 + cosine)


class Rig:
    """The bones of one shaped body.

    Args:
        body: the body that tells names, parents and which vertices make a joint.
        vertices: float32 `[19158, 3]`, the shaped body.

    Attributes:
        names: names of the bones.
        heads: float64 `[bones, 3]`, where the bones begin in the rest shape.
        leg_length: metres from hip to ankle along the leg, the mean of both legs.
    """

    def __init__(self, body: Body, vertices: np.ndarray):
        ends = vertices[body.bone_ends].astype(np.float64).mean(axis=2)
        self.names, self._parents = body.bone_names, body.bone_parents
        self.heads = ends[:, 0]
        self._to_t_stance = self._calibration(ends[:, 1] - ends[:, 0])
        legs = [self._bone_length(first, second) for first, second in (("thigh", "calf"), ("calf", "foot"))]
        self.leg_length = float(sum(legs))

    def _bone_length(self, first: str, second: str) -> float:
        pairs = [(self.names.index(f"{first}_{side}"), self.names.index(f"{second}_{side}")) for side in "lr"]
        return float(np.mean([np.linalg.norm(self.heads[b] - self.heads[a]) for a, b in pairs]))

    def _calibration(self, directions: np.ndarray) -> np.ndarray:
        """For every bone the rotation `[3, 3]` from the rest shape to the T stance; fingers go with their hand."""
        rotations = np.tile(np.eye(3), (len(self.names), 1, 1))
        for name, direction in _T_STANCE.items():
            bone = self.names.index(name)
            child = self._parents.index(bone) if bone in self._parents and not name.startswith("hand") else None
            rest = directions[bone] if child is None else self.heads[child] - self.heads[bone]
            rotations[bone] = rotation_between(rest, np.array(direction, float))
        for bone, name in enumerate(self.names):
            if name.startswith(_FINGERS):
                rotations[bone] = rotations[self._parents[bone]]
        return rotations

    def transforms(self, pose: Pose) -> np.ndarray:
        """Where the bones' own points go: `posed = point @ result[b, :3] + result[b, 3]`, summed over weights.

        Points are taken relative to the bone's head. See `skinning_matrix`.

        Args:
            pose: the pose; without a root the pelvis' head is at the origin.

        Returns:
            float64 `[bones, 4, 3]`.
        """
        if len(pose.rotations) != len(self.names):
            raise ValueError(f"Rotations of {len(self.names)} bones are expected. Received: {len(pose.rotations)}.")
        result = np.empty((len(self.names), 4, 3))
        turned = np.empty((len(self.names), 3, 3))
        for bone, parent in enumerate(self._parents):
            if parent < 0:
                turned[bone] = pose.rotations[bone]
                result[bone, 3] = 0 if pose.root is None else np.asarray(pose.root) * self.leg_length
            else:
                turned[bone] = turned[parent] @ pose.rotations[bone]
                result[bone, 3] = result[parent, 3] + (self.heads[bone] - self.heads[parent]) @ result[parent, :3]
            result[bone, :3] = (turned[bone] @ self._to_t_stance[bone]).T
        return result


def skin_weights(body: Body) -> scipy.sparse.csr_array:
    """How much every vertex of the body follows every bone: sparse float32 `[19158, bones]`, rows sum to 1."""
    rows = np.repeat(np.arange(len(body.weights)), body.weights.shape[1])
    shape = (len(body.weights), len(body.bone_names))
    matrix = scipy.sparse.coo_array((body.weights.ravel(), (rows, body.weight_bones.ravel())), shape).tocsr()
    matrix.eliminate_zeros()
    return matrix


def skinning_matrix(vertices: np.ndarray, weights: scipy.sparse.csr_array, heads: np.ndarray) -> scipy.sparse.csr_array:
    """The matrix whose product with `Rig.transforms(pose).reshape(-1, 3)` is the posed vertices.

    Args:
        vertices: `[V, 3]` in the rest shape.
        weights: sparse `[V, bones]`, rows sum to 1.
        heads: `[bones, 3]`, `Rig.heads`.

    Returns:
        sparse float32 `[V, 4 * bones]`.
    """
    weights = weights.tocoo()
    local = np.ones((weights.nnz, 4))
    local[:, :3] = vertices[weights.row] - heads[weights.col]
    columns = 4 * weights.col[:, None] + np.arange(4)
    values = (weights.data[:, None] * local).astype(np.float32)
    shape = (len(vertices), 4 * len(heads))
    return scipy.sparse.coo_array((values.ravel(), (np.repeat(weights.row, 4), columns.ravel())), shape).tocsr()
