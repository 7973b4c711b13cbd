"""The compiled operations beyond what all implementations have in common: types, sizes, threads, errors, shapes."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
import tensorflow as tf

from gfla_tf.ops import bilinear_sample, gaussian_sample, local_attention
from gfla_tf.ops.native_library import find_library

pytestmark = pytest.mark.usefixtures("native")
SAMPLERS = [bilinear_sample, gaussian_sample]


def random_inputs(kernel_size=3, channels=3, batch=2, source_size=(5, 7), size=(4, 6)) -> list[np.ndarray]:
    """Source, flow (leaving the map on every side) and weights, in float32."""
    random = np.random.default_rng(0)
    source = random.standard_normal((batch, *source_size, channels))
    flow = random.uniform(-6.0, 6.0, (batch, *size, 2))
    weights = random.standard_normal((batch, *size, kernel_size**2))
    return [value.astype(np.float32) for value in (source, flow, weights)]


def value_and_gradients(function, *inputs) -> list[tf.Tensor]:
    """The output and its gradients by the inputs, each output with another factor."""
    tensors = [tf.convert_to_tensor(value) for value in inputs]
    with tf.GradientTape() as tape:
        tape.watch(tensors)
        outputs = function(*tensors)
        factors = tf.reshape(tf.sin(tf.range(tf.size(outputs), dtype=tf.float32)), outputs.shape)
        loss = tf.reduce_sum(tf.cast(factors, outputs.dtype) * outputs)
    return [outputs, *tape.gradient(loss, tensors)]


def assert_equal_to_fused(function, *inputs, tolerance: float) -> None:
    natives = value_and_gradients(lambda *tensors: function(*tensors, implementation="native"), *inputs)
    fused = value_and_gradients(lambda *tensors: function(*tensors, implementation="fused"), *inputs)
    for actual, expected in zip(natives, fused, strict=True):
        assert actual.dtype == expected.dtype
        np.testing.assert_allclose(actual, expected, atol=tolerance)


# Registers hold 4 to 16 numbers, and 8 registers are filled at a time.
@pytest.mark.parametrize("channels", [1, 3, 4, 15, 16, 33, 128, 161])
def test_any_number_of_channels(channels):
    source, flow, weights = random_inputs(channels=channels)
    assert_equal_to_fused(local_attention, source, flow, weights, tolerance=2e-5)
    for sample in SAMPLERS:
        assert_equal_to_fused(sample, source, flow, tolerance=2e-5)


@pytest.mark.parametrize("source_size", [(1, 1), (1, 6), (6, 1), (2, 2), (40, 3)])
@pytest.mark.parametrize("kernel_size", [1, 5, 7])
def test_any_size(kernel_size, source_size):
    inputs = [value.astype(np.float64) for value in random_inputs(kernel_size, 5, 3, source_size)]
    assert_equal_to_fused(local_attention, *inputs, tolerance=1e-10)
    for sample in SAMPLERS:
        assert_equal_to_fused(sample, *inputs[:2], tolerance=1e-10)


@pytest.mark.parametrize("reduction", ["mean", "sum"])
def test_bfloat16_is_float32_rounded_once(reduction):
    source, flow, weights = random_inputs(channels=37)
    rounded = tf.cast(source, tf.bfloat16)
    options = {"implementation": "native", "reduction": reduction}
    half = local_attention(rounded, flow, weights, **options)
    assert half.dtype == tf.bfloat16
    full = local_attention(tf.cast(rounded, tf.float32), flow, weights, **options)
    np.testing.assert_array_equal(tf.cast(half, tf.float32), tf.cast(tf.cast(full, tf.bfloat16), tf.float32))


def test_gradients_of_bfloat16_are_those_of_float32_rounded_once():
    source, flow, weights = random_inputs(channels=37)
    rounded = tf.cast(source, tf.bfloat16)
    _, *half = value_and_gradients(lambda *maps: local_attention(*maps, "native"), rounded, flow, weights)

    def attend_in_full(source, flow, weights):
        return tf.cast(local_attention(source, flow, weights, "native"), tf.bfloat16)

    _, *full = value_and_gradients(attend_in_full, tf.cast(rounded, tf.float32), flow, weights)
    assert [gradient.dtype for gradient in half] == [tf.bfloat16, tf.float32, tf.float32]
    np.testing.assert_array_equal(tf.cast(half[0], tf.float32), tf.cast(tf.cast(full[0], tf.bfloat16), tf.float32))
    for actual, expected in zip(half[1:], full[1:], strict=True):
        np.testing.assert_array_equal(actual, expected)


def test_float16_and_mixed_types():
    source, flow, weights = random_inputs()
    exact = local_attention(source, flow, weights, "native")
    half = local_attention(source.astype(np.float16), flow, weights, "native")
    assert half.dtype == tf.float16
    np.testing.assert_allclose(half, exact, atol=2e-3)
    mixed = local_attention(source, flow.astype(np.float64), weights.astype(np.float64), "native")
    np.testing.assert_array_equal(mixed, exact)


def test_what_is_no_number_stays_none():
    source, flow, weights = random_inputs()
    flow[0, 1, 2] = np.nan, 0.0
    for outputs in (
        local_attention(source, flow, weights, "native"),
        local_attention(tf.cast(source, tf.bfloat16), flow, weights, "native"),
        *(sample(source, flow, "native") for sample in SAMPLERS),
    ):
        lost = np.isnan(tf.cast(outputs, tf.float32)).any(axis=-1)
        assert np.argwhere(lost).tolist() == [[0, 1, 2]]


def test_infinite_flow_reads_the_border():
    source, flow, weights = random_inputs()
    flow[:] = np.inf, -np.inf
    attended = local_attention(source, flow, weights, "native", "sum")
    expected = weights.sum(axis=-1, keepdims=True) * source[:, 0, -1][:, None, None]
    np.testing.assert_allclose(attended, expected, atol=1e-5)


@pytest.mark.parametrize(("batch", "size"), [(0, (4, 6)), (2, (0, 6))])
def test_no_positions(batch, size):
    source, flow, weights = random_inputs(batch=batch, size=size)
    natives = value_and_gradients(lambda *maps: local_attention(*maps, "native"), source, flow, weights)
    assert [tuple(value.shape) for value in natives] == [(batch, *size, 3), source.shape, flow.shape, weights.shape]
    np.testing.assert_array_equal(natives[1], np.zeros_like(source))
    assert gaussian_sample(source, flow, "native").shape == (batch, *size, 3)


# Large enough that the work is shared out.
HASHES = """
import hashlib, os, sys
import tensorflow as tf
from gfla_tf.ops.native import load_library
if len(sys.argv) > 2:
    tf.config.threading.set_intra_op_parallelism_threads(int(sys.argv[2]))
library = load_library(sys.argv[1])
values = [tf.random.stateless_normal((2, 24, 40, channels), (channels, 0)) for channels in (36, 2, 9, 36)]
source, flow, weights, gradient = (values[0], values[1] * 4, *values[2:])
outputs = [
    library.gfla_local_attention(source, flow, weights, mean=True),
    *library.gfla_local_attention_grad(gradient, source, flow, weights, mean=True),
    library.gfla_local_attention_source_grad(gradient, source, flow, weights, mean=True),
    library.gfla_sample_grad(gradient, source, flow, window="gaussian"),
    library.gfla_sample_source_grad(gradient, source, flow, window="gaussian"),
]
print([hashlib.sha256(output.numpy().tobytes()).hexdigest() for output in outputs])
"""


def test_the_same_bits_for_any_number_of_threads():
    command = [sys.executable, "-c", HASHES, str(find_library())]
    first, second = (subprocess.run([*command, threads], capture_output=True, check=True) for threads in ("1", "7"))
    assert first.stdout == second.stdout
    assert first.stdout.count(b"'") == 2 * 6


def test_the_same_bits_again():
    inputs = random_inputs(5, 40, 2, (24, 16), (24, 16))
    first, second = (value_and_gradients(lambda *maps: local_attention(*maps, "native"), *inputs) for _ in range(2))
    for actual, expected in zip(first, second, strict=True):
        np.testing.assert_array_equal(actual, expected)


@pytest.mark.parametrize(
    ("shapes", "message"),
    [
        (((5, 7, 3), (2, 4, 6, 2), (2, 4, 6, 9)), r"A source of shape \[batch, height.*Received: \[5,7,3\]"),
        (((2, 5, 7, 3), (2, 4, 6, 3), (2, 4, 6, 9)), r"A flow of shape .* is expected. Received: \[2,4,6,3\]"),
        (((2, 5, 7, 3), (1, 4, 6, 2), (1, 4, 6, 9)), r"agree in batch. Received: \[2,5,7,3\] and \[1,4,6,2\]"),
        (((2, 0, 7, 3), (2, 4, 6, 2), (2, 4, 6, 9)), r"A source with pixels is expected. Received: \[2,0,7,3\]"),
        (((2, 5, 7, 3), (2, 4, 6, 2), (2, 4, 6, 8)), r"with an odd k are expected. Received: \[2,4,6,8\]"),
        (((2, 5, 7, 3), (2, 4, 6, 2), (2, 4, 6, 16)), r"with an odd k are expected. Received: \[2,4,6,16\]"),
        (((2, 5, 7, 3), (2, 4, 6, 2), (2, 4, 6, 0)), r"with an odd k are expected. Received: \[2,4,6,0\]"),
        (((2, 5, 7, 3), (2, 4, 6, 2), (2, 4, 9)), r"with an odd k are expected. Received: \[2,4,9\]"),
        (((2, 5, 7, 3), (2, 4, 6, 2), (2, 6, 4, 9)), r"agree in batch, height and width.*\[2,4,6,2\] and \[2,6,4,9\]"),
    ],
)
def test_wrong_shapes(native, shapes, message):
    tensors = [tf.zeros(shape) for shape in shapes]
    with pytest.raises(tf.errors.InvalidArgumentError, match=message):
        native.gfla_local_attention(*tensors, mean=True)
    gradient = tf.zeros((2, 4, 6, 3))
    for operation in (native.gfla_local_attention_grad, native.gfla_local_attention_source_grad):
        with pytest.raises(tf.errors.InvalidArgumentError, match=message):
            operation(gradient, *tensors, mean=True)


def test_wrong_gradient(native):
    tensors = [tf.constant(value) for value in random_inputs()]
    message = r"A gradient of shape \[2,4,6,3\] is expected. Received: \[2,4,6,4\]"
    with pytest.raises(tf.errors.InvalidArgumentError, match=message):
        native.gfla_local_attention_grad(tf.zeros((2, 4, 6, 4)), *tensors, mean=True)
    with pytest.raises(tf.errors.InvalidArgumentError, match=message):
        native.gfla_sample_source_grad(tf.zeros((2, 4, 6, 4)), *tensors[:2], window="gaussian")


def shapes_in_a_graph(*shapes) -> list[tuple]:
    """The shapes that TensorFlow knows of the output and of the gradients before anything runs."""
    with tf.Graph().as_default():
        inputs = [tf.compat.v1.placeholder(tf.float32, shape) for shape in shapes]
        outputs = local_attention(*inputs, "native") if len(inputs) == 3 else gaussian_sample(*inputs, "native")
        return [tuple(tensor.shape.as_list()) for tensor in (outputs, *tf.gradients(outputs, inputs))]


@pytest.mark.parametrize("shapes", [[(2, 5, 7, 3), (2, 4, 6, 2), (2, 4, 6, 9)], [(2, 5, 7, 3), (2, 4, 6, 2)]])
def test_shapes_are_known_beforehand(shapes):
    assert shapes_in_a_graph(*shapes) == [(2, 4, 6, 3), *shapes]
    unknown = [(None, None, None, shape[-1]) for shape in shapes]
    assert shapes_in_a_graph(*unknown) == [(None, None, None, 3), *unknown]


def test_wrong_shapes_are_known_beforehand(native):
    source, flow, weights = (tf.TensorSpec(shape) for shape in ((2, 5, 7, 3), (2, 4, 6, 2), (2, 6, 4, 9)))

    @tf.function
    def function(*maps):
        return native.gfla_local_attention(*maps, mean=True)

    with pytest.raises(ValueError, match="Dimensions must be equal"):
        function.get_concrete_function(source, flow, weights)
