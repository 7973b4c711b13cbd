"""Perceptual and style losses."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from gfla_tf.losses import perceptual, style
from gfla_tf.losses.perceptual import gram_matrix

RNG = np.random.default_rng(5)


def maps():
    return [RNG.normal(size=(2, 4, 6, 3)), RNG.normal(size=(2, 2, 3, 5))]


def test_perceptual_is_the_mean_absolute_difference_summed_over_layers():
    one, other = maps(), maps()
    expected = sum(np.abs(a - b).mean() for a, b in zip(one, other, strict=True))
    np.testing.assert_allclose(perceptual(one, other), expected)
    np.testing.assert_allclose(perceptual(one, other, [0, 2]), 2 * np.abs(one[1] - other[1]).mean())
    assert perceptual(one, one) == 0


def test_gram_matrix_of_worked_numbers():
    features = np.array([[[[1.0, 2.0], [3.0, 0.0], [0.0, -1.0]]]])  # 1 x 3 positions, 2 channels
    np.testing.assert_allclose(gram_matrix(features), np.array([[[10, 2], [2, 5]]]) / 6)


def test_style_does_not_see_where_things_are():
    features = maps()
    moved = [feature[:, ::-1, :, :] for feature in features]
    assert style(features, moved) < 1e-12
    assert perceptual(features, moved) > 0.1
    others = maps()
    expected = sum(
        np.abs(np.einsum("bhwc,bhwd->bcd", a, a) - np.einsum("bhwc,bhwd->bcd", b, b)).mean() / np.prod(a.shape[1:])
        for a, b in zip(features, others, strict=True)
    )
    np.testing.assert_allclose(style(features, others), expected)


@pytest.mark.parametrize("loss", [perceptual, style])
def test_gradients(loss):
    others = maps()
    theory, numeric = tf.test.compute_gradient(
        lambda *features: loss(features, others, [1.0, 0.5]), [tf.constant(m) for m in maps()]
    )
    for one, other in zip(theory, numeric, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-7)
        assert np.abs(one).max() > 1e-4


@pytest.mark.parametrize("dtype", [tf.bfloat16, tf.float16])
@pytest.mark.parametrize("loss", [perceptual, style])
def test_features_of_16_bits_are_compared_in_float32(loss, dtype):
    one, other = ([tf.cast(features * 300, dtype) for features in maps()] for _ in range(2))
    value = loss(one, other)  # sums of 24 squares of 300 overflow float16
    assert value.dtype == tf.float32
    exact = ([tf.cast(features, tf.float64) for features in side] for side in (one, other))
    np.testing.assert_allclose(value, loss(*exact), rtol=1e-5)
    with tf.GradientTape() as tape:
        tape.watch(one)
        loss_value = loss(one, other)
    gradients = tape.gradient(loss_value, one)
    assert all(gradient.dtype == dtype and np.isfinite(tf.cast(gradient, tf.float32)).all() for gradient in gradients)


def test_errors():
    with pytest.raises(ValueError, match="at least one, are expected. Received: 2 and 1"):
        perceptual(maps(), maps()[:1])
    for loss in (perceptual, style):
        with pytest.raises(ValueError, match=r"of the same shape are expected. Received: \(1, 4, 6, 3\) and \(2,"):
            loss([maps()[0][:1]], maps()[:1])
    with pytest.raises(ValueError, match="at least one, are expected. Received: 0 and 0"):
        style([], [])
    with pytest.raises(ValueError, match="One weight a layer, 2, is expected. Received: 3"):
        style(maps(), maps(), [1, 2, 3])
