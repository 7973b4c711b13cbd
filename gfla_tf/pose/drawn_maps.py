"""Poses as the sequence networks see them: a Gaussian for each joint, and the drawn skeleton behind them.

Channels 0 .. joints - 1 are the pose maps of `heatmaps`, in [0, 1]; the last three are the drawn skeleton's red, green
and blue, in [0, 1] too, so that where nothing is drawn all channels are 0. With Human3.6M's 17 joints that makes the 20
channels of Seq-GFLA.
"""

from __future__ import annotations

import numpy as np

from gfla_tf.pose.drawing import skeleton_image
from gfla_tf.pose.heatmaps import pose_maps
from gfla_tf.pose.skeletons import Skeleton

__all__ = ["COLORS", "drawn_pose_maps", "skeleton_colors"]

COLORS = 3  # channels of the drawn skeleton


def drawn_pose_maps(
    keypoints: np.ndarray, height: int, width: int, skeleton: str | Skeleton = "h36m-17", sigma: float = 6.0
) -> np.ndarray:
    """Draw the poses of some people.

    Args:
        keypoints: `[people, joints, 3]` = (x, y, confidence) in pixels of the map.
        height: of the map in pixels.
        width: likewise.
        skeleton: of the keypoints.
        sigma: of the Gaussians in pixels.

    Returns:
        float32 `[people, height, width, joints + 3]` in [0, 1].

    Raises:
        ValueError: keypoints of another shape, or a size or sigma that is not positive.
    """
    colors = skeleton_colors(keypoints, height, width, skeleton).astype(np.float32) / 255
    return np.concatenate([pose_maps(keypoints, height, width, sigma), colors], axis=-1)


def skeleton_colors(keypoints: np.ndarray, height: int, width: int, skeleton: str | Skeleton = "h36m-17") -> np.ndarray:
    """Draw skeletons of `[people, joints, 3]` on black, uint8 `[people, height, width, 3]`."""
    skeletons = np.stack([skeleton_image(person, height, width, skeleton) for person in keypoints])
    return np.rint((skeletons + 1) * 127.5).astype(np.uint8)
