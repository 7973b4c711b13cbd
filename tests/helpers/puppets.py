"""People made of ellipsoids, for tests of the renderer that need no body model: small, and quick to pose."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from training.data.render.cast import Cast
from training.data.render.mesh import Material, Mesh, join_meshes, part_number

FACE = {"nose": (0, 1.72, 0.1), "neck": (0, 1.5, 0), "eye": (0.03, 1.76, 0.09), "ear": (0.08, 1.75, 0)}
LIMBS = {"shoulder": (0.24, 1.45, 0), "hip": (0.1, 0.95, 0), "knee": (0.1, 0.5, 0), "ankle": (0.1, 0.06, 0)}


def ellipsoid(center, radii, part: str, texture: np.ndarray, rings: int = 24) -> Mesh:
    """u runs from the front (0) over the left side around, v from the bottom (0) to the top (1)."""
    down, around = np.meshgrid(np.linspace(0, np.pi, rings), np.linspace(0, 2 * np.pi, 2 * rings), indexing="ij")
    sphere = np.stack([np.sin(down) * np.sin(around), np.cos(down), np.sin(down) * np.cos(around)], axis=-1)
    uv = np.stack([around / (2 * np.pi), 1 - down / np.pi], axis=-1).reshape(-1, 2)
    index = np.arange(down.size).reshape(down.shape)
    a, b, c, d = index[:-1, :-1], index[1:, :-1], index[1:, 1:], index[:-1, 1:]
    faces = np.stack([a, b, c, a, c, d], axis=-1).reshape(-1, 3).astype(np.int32)
    return Mesh(
        vertices=(sphere.reshape(-1, 3) * radii + center).astype(np.float32),
        faces=faces,
        uv=uv[faces].astype(np.float32),
        material_index=np.zeros(len(faces), np.int32),
        materials=(Material(part, texture),),
        part_index=np.full(len(faces), part_number(part), np.uint8),
    )


def patchy_texture(seed: int, side: int = 64) -> np.ndarray:
    """Smooth patches of colour, solid."""
    import cv2

    patches = np.random.default_rng(seed).uniform(0.2, 0.9, (8, 8, 3)).astype(np.float32)
    color = cv2.resize(patches, (side, side), interpolation=cv2.INTER_LINEAR)
    return np.concatenate([color, np.ones((side, side, 1), np.float32)], axis=-1)


@dataclass(frozen=True)
class PosedPuppet:
    mesh: Mesh
    joints: dict[str, np.ndarray]


@dataclass(frozen=True)
class Puppet:
    """A person whose pose is one number: how far forward (metres) the left hand is, and the right hand backward."""

    seed: int

    def posed(self, pose: float) -> PosedPuppet:
        def part(number, name, center, radii):
            return ellipsoid(center, radii, name, patchy_texture(self.seed * 10 + number))

        parts = [
            part(0, "torso", (0, 1.2, 0), (0.2, 0.34, 0.13)),
            part(1, "head", (0, 1.72, 0), (0.09, 0.13, 0.1)),
            part(2, "left_upper_leg", (0.1, 0.48, 0), (0.08, 0.48, 0.08)),
            part(3, "right_upper_leg", (-0.1, 0.48, 0), (0.08, 0.48, 0.08)),
            part(4, "left_upper_arm", (0.3, 1.2, pose), (0.06, 0.28, 0.06)),
            part(5, "right_upper_arm", (-0.3, 1.2, -pose), (0.06, 0.28, 0.06)),
        ]
        arms = {"elbow": (0.3, 1.2), "wrist": (0.3, 0.95)}
        joints = {name: FACE[name] for name in ("nose", "neck")}
        for name, (x, y, z) in (LIMBS | {"eye": FACE["eye"], "ear": FACE["ear"]}).items():
            joints |= {f"left_{name}": (x, y, z), f"right_{name}": (-x, y, z)}
        for name, (x, y) in arms.items():
            joints |= {f"left_{name}": (x, y, pose), f"right_{name}": (-x, y, -pose)}
        return PosedPuppet(join_meshes(parts), {name: np.array(place, float) for name, place in joints.items()})


def puppet_cast(settings) -> Cast:
    """A cast of puppets, as `render_dataset` wants it."""
    return Cast(
        person=lambda seed, split: Puppet(seed % 1000),
        pose=lambda random, split: float(random.uniform(-0.2, 0.2)),
        movement=lambda random, frames, split: [0.2 * frame / frames for frame in range(frames)],
    )
