"""A tiny sequence network, a photo, and somebody who walks: what an animation needs."""

from __future__ import annotations

import math

import numpy as np

from gfla_tf.models.model_files import build_model
from gfla_tf.models.presets import Preset
from gfla_tf.pose.skeletons import convert_keypoints, get_skeleton
from helpers.tiny_models import SHALLOW, filled

__all__ = ["HEIGHT", "PERSON", "SEQUENCE", "WIDTH", "make_model", "photo", "standing", "walking"]

HEIGHT, WIDTH = 64, 48
_SIZE = {"height": HEIGHT, "width": WIDTH, "frame_aspect": WIDTH / HEIGHT}
_NETWORK = {**SHALLOW, "attention_hidden": 8}
SEQUENCE = Preset("tiny-sequence", "sequence", "", {**_NETWORK, "pose_channels": 20}, skeleton="h36m-17", **_SIZE)
PERSON = Preset(
    "tiny-person", "person", "for tests", {**_NETWORK, "pose_channels": 18}, skeleton="openpose-18", **_SIZE
)
# Who stands and looks at the camera, feet at 0, one unit a body height; x is to the viewer's right.
_BODY = {
    "nose": (0, 0.91),
    "neck": (0, 0.82),
    "shoulder": (0.11, 0.82),
    "elbow": (0.12, 0.63),
    "wrist": (0.13, 0.485),
    "hip": (0.06, 0.53),
    "knee": (0.06, 0.285),
    "ankle": (0.06, 0.04),
    "eye": (0.02, 0.936),
    "ear": (0.05, 0.93),
}


def standing(x: float, feet: float, size: float, skeleton: str = "openpose-18", stride: float = 0.0) -> np.ndarray:
    """Keypoints `[joints, 3]` of somebody of so many pixels; a stride moves the left ankle by so many body heights."""
    keypoints = []
    for name in get_skeleton("openpose-18").joints:
        side, _, part = name.rpartition("_")
        across, up = _BODY[part]
        moved = stride if name == "left_ankle" else 0.0
        keypoints.append((x + size * ((-across if side == "right" else across) + moved), feet - size * up, 1.0))
    return convert_keypoints(np.array(keypoints, np.float32), "openpose-18", skeleton)


def walking(frames: int, skeleton: str = "h36m-17", size: float = 100.0, speed: float = 2.0) -> np.ndarray:
    """`[frames, joints, 3]` of somebody who goes to the right by so many pixels a frame."""
    strides = [0.1 * math.sin(frame / 3) for frame in range(frames)]
    return np.stack(
        [standing(100 + speed * frame, 200, size, skeleton, stride) for frame, stride in enumerate(strides)]
    )


def photo(height: int = 120, width: int = 100) -> np.ndarray:
    """A smooth picture `[height, width, 3]` in [-1, 1]."""
    y, x = np.mgrid[:height, :width].astype(np.float32)
    return np.stack([np.sin(x / 9), np.cos(y / 11), np.sin((x + y) / 7)], axis=-1).astype(np.float32)


def make_model(preset: Preset = SEQUENCE):
    """A network of the preset with stand-in weights."""
    return filled(build_model(preset))
