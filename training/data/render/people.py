"""People: a body shape, skin, eyes, hair and clothes, all from one seed, ready to take poses.

The training and the test split share nobody: everything about a person is drawn from a random generator that is seeded
with the split and the seed, prints on clothes come from lists that are disjoint (`patterns.PRINTS`), and `clip_split`
says which split a motion clip belongs to, by its name alone.
"""

from __future__ import annotations

import functools
import hashlib
import os
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import scipy.sparse

from training.data.render.body import Shape, load_body
from training.data.render.clothes import MARGIN, garment_layer, random_outfit
from training.data.render.dressing import wardrobe_clothes, wardrobe_hair
from training.data.render.face import paint_face
from training.data.render.hair import hair_colour, random_hair
from training.data.render.layers import Layer, join_layers
from training.data.render.mesh import Mesh
from training.data.render.rig import Pose, Rig, skin_weights, skinning_matrix
from training.data.render.skin import eye_layers, skin_layer, skin_texture
from training.data.render.wardrobe import Wardrobe

__all__ = ["SPLITS", "Person", "PosedPerson", "random_shape", "sample_person", "clip_split"]

SPLITS = ("train", "test")
_TEST_SHARE = 5  # every fifth clip, on average
_DETAILS = (
    "head-fat",
    "head-scale-depth",
    "head-scale-horiz",
    "head-scale-vert",
    "nose-scale-horiz",
    "nose-scale-vert",
    "nose-scale-depth",
    "nose-hump",
    "mouth-scale-horiz",
    "mouth-scale-vert",
    "mouth-lowerlip-volume",
    "mouth-upperlip-volume",
    "chin-width",
    "chin-height",
    "chin-prominent",
    "forehead-scale-vert",
    "hip-scale-horiz",
    "torso-scale-horiz",
    "torso-vshape",
    "measure-shoulder-dist",
    "measure-waist-circ",
    "buttocks-volume",
    "stomach-tone",
)
_PAIRED_DETAILS = ("cheek-volume", "eye-scale")


@dataclass(frozen=True)
class PosedPerson:
    """A person in a pose: the mesh, and the 3-D places `[3]` of the 18 OpenPose joints in metres, by name."""

    mesh: Mesh
    joints: dict[str, np.ndarray]


@dataclass(frozen=True)
class Person:
    """Somebody who can take poses.

    Attributes:
        name: unique for split and seed.
        shape: the body's shape.
        rest: the mesh in the rest shape; in every pose it has the same faces, materials and parts.
    """

    name: str
    shape: Shape
    rest: Mesh
    _rig: Rig = field(repr=False)
    _skinning: scipy.sparse.csr_array = field(repr=False)
    _joint_names: tuple[str, ...] = field(repr=False)
    _joint_skinning: np.ndarray = field(repr=False)

    def posed(self, pose: Pose) -> PosedPerson:
        """The person in a pose, standing on the floor y = 0 if the pose has no root."""
        transforms = self._rig.transforms(pose).reshape(-1, 3).astype(np.float32)
        vertices = self._skinning @ transforms
        joints = self._joint_skinning @ transforms
        if pose.root is None:
            lowest = vertices[:, 1].min()
            vertices[:, 1] -= lowest
            joints[:, 1] -= lowest
        return PosedPerson(self.rest.with_vertices(vertices), dict(zip(self._joint_names, joints, strict=True)))


def random_shape(rng: np.random.Generator) -> Shape:
    """The shape of a random adult."""
    gender = float(np.clip(rng.choice([0.05, 0.95]) + rng.normal(0, 0.06), 0, 1))
    races = rng.dirichlet([0.35, 0.35, 0.35])
    details = {name: float(np.clip(rng.normal(0, 0.35), -1, 1)) for name in _DETAILS}
    for name in _PAIRED_DETAILS:
        details["l-" + name] = details["r-" + name] = float(np.clip(rng.normal(0, 0.35), -1, 1))
    return Shape(
        gender=gender,
        age=float(rng.choice([rng.uniform(0, 0.25), rng.uniform(0.25, 0.9)], p=[0.75, 0.25])),
        muscle=float(np.clip(rng.normal(0.5 + 0.1 * gender, 0.17), 0, 1)),
        weight=float(np.clip(rng.normal(0.5, 0.18), 0, 1)),
        height=float(np.clip(rng.normal(0, 0.13), -0.3, 0.3)),
        proportions=float(rng.uniform(-0.4, 1)),
        cup=float(np.clip(rng.normal(0, 0.4), -1, 1)),
        races=tuple(float(share) for share in races / races.sum()),
        details=details,
    )


@functools.cache
def _joint_regressor() -> tuple[tuple[str, ...], np.ndarray]:
    """Names of the 18 joints and their weights `[18, 19158]` on the base mesh; the neck is between the shoulders."""
    from gfla_tf.pose.skeletons import get_skeleton

    body = load_body()
    rows = {name: np.zeros(len(body.vertices), np.float32) for name in body.keypoints}
    for name, (vertices, weights) in body.keypoints.items():
        rows[name][vertices] = weights
    rows["neck"] = (rows["left_shoulder"] + rows["right_shoulder"]) / 2
    names = get_skeleton("openpose-18").joints
    return names, np.stack([rows[name] for name in names])


def _layers(
    rng: np.random.Generator,
    shape: Shape,
    vertices: np.ndarray,
    weights: scipy.sparse.csr_array,
    wardrobe: Wardrobe | None,
    split: str,
) -> list[Layer]:
    """Skin first, then eyes, hair and clothes."""
    body, colour = load_body(), hair_colour(rng, shape.age)
    makeup = rng.uniform(0, 0.9) if shape.gender < 0.5 else rng.uniform(0, 0.15)
    if wardrobe is None:
        layers, garments, hidden = [], random_outfit(rng, shape.gender, split), np.zeros(len(vertices), bool)
        hair = random_hair(rng, body, vertices, weights, colour, shape.gender)
        skin = skin_texture(rng, shape.races)
    else:
        layers, garments, hidden = wardrobe_clothes(rng, wardrobe, vertices, weights, shape.gender, split)
        hair = wardrobe_hair(rng, wardrobe, vertices, weights, colour, shape.gender)
        skin = wardrobe.skin(rng, shape)
    hidden = np.any([hidden] + [garment.covered > MARGIN for garment in garments], axis=0)
    paint_face(rng, skin, colour, makeup)
    clothes = [garment_layer(garment, body, vertices, weights) for garment in garments]
    bare = skin_layer(body, vertices, weights, hidden, skin)
    return [bare, *eye_layers(rng, body, vertices, weights), *hair, *layers, *clothes]


def sample_person(seed: int, wardrobe: Wardrobe | None = None, split: str = "train") -> Person:
    """Make up a person.

    Args:
        seed: 0 or above; the same seed gives the same person.
        wardrobe: garments, hair and skins from files; without it everything is procedural.
        split: "train" or "test": the same seed gives different people in the two.

    Returns:
        The person.

    Raises:
        ValueError: for a negative seed or another split.
    """
    if split not in SPLITS:
        raise ValueError(f"split must be one of {', '.join(SPLITS)}. Received: {split!r}.")
    if seed < 0:
        raise ValueError(f"seed must be 0 or above. Received: {seed}.")
    rng = np.random.default_rng([SPLITS.index(split), seed])
    shape, body = random_shape(rng), load_body()
    vertices, weights = body.shaped(shape), skin_weights(body)
    rig = Rig(body, vertices)
    rest, rest_weights = join_layers(_layers(rng, shape, vertices, weights, wardrobe, split))
    names, regressor = _joint_regressor()
    joint_skinning = regressor @ skinning_matrix(vertices, weights, rig.heads)
    skinning = skinning_matrix(rest.vertices, rest_weights, rig.heads)
    return Person(f"{split}-{seed:06d}", shape, rest, rig, skinning, names, joint_skinning)


def clip_split(path: str | os.PathLike[str]) -> str:
    """Which split a motion clip belongs to: "train" or "test", by a hash of its name without folder and suffix."""
    digest = hashlib.sha256(Path(path).stem.encode()).digest()
    return "test" if digest[0] % _TEST_SHARE == 0 else "train"
