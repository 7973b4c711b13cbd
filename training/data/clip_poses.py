"""Poses of a video's frames as the sequence networks see them: 17 Gaussians and a drawn skeleton, 20 channels.

Channels 0..16 are the pose maps of Human3.6M's 17 joints (order: `h36m-17`), channels 17..19 the drawn skeleton's red,
green and blue (`gfla_tf.pose.drawn_maps`). Keypoints come from files of OpenPose or AlphaPose and are converted by
joint names, missing joints staying missing (confidence 0).
"""

from __future__ import annotations

import os

import numpy as np
import tensorflow as tf

from gfla_tf.pose.drawn_maps import skeleton_colors
from gfla_tf.pose.heatmaps import pose_maps_tensor
from gfla_tf.pose.keypoint_files import read_keypoint_file
from gfla_tf.pose.keypoint_records import NobodyError
from gfla_tf.pose.skeletons import convert_keypoints
from gfla_tf.remote import as_path

__all__ = ["SKELETON", "keypoint_error", "read_frame_keypoints", "sequence_poses"]

SKELETON = "h36m-17"
_JOINTS = 17


def read_frame_keypoints(path: str | os.PathLike[str]) -> np.ndarray:
    """Read a frame's person as Human3.6M's joints.

    A file without people is a frame in which nobody was found. Of several people it's the one with the most confidence,
    summed over the joints.

    Returns:
        float32 `[17, 3]` = (x, y, confidence) in pixels of the frame; all 0 where nobody was found.

    Raises:
        ValueError: no such file, damaged, or of another kind.
    """
    try:
        file = read_keypoint_file(path)
    except OSError as error:
        raise ValueError(f"{path}: a keypoint file is expected. Received: {error.strerror}") from error
    except NobodyError:
        return np.zeros([_JOINTS, 3], np.float32)
    people = [person for people in file.frames.values() for person in people]
    return convert_keypoints(max(people, key=lambda person: person[:, 2].sum()), file.skeleton, SKELETON)


def keypoint_error(path: str | os.PathLike[str]) -> str | None:
    """Why a keypoint file can't be read: one line, or None where it can."""
    try:
        read_frame_keypoints(path)
    except ValueError:
        return "no readable keypoints" if as_path(path).is_file() else "no such file"
    return None


def sequence_poses(keypoints: tf.Tensor, height: int, width: int, sigma: float = 6.0) -> tf.Tensor:
    """Draw the poses of some frames in the graph, as `gfla_tf.pose.drawn_maps` does; the skeletons by OpenCV.

    Args:
        keypoints: `[frames, 17, 3]` = (x, y, confidence) in pixels of the map.
        height: of the map in pixels.
        width: likewise.
        sigma: of the Gaussians in pixels.

    Returns:
        float32 `[frames, height, width, 20]` in [0, 1].
    """
    colors = tf.numpy_function(lambda people: skeleton_colors(people, height, width, SKELETON), [keypoints], tf.uint8)
    colors = tf.ensure_shape(colors, [*keypoints.shape[:-2], height, width, 3])
    return tf.concat([pose_maps_tensor(keypoints, height, width, sigma), tf.cast(colors, tf.float32) / 255], axis=-1)
