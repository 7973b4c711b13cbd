"""Motion capture as points in space: the joints that a detector looks for, from BVH files.

Files must have the joint names of the conversion of the CMU motion capture database for Daz Studio. Their joints give
OpenPose's 18, from which `gfla_tf.pose.skeletons` makes Human3.6M's 17 exactly as it does with a detector's:

| OpenPose | BVH | Human3.6M |
|---|---|---|
| shoulder, elbow, wrist | lShldr, lForeArm, lHand (r for right) | the same |
| hip, knee, ankle | lThigh, lShin, lFoot | the same; mid_hip between the hips |
| neck | between the two Shldr | thorax; spine between it and mid_hip |
| eye | leftEye, rightEye | head between the eyes (not the top of the head, as in Human3.6M's own files) |
| nose, ear | fixed points of head, placed by the eyes | nose the same; ears stand in for missing eyes |

A joint's place is the root's plus the bones on the way to it. A recording keeps the bones apart, so that they can be
lengthened and shortened: other people with the same movement. World: the file's length unit, y up, the left hand
towards +x of somebody who faces +z.

Reference: the CMU Graphics Lab Motion Capture Database, http://mocap.cs.cmu.edu (funding: NSF EIA-0196217).
"""

from __future__ import annotations

import os
from dataclasses import dataclass

import numpy as np

from gfla_tf.pose.bvh import BvhMotion, global_rotations, read_bvh
from gfla_tf.pose.skeletons import get_skeleton

__all__ = ["BONES", "Capture", "read_capture", "turned_away"]

JOINTS = get_skeleton("openpose-18").joints
_SIDES = {"l": "left", "r": "right"}
# A chain of BVH joints from the root to each joint wanted; every step is a bone.
_CHAINS = {"eye": ("abdomen", "chest", "neck", "head", "{eye}"), "head": ("abdomen", "chest", "neck", "head")}
_CHAINS |= {
    "shoulder": ("abdomen", "chest", "{s}Collar", "{s}Shldr"),
    "elbow": ("abdomen", "chest", "{s}Collar", "{s}Shldr", "{s}ForeArm"),
    "wrist": ("abdomen", "chest", "{s}Collar", "{s}Shldr", "{s}ForeArm", "{s}Hand"),
    "hip": ("{s}Buttock", "{s}Thigh"),
    "knee": ("{s}Buttock", "{s}Thigh", "{s}Shin"),
    "ankle": ("{s}Buttock", "{s}Thigh", "{s}Shin", "{s}Foot"),
}
# Where nose and ears are seen from the head's joint, in the head's axes: factors of the eyes' (|x|, y, z) there.
_FACE = {"nose": (0.0, 0.55, 1.35), "left_ear": (1.9, 0.75, 0.0), "right_ear": (-1.9, 0.75, 0.0)}
# The parts whose bones change their length together, left and right alike.
BONES = {
    "trunk": ("abdomen", "chest", "neck"),
    "head": ("head", "leftEye", "rightEye"),
    "shoulders": ("lCollar", "rCollar", "lShldr", "rShldr"),
    "upper_arms": ("lForeArm", "rForeArm"),
    "lower_arms": ("lHand", "rHand"),
    "hips": ("lButtock", "rButtock", "lThigh", "rThigh"),
    "upper_legs": ("lShin", "rShin"),
    "lower_legs": ("lFoot", "rFoot"),
}
_REST = 15.0  # degrees; frames whose angles are all smaller stand in the rest pose


@dataclass(frozen=True, eq=False)
class Capture:
    """A recording.

    Attributes:
        root: float32 `[frames, 3]`, places of the BVH's hip.
        bones: BVH joint -> float32 `[frames, 3]`, the way to it from its parent.
        head_axes: float32 `[frames, 3, 3]`, how the head is turned; columns are its x, y and z.
        eyes: (|x|, y, z) of the eyes in the head's axes.
        frames_per_second: of the recording.
    """

    root: np.ndarray
    bones: dict[str, np.ndarray]
    head_axes: np.ndarray
    eyes: np.ndarray
    frames_per_second: float

    def __len__(self) -> int:
        return len(self.root)

    def at(self, times: np.ndarray) -> Capture:
        """The recording at other times, between its frames by straight lines.

        Args:
            times: `[frames]`, in frames of this recording; those beyond its ends are its end frames.
        """
        times = np.clip(times, 0, len(self) - 1)
        before = np.minimum(times.astype(int), max(len(self) - 2, 0))
        part = (times - before).astype(np.float32)
        after = np.minimum(before + 1, len(self) - 1)

        def between(track: np.ndarray) -> np.ndarray:
            share = part.reshape(-1, *[1] * (track.ndim - 1))
            return (1 - share) * track[before] + share * track[after]

        bones = {name: between(track) for name, track in self.bones.items()}
        return Capture(between(self.root), bones, between(self.head_axes), self.eyes, self.frames_per_second)

    def joints(self, lengths: dict[str, float] | None = None) -> np.ndarray:
        """Places of OpenPose's joints.

        Args:
            lengths: part of `BONES` -> factor of its bones' lengths; 1 by default.

        Returns:
            float32 `[frames, 18, 3]`.
        """
        factors = {bone: (lengths or {}).get(part, 1.0) for part, bones in BONES.items() for bone in bones}
        # Longer legs make longer steps, so that feet keep their place on the ground.
        legs = (lengths or {}).get("upper_legs", 1.0) + (lengths or {}).get("lower_legs", 1.0)
        root = self.root * np.float32(legs / 2)
        places = {
            f"{side}_{part}": root + self._way(part, letter, factors)
            for letter, side in _SIDES.items()
            for part in _CHAINS
        }
        places["neck"] = (places["left_shoulder"] + places["right_shoulder"]) / 2
        for name, parts in _FACE.items():
            inside = (np.array(parts) * self.eyes * factors["leftEye"]).astype(np.float32)
            places[name] = places["left_head"] + self.head_axes @ inside
        return np.stack([places[name] for name in JOINTS], axis=1)

    def _way(self, part: str, letter: str, factors: dict[str, float]) -> np.ndarray:
        """The sum of the bones from the root to a joint."""
        names = (name.format(s=letter, eye=f"{_SIDES[letter]}Eye") for name in _CHAINS[part])
        return sum(np.float32(factors[name]) * self.bones[name] for name in names)


def read_capture(path: str | os.PathLike[str]) -> Capture:
    """Read a recording.

    Args:
        path: a .bvh file. A first frame that stands in the rest pose, which such files begin with, is left out.

    Raises:
        ValueError: names the file and what is wrong: damage with its line, or joints or channels that are missing.
    """
    motion = read_bvh(path)
    numbers = {joint.name: number for number, joint in enumerate(motion.joints)}
    _check(motion, numbers, path)
    angles = np.abs(motion.values[:, _rotation_columns(motion, path)]).max(axis=1)
    if len(angles) > 1 and angles[0] < _REST < angles[1]:
        motion = BvhMotion(motion.joints, motion.values[1:], motion.frame_time)
    turned = global_rotations(motion)
    bones = {}
    for name in {bone for bones_of_part in BONES.values() for bone in bones_of_part}:
        joint = motion.joints[numbers[name]]
        bones[name] = (turned[:, joint.parent] @ np.array(joint.offset)).astype(np.float32)
    eyes = np.array(motion.joints[numbers["leftEye"]].offset)
    head = turned[:, numbers["head"]].astype(np.float32)
    return Capture(_root(motion), bones, head, eyes, 1 / motion.frame_time)


def _check(motion: BvhMotion, numbers: dict[str, int], path: str | os.PathLike[str]) -> None:
    wanted = ["hip", *(bone for bones in BONES.values() for bone in bones)]
    missing = [name for name in wanted if name not in numbers]
    if missing:
        raise ValueError(
            f"{path} must have the joints {', '.join(wanted)}; {', '.join(missing)} missing. "
            f"Received: {', '.join(name for name in numbers if not name.endswith('_end'))}."
        )
    channels = motion.joints[numbers["hip"]].channels
    if numbers["hip"] or any(f"{axis}position" not in channels for axis in "XYZ"):
        raise ValueError(f"{path}: hip must be the root, with position channels. Received: {channels}.")


def _rotation_columns(motion: BvhMotion, path: str | os.PathLike[str]) -> list[int]:
    columns = [
        column
        for joint in motion.joints
        for column, channel in enumerate(joint.channels, joint.first_channel)
        if channel.endswith("rotation")
    ]
    if not columns:
        raise ValueError(f"{path}: joints with rotation channels are expected. Received: positions only.")
    return columns


def _root(motion: BvhMotion) -> np.ndarray:
    columns = [motion.joints[0].channels.index(f"{axis}position") for axis in "XYZ"]
    return motion.values[:, columns].astype(np.float32)


def turned_away(joints: np.ndarray, eye: np.ndarray, slack: float = 0.0) -> np.ndarray:
    """Which parts of the face the head itself hides from somebody.

    Args:
        joints: `[frames, 18, 3]`, places of OpenPose's joints.
        eye: `[3]`, where that somebody is.
        slack: cosine of the angle beyond a right one at which a part is still seen, from 0 to 1.

    Returns:
        bool `[frames, 18]`, false for all joints outside of the face.
    """
    place = dict(zip(JOINTS, np.moveaxis(joints, 1, 0), strict=True))
    ears = (place["left_ear"] + place["right_ear"]) / 2
    front, left = place["nose"] - ears, place["left_ear"] - place["right_ear"]
    hidden = np.zeros(joints.shape[:2], bool)
    for names, axis in ((("nose", "left_eye", "right_eye"), front), (("left_ear",), left), (("right_ear",), -left)):
        lengths = np.linalg.norm(axis, axis=-1) * np.linalg.norm(eye - ears, axis=-1)
        away = np.einsum("fc,fc->f", axis, eye - ears) < -slack * lengths
        hidden[:, [JOINTS.index(name) for name in names]] = away[:, np.newaxis]
    return hidden
