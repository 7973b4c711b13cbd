"""Poses as the networks see them (`gfla_tf.pose.heatmaps`, `serving.graphs.skeletons`), in operations that phones have.

Without comparisons, booleans and selections, which delegates leave to the processor: 1 where a confidence is above 0
is -floor(-confidence), clipped to [0, 1] before. So coordinates and confidences must be finite.
"""

from __future__ import annotations

import numpy as np
import tensorflow as tf

from gfla_tf.pose.heatmaps import SIGMA
from gfla_tf.pose.skeletons import Skeleton, get_skeleton
from serving.graphs import skeletons
from serving.tflite.blocks import PRECISE

__all__ = ["draw_pose"]

FAR = 1e6  # pixels beyond any joint
NOTHING = 1e-7  # what a shape lets through at least, so that it has a logarithm


def draw_pose(keypoints: tf.Tensor, height: int, width: int, skeleton: str, drawn: bool) -> tf.Tensor:
    """Draw a pose.

    Args:
        keypoints: `[1, joints, 3]` = (x, y, confidence) in pixels of the map, confidence 0 = missing.
        height: of the map in pixels.
        width: likewise.
        skeleton: of the keypoints.
        drawn: whether the drawn skeleton follows the Gaussians, in three more channels.

    Returns:
        `[1, height, width, joints]`, or `joints + 3`, in [0, 1].
    """
    with tf.name_scope(PRECISE):
        return _draw_pose(keypoints, height, width, get_skeleton(skeleton), drawn)


def _draw_pose(keypoints: tf.Tensor, height: int, width: int, skeleton: Skeleton, drawn: bool) -> tf.Tensor:
    joints = len(skeleton.joints)
    x, y, confidence = (tf.reshape(part, [1, 1, 1, joints]) for part in tf.split(keypoints, 3, axis=-1))
    present = -tf.floor(-tf.clip_by_value(confidence, 0.0, 1.0))
    x, y = x * present, y * present
    columns = _gaussian(x, _ruler(width, 2)) * present
    # Repeated in every row first: older GPU delegates do not multiply a row by a column.
    maps = tf.image.resize(columns, (height, width)) * _gaussian(y, _ruler(height, 1))
    if not drawn:
        return maps
    return tf.concat([maps, _draw_skeleton(x, y, present, height, width, skeleton)], axis=-1)


def _ruler(length: int, axis: int) -> np.ndarray:
    """Coordinates along an axis of a map, the other axes of length 1."""
    shape = [1, 1, 1, 1]
    shape[axis] = length
    return np.arange(length, dtype=np.float32).reshape(shape)


def _gaussian(center: tf.Tensor, positions: np.ndarray) -> tf.Tensor:
    return tf.exp(tf.square(positions - tf.floor(center)) * (-0.5 / SIGMA**2))


def _draw_skeleton(
    x: tf.Tensor, y: tf.Tensor, present: tf.Tensor, height: int, width: int, skeleton: Skeleton
) -> tf.Tensor:
    """Limbs, then dots, each a shape with a soft edge, over black; coordinates and presence are `[1, 1, 1, joints]`."""
    thickness = _thickness(x, y, present, height + width)
    line = tf.floor((thickness + 1.0) * 0.5) * tf.minimum(thickness - 1.0, 1.0)
    dot = _round(thickness * (16 * skeletons.DOT_RADIUS)) / 16 - skeletons.DOT_INSET
    limbs, joints = len(skeleton.limbs), len(skeleton.joints)
    is_limb = np.concatenate([np.ones(limbs), np.zeros(joints)]).astype(np.float32).reshape(1, 1, 1, -1)
    reach = line * is_limb + dot * (1 - is_limb)
    starts, ends = ([limb[side] for limb in skeleton.limbs] + list(range(joints)) for side in (0, 1))
    x, y = _round(x * 16) / 16, _round(y * 16) / 16
    start, end = ([_pick(value, indices) for value in (x, y)] for indices in (starts, ends))
    outside = tf.nn.relu(_distances(start, end, height, width) - reach)
    shown = _pick(present, starts) * _pick(present, ends)
    opacity = tf.exp(tf.square(outside) * (-1 / skeletons.SOFTNESS)) * shown
    return _paint(opacity, np.array(skeletons.shape_colors(skeleton), np.float32) / 255)


def _round(values: tf.Tensor) -> tf.Tensor:
    """To whole numbers, halves to even ones: `tf.round`, which older GPU delegates do not have."""
    return tf.floor((values * 2 + 1) / 4) - tf.floor((1 - values * 2) / 4)


def _pick(values: tf.Tensor, indices: list[int]) -> tf.Tensor:
    """Entries of `[1, 1, 1, joints]`, as a product with a constant matrix."""
    chosen = np.eye(values.shape[-1], dtype=np.float32)[:, indices]
    return tf.nn.conv2d(values, chosen[np.newaxis, np.newaxis], 1, "VALID")


def _thickness(x: tf.Tensor, y: tf.Tensor, present: tf.Tensor, sides: int) -> tf.Tensor:
    """Of the lines in whole pixels `[1, 1, 1, 1]`: grows with the person up to what suits a picture.

    A forty-fifth of the person's extent, rounded, to an even number where it lies halfway. It is found by its
    thresholds, as float16 has these, and has no forty-fifth.
    """
    absent = (1.0 - present) * FAR
    extents = [
        tf.reduce_max(value - absent, axis=-1, keepdims=True) - tf.reduce_min(value + absent, axis=-1, keepdims=True)
        for value in (x, y)
    ]
    extent = tf.maximum(*extents)
    thickness = tf.ones_like(extent)
    for more in range(2, round(sides / 200) + 1):
        beyond = extent - 45 * (more - 0.5)
        reached = tf.floor(beyond) + 1.0 if more % 2 == 0 else -tf.floor(-beyond)
        thickness += tf.clip_by_value(reached, 0.0, 1.0)
    return thickness


def _distances(start: list[tf.Tensor], end: list[tf.Tensor], height: int, width: int) -> tf.Tensor:
    """From every pixel to every segment, `[1, height, width, shapes]`.

    By two coordinates that turn with the segment, along and across: each is a number a column plus a number a row.
    """
    along_x, along_y = end[0] - start[0], end[1] - start[1]
    length = tf.sqrt(tf.square(along_x) + tf.square(along_y))
    still = 1.0 - tf.minimum(length * 1e6, 1.0)  # a segment that is a point may have any direction
    along_x, along_y = (along_x + still) / (length + still), along_y / (length + still)
    columns, rows = _ruler(width, 2) - start[0], _ruler(height, 1) - start[1]
    along = columns * along_x + rows * along_y
    across = rows * along_x - columns * along_y
    beyond = along - tf.minimum(tf.nn.relu(along), length)
    return tf.sqrt(tf.square(beyond) + tf.square(across))


def _paint(opacity: tf.Tensor, colors: np.ndarray) -> tf.Tensor:
    """Shapes painted one over the other: each shows where the later ones let it through.

    A product over later shapes is the exponential of a sum of logarithms, and that a 1x1 convolution.
    """
    through = tf.math.log(tf.maximum(1.0 - opacity, NOTHING))
    later = np.tril(np.ones([len(colors)] * 2, np.float32), -1)  # [from, to]: from is painted after to
    hidden_by = tf.nn.conv2d(through, later[np.newaxis, np.newaxis], 1, "VALID")
    return tf.nn.conv2d(opacity * tf.exp(hidden_by), colors[np.newaxis, np.newaxis], 1, "VALID")
