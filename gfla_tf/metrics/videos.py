"""Videos: how much they flicker, and how far their features are from those of the true videos.

Videos are `[batch, frames, height, width, 3]` in [-1, 1].

* `flicker`: mean |frame t - frame t - 1 moved by the exact flow| over what both frames show, so that motion itself does
  not count. Flows are (dx, dy) in pixels of the picture: pixel l of a frame shows the surface point that lies at
  l + flow(l) in the frame before, which is sampled bilinearly. True videos do not score 0: light changes on what
  turns, and sampling blurs. Compare with the true video's value; less than that is blur.
* `feature_distance`: the Euclidean distance between a video's features and those of the true video (AED, the average
  Euclidean distance, is the mean over videos). With I3D's pooled features here; with others the numbers are others.
* The distance between sets of videos is `frechet_distance` on I3D's features: FVD on the logits, as it was defined, and
  the FID for videos on the pooled features.
"""

from __future__ import annotations

import numpy as np
import tensorflow as tf

from gfla_tf.ops import bilinear_sample

__all__ = ["feature_distance", "flicker"]


def flicker(videos, flows, visible) -> tf.Tensor:
    """The mean change of each video that is no motion.

    Args:
        videos: to judge, of at least 2 frames.
        flows: `[batch, frames - 1, height, width, 2]`, of each frame but the first, to the frame before it.
        visible: `[batch, frames - 1, height, width, 1]` in [0, 1], how much of a pixel both frames show.

    Returns:
        `[batch]` in [0, 2], float32; NaN where nothing is visible.

    Raises:
        ValueError: if a shape is not as described.
    """
    videos, flows, visible = (tf.convert_to_tensor(one, tf.float32) for one in (videos, flows, visible))
    _check_shapes(videos, flows, visible)
    before, after = (_as_pictures(one) for one in (videos[:, :-1], videos[:, 1:]))
    change = tf.abs(after - bilinear_sample(before, _as_pictures(flows)))
    change = tf.reshape(tf.reduce_mean(change, axis=-1, keepdims=True), tf.shape(visible))
    total, seen = (tf.reduce_sum(one, axis=[1, 2, 3, 4]) for one in (change * visible, visible))
    return total / seen


def _check_shapes(videos: tf.Tensor, flows: tf.Tensor, visible: tf.Tensor) -> None:
    shape = tuple(videos.shape)
    right = videos.shape.rank == 5 and shape[1] >= 2 and shape[-1] == 3
    steps = (shape[0], shape[1] - 1, *shape[2:4]) if right else ()
    if not right or tuple(flows.shape) != (*steps, 2) or tuple(visible.shape) != (*steps, 1):
        raise ValueError(
            "Videos [batch, frames, height, width, 3] of at least 2 frames, with flows and visible places of all "
            f"frames but the first, are expected. Received: {shape}, {tuple(flows.shape)}, {tuple(visible.shape)}."
        )


def _as_pictures(videos: tf.Tensor) -> tf.Tensor:
    return tf.reshape(videos, tf.concat([[-1], tf.shape(videos)[2:]], axis=0))


def feature_distance(target_features, features) -> np.ndarray:
    """How far each video's features are from the true video's.

    Args:
        target_features: `[videos, features]`.
        features: likewise, in the same order.

    Returns:
        `[videos]`, float64.

    Raises:
        ValueError: if the shapes differ.
    """
    target, features = (np.asarray(one, np.float64) for one in (target_features, features))
    if target.ndim != 2 or target.shape != features.shape:
        raise ValueError(
            f"Features [videos, features] of the same videos are expected. Received: {target.shape}, {features.shape}."
        )
    return np.linalg.norm(features - target, axis=1)
