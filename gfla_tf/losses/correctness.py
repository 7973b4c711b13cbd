"""Sampling correctness: is what the flow samples as similar to the target as anything in the source could be?

Conventions as in `gfla_tf.ops.warp`: maps `[batch, height, width, channels]`, flows `[batch, height, width, 2]` =
(dx, dy) in pixels of their own level, target position l reading the source at l + flow(l). Features and flows of 16
bits are computed with in float32.

Reference: Ren et al. 2020, section 3.1 (Eq. 2 as printed lacks the minus sign before mu).
"""

from __future__ import annotations

import keras
import tensorflow as tf

from gfla_tf.layers.primitives import register
from gfla_tf.losses.numerics import full_precision, mean_per_picture
from gfla_tf.ops.warp import bilinear_sample, gaussian_sample, static_or_dynamic_shape

__all__ = ["SamplingCorrectness", "sampling_correctness"]

SAMPLINGS = {"gaussian": gaussian_sample, "bilinear": bilinear_sample}
EPSILON = 1e-8
BLOCK = 2**22  # similarities held at a time, 16 MB in float32


def sampling_correctness(target_features, source_features, flow, sampling: str = "gaussian", mask=None) -> tf.Tensor:
    """Mean over target positions of exp(-mu / mu_max) - exp(-1).

    mu is the cosine similarity between the target's feature and the source's feature at l + flow(l), and mu_max the
    largest similarity over all source positions: 0 if the flow finds the best place everywhere. There is a gradient
    for the flow only.

    Args:
        target_features: `[batch, height, width, channels]`, features of the true target picture.
        source_features: likewise of the source.
        flow: `[batch, h, w, 2]`; enlarged to the features' size by nearest neighbour, its values unchanged.
        sampling: "gaussian" (4x4 window, sees further than a pixel and converges) or "bilinear".
        mask: `[batch, h, w, 1]` weights in [0, 1] for each target position, enlarged like the flow; None for all 1.

    Returns:
        A number.

    Raises:
        ValueError: if the features differ in batch or channels, the mask or the flow is not as described, or `sampling`
            is another one.
    """
    return tf.reduce_mean(correctness_per_picture(target_features, source_features, flow, sampling, mask))


def correctness_per_picture(target_features, source_features, flow, sampling: str, mask=None) -> tf.Tensor:
    """`sampling_correctness` of each picture, `[batch]`."""
    _check_sampling(sampling)
    target, source, flow = (full_precision(tensor) for tensor in (target_features, source_features, flow))
    mask = None if mask is None else tf.convert_to_tensor(mask)
    _check_shapes(target, source, mask)
    target, source = tf.stop_gradient(target), tf.stop_gradient(source)
    size = tf.shape(target)[1:3]
    # Even where nothing changes, resizing has a gradient that XLA does not know.
    same = flow.shape[1:3].is_fully_defined() and flow.shape[1:3] == target.shape[1:3]
    sampled = SAMPLINGS[sampling](source, flow if same else enlarge(flow, size))
    similarity = cosine_similarity(sampled, target)
    excess = tf.exp(-similarity / (best_similarity(target, source) + EPSILON)) - tf.exp(tf.constant(-1.0, target.dtype))
    if mask is not None:
        excess *= tf.cast(enlarge(mask, size)[..., 0], excess.dtype)
    return mean_per_picture(excess)


def enlarge(tensor: tf.Tensor, size: tf.Tensor) -> tf.Tensor:
    """A map at another height and width by nearest neighbour; as it is where they agree."""
    return tf.image.resize(tensor, size, method="nearest")


def cosine_similarity(first: tf.Tensor, second: tf.Tensor) -> tf.Tensor:
    """Cosine of the angle between the feature vectors of each position, `[batch, height, width]`."""
    product = tf.reduce_sum(first * second, axis=-1)
    square = tf.reduce_sum(first * first, axis=-1) * tf.reduce_sum(second * second, axis=-1)
    return product * tf.math.rsqrt(tf.maximum(square, EPSILON**2))


def best_similarity(target: tf.Tensor, source: tf.Tensor, block: int = BLOCK) -> tf.Tensor:
    """The largest cosine similarity of each target position with any source position, `[batch, height, width]`.

    The matrix of all similarities (64 MB in float32 for one picture at 64 x 64) is never held whole: it is made for as
    many rows of target positions at a time as give at most `block` similarities, or for one row. (Single rows take less
    memory, but half as much time again: 8 pictures at 64 x 64 x 256 on two CPU cores.)
    """
    batch, height, width, channels = static_or_dynamic_shape(target)
    candidates = tf.reshape(tf.stop_gradient(unit_vectors(source)), [batch, -1, channels])
    blocks = -(-height // tf.clip_by_value(block // (tf.shape(candidates)[1] * width), 1, height))
    rows = -(-height // blocks)
    # Rows of zeros fill the last block.
    targets = tf.pad(tf.stop_gradient(unit_vectors(target)), [[0, 0], [0, blocks * rows - height], [0, 0], [0, 0]])
    targets = tf.reshape(targets, [batch * blocks, rows * width, channels])
    pictures = tf.repeat(tf.range(batch), blocks)

    def best_of_block(block_and_picture):
        positions, picture = block_and_picture
        return tf.reduce_max(tf.matmul(positions, candidates[picture], transpose_b=True), axis=-1)

    signature = tf.TensorSpec([None], target.dtype)
    best = tf.map_fn(best_of_block, (targets, pictures), fn_output_signature=signature, parallel_iterations=1)
    return tf.reshape(best, [batch, blocks * rows, width])[:, :height]


def unit_vectors(features: tf.Tensor) -> tf.Tensor:
    """Feature vectors scaled to length 1."""
    return features / (tf.norm(features, axis=-1, keepdims=True) + EPSILON)


def _check_shapes(target: tf.Tensor, source: tf.Tensor, mask: tf.Tensor | None) -> None:
    same_batch = target.shape[:1].is_compatible_with(source.shape[:1])
    if target.shape.rank != 4 or source.shape.rank != 4 or target.shape[-1] != source.shape[-1] or not same_batch:
        raise ValueError(
            "Features of shape [batch, height, width, channels] of the same batch and the same channels are expected. "
            f"Received: {target.shape} and {source.shape}."
        )
    if mask is not None and not mask.shape.is_compatible_with([target.shape[0], None, None, 1]):
        raise ValueError(
            "A mask of shape [batch, height, width, 1] of the same batch as the features is expected. "
            f"Received: {mask.shape} for features {target.shape}."
        )


def _check_sampling(sampling: str) -> None:
    if sampling not in SAMPLINGS:
        raise ValueError(f"sampling must be one of {', '.join(SAMPLINGS)}. Received: {sampling!r}.")


@register
class SamplingCorrectness(keras.losses.Loss):
    """`sampling_correctness` as a Keras loss: `SamplingCorrectness()([target_features, source_features], flow)`.

    y_true is a list of the target's and the source's features, `[batch, height, width, channels]` each, and, if wanted,
    the mask `[batch, h, w, 1]`; y_pred is the flow `[batch, h, w, 2]`.

    Args:
        sampling: "gaussian" or "bilinear".
        **kwargs: name and reduction, as every Keras loss has them.
    """

    def __init__(self, sampling: str = "gaussian", **kwargs):
        super().__init__(**kwargs)
        _check_sampling(sampling)
        self.sampling = sampling

    def call(self, y_true, y_pred) -> tf.Tensor:
        if len(y_true) not in (2, 3):
            raise ValueError(
                "y_true must be [target_features, source_features] or [target_features, source_features, mask]. "
                f"Received: {len(y_true)} entries."
            )
        mask = y_true[2] if len(y_true) == 3 else None
        return correctness_per_picture(y_true[0], y_true[1], y_pred, self.sampling, mask)

    def get_config(self) -> dict:
        return {**super().get_config(), "sampling": self.sampling}
