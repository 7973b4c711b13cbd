"""Body regions: does the flow take an arm's texture from an arm?

Ren et al. 2020 name texture taken from the wrong part of the body, after severe occlusion, as what their network fails
at. Here each place of the target that lies on a limb is compared with the place of the source that the flow leads it
to: what part of the body is either on? Regions are drawn around the keypoints' limbs, left and right alike, as a sleeve
is as good as the other one where one is hidden.

Conventions as in `gfla_tf.ops.warp`: flows `[batch, height, width, 2]` = (dx, dy) in pixels of their own level, target
position l reading the source at l + flow(l). Keypoints are in pixels of the picture, of which a level's pixel covers a
block: x of the level = (x + 0.5) * level width / picture width - 0.5.
"""

from __future__ import annotations

from collections.abc import Sequence

import keras
import tensorflow as tf

from gfla_tf.layers.primitives import register
from gfla_tf.losses.numerics import full_precision
from gfla_tf.ops.warp import bilinear_sample

__all__ = ["REGIONS", "RegionCrossing", "region_crossing", "region_maps"]

# Lines from joint to joint; those with a name that a skeleton lacks are left out.
REGIONS = {
    "head": (("neck", "nose"), ("thorax", "nose"), ("nose", "head"), ("right_ear", "left_ear")),
    "torso": (
        *(("right_shoulder", "left_shoulder"), ("right_hip", "left_hip")),
        *((top, hip) for top in ("neck", "thorax") for hip in ("right_hip", "left_hip")),
    ),
    "upper arms": (("right_shoulder", "right_elbow"), ("left_shoulder", "left_elbow")),
    "lower arms": (("right_elbow", "right_wrist"), ("left_elbow", "left_wrist")),
    "upper legs": (("right_hip", "right_knee"), ("left_hip", "left_knee")),
    "lower legs": (("right_knee", "right_ankle"), ("left_knee", "left_ankle")),
}
RADIUS = 0.04  # of a limb, as a part of the picture's height
EPSILON = 1e-6


def region_maps(keypoints, picture_size: tuple[int, int], size: tuple[int, int], joints: Sequence[str]) -> tf.Tensor:
    """How near each place of a level is to each part of the body.

    A region's value is exp(-d^2 / (2 r^2)), d the distance to the nearest of its limbs and r 0.04 of the height.

    Args:
        keypoints: `[batch, joints, 3]` = (x, y, confidence) in pixels of the picture, confidence 0 = missing.
        picture_size: its (height, width).
        size: (height, width) of the level.
        joints: their names in the order of the array, as `gfla_tf.pose.get_skeleton` has them.

    Returns:
        float32 `[batch, height, width, regions]` in [0, 1], in the order of `REGIONS`; 0 for limbs with a missing end,
        and for regions of which the joints make no limb.

    Raises:
        ValueError: if the keypoints are not `[batch, joints, 3]` of as many joints as there are names.
    """
    keypoints = tf.cast(keypoints, tf.float32)
    if not keypoints.shape.is_compatible_with([None, len(joints), 3]):
        raise ValueError(f"Keypoints [batch, {len(joints)}, 3] are expected. Received: {keypoints.shape}.")
    scale = tf.constant([size[1] / picture_size[1], size[0] / picture_size[0]], tf.float32)
    places = (keypoints[..., :2] + 0.5) * scale - 0.5
    columns, rows = tf.meshgrid(tf.range(size[1], dtype=tf.float32), tf.range(size[0], dtype=tf.float32))
    grid = tf.stack([columns, rows], axis=-1)
    names = list(joints)
    maps = []
    for limbs in REGIONS.values():
        ends = [tuple(map(names.index, limb)) for limb in limbs if set(limb) <= set(names)]
        near = [_near_limb(places, keypoints[..., 2] > 0, limb, grid, RADIUS * size[0]) for limb in ends]
        maps.append(tf.reduce_max(tf.stack(near or [tf.zeros([tf.shape(keypoints)[0], *size])]), axis=0))
    return tf.stack(maps, axis=-1)


def _near_limb(places: tf.Tensor, known: tf.Tensor, limb: tuple[int, int], grid: tf.Tensor, radius: float) -> tf.Tensor:
    """How near each place `[height, width, 2]` is to the line between two joints, `[batch, height, width]`."""
    start, end = (tf.where(known[:, joint, tf.newaxis], places[:, joint], 0.0) for joint in limb)
    start, along = start[:, tf.newaxis, tf.newaxis], (end - start)[:, tf.newaxis, tf.newaxis]
    share = tf.reduce_sum((grid - start) * along, axis=-1) / (tf.reduce_sum(tf.square(along), axis=-1) + EPSILON)
    nearest = start + tf.clip_by_value(share, 0.0, 1.0)[..., tf.newaxis] * along
    squares = tf.reduce_sum(tf.square(grid - nearest), axis=-1)
    both = tf.cast(known[:, limb[0]] & known[:, limb[1]], tf.float32)
    return tf.exp(-squares / (2.0 * radius**2)) * both[:, tf.newaxis, tf.newaxis]


def region_crossing(target_regions, source_regions, flow) -> tf.Tensor:
    """How much the flow leads from one part of the body to another.

    A place counts as much as it lies on a limb. It costs, as far as the place that it is led to lies on a limb, 1 minus
    the cosine between the two places' regions: 0 where they are the same, 1 where they have none in common. Places that
    are led to the background cost nothing.

    Args:
        target_regions: `[batch, height, width, regions]` in [0, 1], of `region_maps`.
        source_regions: likewise, of the same shape.
        flow: `[batch, height, width, 2]`, of the same batch and size.

    Returns:
        A number in [0, 1]: the mean over the places of each picture, then over pictures.

    Raises:
        ValueError: if a shape is not as described.
    """
    return tf.reduce_mean(crossing_per_picture(target_regions, source_regions, flow))


def crossing_per_picture(target_regions, source_regions, flow) -> tf.Tensor:
    """`region_crossing` of each picture, `[batch]`."""
    target, source, flow = (full_precision(values) for values in (target_regions, source_regions, flow))
    alike = target.shape.is_compatible_with(source.shape) and target.shape[:3].is_compatible_with(flow.shape[:3])
    if flow.shape.rank != 4 or flow.shape[-1] != 2 or target.shape.rank != 4 or not alike:
        raise ValueError(
            "Regions [batch, height, width, regions], alike, and a flow [batch, height, width, 2] "
            "of the same batch and size are expected. "
            f"Received: {target.shape}, {source.shape} and {flow.shape}."
        )
    found = bilinear_sample(source, flow)
    lengths = [tf.sqrt(tf.reduce_sum(tf.square(regions), axis=-1) + EPSILON) for regions in (target, found)]
    cosine = tf.reduce_sum(target * found, axis=-1) / (lengths[0] * lengths[1])
    weight, reached = (tf.reduce_max(regions, axis=-1) for regions in (target, found))
    cost = weight * reached * (1.0 - cosine)
    total, places = (tf.reduce_sum(values, axis=[1, 2]) for values in (cost, weight))
    return total / tf.maximum(places, 1.0)


@register
class RegionCrossing(keras.losses.Loss):
    """`region_crossing` as a Keras loss: `RegionCrossing()(regions, flow)`.

    y_pred is the flow `[batch, height, width, 2]`; y_true holds the regions of the target, then those of the source,
    `[batch, height, width, 2 * regions]`. Errors are those of `region_crossing`.
    """

    def call(self, y_true, y_pred) -> tf.Tensor:
        return crossing_per_picture(*tf.split(tf.convert_to_tensor(y_true), 2, axis=-1), y_pred)
