from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf
from helpers import numpy_reference

from gfla_tf.ops import IMPLEMENTATIONS, local_attention


def random_inputs(kernel_size: int, source_size=(5, 7), size=(4, 6), spread: float = 6.0, seed: int = 0):
    """Source, flow (leaving the map on every side) and weights, in float64."""
    random = np.random.default_rng(seed)
    source = random.standard_normal((2, *source_size, 3))
    flow = random.uniform(-spread, spread, (2, *size, 2))
    return source, flow, random.standard_normal((2, *size, kernel_size**2))


def test_implementations_in_stock_operations():
    assert IMPLEMENTATIONS == ("fused", "reference")


@pytest.mark.parametrize(
    ("tap", "expected"),
    [
        (0, [[0, 0, 1], [0, 0, 1]]),  # the first tap reads one pixel up and left
        (1, [[0, 1, 2], [0, 1, 2]]),
        (2, [[1, 2, 2], [1, 2, 2]]),
        (3, [[0, 0, 1], [10, 10, 11]]),
        (4, [[0, 1, 2], [10, 11, 12]]),  # the middle one reads at l + flow(l)
        (8, [[11, 12, 12], [11, 12, 12]]),
    ],
)
def test_convention_local_attention(tap, expected, implementation):
    source = np.array([[[[0.0], [1.0], [2.0]], [[10.0], [11.0], [12.0]]]])  # row * 10 + column
    weights = np.zeros((1, 2, 3, 9))
    weights[..., tap] = 1.0
    attended = local_attention(source, np.zeros((1, 2, 3, 2)), weights, implementation, "sum")
    np.testing.assert_array_equal(attended[0, ..., 0], expected)
    attended = local_attention(source, np.zeros((1, 2, 3, 2)), weights, implementation)
    np.testing.assert_allclose(attended[0, ..., 0], np.array(expected) / 9)


def test_convention_flow_of_local_attention(implementation):
    source = np.array([[[[0.0], [1.0], [2.0]], [[10.0], [11.0], [12.0]]]])
    weights = np.zeros((1, 2, 3, 9))
    weights[..., 4] = 1.0
    flow = np.broadcast_to([1.0, -0.25], (1, 2, 3, 2))  # one column to the right, a quarter of a row up
    attended = local_attention(source, flow, weights, implementation, "sum")
    np.testing.assert_allclose(attended[0, ..., 0], [[1, 2, 2], [8.5, 9.5, 9.5]])


@pytest.mark.parametrize("reduction", ["mean", "sum"])
@pytest.mark.parametrize("kernel_size", [1, 3, 5])
@pytest.mark.parametrize("size", [(5, 7), (3, 8)])
def test_definition(kernel_size, reduction, size, implementation):
    inputs = random_inputs(kernel_size, size=size)
    attended = local_attention(*inputs, implementation, reduction)
    expected = [numpy_reference.attend(*maps, reduction) for maps in zip(*inputs, strict=True)]
    np.testing.assert_allclose(attended, np.stack(expected), atol=1e-12)


def value_and_gradients(inputs, implementation, reduction):
    """The attended map, and the gradients of its sum of squares by source, flow and weights."""
    tensors = [tf.constant(value) for value in inputs]
    with tf.GradientTape() as tape:
        tape.watch(tensors)
        attended = local_attention(*tensors, implementation, reduction)
        loss = tf.reduce_sum(tf.square(attended))
    return [attended, *(tf.convert_to_tensor(gradient) for gradient in tape.gradient(loss, tensors))]


@pytest.mark.parametrize("kernel_size", [1, 3, 5])
@pytest.mark.parametrize("reduction", ["mean", "sum"])
@pytest.mark.parametrize("source_size", [(4, 6), (7, 3)])
def test_implementations_agree_in_values_and_gradients(kernel_size, reduction, source_size, fast_implementation):
    inputs = random_inputs(kernel_size, source_size)
    reference = value_and_gradients(inputs, "reference", reduction)
    for actual, expected in zip(value_and_gradients(inputs, fast_implementation, reduction), reference, strict=True):
        assert np.abs(expected).max() > 1e-3
        np.testing.assert_allclose(actual, expected, atol=1e-10)


@pytest.mark.parametrize("kernel_size", [1, 3])
def test_gradients(kernel_size, implementation):
    source, flow, weights = (value[:1] for value in random_inputs(kernel_size, (3, 4), (2, 3), 3.0))
    # Away from whole positions, where the derivative by the flow jumps.
    flow = np.floor(flow) + np.random.default_rng(1).uniform(0.1, 0.9, flow.shape)

    @tf.function
    def function(*tensors):
        return local_attention(*tensors, implementation)

    theoretical, numeric = tf.test.compute_gradient(function, [tf.constant(value) for value in (source, flow, weights)])
    for analytic, difference in zip(theoretical, numeric, strict=True):
        assert np.abs(difference).max() > 0.05
        np.testing.assert_allclose(analytic, difference, atol=1e-8)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_huge_flows_read_a_corner(dtype, implementation):
    source, flow, weights = (value.astype(dtype) for value in random_inputs(3))
    flow = np.where(np.array([True, False]), 1e9, -1e9) * np.ones_like(flow)  # far right, far up
    attended = local_attention(source, flow.astype(dtype), weights, implementation, "sum")
    expected = weights.sum(axis=-1, keepdims=True) * source[:, 0, -1][:, None, None]
    np.testing.assert_allclose(attended, expected, rtol=1e-4, atol=1e-5)


def test_unknown_shapes(implementation):
    def function(*tensors):
        return local_attention(*tensors, implementation)

    signature = [tf.TensorSpec([None, None, None, channels], tf.float64) for channels in (None, 2, 9)]
    compiled = tf.function(function, input_signature=signature)
    for sizes in ((5, 7), (4, 6)), ((3, 2), (6, 5)):
        inputs = random_inputs(3, *sizes)
        np.testing.assert_allclose(compiled(*inputs), function(*inputs), atol=1e-12)


def test_half_precision_source_keeps_its_dtype(implementation):
    source, flow, weights = (value.astype(np.float32) for value in random_inputs(3))
    attended = local_attention(tf.cast(source, tf.bfloat16), flow, weights, implementation)
    assert attended.dtype == tf.bfloat16
    exact = local_attention(source, flow, weights, implementation)
    np.testing.assert_allclose(tf.cast(attended, tf.float32), exact, atol=0.05)


@pytest.mark.parametrize(
    ("weights_shape", "message"),
    [
        ((2, 4, 6, 8), r"k \* k\] with an odd k are expected.*Received: \(2, 4, 6, 8\)"),
        ((2, 4, 6, 16), r"with an odd k.*Received: \(2, 4, 6, 16\)"),
        ((4, 6, 9), r"with an odd k.*Received: \(4, 6, 9\)"),
        ((2, 6, 4, 9), r"agree in batch, height and width.*Received: \(2, 4, 6, 2\) and \(2, 6, 4, 9\)"),
    ],
)
def test_wrong_weights(weights_shape, message):
    source, flow, _ = random_inputs(3)
    with pytest.raises(ValueError, match=message):
        local_attention(source, flow, np.zeros(weights_shape))


def test_wrong_choices():
    inputs = random_inputs(3)
    with pytest.raises(ValueError, match="one of auto, native, fused, reference, addons. Received: 'cuda'"):
        local_attention(*inputs, implementation="cuda")
    with pytest.raises(ValueError, match="reduction must be one of mean, sum. Received: 'max'"):
        local_attention(*inputs, reduction="max")


def test_wrong_flow():
    source, _, weights = random_inputs(3)
    with pytest.raises(ValueError, match=r"flow of shape \[batch, height, width, 2\].*Received: \(2, 4, 6, 3\)"):
        local_attention(source, np.zeros((2, 4, 6, 3)), weights)
