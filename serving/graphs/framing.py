"""The part of a photo that the network sees, inside the graph: the rules of `gfla_tf.pose.framing`, for batches.

Conventions are those of that module: a frame (left, top, width, height) is counted in whole pixels of the upright photo
and may reach beyond it; keypoints are (x, y, confidence) in pixels, integers at pixel centres. Computed in float64 in
the same order as there, so that the frames are the same.

A joint with a coordinate that is no finite number is a missing one.
"""

from __future__ import annotations

import tensorflow as tf

from gfla_tf.animation.staging import LEFT_OUT
from gfla_tf.pose.framing import MARGIN_BOTTOM, MARGIN_SIDE, MARGIN_TOP, SMALLEST_SIDE

__all__ = ["clip_corners", "fit_frames", "keypoints_inside", "move_keypoints", "present"]


def present(keypoints: tf.Tensor) -> tf.Tensor:
    """Which joints of `[..., joints, 3]` are there, bool `[..., joints]`."""
    return (keypoints[..., 2] > 0) & tf.reduce_all(tf.math.is_finite(keypoints[..., :2]), axis=-1)


def keypoints_inside(keypoints: tf.Tensor, size: tf.Tensor) -> tf.Tensor:
    """Keypoints `[batch, joints, 3]`, those outside a photo of that height and width `[batch, 2]` set to missing."""
    limits = tf.cast(tf.reverse(size, [-1]), tf.float32)[:, tf.newaxis]
    points = keypoints[..., :2]
    inside = tf.reduce_all((points >= -0.5) & (points < limits - 0.5), axis=-1, keepdims=True)
    return tf.where(inside, keypoints, 0.0)


def fit_frames(keypoints: tf.Tensor, aspect: float, name: str) -> tf.Tensor:
    """The frames around some people: `gfla_tf.pose.framing.fit_frame` for each.

    Args:
        keypoints: `[batch, joints, 3]`.
        aspect: width / height of the frames.
        name: of the input, for messages.

    Returns:
        float64 `[batch, 4]` of whole numbers; fails where fewer than two joints are there.
    """
    there = present(keypoints)
    enough = tf.reduce_all(tf.reduce_sum(tf.cast(there, tf.int32), axis=-1) >= 2)
    message = f"{name}: at least two joints are needed to frame a person; joints of each:"
    counts = tf.reduce_sum(tf.cast(there, tf.int32), axis=-1)
    with tf.control_dependencies([tf.debugging.Assert(enough, [message, counts])]):
        points = tf.cast(keypoints[..., :2], tf.float64)
    infinite = tf.constant(float("inf"), tf.float64)
    lowest = tf.reduce_min(tf.where(there[..., tf.newaxis], points, infinite), axis=-2)
    highest = tf.reduce_max(tf.where(there[..., tf.newaxis], points, -infinite), axis=-2)
    return _frames_around(*tf.unstack(lowest, axis=-1), *tf.unstack(highest, axis=-1), aspect)


def _frames_around(left, top, right, bottom, aspect: float) -> tf.Tensor:
    size = tf.maximum(tf.maximum(right - left, bottom - top), SMALLEST_SIDE)
    top, bottom = top - MARGIN_TOP * size, bottom + MARGIN_BOTTOM * size
    left, right = left - MARGIN_SIDE * size, right + MARGIN_SIDE * size
    height = tf.maximum(bottom - top, (right - left) / aspect)
    width = height * aspect
    center_x, center_y = (left + right) / 2, (top + bottom) / 2
    sides = [tf.maximum(tf.round(side), 1) for side in (width, height)]
    return tf.stack([tf.round(center_x - width / 2), tf.round(center_y - height / 2), *sides], axis=-1)


def move_keypoints(keypoints: tf.Tensor, frames: tf.Tensor, height: int, width: int) -> tf.Tensor:
    """Keypoints of photos in the pixels of their frames shown at height x width; missing joints become (0, 0, 0).

    Args:
        keypoints: `[batch, ..., joints, 3]`.
        frames: float64 `[batch, 4]`.
        height: of the network's picture in pixels.
        width: likewise.
    """
    ones = [1] * (keypoints.shape.rank - 2)
    origin = tf.reshape(tf.cast(frames[:, :2], tf.float32), [-1, *ones, 2])
    scale = tf.constant([width, height], tf.float64) / frames[:, 2:]
    scale = tf.reshape(tf.cast(scale, tf.float32), [-1, *ones, 2])
    points = (keypoints[..., :2] + 0.5 - origin) * scale - 0.5
    moved = tf.concat([points, keypoints[..., 2:]], axis=-1)
    return tf.where(present(keypoints)[..., tf.newaxis], moved, 0.0)


def clip_corners(keypoints: tf.Tensor) -> tf.Tensor:
    """Two opposite corners, as keypoints, of the box of nearly all poses, as `gfla_tf.animation.staging` finds them.

    Args:
        keypoints: `[frames, joints, 3]` of one clip.

    Returns:
        `[2, 3]`; missing (0, 0, 0) for a clip without anybody.
    """
    there = present(keypoints)
    anybody = tf.reduce_any(there, axis=-1)
    keypoints, there = tf.boolean_mask(keypoints, anybody), tf.boolean_mask(there, anybody)[..., tf.newaxis]
    lowest = tf.reduce_min(tf.where(there, keypoints[..., :2], float("inf")), axis=1)
    highest = tf.reduce_max(tf.where(there, keypoints[..., :2], -float("inf")), axis=1)

    def box():
        corners = [_quantile(lowest, LEFT_OUT), _quantile(highest, 1 - LEFT_OUT)]
        return tf.concat([tf.cast(corners, tf.float32), tf.ones([2, 1])], axis=-1)

    return tf.cond(tf.reduce_any(anybody), box, lambda: tf.zeros([2, 3]))


def _quantile(values: tf.Tensor, part: float) -> tf.Tensor:
    """The quantile of `[count, 2]` along the first axis, linear between two values, float64 `[2]`."""
    values = tf.cast(tf.sort(values, axis=0), tf.float64)
    place = part * tf.cast(tf.shape(values)[0] - 1, tf.float64)
    below = tf.floor(place)
    near, far = (values[tf.cast(place, tf.int32)] for place in (below, tf.math.ceil(place)))
    return near + (place - below) * (far - near)
