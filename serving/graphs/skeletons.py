"""Poses as a sequence network sees them, inside the graph: a Gaussian for each joint, and the drawn skeleton.

`gfla_tf.pose.drawing` draws with OpenCV. Here every limb is a line of pixels near a segment and every joint a dot, with
the soft edge that OpenCV's lines have: opacity exp(-d^2 / 0.6) at d pixels outside of the shape. Colours, widths, order
and the rounding of coordinates to a sixteenth of a pixel are those of that module; pixels along the edges differ.
"""

from __future__ import annotations

import tensorflow as tf

from gfla_tf.pose.drawing import joint_colors, limb_colors
from gfla_tf.pose.heatmaps import pose_maps_tensor
from gfla_tf.pose.skeletons import Skeleton, get_skeleton
from serving.graphs.framing import present

__all__ = ["drawn_pose_maps_tensor", "shape_colors", "skeleton_colors_tensor"]

SOFTNESS = 0.6  # square pixels
DOT_RADIUS = 1.1  # times a line's thickness
DOT_INSET = 0.15  # pixels that OpenCV's dots, which are polygons, are smaller


def drawn_pose_maps_tensor(keypoints: tf.Tensor, height: int, width: int, skeleton: str | Skeleton) -> tf.Tensor:
    """Draw poses: `gfla_tf.pose.drawn_maps.drawn_pose_maps` of tensors.

    Args:
        keypoints: `[batch, joints, 3]` = (x, y, confidence) in pixels of the map.
        height: of the map in pixels.
        width: likewise.
        skeleton: of the keypoints.

    Returns:
        float32 `[batch, height, width, joints + 3]` in [0, 1].
    """
    colors = skeleton_colors_tensor(keypoints, height, width, skeleton)
    return tf.concat([pose_maps_tensor(keypoints, height, width), colors], axis=-1)


def skeleton_colors_tensor(keypoints: tf.Tensor, height: int, width: int, skeleton: str | Skeleton) -> tf.Tensor:
    """Draw skeletons of `[batch, joints, 3]` on black, float32 `[batch, height, width, 3]` in [0, 1]."""
    skeleton = get_skeleton(skeleton)
    there = present(keypoints)
    points = tf.where(there[..., tf.newaxis], keypoints[..., :2], 0.0)
    thickness = _thickness(points, there, height + width)
    points = tf.round(points * 16) / 16
    starts, ends = ([limb[side] for limb in skeleton.limbs] for side in (0, 1))
    joints = list(range(len(skeleton.joints)))
    start, end = (tf.gather(points, side + joints, axis=1) for side in (starts, ends))
    shown = tf.concat([tf.gather(there, starts, axis=1) & tf.gather(there, ends, axis=1), there], axis=1)
    line = tf.where(thickness > 1, tf.floor((thickness + 1) / 2), 0.0)
    radius = tf.round(16 * DOT_RADIUS * thickness) / 16 - DOT_INSET
    reach = tf.concat([tf.repeat(line, len(starts), axis=1), tf.repeat(radius, len(joints), axis=1)], axis=1)
    outside = tf.maximum(_distances(start, end, height, width) - reach[:, tf.newaxis, tf.newaxis], 0.0)
    opacity = tf.exp(-tf.square(outside) / SOFTNESS) * tf.cast(shown, tf.float32)[:, tf.newaxis, tf.newaxis]
    return _paint(opacity, shape_colors(skeleton))


def _thickness(points: tf.Tensor, there: tf.Tensor, sides: int) -> tf.Tensor:
    """Of the lines in whole pixels, float32 `[batch, 1]`: grows with the person up to what suits a picture."""
    known = there[..., tf.newaxis]
    lowest = tf.reduce_min(tf.where(known, points, float("inf")), axis=1)
    highest = tf.reduce_max(tf.where(known, points, -float("inf")), axis=1)
    extent = tf.reduce_max(highest - lowest, axis=-1, keepdims=True)
    return tf.maximum(tf.round(tf.minimum(extent / 45, sides / 200)), 1.0)


def _distances(start: tf.Tensor, end: tf.Tensor, height: int, width: int) -> tf.Tensor:
    """From every pixel to every segment `[batch, shapes, 2]`, `[batch, height, width, shapes]`."""
    x = tf.range(width, dtype=tf.float32)[tf.newaxis, tf.newaxis, :, tf.newaxis]
    y = tf.range(height, dtype=tf.float32)[tf.newaxis, :, tf.newaxis, tf.newaxis]
    (start_x, start_y), (along_x, along_y) = (
        tf.unstack(tensor[:, tf.newaxis, tf.newaxis], axis=-1) for tensor in (start, end - start)
    )
    x, y = x - start_x, y - start_y
    length = tf.maximum(tf.square(along_x) + tf.square(along_y), 1e-6)
    part = tf.clip_by_value((x * along_x + y * along_y) / length, 0.0, 1.0)
    return tf.sqrt(tf.square(x - part * along_x) + tf.square(y - part * along_y))


def shape_colors(skeleton: Skeleton) -> list[tuple[int, int, int]]:
    """RGB 0..255 of the limbs, then of the joints."""
    return limb_colors(skeleton) + joint_colors(skeleton)


def _paint(opacity: tf.Tensor, colors: list[tuple[int, int, int]]) -> tf.Tensor:
    """Shapes painted one over the other: each shows where the later ones let it through."""
    through = tf.math.cumprod(1.0 - opacity, axis=-1, exclusive=True, reverse=True)
    colors = tf.constant(colors, tf.float32) / 255.0
    return tf.einsum("bhws,sc->bhwc", opacity * through, colors)
