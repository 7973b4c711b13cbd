"""The bundled body: MakeHuman's base mesh with shape targets, and the shapes of adults it can take.

`body.npz` (made by `make_body.py`) keeps MakeHuman's vertex numbers, because clothes refer to them. Besides the skin
(`body`) the mesh has helper geometry that follows every shape: `helper-tights` (a suit from neck to toes),
`helper-skirt` (a tube from waist to ankles), eyes, and small cubes whose middles are joints.

Metres; x to the person's left, y up, z to the front; the origin is between the hips. A shape is the sum of weighted
targets, as in MakeHuman: one per ethnicity, gender and age; one per gender, muscle and weight; then height,
proportions, breasts and details of face and torso. The targets for height and proportions are those of the average
adult, and those for muscle and weight those of the young, for all ages (a smaller file; MakeHuman has one for every
combination).

Reference: the MakeHuman team, "MakeHuman: open source tool for making 3D characters", http://www.makehumancommunity.org
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

__all__ = ["RACES", "Body", "Shape", "load_body"]

RACES = ("african", "asian", "caucasian")
_FILE = Path(__file__).with_name("body.npz")


@dataclass(frozen=True)
class Shape:
    """What a body looks like; every number from 0 to 1 unless stated.

    Attributes:
        gender: 0 female, 1 male.
        age: 0 about 25 years, 1 about 90.
        muscle: 0.5 is average.
        weight: 0.5 is average.
        height: -1 to 1, 0 is average.
        proportions: -1 (uncommon) to 1 (ideal).
        cup: -1 to 1, 0 is average; counts as far as the shape is female.
        races: shares of `RACES`, which sum to 1.
        details: -1 to 1 by the name of a pair of targets (`head-fat`), or 0 to 1 by that of one (`head-oval`).
    """

    gender: float = 0.5
    age: float = 0.0
    muscle: float = 0.5
    weight: float = 0.5
    height: float = 0.0
    proportions: float = 0.0
    cup: float = 0.0
    races: tuple[float, float, float] = (0.0, 0.0, 1.0)
    details: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in ("gender", "age", "muscle", "weight"):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"{name} from 0 to 1 is expected. Received: {getattr(self, name)}.")
        for name in ("height", "proportions", "cup"):
            if not -1 <= getattr(self, name) <= 1:
                raise ValueError(f"{name} from -1 to 1 is expected. Received: {getattr(self, name)}.")
        if len(self.races) != len(RACES) or min(self.races) < 0 or abs(sum(self.races) - 1) > 1e-6:
            raise ValueError(f"Shares of {', '.join(RACES)} that sum to 1 are expected. Received: {self.races}.")


@dataclass(frozen=True)
class Body:
    """The arrays of the base mesh.

    Attributes:
        vertices: float32 `[19158, 3]`, the shape without any target.
        uv: float32 `[T, 2]`, u to the right, v up.
        quads: int32 `[Q, 4]`, vertices of the faces, counter-clockwise from outside.
        uv_quads: int32 `[Q, 4]`, indices into `uv`.
        groups: for every group's name the indices of its quads.
        targets: for every target its vertices `[n]` and their deltas float32 `[n, 3]` in metres.
        bone_names: names of the bones, parents before children.
        bone_parents: index of each bone's parent, -1 for the first.
        bone_ends: int32 `[bones, 2, 8]`, the vertices whose mean is the head, and the tail, of a bone.
        weight_bones: int32 `[19158, 4]`, the bones that a vertex follows.
        weights: float32 `[19158, 4]`, how much; they sum to 1 (joint cubes: 0).
        masks: for `face`, `lips`, `eyelids` and `ears` how much each vertex belongs to it, float32 `[19158]`, 0 to 1.
        keypoints: for every COCO keypoint its vertices `[n]` and their weights `[n]`, which sum to 1.
    """

    vertices: np.ndarray
    uv: np.ndarray
    quads: np.ndarray
    uv_quads: np.ndarray
    groups: dict[str, np.ndarray]
    targets: dict[str, tuple[np.ndarray, np.ndarray]]
    bone_names: tuple[str, ...]
    bone_parents: tuple[int, ...]
    bone_ends: np.ndarray
    weight_bones: np.ndarray
    weights: np.ndarray
    masks: dict[str, np.ndarray]
    keypoints: dict[str, tuple[np.ndarray, np.ndarray]]

    def shaped(self, shape: Shape) -> np.ndarray:
        """The vertices of a shape.

        Args:
            shape: the shape.

        Returns:
            float32 `[19158, 3]` in metres.

        Raises:
            ValueError: for a detail that the body does not have.
        """
        vertices = self.vertices.copy()
        for name, weight in _target_weights(shape, self.targets):
            indices, deltas = self.targets[name]
            vertices[indices] += np.float32(weight) * deltas
        return vertices


def _between(value: float, names: tuple[str, str, str]) -> list[tuple[str, float]]:
    """Linear interpolation over three names at 0, 0.5 and 1."""
    position = 2 * value
    return [(name, max(0.0, 1 - abs(position - place))) for place, name in enumerate(names)]


def _macro_weights(shape: Shape) -> Iterator[tuple[str, float]]:
    genders = (("female", 1 - shape.gender), ("male", shape.gender))
    for gender, share in genders:
        for race, race_share in zip(RACES, shape.races, strict=True):
            yield f"{race}-{gender}-young", share * race_share * (1 - shape.age)
            yield f"{race}-{gender}-old", share * race_share * shape.age
        for muscle, muscle_share in _between(shape.muscle, ("minmuscle", "averagemuscle", "maxmuscle")):
            for weight, weight_share in _between(shape.weight, ("minweight", "averageweight", "maxweight")):
                yield f"universal-{gender}-young-{muscle}-{weight}", share * muscle_share * weight_share
        average = f"{gender}-young-averagemuscle-averageweight"
        yield f"{average}-{'max' if shape.height > 0 else 'min'}height", share * abs(shape.height)
        proportions = "ideal" if shape.proportions > 0 else "uncommon"
        yield f"{average}-{proportions}proportions", share * abs(shape.proportions)
    cup = "max" if shape.cup > 0 else "min"
    name = f"female-young-averagemuscle-averageweight-{cup}cup-averagefirmness"
    yield name, (1 - shape.gender) * abs(shape.cup)


def _target_weights(shape: Shape, known: Mapping[str, object]) -> Iterator[tuple[str, float]]:
    yield from ((name, weight) for name, weight in _macro_weights(shape) if weight > 0)
    for name, value in shape.details.items():
        target = name if name in known else f"{name}-{'incr' if value > 0 else 'decr'}"
        if target not in known:
            details = sorted({known_name.removesuffix("-incr").removesuffix("-decr") for known_name in known})
            raise ValueError(f"A detail is one of {', '.join(details)}. Received: {name!r}.")
        yield target, abs(value)


def _slices(names: np.ndarray, starts: np.ndarray, *arrays: np.ndarray) -> dict[str, tuple[np.ndarray, ...]]:
    ranges = zip(names.tolist(), starts[:-1], starts[1:], strict=True)
    return {name: tuple(array[first:last] for array in arrays) for name, first, last in ranges}


@functools.cache
def load_body() -> Body:
    """The bundled body, read once for each process."""
    with np.load(_FILE) as file:
        data = {name: file[name] for name in file.files}
    target_vertices = np.cumsum(data["target_vertex_steps"], dtype=np.uint16).astype(np.int32)
    deltas = (data["target_deltas"].T * np.float32(1e-4)).astype(np.float32)
    keypoint_vertices = data["keypoint_vertices"].astype(np.int32)
    weights = data["weights"].astype(np.float32)
    return Body(
        vertices=data["vertices"],
        uv=data["uv"],
        quads=data["quads"].astype(np.int32),
        uv_quads=data["uv_quads"].astype(np.int32),
        groups={name: np.nonzero(data["quad_groups"] == i)[0] for i, name in enumerate(data["group_names"].tolist())},
        targets=_slices(data["target_names"], data["target_starts"], target_vertices, deltas),
        bone_names=tuple(data["bone_names"].tolist()),
        bone_parents=tuple(data["bone_parents"].tolist()),
        bone_ends=data["bone_ends"].astype(np.int32),
        weight_bones=data["weight_bones"].astype(np.int32),
        weights=weights / np.maximum(weights.sum(axis=1, keepdims=True), 1e-6),  # undoes the rounding to float16
        masks=dict(zip(data["mask_names"].tolist(), data["masks"] / np.float32(255), strict=True)),
        keypoints=_slices(data["keypoint_names"], data["keypoint_starts"], keypoint_vertices, data["keypoint_weights"]),
    )
