"""Skeletons: which joints a keypoint array holds, in which order, and the way from one order to another.

Keypoints are float32 `[..., joints, 3]` = (x, y, confidence) in pixels; a joint of confidence 0 is missing. Left and
right are the person's own. A joint that two skeletons share has the same name in both, so that conversion goes by name:

1. A joint that the source skeleton has is copied, also when it is missing there.
2. A joint that the source has under another name is copied (`EQUIVALENT_JOINTS`).
3. A joint halfway between two others is their middle (`DERIVED_JOINTS`), with the lower of their confidences. Where
   several pairs are listed, the first whose two joints are both there is used.
4. Everything else becomes (0, 0, 0).

References:
* OpenPose's BODY_25 and its older 18-joint COCO order: https://github.com/CMU-Perceptual-Computing-Lab/openpose
* COCO keypoints: https://cocodataset.org/#keypoints-eval
* BlazePose: Bazarevsky et al., "BlazePose: On-device Real-time Body Pose Tracking", 2020.
* Human3.6M: Ionescu et al., IEEE TPAMI 2014, in the 17-joint order common in pose lifting.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

__all__ = [
    "Skeleton",
    "SKELETONS",
    "EQUIVALENT_JOINTS",
    "DERIVED_JOINTS",
    "get_skeleton",
    "check_keypoints",
    "convert_keypoints",
    "flip_keypoints",
    "missing_joints",
]


@dataclass(frozen=True)
class Skeleton:
    """The joints of a keypoint array.

    Attributes:
        name: What `get_skeleton` knows it by.
        joints: Names in the order of the array, left and right as prefixes (`left_knee`).
        limbs: Pairs of joint indices that are drawn as a line.
        flip: For each joint the index of its mirror joint; a joint in the middle is its own.
    """

    name: str
    joints: tuple[str, ...]
    limbs: tuple[tuple[int, int], ...]
    flip: tuple[int, ...]

    def __post_init__(self) -> None:
        everything = list(range(len(self.joints)))
        if sorted(self.flip) != everything or any(self.flip[self.flip[joint]] != joint for joint in everything):
            raise ValueError(f"flip must pair up the {len(self.joints)} joints. Received: {self.flip}")
        if any(joint not in everything for limb in self.limbs for joint in limb):
            raise ValueError(f"limbs must hold indices of the {len(self.joints)} joints. Received: {self.limbs}")


_SWAPPED_SIDE = {"left": "right", "right": "left"}


def _mirror_name(joint: str) -> str:
    side, separator, part = joint.partition("_")
    return _SWAPPED_SIDE.get(side, side) + separator + part


def _skeleton(name: str, joints: str, limbs: Sequence[tuple[int, int]]) -> Skeleton:
    names = tuple(joints.split())
    flip = tuple(names.index(_mirror_name(joint)) for joint in names)
    return Skeleton(name, names, tuple(limbs), flip)


_OPENPOSE_18 = _skeleton(
    "openpose-18",
    """nose neck
    right_shoulder right_elbow right_wrist left_shoulder left_elbow left_wrist
    right_hip right_knee right_ankle left_hip left_knee left_ankle
    right_eye left_eye right_ear left_ear""",
    [(1, 2), (2, 3), (3, 4), (1, 5), (5, 6), (6, 7), (1, 8), (8, 9), (9, 10), (1, 11), (11, 12), (12, 13)]
    + [(1, 0), (0, 14), (14, 16), (0, 15), (15, 17)],
)
_OPENPOSE_25 = _skeleton(
    "openpose-25",
    """nose neck
    right_shoulder right_elbow right_wrist left_shoulder left_elbow left_wrist mid_hip
    right_hip right_knee right_ankle left_hip left_knee left_ankle
    right_eye left_eye right_ear left_ear
    left_big_toe left_small_toe left_heel right_big_toe right_small_toe right_heel""",
    [(1, 2), (2, 3), (3, 4), (1, 5), (5, 6), (6, 7), (1, 8), (8, 9), (9, 10), (10, 11), (8, 12), (12, 13), (13, 14)]
    + [(1, 0), (0, 15), (15, 17), (0, 16), (16, 18)]
    + [(11, 22), (22, 23), (11, 24), (14, 19), (19, 20), (14, 21)],
)
_COCO_17 = _skeleton(
    "coco-17",
    """nose left_eye right_eye left_ear right_ear
    left_shoulder right_shoulder left_elbow right_elbow left_wrist right_wrist
    left_hip right_hip left_knee right_knee left_ankle right_ankle""",
    [(5, 6), (6, 8), (8, 10), (5, 7), (7, 9), (6, 12), (5, 11), (11, 12), (12, 14), (14, 16), (11, 13), (13, 15)]
    + [(0, 2), (2, 4), (4, 6), (0, 1), (1, 3), (3, 5), (1, 2)],
)
# Joint 9 is called "neck/nose" in the data set: the lower end of the head.
_H36M_17 = _skeleton(
    "h36m-17",
    """mid_hip right_hip right_knee right_ankle left_hip left_knee left_ankle spine thorax nose head
    left_shoulder left_elbow left_wrist right_shoulder right_elbow right_wrist""",
    [(0, 1), (1, 2), (2, 3), (0, 4), (4, 5), (5, 6), (0, 7), (7, 8), (8, 9), (9, 10)]
    + [(8, 11), (11, 12), (12, 13), (8, 14), (14, 15), (15, 16)],
)
_BLAZEPOSE_33 = _skeleton(
    "blazepose-33",
    """nose left_eye_inner left_eye left_eye_outer right_eye_inner right_eye right_eye_outer left_ear right_ear
    left_mouth right_mouth left_shoulder right_shoulder left_elbow right_elbow left_wrist right_wrist
    left_pinky right_pinky left_index right_index left_thumb right_thumb
    left_hip right_hip left_knee right_knee left_ankle right_ankle
    left_heel right_heel left_foot_index right_foot_index""",
    [(0, 4), (4, 5), (5, 6), (6, 8), (0, 1), (1, 2), (2, 3), (3, 7), (9, 10), (11, 12), (12, 24), (11, 23), (23, 24)]
    + [(12, 14), (14, 16), (16, 18), (16, 20), (16, 22), (18, 20)]
    + [(11, 13), (13, 15), (15, 17), (15, 19), (15, 21), (17, 19)]
    + [(24, 26), (26, 28), (28, 30), (30, 32), (28, 32), (23, 25), (25, 27), (27, 29), (29, 31), (27, 31)],
)

SKELETONS: dict[str, Skeleton] = {
    skeleton.name: skeleton for skeleton in (_OPENPOSE_18, _OPENPOSE_25, _COCO_17, _H36M_17, _BLAZEPOSE_33)
}

# The same point of the body under two names.
EQUIVALENT_JOINTS: dict[str, str] = {
    "neck": "thorax",
    "thorax": "neck",
    "left_big_toe": "left_foot_index",
    "right_big_toe": "right_foot_index",
    "left_foot_index": "left_big_toe",
    "right_foot_index": "right_big_toe",
}

DERIVED_JOINTS: dict[str, tuple[tuple[str, str], ...]] = {
    # OpenPose's neck is defined so; Human3.6M's thorax lies within a few centimetres of it.
    "neck": (("left_shoulder", "right_shoulder"),),
    "thorax": (("left_shoulder", "right_shoulder"),),
    "mid_hip": (("left_hip", "right_hip"),),
    "spine": (("mid_hip", "thorax"),),
    # Lower than Human3.6M's, which is the top of the head: no skeleton with eyes has a joint up there. From behind,
    # detectors find the ears only.
    "head": (("left_eye", "right_eye"), ("left_ear", "right_ear")),
}


def get_skeleton(skeleton: str | Skeleton) -> Skeleton:
    """Find the skeleton of that name; a `Skeleton` is returned as it is.

    Raises:
        ValueError: The name is not in `SKELETONS`.
    """
    if isinstance(skeleton, Skeleton):
        return skeleton
    if not isinstance(skeleton, str) or skeleton not in SKELETONS:
        raise ValueError(f"skeleton must be one of {', '.join(SKELETONS)}, or a Skeleton. Received: {skeleton!r}")
    return SKELETONS[skeleton]


def check_keypoints(keypoints: np.ndarray, skeleton: str | Skeleton) -> np.ndarray:
    """Return keypoints as a float32 array `[..., joints, 3]` of that skeleton.

    Raises:
        ValueError: The array has another shape or doesn't hold numbers.
    """
    skeleton = get_skeleton(skeleton)
    expected = f"keypoints must be numbers of shape [..., {len(skeleton.joints)}, 3] ({skeleton.name})"
    try:
        array = np.asarray(keypoints, np.float32)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{expected}. Received: {type(keypoints).__name__} ({error})") from error
    if array.ndim < 2 or array.shape[-2:] != (len(skeleton.joints), 3):
        raise ValueError(f"{expected}. Received: shape {array.shape}")
    return array


def convert_keypoints(keypoints: np.ndarray, source: str | Skeleton, target: str | Skeleton) -> np.ndarray:
    """Bring keypoints of one skeleton into the order of another, by the rules at the top of this module.

    Args:
        keypoints: `[..., source joints, 3]`.
        source: The skeleton of `keypoints`.
        target: The skeleton wanted.

    Returns:
        New float32 array `[..., target joints, 3]`.

    Raises:
        ValueError: An unknown skeleton, or keypoints that are not of the source's shape.
    """
    source, target = get_skeleton(source), get_skeleton(target)
    keypoints = check_keypoints(keypoints, source)
    return np.stack([_joint(keypoints, source, joint) for joint in target.joints], axis=-2)


def _joint(keypoints: np.ndarray, source: Skeleton, joint: str) -> np.ndarray:
    for name in (joint, EQUIVALENT_JOINTS.get(joint)):
        if name in source.joints:
            return keypoints[..., source.joints.index(name), :]
    result = np.zeros(keypoints.shape[:-2] + (3,), np.float32)
    for first, second in DERIVED_JOINTS.get(joint, ()):
        middle = _middle(_joint(keypoints, source, first), _joint(keypoints, source, second))
        result = np.where(result[..., 2:] > 0, result, middle)
    return result


def _middle(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    confidence = np.minimum(first[..., 2:], second[..., 2:])
    middle = np.concatenate([0.5 * first[..., :2] + 0.5 * second[..., :2], confidence], axis=-1)
    return np.where(confidence > 0, middle, np.float32(0))


def flip_keypoints(keypoints: np.ndarray, width: int, skeleton: str | Skeleton = "openpose-18") -> np.ndarray:
    """Mirror keypoints with their image: x becomes width - 1 - x, and left and right change places.

    That is where the pixels go when an image's columns are reversed. Missing joints keep their coordinates.

    Args:
        keypoints: `[..., joints, 3]`.
        width: Of the image, in pixels.
        skeleton: The skeleton of `keypoints`.

    Returns:
        New float32 array of the same shape.
    """
    skeleton = get_skeleton(skeleton)
    flipped = check_keypoints(keypoints, skeleton)[..., list(skeleton.flip), :]
    flipped[..., 0] = np.where(flipped[..., 2] > 0, width - 1 - flipped[..., 0], flipped[..., 0])
    return flipped


def missing_joints(keypoints: np.ndarray, skeleton: str | Skeleton = "openpose-18") -> list[str]:
    """List the joints of one person, `[joints, 3]`, whose confidence is not above 0."""
    skeleton = get_skeleton(skeleton)
    keypoints = check_keypoints(keypoints, skeleton)
    if keypoints.ndim != 2:
        raise ValueError(f"keypoints must be of one person, [joints, 3]. Received: shape {keypoints.shape}")
    return [joint for joint, confidence in zip(skeleton.joints, keypoints[:, 2], strict=True) if not confidence > 0]
