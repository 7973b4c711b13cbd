from __future__ import annotations

import numpy as np
import pytest
from helpers.layer_checks import random_tensors
from helpers.numpy_reference import instance_norm as reference_norm
from helpers.numpy_reference import upsampling_convolve

from gfla_tf.layers.primitives import (
    Composite,
    activation,
    convolution,
    instance_norm,
    reflect_pad,
    upsample,
    upsampling_convolution,
)


def upsampled(picture: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    """A picture of one channel, upsampled with a kernel `[3, 3]`."""
    layer = upsampling_convolution(1, "up")
    layer.build((None, None, None, 1))
    layer.set_weights([kernel[:, :, np.newaxis, np.newaxis], np.zeros(1)])
    return np.asarray(upsample(layer, picture[np.newaxis, :, :, np.newaxis].astype(np.float32)))[0, :, :, 0]


def test_convention_transposed_convolution():
    kernel = np.array([[1, 2, 3], [4, 5, 6], [7, 8, 9]])
    # A single input at row 0 and column 1 reaches rows -1, 0, 1 and columns 1, 2, 3: output 2 i - 1 + k.
    picture = np.array([[0, 1, 0], [0, 0, 0]])
    expected = [[0, 4, 5, 6, 0, 0], [0, 7, 8, 9, 0, 0], [0, 0, 0, 0, 0, 0], [0, 0, 0, 0, 0, 0]]
    np.testing.assert_array_equal(upsampled(picture, kernel), expected)
    # One in the last row and column: its tap k = 2 would reach row 4 and column 6, which are not there.
    picture = np.array([[0, 0, 0], [0, 0, 1]])
    expected = [[0, 0, 0, 0, 0, 0], [0, 0, 0, 1, 2, 3], [0, 0, 0, 4, 5, 6], [0, 0, 0, 7, 8, 9]]
    np.testing.assert_array_equal(upsampled(picture, kernel), expected)


def test_upsampling_follows_the_definition():
    layer = upsampling_convolution(2, "up")
    layer.build((None, None, None, 3))
    kernel, bias, picture = random_tensors([(3, 3, 2, 3), (2,), (3, 5, 3)])
    layer.set_weights([kernel, bias])
    outputs = upsample(layer, picture[np.newaxis])[0]
    np.testing.assert_allclose(outputs, upsampling_convolve(picture, kernel, bias), atol=1e-5)


def test_convention_reflect_pad():
    picture = np.array([[1, 2, 3], [4, 5, 6]], np.float32)[np.newaxis, :, :, np.newaxis]
    expected = [[5, 4, 5, 6, 5], [2, 1, 2, 3, 2], [5, 4, 5, 6, 5], [2, 1, 2, 3, 2]]
    np.testing.assert_array_equal(reflect_pad(picture)[0, :, :, 0], expected)


def test_activation():
    np.testing.assert_allclose(activation(np.array([-2.0, 0.0, 3.0])), [-0.2, 0.0, 3.0])


def test_instance_norm_follows_the_definition():
    layer = instance_norm("norm")
    layer.build((None, None, None, 3))
    scale, offset, pictures = random_tensors([(3,), (3,), (2, 4, 6, 3)])
    layer.set_weights([scale, offset])
    expected = [reference_norm(picture, scale, offset) for picture in 5 * pictures + 2]
    np.testing.assert_allclose(layer(5 * pictures + 2), expected, atol=1e-5)


def test_instance_norm_of_a_plain_picture_is_its_offset():
    layer = instance_norm("norm")
    layer.build((None, None, None, 2))
    layer.set_weights([np.array([3.0, 4.0]), np.array([0.5, -0.5])])
    outputs = layer(np.full((1, 4, 6, 2), 7.0, np.float32))
    np.testing.assert_allclose(outputs, np.broadcast_to([0.5, -0.5], (1, 4, 6, 2)), atol=1e-4)


def test_convolutions_start_orthogonal_with_gain_002_and_without_bias():
    layer = convolution(6, 3, "conv")
    layer.build((None, None, None, 4))
    kernel = layer.kernel.numpy().reshape(-1, 6)
    np.testing.assert_allclose(kernel.T @ kernel, 0.02**2 * np.eye(6), atol=1e-9)
    np.testing.assert_array_equal(layer.bias.numpy(), np.zeros(6))


def test_parts_have_to_be_named():
    with pytest.raises(NotImplementedError, match="Composite does not name its parts"):
        Composite().checkpoint_parts()
