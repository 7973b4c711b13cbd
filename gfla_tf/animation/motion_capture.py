"""Motion capture as keypoints: a BVH file seen by somebody far away.

The person is turned to face the viewer at first, and projected without perspective: x to the viewer's right, y down. A
standing person is 400 pixels high, and the picture holds the whole movement. Left and right are the person's own. The
parts of the face that the head hides are missing; all other joints are there, also behind the body.
"""

from __future__ import annotations

import os

import numpy as np

from gfla_tf.motion.filling import SKELETON, person_size
from gfla_tf.pose.capture import Capture, read_capture, turned_away
from gfla_tf.pose.skeletons import convert_keypoints, get_skeleton

__all__ = ["capture_keypoints", "read_motion_capture"]

PERSON_HEIGHT = 400.0  # pixels
MARGIN = 40  # pixels around the movement
FAR_AWAY = 1e6  # body heights
SLACK = 0.3  # both ears are seen from the front, and a nose a little from behind
_JOINTS = get_skeleton("openpose-18").joints
_LEFT, _RIGHT = _JOINTS.index("left_hip"), _JOINTS.index("right_hip")


def read_motion_capture(
    path: str | os.PathLike[str], skeleton: str, frames_per_second: float = 30.0, turn: float = 0.0
) -> tuple[np.ndarray, tuple[int, int]]:
    """Read a BVH file as keypoints.

    Args:
        path: the file, with the joint names of `gfla_tf.pose.capture`.
        skeleton: of the keypoints.
        frames_per_second: at which the recording is looked at; above 0.
        turn: degrees by which the person is turned to their left, beginning with facing the viewer.

    Returns:
        Keypoints float32 `[frames, joints, 3]` = (x, y, confidence) in pixels, and the picture's (height, width).

    Raises:
        ValueError: names the file and what is wrong: damage with its line, or joints that are missing.
    """
    capture = read_capture(path)
    step = capture.frames_per_second / frames_per_second
    times = np.arange(int((len(capture) - 1) / step + 1e-6) + 1) * step
    return capture_keypoints(capture.at(times), skeleton, turn)


def capture_keypoints(capture: Capture, skeleton: str, turn: float = 0.0) -> tuple[np.ndarray, tuple[int, int]]:
    """The keypoints of a recording; see `read_motion_capture`."""
    joints = _facing(capture.joints().astype(np.float64), np.radians(turn))
    shown = 1.0 - turned_away(joints, np.array([0.0, 0.0, FAR_AWAY * np.abs(joints).max()]), SLACK)
    keypoints = np.stack([joints[..., 0], -joints[..., 1], shown], axis=-1)
    height = person_size(convert_keypoints(keypoints, "openpose-18", SKELETON)[..., :2].astype(np.float64))
    points = keypoints[..., :2] * PERSON_HEIGHT / height
    points += MARGIN - points.min(axis=(0, 1))
    width, height = np.ceil(points.max(axis=(0, 1)) + MARGIN + 1).astype(int).tolist()
    keypoints = np.where(shown[..., np.newaxis] > 0, np.concatenate([points, shown[..., np.newaxis]], axis=-1), 0)
    return convert_keypoints(keypoints, "openpose-18", skeleton), (height, width)


def _facing(joints: np.ndarray, turn: float) -> np.ndarray:
    """Joints `[frames, 18, 3]` turned about the vertical, so that the person faces +z in the first frame, then more."""
    left = joints[0, _LEFT] - joints[0, _RIGHT]
    angle = turn - np.arctan2(-left[2], left[0])  # who faces +z has the left hand at +x
    cosine, sine = np.cos(angle), np.sin(angle)
    x, y, z = np.moveaxis(joints, -1, 0)
    return np.stack([x * cosine + z * sine, y, z * cosine - x * sine], axis=-1)
