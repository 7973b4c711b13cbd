"""Motion capture on any person: BVH clips become poses of the rig.

The clips must have the joint names of the BVH conversion of the CMU motion capture database for Daz Studio (`hip`,
`abdomen`, `chest`, `neck`, `head`, and `Collar`, `Shldr`, `ForeArm`, `Hand`, `Thigh`, `Shin`, `Foot` after `l` or `r`).
Every bone of the rig takes over how its joint has turned in the world since the clip's rest pose; where the clip's limb
does not point the same way as ours in the rest pose, the smallest rotation between the two comes on top, so that limbs
point in the same direction in every frame. Fingers stay relaxed.

Reference: the CMU Graphics Lab Motion Capture Database, http://mocap.cs.cmu.edu (funding: NSF EIA-0196217).
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from gfla_tf.pose.bvh import BvhMotion, global_rotations, read_bvh
from training.data.render.body import load_body
from training.data.render.rig import Pose, Rig, rotation_between

__all__ = ["Motion", "read_motion"]

_JOINTS = {"pelvis": "hip", "spine_02": "abdomen", "spine_03": "chest", "neck_01": "neck", "head": "head"}
_LIMB_JOINTS = {
    "clavicle": "Collar",
    "upperarm": "Shldr",
    "lowerarm": "ForeArm",
    "hand": "Hand",
    "thigh": "Thigh",
    "calf": "Shin",
    "foot": "Foot",
}
_JOINTS |= {f"{bone}_{side}": side + joint for bone, joint in _LIMB_JOINTS.items() for side in "lr"}
# Bones whose direction counts: the joint that ends each, and where it points in our T stance.
_NEXT = {"Shldr": "ForeArm", "ForeArm": "Hand", "Thigh": "Shin", "Shin": "Foot"}
_SIDEWAYS = {"l": (1.0, 0.0, 0.0), "r": (-1.0, 0.0, 0.0)}
_FINGER_CURL = 18.0  # degrees a finger joint bends


@dataclass(frozen=True)
class Motion:
    """A clip: its poses (with roots) and how many there are in a second."""

    poses: tuple[Pose, ...]
    frames_per_second: float


def _joint_numbers(motion: BvhMotion, path: str | os.PathLike[str]) -> dict[str, int]:
    numbers = {joint.name: number for number, joint in enumerate(motion.joints)}
    missing = [name for name in _JOINTS.values() if name not in numbers]
    if missing:
        raise ValueError(
            f"{path} must have the joints {', '.join(_JOINTS.values())}; {', '.join(missing)} missing. "
            f"Received: {', '.join(name for name in numbers if not name.endswith('_end'))}."
        )
    return numbers


def _alignment(motion: BvhMotion, numbers: dict[str, int], joint: str) -> np.ndarray:
    """The rotation from our T stance to the clip's rest pose for one joint's bone."""
    side, kind = joint[0], joint[1:].replace("Hand", "ForeArm")  # hands go on where forearms point
    if kind not in _NEXT:
        return np.eye(3)
    ours = (0.0, -1.0, 0.0) if kind in ("Thigh", "Shin") else _SIDEWAYS[side]
    return rotation_between(np.array(ours), np.array(motion.joints[numbers[side + _NEXT[kind]]].offset))


def _halfway(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """The rotations `[frames, 3, 3]` nearest to the mean of two that are not far apart."""
    left, _, right = np.linalg.svd(first + second)
    return left @ right


def _world_rotations(motion: BvhMotion, numbers: dict[str, int]) -> dict[str, np.ndarray]:
    turned = global_rotations(motion)
    world = {b: turned[:, numbers[j]] @ _alignment(motion, numbers, j) for b, j in _JOINTS.items()}
    world["spine_01"] = _halfway(world["pelvis"], world["spine_02"])
    return world


def _curl(side: str) -> np.ndarray:
    angle = np.radians(_FINGER_CURL if side == "r" else -_FINGER_CURL)
    cosine, sine = np.cos(angle), np.sin(angle)
    return np.array([[cosine, -sine, 0], [sine, cosine, 0], [0, 0, 1]])


def _local_rotations(world: dict[str, np.ndarray], frames: int) -> np.ndarray:
    """Rotations `[frames, bones, 3, 3]` in the parents' axes; bones that the clip lacks keep still."""
    body = load_body()
    result = np.tile(np.eye(3, dtype=np.float32), (frames, len(body.bone_names), 1, 1))
    for bone, (name, parent) in enumerate(zip(body.bone_names, body.bone_parents, strict=True)):
        if name in world:
            above = np.swapaxes(world[body.bone_names[parent]], 1, 2) if parent >= 0 else np.eye(3)
            result[:, bone] = above @ world[name]
        elif name.startswith(("index", "middle", "ring", "pinky")):
            result[:, bone] = _curl(name[-1])
    return result


def _roots(motion: BvhMotion, numbers: dict[str, int]) -> np.ndarray:
    """Places of the pelvis `[frames, 3]` in leg lengths; x and z begin at 0."""
    hip = motion.joints[numbers["hip"]]
    columns = [hip.first_channel + hip.channels.index(f"{axis}position") for axis in "XYZ"]
    legs = [motion.joints[numbers["l" + joint]].offset for joint in ("Shin", "Foot")]
    places = motion.values[:, columns] / sum(np.linalg.norm(offset) for offset in legs)
    return (places - places[0] * [1, 0, 1]).astype(np.float32)


def _lowest_foot(poses: Sequence[Pose]) -> float:
    """How far, in leg lengths, the lowest foot is above where it is on somebody who stands on the floor."""
    rig = Rig(load_body(), load_body().vertices)
    feet = [bone for bone, name in enumerate(rig.names) if name.startswith(("foot", "ball"))]
    above_sole = rig.heads[feet, 1] - load_body().vertices[:, 1].min()
    heights = [(rig.transforms(pose)[feet, 3, 1] - above_sole).min() for pose in poses]
    return float(np.quantile(heights, 0.05)) / rig.leg_length


def read_motion(path: str | os.PathLike[str]) -> Motion:
    """Read a motion capture clip.

    Args:
        path: a .bvh file. A first frame that stands in the rest pose, which such files begin with, is left out.

    Returns:
        Its poses; every root is relative to the place on the floor where the clip begins, and the floor is where the
        feet are lowest (but for 5 % of the frames).

    Raises:
        ValueError: names the file and what is wrong: damage with its line, or joints that are missing.
    """
    motion = read_bvh(path)
    numbers = _joint_numbers(motion, path)
    if any(f"{axis}position" not in motion.joints[numbers["hip"]].channels for axis in "XYZ"):
        raise ValueError(
            f"{path}: hip must have position channels. Received: {motion.joints[numbers['hip']].channels}."
        )
    if len(motion.values) > 1 and np.abs(motion.values[0, 3:]).max() < 15 < np.abs(motion.values[1, 3:]).max():
        motion = BvhMotion(motion.joints, motion.values[1:], motion.frame_time)
    rotations = _local_rotations(_world_rotations(motion, numbers), len(motion.values))
    poses = [Pose(turns, root) for turns, root in zip(rotations, _roots(motion, numbers), strict=True)]
    drop = np.array([0, _lowest_foot(poses[::8]), 0], np.float32)  # the clips' floors are not all at 0
    poses = [Pose(pose.rotations, pose.root - drop) for pose in poses]
    return Motion(tuple(poses), 1 / motion.frame_time)
