"""Random poses such as people take in front of a camera, from limits of the joints.

Arms are chosen by where upper arm and forearm point, from a list of habits (hanging, hand on the hip, raised, ...) that
is varied at random; legs by a stance (standing on one leg, walking, sitting, ...). A pose whose hands or forearms would
be inside the trunk or inside each other is drawn again. Frames and signs are those of `rig.py`: directions and angles
below are of the left side, x to the left, y up, z to the front, relative to the chest for arms and to the pelvis for
legs; the right side is the mirror image.
"""

from __future__ import annotations

import functools
import math

import numpy as np

from training.data.render.body import load_body
from training.data.render.motion import Motion, read_motion
from training.data.render.rig import Pose, Rig

__all__ = ["Motion", "Pose", "random_pose", "read_motion"]

# Where the left upper arm and the left forearm point, and how often.
_ARMS = {
    "hanging": ((0.20, -1.0, 0.0), (0.10, -1.0, 0.25), 4),
    "on the hip": ((0.70, -0.70, -0.32), (-0.55, -0.62, 0.55), 3),
    "in the pocket": ((0.36, -0.93, -0.25), (-0.05, -0.93, 0.40), 2),
    "in front": ((0.32, -0.90, 0.25), (-0.45, -0.15, 0.85), 2),
    "phone": ((0.28, -0.85, 0.40), (-0.25, 0.45, 0.85), 1),
    "swung forward": ((0.16, -0.90, 0.42), (0.02, -0.62, 0.80), 2),
    "swung back": ((0.22, -0.90, -0.42), (0.15, -0.98, -0.10), 2),
    "sideways": ((1.0, 0.0, 0.0), (1.0, 0.1, 0.2), 1),
    "raised": ((0.85, 0.40, 0.10), (0.25, 0.95, 0.15), 1),
    "overhead": ((0.45, 0.90, 0.05), (-0.10, 0.95, 0.15), 1),
    "forward": ((0.25, -0.25, 0.95), (0.05, 0.15, 1.0), 1),
    "in the hair": ((0.85, 0.35, 0.35), (-0.62, 0.62, -0.15), 1),
    "waving": ((0.75, -0.45, 0.20), (0.45, 0.80, 0.45), 1),
}
# Thigh forward, thigh outward, knee bent, in degrees: (low, high) of the standing leg, then of the free leg.
_STANCES = {
    "standing": (((-2, 3), (1, 5), (0, 4)), ((-2, 10), (2, 12), (0, 18)), 4),
    "wide": (((-3, 5), (8, 18), (0, 8)), ((-3, 5), (8, 18), (0, 8)), 2),
    "walking": (((14, 28), (-1, 3), (2, 12)), ((-22, -8), (-1, 3), (8, 32)), 4),
    "crossed": (((-4, 2), (-3, 1), (0, 4)), ((6, 14), (-10, -5), (8, 16)), 1),
    "lunge": (((40, 65), (2, 10), (45, 75)), ((-28, -12), (2, 10), (15, 45)), 1),
    "knee up": (((-2, 3), (0, 3), (0, 5)), ((35, 80), (0, 12), (50, 100)), 1),
    "sitting": (((70, 92), (4, 14), (75, 100)), ((70, 92), (4, 14), (65, 100)), 1),
    "crouching": (((30, 60), (6, 16), (45, 85)), ((30, 60), (6, 16), (45, 85)), 1),
}
_MIRROR = np.diag([-1.0, 1.0, 1.0])


def _about(axis: int, degrees: float) -> np.ndarray:
    """The rotation about x, y or z (0, 1, 2), counter-clockwise seen from the axis' tip."""
    first, second = (axis + 1) % 3, (axis + 2) % 3
    matrix = np.eye(3)
    matrix[first, first] = matrix[second, second] = math.cos(math.radians(degrees))
    matrix[second, first] = math.sin(math.radians(degrees))
    matrix[first, second] = -matrix[second, first]
    return matrix


def _turned(x: float, y: float, z: float) -> np.ndarray:
    return _about(1, y) @ _about(0, x) @ _about(2, z)


def _choose(rng: np.random.Generator, table: dict[str, tuple]) -> tuple:
    weights = np.array([row[-1] for row in table.values()], float)
    return list(table.values())[rng.choice(len(table), p=weights / weights.sum())]


def _left_arm(rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Upper arm along x, and the elbow's hinge along -y, which puts the palm where a relaxed arm has it."""
    upper, lower, _ = _choose(rng, _ARMS)
    upper = np.array(upper) / np.linalg.norm(upper) + rng.normal(0, 0.09, 3)
    lower = np.array(lower) / np.linalg.norm(lower) + rng.normal(0, 0.12, 3)
    upper, lower = upper / np.linalg.norm(upper), lower / np.linalg.norm(lower)
    hinge = np.cross(upper, lower)
    y = -hinge / max(np.linalg.norm(hinge), 1e-6)
    bend = min(math.degrees(math.acos(float(np.clip(upper @ lower, -1, 1)))), 140.0)
    rise = max(0.0, upper[1]) * 25  # a raised arm lifts the shoulder
    clavicle = _about(2, rise + rng.uniform(-3, 3))
    arm = {"clavicle_l": clavicle, "upperarm_l": clavicle.T @ np.stack([upper, y, np.cross(upper, y)], axis=1)}
    arm["lowerarm_l"] = _about(1, -bend) @ _about(0, rng.uniform(-20, 20))
    arm["hand_l"] = _turned(rng.uniform(-10, 10), rng.uniform(-12, 12), rng.uniform(-25, 20))
    curl = rng.uniform(0, 35)
    for finger in ("index", "middle", "ring", "pinky"):
        for joint in ("01", "02", "03"):
            arm[f"{finger}_{joint}_l"] = _about(2, -curl * rng.uniform(0.6, 1.2))
    return arm


def _left_leg(rng: np.random.Generator, ranges: tuple) -> dict[str, np.ndarray]:
    forward, outward, knee = (rng.uniform(*limits) for limits in ranges)
    out = rng.uniform(0, 14)
    # The sole stays level, except that a leg behind the body lifts its heel.
    ankle = forward - knee if forward > -4 else (forward - knee) * 0.45
    return {
        "thigh_l": _about(1, out) @ _about(2, outward) @ _about(0, -forward),
        "calf_l": _about(0, knee),
        "foot_l": _about(0, float(np.clip(ankle, -35, 28))),
    }


def _mirrored(turns: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    return {name[:-1] + "r": _MIRROR @ matrix @ _MIRROR for name, matrix in turns.items()}


def _heading(rng: np.random.Generator) -> float:
    """Degrees about y: mostly to the camera, sometimes to a side, sometimes away."""
    kind = rng.random()
    if kind < 0.62:
        return rng.normal(0, 22)
    if kind < 0.82:
        return rng.choice([-1, 1]) * rng.uniform(45, 110)
    return 180 + rng.normal(0, 30)


def _trunk(rng: np.random.Generator) -> dict[str, np.ndarray]:
    sway = rng.normal(0, 3.5)  # the hip goes up on one side, the chest balances it
    turns = {"pelvis": _about(2, sway)}
    for name in ("spine_01", "spine_02", "spine_03"):
        turns[name] = _turned(rng.normal(0.5, 2.5), rng.normal(0, 4), -sway / 3 + rng.normal(0, 2))
    yaw, pitch, roll = np.clip(rng.normal(0, 20), -55, 55), rng.normal(2, 7), rng.normal(0, 5)
    turns["neck_01"] = _turned(0.4 * pitch, 0.4 * yaw, 0.4 * roll)
    turns["head"] = _turned(0.6 * pitch, 0.6 * yaw, 0.6 * roll)
    return turns


def _turns(rng: np.random.Generator, heading: float) -> dict[str, np.ndarray]:
    standing, free, _ = _choose(rng, _STANCES)
    if rng.random() < 0.5:
        standing, free = free, standing
    turns = _trunk(rng)
    turns["pelvis"] = _about(1, heading) @ turns["pelvis"]
    turns |= _left_leg(rng, standing) | _mirrored(_left_leg(rng, free))
    return turns | _left_arm(rng) | _mirrored(_left_arm(rng))


@functools.cache
def _average_rig() -> Rig:
    return Rig(load_body(), load_body().vertices)


def _segments(rig: Rig, transforms: np.ndarray) -> dict[str, np.ndarray]:
    """Points along forearms and hands `[n, 3]` and the trunk's ends, by name."""
    place = {name: transforms[bone, 3] for bone, name in enumerate(rig.names)}
    steps = np.linspace(0.0, 1.0, 6)[:, None]
    result = {"pelvis": place["pelvis"], "neck": place["neck_01"]}
    for side in "lr":
        elbow, wrist, finger = (place[f"{name}_{side}"] for name in ("lowerarm", "hand", "middle_03"))
        result[side] = np.concatenate([elbow + steps * (wrist - elbow), wrist + steps * (finger - wrist)])
        result[f"thigh {side}"] = place[f"thigh_{side}"] + steps * (place[f"calf_{side}"] - place[f"thigh_{side}"])
    return result


def _nearest(points: np.ndarray, others: np.ndarray) -> float:
    return float(np.linalg.norm(points[:, None] - others, axis=-1).min())


def _is_free(rotations: np.ndarray) -> bool:
    """Whether forearms and hands keep clear of the trunk (an ellipse across), the thighs and each other."""
    rig = _average_rig()
    transforms = rig.transforms(Pose(rotations))
    segments = _segments(rig, transforms)
    chest = transforms[rig.names.index("spine_03"), :3]
    axis = segments["neck"] - segments["pelvis"]
    for side in "lr":
        along = np.clip((segments[side] - segments["pelvis"]) @ axis / (axis @ axis), -0.3, 1.35)
        across = (segments[side] - segments["pelvis"] - along[:, None] * axis) @ chest.T
        if (np.hypot(across[:, 0] / 0.185, across[:, 2] / 0.155) < 1).any():
            return False
        if min(_nearest(segments[side], segments[f"thigh {other}"]) for other in "lr") < 0.11:
            return False
    return _nearest(segments["l"], segments["r"]) > 0.10


def random_pose(rng: np.random.Generator, heading: float | None = None) -> Pose:
    """A plausible pose of a standing, walking, sitting or dancing person.

    Args:
        rng: where chance comes from.
        heading: degrees about y from facing +z; without it mostly near 0, sometimes sideways or away.

    Returns:
        The pose, without a root: the person touches the floor.
    """
    names = load_body().bone_names
    for _ in range(60):
        turns = _turns(rng, _heading(rng) if heading is None else heading)
        rotations = np.stack([turns.get(name, np.eye(3)) for name in names]).astype(np.float32)
        if _is_free(rotations):
            break
    return Pose(rotations)
