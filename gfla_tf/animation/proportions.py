"""The proportions of a body in pictures, and giving a pose those of another body.

A body is divided into parts, left and right alike: trunk, head, shoulders, upper_arms, lower_arms, hips, upper_legs,
lower_legs. Each joint hangs on another one by a bone of its part, the first of its chain that the skeleton has (and, in
a frame, that is there); all chains end at the middle of the hips, which stays where it is when bones change their
length. Bones are turned as before.

Keypoints are `[frames, joints, 3]` = (x, y, confidence) in pixels, confidence 0 = missing.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from gfla_tf.motion.filling import SKELETON, is_seen
from gfla_tf.pose.skeletons import convert_keypoints, get_skeleton

__all__ = ["change_lengths", "part_lengths"]

ROOT = "mid_hip"
USUAL = 0.9  # quantile over frames: bones look shorter when they point at the camera
_SIDES = ("left", "right")
# What ends in the word: its part, and what it hangs on, the nearest first. From top to bottom, joints come after those
# that they hang on.
_CHAINS = {
    "spine": ("trunk", (ROOT,)),
    "thorax": ("trunk", ("spine", ROOT)),
    "neck": ("trunk", (ROOT,)),
    "nose": ("head", ("thorax", "neck", ROOT)),
    "head": ("head", ("nose", "thorax", ROOT)),
    "eye": ("head", ("nose", "neck", ROOT)),
    "ear": ("head", ("{side}_eye", "nose", "neck", ROOT)),
    "shoulder": ("shoulders", ("thorax", "neck", ROOT)),
    "elbow": ("upper_arms", ("{side}_shoulder", "thorax", "neck", ROOT)),
    "wrist": ("lower_arms", ("{side}_elbow", "{side}_shoulder", "thorax", "neck", ROOT)),
    "hip": ("hips", (ROOT,)),
    "knee": ("upper_legs", ("{side}_hip", ROOT)),
    "ankle": ("lower_legs", ("{side}_knee", "{side}_hip", ROOT)),
}


def _bones(skeleton: str) -> dict[str, tuple[str, tuple[str, ...]]]:
    """Joint -> (part, what it hangs on) for the joints of a skeleton, those that others hang on first."""
    there = (*get_skeleton(skeleton).joints, ROOT)
    bones = {}
    for word, (part, chain) in _CHAINS.items():
        for side in _SIDES:
            name = f"{side}_{word}" if f"{side}_{word}" in there else word
            if name in there and name != ROOT:
                ancestors = (ancestor.format(side=side) for ancestor in chain)
                bones[name] = (part, tuple(ancestor for ancestor in ancestors if ancestor in there))
    return bones


def _by_name(keypoints: np.ndarray, skeleton: str) -> dict[str, np.ndarray]:
    """Joint -> `[frames, 3]`, the middle of the hips among them."""
    joints = dict(zip(get_skeleton(skeleton).joints, np.moveaxis(keypoints, -2, 0), strict=True))
    root = get_skeleton(SKELETON).joints.index(ROOT)
    return {**joints, ROOT: convert_keypoints(keypoints, skeleton, SKELETON)[..., root, :]}


def part_lengths(keypoints: np.ndarray, skeleton: str) -> dict[str, float]:
    """How long the bones of each part are in pixels; parts that no frame has whole are left out.

    Of every bone, the length that nine of ten frames stay below counts, of a part its longest bone.
    """
    joints = _by_name(np.asarray(keypoints, np.float64), skeleton)
    lengths: dict[str, float] = {}
    for name, (part, chain) in _bones(skeleton).items():
        end, start = joints[name], joints[chain[0]]
        both = is_seen(end) & is_seen(start)
        if both.any():
            length = float(np.quantile(np.linalg.norm((end - start)[both, :2], axis=-1), USUAL))
            lengths[part] = max(lengths.get(part, 0.0), length)
    return {part: length for part, length in lengths.items() if length > 0}


def change_lengths(keypoints: np.ndarray, skeleton: str, factors: Mapping[str, float]) -> np.ndarray:
    """Make the bones of some parts longer or shorter.

    Args:
        keypoints: `[frames, joints, 3]`.
        skeleton: of the keypoints.
        factors: part -> factor of its bones' lengths; 1 where it is not named.

    Returns:
        float32, same shape. The middle of the hips stays in place; so do joints of which nothing that they hang on is
        there, and missing ones.
    """
    before = _by_name(np.asarray(keypoints, np.float64), skeleton)
    after = {name: joint.copy() for name, joint in before.items()}
    for name, (part, chain) in _bones(skeleton).items():
        waiting = is_seen(before[name])
        for ancestor in chain:
            now = waiting & is_seen(before[ancestor])
            bone = (before[name] - before[ancestor])[now, :2]
            after[name][now, :2] = after[ancestor][now, :2] + factors.get(part, 1.0) * bone
            waiting &= ~now
    return np.stack([after[name] for name in get_skeleton(skeleton).joints], axis=-2).astype(np.float32)
