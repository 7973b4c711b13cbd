from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf
from helpers.layer_checks import CHECKS, LayerCase, random_tensors, randomize
from helpers.numpy_reference import convolve, leaky_relu

from gfla_tf.layers import SpectralConv, SpectralDownBlock


def settle(layer, input_shape: tuple, calls: int = 200):
    """The layer with the singular vectors that many training calls leave, so that its sigma is the true one."""
    inputs = np.zeros(input_shape, np.float32)
    for _ in range(calls):
        layer(inputs, training=True)
    return layer


def convolution(taps: int, inputs: int, filters: int) -> tuple[int, int]:
    """Trained and other numbers of a convolution under spectral norm."""
    return taps * inputs * filters + filters, filters + taps * inputs


def total(*counts: tuple[int, int]) -> tuple[int, int]:
    return tuple(sum(column) for column in zip(*counts, strict=True))


PICTURE, CLIP = (2, 8, 12, 5), (2, 4, 8, 12, 5)
# Freshly built singular vectors are random and sigma with them, so a small difference of weights may show enlarged.
LOOSE = 0.05

CASES = [
    LayerCase(
        "conv",
        lambda **config: SpectralConv(6, (4, 4), 2, 1, **config),
        PICTURE,
        (2, 4, 6, 6),
        *convolution(16, 5, 6),
        half_precision_error=LOOSE,
    ),
    LayerCase(
        "conv-3d",
        lambda **config: SpectralConv(6, (3, 4, 4), (1, 2, 2), (0, 1, 1), **config),
        CLIP,
        (2, 2, 4, 6, 6),
        *convolution(48, 5, 6),
        half_precision_error=LOOSE,
    ),
    LayerCase(
        "halving",
        lambda **config: SpectralDownBlock(6, 4, **config),
        PICTURE,
        (2, 4, 6, 6),
        *total(convolution(9, 5, 4), convolution(16, 4, 6), convolution(1, 5, 6)),
        half_precision_error=LOOSE,
    ),
    LayerCase(
        "halving-3d",
        lambda **config: SpectralDownBlock(6, 4, rank=3, **config),
        CLIP,
        (2, 2, 4, 6, 6),
        *total(convolution(27, 5, 4), convolution(48, 4, 6), convolution(1, 5, 6)),
        half_precision_error=LOOSE,
    ),
]


@pytest.mark.parametrize("check", CHECKS)
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_layer(case, check):
    check(case)


def checkpoint_matrix(kernel: np.ndarray) -> np.ndarray:
    """The kernel as `[filters, inputs]`, channels before taps as in PyTorch."""
    rank = kernel.ndim
    return np.transpose(kernel, [rank - 1, rank - 2, *range(rank - 2)]).reshape(kernel.shape[-1], -1)


@pytest.mark.parametrize("kernel_size", [(3, 3), (4, 2), (3, 2, 2)])
def test_sigma_becomes_the_largest_singular_value(kernel_size):
    layer = SpectralConv(6, kernel_size)
    layer.build((*(None for _ in kernel_size), None, 5))
    randomize(layer)
    settle(layer, (1, *kernel_size, 5))
    matrix = checkpoint_matrix(layer.kernel.numpy())
    left, values, right = np.linalg.svd(matrix, full_matrices=False)
    np.testing.assert_allclose(layer.normalized_kernel(), layer.kernel.numpy() / values[0], rtol=1e-4, atol=1e-6)
    assert abs(layer.vector_u.numpy() @ left[:, 0]) == pytest.approx(1.0, abs=1e-4)
    assert abs(layer.vector_v.numpy() @ right[0]) == pytest.approx(1.0, abs=1e-4)


def test_one_training_call_is_one_power_iteration():
    layer = SpectralConv(4, (3, 3))
    layer.build((None, None, None, 2))
    randomize(layer)
    matrix, u = checkpoint_matrix(layer.kernel.numpy()), layer.vector_u.numpy()
    layer(np.zeros((1, 3, 3, 2), np.float32), training=True)
    v = matrix.T @ u / np.linalg.norm(matrix.T @ u)
    np.testing.assert_allclose(layer.vector_v.numpy(), v, atol=1e-6)
    np.testing.assert_allclose(layer.vector_u.numpy(), matrix @ v / np.linalg.norm(matrix @ v), atol=1e-6)


def test_inference_leaves_the_vectors_alone():
    layer = SpectralConv(4, (3, 3))
    layer.build((None, None, None, 2))
    before = [layer.vector_u.numpy(), layer.vector_v.numpy()]
    layer(np.zeros((1, 3, 3, 2), np.float32))
    layer(np.zeros((1, 3, 3, 2), np.float32), training=False)
    np.testing.assert_array_equal(layer.vector_u.numpy(), before[0])
    np.testing.assert_array_equal(layer.vector_v.numpy(), before[1])


def test_fresh_vectors_differ_from_each_other():
    layer = SpectralConv(18, (3, 3))
    layer.build((None, None, None, 2))
    assert not np.array_equal(layer.vector_u.numpy(), layer.vector_v.numpy())


def normalized(layer: SpectralConv) -> tuple[np.ndarray, np.ndarray]:
    kernel = layer.kernel.numpy()
    sigma = layer.vector_u.numpy() @ checkpoint_matrix(kernel) @ layer.vector_v.numpy()
    return kernel / sigma, layer.bias.numpy()


def test_halving_follows_the_definition():
    layer = SpectralDownBlock(3, 5)
    layer.build((None, None, None, 4))
    settle(randomize(layer), (1, 6, 10, 4), 3)
    picture = random_tensors((6, 10, 4))
    hidden = convolve(leaky_relu(picture), *normalized(layer.conv1), margin=1)
    hidden = convolve(leaky_relu(hidden), *normalized(layer.conv2), stride=2, margin=1)
    mean = picture.reshape(3, 2, 5, 2, 4).mean(axis=(1, 3))
    expected = hidden + convolve(mean, *normalized(layer.shortcut))
    np.testing.assert_allclose(layer(picture[np.newaxis])[0], expected, atol=1e-4)


def test_halving_of_clips_follows_the_definition():
    layer = SpectralDownBlock(3, 5, rank=3)
    layer.build((None, None, None, None, 2))
    settle(randomize(layer), (1, 4, 6, 10, 2), 3)
    clip = random_tensors((5, 6, 10, 2))
    hidden = convolve(leaky_relu(clip), *normalized(layer.conv1), margin=1)
    hidden = convolve(leaky_relu(hidden), *normalized(layer.conv2), stride=(1, 2, 2), margin=(0, 1, 1))
    halved = clip.reshape(5, 3, 2, 5, 2, 2).mean(axis=(2, 4))
    mean = np.stack([halved[time : time + 3].mean(axis=0) for time in range(3)])
    expected = hidden + convolve(mean, *normalized(layer.shortcut))
    np.testing.assert_allclose(layer(clip[np.newaxis])[0], expected, atol=1e-4)


def test_gradient_flows_through_sigma():
    # W / sigma(W) does not change when W is scaled, so the gradient is at right angles to W.
    layer = SpectralConv(4, (3, 3))
    layer.build((None, None, None, 2))
    settle(randomize(layer), (1, 3, 3, 2))
    pictures = random_tensors((1, 6, 7, 2))
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(tf.square(layer(pictures)))
    gradient = tf.convert_to_tensor(tape.gradient(loss, layer.trainable_variables)[0]).numpy()
    kernel = layer.kernel.numpy()
    assert np.linalg.norm(gradient) > 1.0
    assert abs(np.sum(gradient * kernel)) < 1e-3 * np.linalg.norm(gradient) * np.linalg.norm(kernel)
