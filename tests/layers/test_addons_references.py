"""TensorFlow Addons as an independent reference, on the stack that has it."""

from __future__ import annotations

import warnings

import keras
import numpy as np
import pytest
import tensorflow as tf

from gfla_tf.layers.primitives import NORM_EPSILON, instance_norm
from gfla_tf.layers.spectral import SpectralConv
from gfla_tf.ops import bilinear_sample

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # it announces its end
    tfa = pytest.importorskip("tensorflow_addons")

HEIGHT, WIDTH = 7, 11
random = np.random.default_rng(0)
MAP = random.normal(size=(2, HEIGHT, WIDTH, 5)).astype(np.float32)
GRID = np.stack(np.meshgrid(np.arange(WIDTH), np.arange(HEIGHT)), axis=-1).astype(np.float32)  # (x, y)


def test_bilinear_sampling_is_its_resampler():
    positions = random.uniform((0, 0), (WIDTH - 1, HEIGHT - 1), (2, HEIGHT, WIDTH, 2)).astype(np.float32)
    expected = tfa.image.resampler(MAP, positions)
    np.testing.assert_allclose(bilinear_sample(MAP, positions - GRID), expected, atol=1e-5)


def test_bilinear_sampling_is_its_dense_image_warp():
    """Which subtracts its flow, in (y, x), and repeats the border as we do."""
    flow = random.uniform(-6, 6, (2, HEIGHT, WIDTH, 2)).astype(np.float32)
    expected = tfa.image.dense_image_warp(MAP, -flow[..., ::-1])
    np.testing.assert_allclose(bilinear_sample(MAP, flow), expected, atol=1e-5)


def test_gradients_of_sampling_are_its_gradients():
    positions = tf.constant(random.uniform((0, 0), (WIDTH - 1, HEIGHT - 1), (2, HEIGHT, WIDTH, 2)).astype(np.float32))
    source, weights = tf.constant(MAP), random.normal(size=MAP.shape).astype(np.float32)

    def gradients(sample):
        with tf.GradientTape() as tape:
            tape.watch([source, positions])
            total = tf.reduce_sum(sample(source, positions) * weights)
        return tape.gradient(total, [source, positions])

    ours = gradients(lambda values, places: bilinear_sample(values, places - GRID))
    for mine, theirs in zip(ours, gradients(tfa.image.resampler), strict=True):
        np.testing.assert_allclose(mine, theirs, atol=1e-4)


def test_instance_norm_is_its_instance_normalization():
    ours = instance_norm("norm")
    theirs = tfa.layers.InstanceNormalization(epsilon=NORM_EPSILON)
    for layer in (ours, theirs):
        layer.build(MAP.shape)
        layer.gamma.assign(np.linspace(0.5, 2, 5))
        layer.beta.assign(np.linspace(-1, 1, 5))
    np.testing.assert_allclose(ours(MAP), theirs(tf.constant(MAP)), atol=1e-5)


def test_spectral_norm_comes_to_what_its_spectral_normalization_comes_to():
    """Both by power iteration, each from vectors of its own: alike once they have found the singular value."""
    kernel, bias = random.normal(size=(3, 3, 5, 4)).astype(np.float32), np.arange(4, dtype=np.float32)
    ours = SpectralConv(4, (3, 3))
    theirs = tfa.layers.SpectralNormalization(keras.layers.Conv2D(4, 3))
    for layer, inner in ((ours, ours), (theirs, theirs.layer)):
        layer.build(MAP.shape)
        inner.kernel.assign(kernel)
        inner.bias.assign(bias)
    for _ in range(200):
        ours(MAP, training=True)
        theirs(tf.constant(MAP), training=True)
    expected = theirs(tf.constant(MAP), training=False)
    np.testing.assert_allclose(ours(MAP, training=False), expected, atol=1e-3)
    largest = np.linalg.svd(kernel.reshape(-1, 4), compute_uv=False)[0]
    by_hand = tf.nn.conv2d(MAP, kernel / largest, 1, "VALID") + bias
    np.testing.assert_allclose(expected, by_hand, atol=1e-3)
