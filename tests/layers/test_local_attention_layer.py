from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf
from helpers import numpy_reference
from helpers.layer_checks import CHECKS, LayerCase, randomize

from gfla_tf.layers import LocalAttention
from gfla_tf.ops.native import native_graphs

SHAPES = [(2, 6, 10, 4), (2, 6, 10, 4), (2, 6, 10, 2)]


def counted(kernel_size: int, hidden: int, channels: int = 4) -> int:
    """A k x k convolution over both patches, then a 1 x 1 convolution to k * k weights; both with biases."""
    taps = kernel_size**2
    return taps * 2 * channels * hidden + hidden + hidden * taps + taps


def case_of(implementation: str, kernel_size: int, reduction: str) -> LayerCase:
    def make(**config) -> LocalAttention:
        return LocalAttention(**{"kernel_size": kernel_size, "hidden": 8, **choices, **config})

    choices = {"reduction": reduction, "implementation": implementation}
    name, parameters = f"{implementation}-{kernel_size}-{reduction}", counted(kernel_size, 8)
    return LayerCase(name, make, SHAPES, SHAPES[0], parameters, half_precision_error=0.05)


CASES = [case_of("fused", 3, "mean"), case_of("fused", 5, "sum"), case_of("reference", 3, "sum")]


@pytest.mark.parametrize("check", CHECKS)
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_layer(case, check):
    check(case)


@pytest.mark.usefixtures("native")
@pytest.mark.parametrize("check", CHECKS)
def test_native_layer(check):
    check(case_of("native", 3, "mean"))


def random_inputs(source_size=(6, 10), size=(6, 10), spread: float = 5.0, dtype="float32") -> list[np.ndarray]:
    """Source, target and a flow that leaves the source on every side."""
    random = np.random.default_rng(0)
    source, target = random.standard_normal((2, *source_size, 4)), random.standard_normal((2, *size, 4))
    flow = random.uniform(-spread, spread, (2, *size, 2))
    flow[:, 0, 0], flow[:, 1, 1] = (1e3, -1e3), (-60.5, 70.25)
    return [value.astype(dtype) for value in (source, target, flow)]


def made(kernel_size: int, reduction: str = "mean", implementation: str = "fused", **config) -> LocalAttention:
    layer = LocalAttention(kernel_size, 8, reduction, implementation, **config)
    layer.build([(None, None, None, 4), (None, None, None, 4), (None, None, None, 2)])
    return randomize(layer)


def by_definition(layer: LocalAttention, source: np.ndarray, target: np.ndarray, flow: np.ndarray) -> np.ndarray:
    """One picture's output, position by position: patches, two dense layers, softmax, weighted sum."""
    size = layer.kernel_size
    source_patches = numpy_reference.patches(source, flow, size)
    target_patches = numpy_reference.patches(target, np.zeros_like(flow), size)
    kernel, bias, weights_kernel, weights_bias = layer.get_weights()
    taps = np.concatenate([target_patches, source_patches], axis=-1)  # the target's channels come first
    hidden = np.tensordot(taps, kernel.reshape(size * size, 8, 8), axes=2) + bias
    logits = numpy_reference.leaky_relu(hidden) @ weights_kernel[0, 0] + weights_bias
    weights = np.exp(logits) / np.exp(logits).sum(axis=-1, keepdims=True)
    total = np.einsum("yxk,yxkc->yxc", weights, source_patches)
    return total / size**2 if layer.reduction == "mean" else total


@pytest.mark.parametrize("reduction", ["mean", "sum"])
@pytest.mark.parametrize("kernel_size", [1, 3, 5])
def test_definition(kernel_size, reduction, implementation):
    layer, inputs = made(kernel_size, reduction, implementation), random_inputs()
    expected = [by_definition(layer, *maps) for maps in zip(*inputs, strict=True)]
    np.testing.assert_allclose(layer(inputs), np.stack(expected), atol=2e-5)


def test_source_of_another_size(implementation):
    layer, inputs = made(3, implementation=implementation), random_inputs((9, 5))
    expected = [by_definition(layer, *maps) for maps in zip(*inputs, strict=True)]
    np.testing.assert_allclose(layer(inputs), np.stack(expected), atol=2e-5)


def test_weights_sum_to_one(implementation):
    layer = made(3, implementation=implementation)
    weights = layer.attention_weights([tf.constant(value) for value in random_inputs()])
    assert weights.shape == (2, 6, 10, 9)
    np.testing.assert_allclose(tf.reduce_sum(weights, axis=-1), np.ones((2, 6, 10)), atol=1e-6)


def outputs_and_gradients(layer: LocalAttention, inputs: list[np.ndarray]) -> list[np.ndarray]:
    tensors = [tf.constant(value) for value in inputs]
    with tf.GradientTape() as tape:
        tape.watch(tensors)
        outputs = layer(tensors)
        loss = tf.reduce_sum(tf.square(outputs))
    gradients = tape.gradient(loss, [*tensors, *layer.trainable_variables])
    return [outputs.numpy(), *(tf.convert_to_tensor(gradient).numpy() for gradient in gradients)]


@pytest.mark.parametrize("kernel_size", [1, 3, 5])
def test_implementations_agree_in_values_and_gradients(kernel_size, fast_implementation):
    inputs = random_inputs(dtype="float64")
    reference = outputs_and_gradients(made(kernel_size, "sum", "reference", dtype="float64"), inputs)
    fast = outputs_and_gradients(made(kernel_size, "sum", fast_implementation, dtype="float64"), inputs)
    for actual, expected in zip(fast, reference, strict=True):
        assert actual.dtype == np.float64
        np.testing.assert_allclose(actual, expected, atol=1e-10)


def test_unknown_shapes(implementation):
    layer = made(3, implementation=implementation)
    signature = [tf.TensorSpec([None, None, None, channels]) for channels in (4, 4, 2)]
    compiled = tf.function(lambda *maps: layer(list(maps)), input_signature=signature)
    for size in (6, 10), (4, 7):
        inputs = random_inputs(size, size)
        np.testing.assert_allclose(compiled(*inputs), layer(inputs), atol=1e-5)


def test_positions_are_exact_under_mixed_precision(implementation):
    # 300.5 is no bfloat16 number: rounded, the flow would read the pixel at 300.
    layer = made(1, "sum", implementation, dtype="mixed_bfloat16")
    source = np.zeros((1, 1, 320, 4), np.float32)
    source[:, :, 301] = 1.0
    flow = np.zeros((1, 1, 320, 2), np.float32)
    flow[:, :, 0, 0] = 300.5
    outputs = tf.cast(layer([source, np.zeros_like(source), flow]), tf.float32)
    np.testing.assert_array_equal(outputs[0, 0, 0], np.full(4, 0.5))


def test_errors():
    for kernel_size in (0, 2, -3):
        with pytest.raises(ValueError, match=f"kernel_size must be a positive odd number. Received: {kernel_size}"):
            LocalAttention(kernel_size)
    message = "implementation must be one of auto, native, fused, reference, addons. Received: 'cuda'"
    with pytest.raises(ValueError, match=message):
        LocalAttention(3, implementation="cuda")
    with pytest.raises(ValueError, match="reduction must be one of mean, sum. Received: 'max'"):
        LocalAttention(3, reduction="max")
    with pytest.raises(ValueError, match="same number of channels. Received: 4 and 5"):
        LocalAttention(3).build([(None, None, None, 4), (None, None, None, 5), (None, None, None, 2)])


def test_defaults():
    config = LocalAttention(3).get_config()
    assert (config["hidden"], config["reduction"], config["implementation"]) == (128, "mean", "auto")


@pytest.mark.parametrize("implementation", ["auto", "native", "fused", "reference", "addons"])
def test_a_config_asks_for_nothing_that_may_be_missing(implementation):
    kept = "auto" if implementation in ("native", "addons") else implementation
    assert LocalAttention(3, implementation=implementation).get_config()["implementation"] == kept


@pytest.mark.usefixtures("native")
def test_graphs_that_may_be_exported_hold_stock_operations():
    layer, signature = made(3, implementation="auto"), [tf.TensorSpec(shape) for shape in SHAPES]
    graph = tf.function(lambda *maps: layer(list(maps)), input_signature=signature).get_concrete_function().graph
    assert not [operation.type for operation in graph.get_operations() if operation.type.startswith("Gfla>")]
    with native_graphs():
        graph = tf.function(lambda *maps: layer(list(maps)), input_signature=signature).get_concrete_function().graph
    kinds = {operation.type for operation in graph.get_operations()}
    assert {"Gfla>Sample", "Gfla>LocalAttention"} <= kinds
