"""What teaches the flow: sampling correctness, and affine regularisation.

Conventions as in `gfla_tf.ops.warp`: maps `[batch, height, width, channels]`, flows `[batch, height, width, 2]` =
(dx, dy) in pixels of their own level, target position l reading the source at l + flow(l).

Reference: Ren et al. 2020, section 3.1 (Eq. 2 as printed lacks the minus sign before mu).
"""

from __future__ import annotations

import numpy as np
import tensorflow as tf

from gfla_tf.ops.warp import bilinear_sample, gaussian_sample, sampling_positions

__all__ = ["affine_regularization", "sampling_correctness"]

SAMPLINGS = {"gaussian": gaussian_sample, "bilinear": bilinear_sample}
EPSILON = 1e-8


def sampling_correctness(target_features, source_features, flow, sampling: str = "gaussian", mask=None) -> tf.Tensor:
    """Is what the flow samples as similar to the target as anything in the source could be?

    Mean over target positions of exp(-mu / mu_max) - exp(-1), where mu is the cosine similarity between the target's
    feature and the source's feature at l + flow(l), and mu_max the largest similarity over all source positions: 0 if
    the flow finds the best place everywhere. There is a gradient for the flow only.

    Args:
        target_features: `[batch, height, width, channels]`, features of the true target picture.
        source_features: likewise of the source.
        flow: `[batch, h, w, 2]`; enlarged to the features' size by nearest neighbour, its values unchanged.
        sampling: "gaussian" (4x4 window, sees further than a pixel and converges) or "bilinear".
        mask: `[batch, h, w, 1]` weights in [0, 1] for each target position, enlarged like the flow; None for all 1.

    Returns:
        A number.

    Raises:
        ValueError: if the features differ in batch or channels, or `sampling` is another one.
    """
    if sampling not in SAMPLINGS:
        raise ValueError(f"sampling must be one of {', '.join(SAMPLINGS)}. Received: {sampling!r}.")
    target, source, flow = (tf.convert_to_tensor(tensor) for tensor in (target_features, source_features, flow))
    if target.shape.rank != 4 or source.shape.rank != 4 or target.shape[-1] != source.shape[-1]:
        raise ValueError(
            "Features of shape [batch, height, width, channels] with the same channels are expected. "
            f"Received: {target.shape} and {source.shape}."
        )
    target, source = tf.stop_gradient(target), tf.stop_gradient(source)
    size = tf.shape(target)[1:3]
    sampled = SAMPLINGS[sampling](source, enlarge(flow, size))
    similarity = cosine_similarity(sampled, target)
    excess = tf.exp(-similarity / (best_similarity(target, source) + EPSILON)) - tf.exp(tf.constant(-1.0, target.dtype))
    if mask is not None:
        excess *= tf.cast(enlarge(tf.convert_to_tensor(mask), size)[..., 0], excess.dtype)
    return tf.reduce_mean(excess)


def enlarge(tensor: tf.Tensor, size: tf.Tensor) -> tf.Tensor:
    """A map at another height and width by nearest neighbour; as it is where they agree."""
    return tf.image.resize(tensor, size, method="nearest")


def cosine_similarity(first: tf.Tensor, second: tf.Tensor) -> tf.Tensor:
    """Cosine of the angle between the feature vectors of each position, `[batch, height, width]`."""
    product = tf.reduce_sum(first * second, axis=-1)
    square = tf.reduce_sum(first * first, axis=-1) * tf.reduce_sum(second * second, axis=-1)
    return product * tf.math.rsqrt(tf.maximum(square, EPSILON**2))


def best_similarity(target: tf.Tensor, source: tf.Tensor) -> tf.Tensor:
    """The largest cosine similarity of each target position with any source position, `[batch, height, width]`.

    The matrix of all similarities (64 MB in float32 for one picture at 64 x 64) is never held whole: it is made for one
    row of target positions at a time.
    """
    batch, height, width = (tf.shape(target)[axis] for axis in range(3))
    channels = target.shape[-1]
    candidates = tf.reshape(unit_vectors(source), [batch, -1, channels])
    rows = tf.reshape(unit_vectors(target), [batch * height, width, channels])
    pictures = tf.repeat(tf.range(batch), height)

    def best_of_row(row_and_picture):
        row, picture = row_and_picture
        return tf.reduce_max(tf.matmul(row, candidates[picture], transpose_b=True), axis=-1)

    best = tf.map_fn(best_of_row, (rows, pictures), fn_output_signature=tf.TensorSpec([None], target.dtype))
    return tf.stop_gradient(tf.reshape(best, [batch, height, width]))


def unit_vectors(features: tf.Tensor) -> tf.Tensor:
    """Feature vectors scaled to length 1."""
    return features / (tf.norm(features, axis=-1, keepdims=True) + EPSILON)


def affine_regularization(flow, kernel_size: int) -> tf.Tensor:
    """Does the flow move each small window as a whole?

    For every k x k window of the source positions (grid + flow), the sum of the squared residuals of its best affine
    fit; mean over windows, x plus y. With the residual projection R = I - A (A'A)^-1 A', which is idempotent, the sum
    is p' R p for the window's positions p. In float32 that form differs from |R p|^2 by up to some 1e-4 of the value;
    the authors use it, and their figures are met only by it.

    Args:
        flow: `[batch, height, width, 2]`, at least k high and wide.
        kernel_size: k, the local attention's kernel of that level.

    Returns:
        A number.

    Raises:
        ValueError: if a shape is not as described.
    """
    flow = tf.convert_to_tensor(flow)
    if flow.shape.rank != 4 or flow.shape[-1] != 2:
        raise ValueError(f"A flow of shape [batch, height, width, 2] is expected. Received: {flow.shape}.")
    if any(length is not None and length < kernel_size for length in flow.shape[1:3]):
        raise ValueError(f"A flow of at least {kernel_size} x {kernel_size} is expected. Received: {flow.shape}.")
    projection = residual_projection(kernel_size)
    to_residuals, to_windows = (
        tf.constant(matrix.reshape(kernel_size, kernel_size, 1, -1), flow.dtype)
        for matrix in (projection, np.eye(kernel_size**2))
    )
    terms = []
    for positions in sampling_positions(flow):
        windows, residuals = (
            tf.nn.conv2d(positions[..., tf.newaxis], kernel, 1, "VALID") for kernel in (to_windows, to_residuals)
        )
        terms.append(tf.reduce_mean(tf.reduce_sum(windows * residuals, axis=-1)))
    return tf.add_n(terms)


def residual_projection(kernel_size: int) -> np.ndarray:
    """The symmetric matrix `[k * k, k * k]` from a window's values to the residuals of their best affine fit."""
    rows, columns = np.mgrid[:kernel_size, :kernel_size]
    design = np.stack([rows.ravel(), columns.ravel(), np.ones(kernel_size**2)], axis=1)
    return np.eye(kernel_size**2) - design @ np.linalg.pinv(design)
