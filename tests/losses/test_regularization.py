"""Affine regularisation: least squares, gradients."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from gfla_tf.losses import AffineRegularization, affine_regularization

RNG = np.random.default_rng(3)


def residual_by_least_squares(flow, kernel_size):
    """The definition: fit each window of source positions by an affine map, sum squared residuals, average."""
    batch, height, width, _ = flow.shape
    rows, columns = np.mgrid[:height, :width]
    positions = flow + np.stack([columns, rows], axis=-1)
    window_rows, window_columns = np.mgrid[:kernel_size, :kernel_size]
    design = np.stack([window_rows.ravel(), window_columns.ravel(), np.ones(kernel_size**2)], axis=1)
    sums = np.zeros(2)
    count = 0
    for picture in range(batch):
        for top in range(height - kernel_size + 1):
            for left in range(width - kernel_size + 1):
                window = positions[picture, top : top + kernel_size, left : left + kernel_size].reshape(-1, 2)
                sums += np.linalg.lstsq(design, window, rcond=None)[1]
                count += 1
    return sums.sum() / count


@pytest.mark.parametrize("kernel_size", [3, 5])
def test_regularization_against_least_squares(kernel_size):
    flow = RNG.uniform(-3, 3, (2, 7, 9, 2))
    expected = residual_by_least_squares(flow, kernel_size)
    np.testing.assert_allclose(affine_regularization(flow, kernel_size), expected, rtol=1e-9)


def test_affine_flows_cost_nothing():
    rows, columns = np.mgrid[:6, :9].astype(float)
    flow = np.stack([0.3 * columns - 0.7 * rows + 2, 0.1 * rows + 0.5 * columns - 1], axis=-1)[np.newaxis]
    assert abs(affine_regularization(flow, 3)) < 1e-10
    flow[0, 3, 4, 0] += 1  # one stray position
    assert affine_regularization(flow, 3) > 0.01


@pytest.mark.parametrize(("kernel_size", "error"), [(3, 1e-3), (5, 3e-3)])
@pytest.mark.parametrize("largest", [0.0, 0.1, 3.0])
def test_the_error_of_float32_is_absolute(kernel_size, error, largest):
    flow = RNG.uniform(-largest, largest, (1, 64, 64, 2)).astype(np.float32)
    exact = affine_regularization(flow.astype(np.float64), kernel_size)
    np.testing.assert_allclose(affine_regularization(flow, kernel_size), exact, rtol=0, atol=error)


@pytest.mark.parametrize("kernel_size", [3, 5])
def test_regularization_gradient(kernel_size):
    flow = tf.constant(RNG.uniform(-2, 2, (2, 6, 7, 2)))
    theory, numeric = tf.test.compute_gradient(lambda flow: affine_regularization(flow, kernel_size), [flow])
    assert np.abs(theory[0]).max() > 1e-3
    np.testing.assert_allclose(theory[0], numeric[0], atol=1e-6)


def test_regularization_errors():
    with pytest.raises(ValueError, match="A flow of at least 5 x 5 is expected"):
        affine_regularization(np.zeros((1, 4, 9, 2)), 5)
    with pytest.raises(ValueError, match=r"\[batch, height, width, 2\] is expected"):
        affine_regularization(np.zeros((1, 8, 9, 3)), 3)
    for make in (AffineRegularization, lambda size: affine_regularization(np.zeros((1, 8, 9, 2)), size)):
        with pytest.raises(ValueError, match="A kernel_size of at least 1 is expected. Received: 0"):
            make(0)


@pytest.mark.parametrize("dtype", [tf.bfloat16, tf.float16])
def test_flows_of_16_bits_are_computed_with_in_float32(dtype):
    flow = tf.cast(RNG.uniform(-3, 3, (2, 6, 100, 2)), dtype)  # positions up to 100 have steps of 1/16 in float16
    value = affine_regularization(flow, 3)
    assert value.dtype == tf.float32
    expected = residual_by_least_squares(tf.cast(flow, tf.float64).numpy(), 3)
    np.testing.assert_allclose(value, expected, rtol=1e-3)
