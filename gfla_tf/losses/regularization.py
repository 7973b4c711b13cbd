"""Affine regularisation: does the flow move each small window as a whole?

Conventions as in `gfla_tf.ops.warp`: flows `[batch, height, width, 2]` = (dx, dy) in pixels of their own level, target
position l reading the source at l + flow(l). Reference: Ren et al. 2020, section 3.1.
"""

from __future__ import annotations

import keras
import numpy as np
import tensorflow as tf

from gfla_tf.layers.primitives import register
from gfla_tf.losses.numerics import full_precision, mean_per_picture
from gfla_tf.ops.warp import sampling_positions

__all__ = ["AffineRegularization", "affine_regularization"]


def affine_regularization(flow, kernel_size: int) -> tf.Tensor:
    """For every k x k window of the source positions (grid + flow), the squared residuals of its best affine fit.

    Summed over the window's positions and x and y; mean over windows. With the residual projection
    R = I - A (A'A)^-1 A', which is idempotent, the sum is p' R p for the window's positions p; the authors use that
    form, and their figures are met only by it. In float32 its error is absolute, and grows with the positions: at
    64 x 64 the value of any flow is off by about -4e-4 for k = 3 and 2e-3 for k = 5, so that smooth flows, which cost
    no more, may come out negative. In float64 it is below 1e-10 for both.

    Args:
        flow: `[batch, height, width, 2]`, at least k high and wide.
        kernel_size: k, the local attention's kernel of that level.

    Returns:
        A number.

    Raises:
        ValueError: if a shape is not as described, or `kernel_size` is less than 1.
    """
    return tf.reduce_mean(regularization_per_picture(flow, kernel_size))


def regularization_per_picture(flow, kernel_size: int) -> tf.Tensor:
    """`affine_regularization` of each picture, `[batch]`."""
    _check_kernel_size(kernel_size)
    flow = full_precision(flow)
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
        terms.append(mean_per_picture(tf.reduce_sum(windows * residuals, axis=-1)))
    return tf.add_n(terms)


def residual_projection(kernel_size: int) -> np.ndarray:
    """The symmetric matrix `[k * k, k * k]` from a window's values to the residuals of their best affine fit."""
    rows, columns = np.mgrid[:kernel_size, :kernel_size]
    design = np.stack([rows.ravel(), columns.ravel(), np.ones(kernel_size**2)], axis=1)
    return np.eye(kernel_size**2) - design @ np.linalg.pinv(design)


def _check_kernel_size(kernel_size: int) -> None:
    if kernel_size < 1:
        raise ValueError(f"A kernel_size of at least 1 is expected. Received: {kernel_size}.")


@register
class AffineRegularization(keras.losses.Loss):
    """`affine_regularization` as a Keras loss: `AffineRegularization(kernel_size)(0.0, flow)`.

    y_pred is the flow `[batch, height, width, 2]`; there is no truth to compare it with, and y_true is not read.

    Args:
        kernel_size: k, the local attention's kernel of that level.
        **kwargs: name and reduction, as every Keras loss has them.
    """

    def __init__(self, kernel_size: int, **kwargs):
        super().__init__(**kwargs)
        _check_kernel_size(kernel_size)
        self.kernel_size = kernel_size

    def call(self, y_true, y_pred) -> tf.Tensor:
        return regularization_per_picture(y_pred, self.kernel_size)

    def get_config(self) -> dict:
        return {**super().get_config(), "kernel_size": self.kernel_size}
