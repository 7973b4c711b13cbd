from __future__ import annotations

import contextlib
import json

import keras
import numpy as np
import pytest
import tensorflow as tf
from helpers.layer_checks import random_tensors
from helpers.numpy_reference import instance_norm as reference_norm
from helpers.numpy_reference import upsampling_convolve

from gfla_tf.layers.primitives import (
    NORM_EPSILON,
    Composite,
    InstanceNorm,
    activation,
    convolution,
    instance_norm,
    norms_as_of_unknown_batches,
    reflect_pad,
    upsample,
    upsampling_convolution,
)


def upsampled(picture: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    """A picture of one channel, upsampled with a kernel `[3, 3]`."""
    layer = upsampling_convolution(1, "up")
    layer.build((None, None, None, 1))
    layer.set_weights([kernel[:, :, np.newaxis, np.newaxis], np.zeros(1)])
    return np.asarray(upsample([layer], [picture[np.newaxis, :, :, np.newaxis].astype(np.float32)]))[0, :, :, 0]


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
    outputs = upsample([layer], [picture[np.newaxis]])[0]
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


@pytest.mark.parametrize("argument", [{"groups": 1}, {"axis": 1}, {"center": False}, {"scale": False}])
def test_instance_norm_takes_no_arguments_that_it_would_ignore(argument):
    with pytest.raises(ValueError, match="groups -1, axis -1, center and scale True are expected. Received: {'groups'"):
        InstanceNorm(**argument)


def test_instance_norm_round_trips_once_built():
    layer, pictures = instance_norm("norm", "mixed_bfloat16"), random_tensors((2, 4, 6, 3))
    expected = layer(pictures)
    again = InstanceNorm.from_config(json.loads(json.dumps(layer.get_config())))
    assert (again.name, again.compute_dtype, again.epsilon) == ("norm", "bfloat16", NORM_EPSILON)
    np.testing.assert_array_equal(again(pictures), expected)


def randomized_norms(channels: int) -> tuple:
    """Ours, and the one of Keras that defines it, with the same weights."""
    norms = instance_norm("norm"), keras.layers.GroupNormalization(groups=-1, epsilon=NORM_EPSILON)
    weights = random_tensors([(channels,), (channels,)], seed=2)
    for norm in norms:
        norm.build((None, None, None, channels))
        norm.set_weights(weights)
    return norms


def values_and_gradients(norm, maps: np.ndarray) -> list:
    """The output, and the gradients of its squares for input, scale and offset."""
    maps = tf.constant(maps)
    with tf.GradientTape() as tape:
        tape.watch(maps)
        outputs = norm(maps)
        loss = tf.reduce_mean(tf.square(outputs) * tf.sin(maps))
    return [outputs, *tape.gradient(loss, [maps, norm.gamma, norm.beta])]


# One picture, a batch, one too large to be taken apart, and maps too small for it; channels with and without padding.
@pytest.mark.parametrize("shape", [(1, 16, 20, 5), (3, 16, 20, 16), (9, 16, 20, 5), (2, 4, 6, 5)])
def test_instance_norm_has_values_and_gradients_of_group_normalization(shape):
    maps = 3 * random_tensors(shape) + 1
    ours, theirs = (values_and_gradients(norm, maps) for norm in randomized_norms(shape[-1]))
    for actual, expected in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(actual, expected, rtol=1e-4, atol=1e-5)


def test_instance_norm_of_unknown_sizes():
    ours, theirs = randomized_norms(5)
    maps = random_tensors((2, 16, 20, 5))
    function = tf.function(lambda values: ours(values), input_signature=[tf.TensorSpec([None, None, None, 5])])
    np.testing.assert_allclose(function(maps), theirs(maps), atol=1e-5)


def test_instance_norm_computes_as_of_unknown_batches_where_it_is_asked_to():
    ours, _ = randomized_norms(5)
    maps = random_tensors((2, 16, 20, 5))
    operations = set()
    for context in (contextlib.nullcontext(), norms_as_of_unknown_batches()):
        with context:
            graph = tf.function(lambda values: ours(values)).get_concrete_function(maps).graph
        operations.add("FusedBatchNormV3" in {operation.type for operation in graph.get_operations()})
    assert operations == {True, False}


def test_sum_of_upsamplings():
    layers = [upsampling_convolution(2, name) for name in ("first", "second")]
    tensors = random_tensors([(1, 3, 5, 4), (1, 3, 5, 3)])
    expected = 0
    for layer, tensor, seed in zip(layers, tensors, (3, 4), strict=True):
        layer.build(tensor.shape)
        kernel, bias = random_tensors([(3, 3, 2, tensor.shape[-1]), (2,)], seed)
        layer.set_weights([kernel, bias])
        expected = expected + upsampling_convolve(tensor[0], kernel, bias)
    np.testing.assert_allclose(upsample(layers, tensors)[0], expected, atol=1e-5)


def test_convolutions_start_orthogonal_with_gain_002_and_without_bias():
    layer = convolution(6, 3, "conv")
    layer.build((None, None, None, 4))
    kernel = layer.kernel.numpy().reshape(-1, 6)
    np.testing.assert_allclose(kernel.T @ kernel, 0.02**2 * np.eye(6), atol=1e-9)
    np.testing.assert_array_equal(layer.bias.numpy(), np.zeros(6))


def test_parts_have_to_be_named():
    with pytest.raises(NotImplementedError, match="Composite does not name its parts"):
        Composite().checkpoint_parts()
