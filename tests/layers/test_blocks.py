from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf
from helpers.layer_checks import CHECKS, LayerCase, random_tensors, randomize
from helpers.numpy_reference import convolve, instance_norm, leaky_relu, upsampling_convolve

from gfla_tf.layers import DownBlock, DownStack, OutputBlock, ResidualBlock, SkipBlock, UpBlock


def convolution(size: int, inputs: int, filters: int) -> int:
    """Numbers of a convolution with biases."""
    return size * size * inputs * filters + filters


def norms(*channels: int) -> int:
    """Numbers of instance norms: a scale and an offset a channel."""
    return 2 * sum(channels)


MAP = (2, 8, 12, 5)

CASES = [
    LayerCase(
        "down",
        lambda **config: DownBlock(6, **config),
        MAP,
        (2, 4, 6, 6),
        norms(5, 6) + convolution(4, 5, 6) + convolution(3, 6, 6),
        unmoved=1,  # the first convolution's bias, in front of a norm
    ),
    LayerCase(
        "down-without-norm",
        lambda **config: DownBlock(6, norm=False, **config),
        MAP,
        (2, 4, 6, 6),
        convolution(4, 5, 6) + convolution(3, 6, 6),
    ),
    LayerCase(
        "stack",
        lambda **config: DownStack((4, 6), **config),
        MAP,
        [(2, 4, 6, 4), (2, 2, 3, 6)],
        norms(5, 4, 4, 6) + convolution(4, 5, 4) + convolution(3, 4, 4) + convolution(4, 4, 6) + convolution(3, 6, 6),
        unmoved=2,
    ),
    LayerCase(
        "stack-without-input-norm",
        lambda **config: DownStack((4, 6), input_norm=False, **config),
        MAP,
        [(2, 4, 6, 4), (2, 2, 3, 6)],
        norms(4, 6) + convolution(4, 5, 4) + convolution(3, 4, 4) + convolution(4, 4, 6) + convolution(3, 6, 6),
        unmoved=1,
    ),
    LayerCase(
        "residual",
        lambda **config: ResidualBlock(5, **config),
        MAP,
        MAP,
        norms(5, 5) + 2 * convolution(3, 5, 5),
        unmoved=1,
    ),
    LayerCase(
        "residual-with-shortcut",
        lambda **config: ResidualBlock(4, learned_shortcut=True, **config),
        MAP,
        (2, 8, 12, 4),
        norms(5, 5) + convolution(3, 5, 5) + convolution(3, 5, 4) + convolution(1, 5, 4),
        unmoved=1,
    ),
    LayerCase(
        "up",
        lambda **config: UpBlock(4, 6, **config),
        MAP,
        (2, 16, 24, 4),
        norms(5, 6) + convolution(3, 5, 6) + convolution(3, 6, 4) + convolution(3, 5, 4),
        unmoved=1,
    ),
    LayerCase(
        "residual-without-norm",
        lambda **config: ResidualBlock(5, norm=False, **config),
        MAP,
        MAP,
        2 * convolution(3, 5, 5),
    ),
    LayerCase(
        "up-without-norm",
        lambda **config: UpBlock(4, 6, norm=False, **config),
        MAP,
        (2, 16, 24, 4),
        convolution(3, 5, 6) + convolution(3, 6, 4) + convolution(3, 5, 4),
    ),
    LayerCase("skip", lambda **config: SkipBlock(4, **config), MAP, (2, 8, 12, 4), convolution(3, 5, 4)),
    LayerCase("output", lambda **config: OutputBlock(**config), MAP, (2, 8, 12, 3), convolution(3, 5, 3)),
]


@pytest.mark.parametrize("check", CHECKS)
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_layer(case, check):
    check(case)


def test_odd_sides_are_halved_upwards():
    stack, shape = DownStack((4, 6)), (1, 7, 10, 5)
    assert stack.compute_output_shape(shape) == [(1, 4, 5, 4), (1, 2, 3, 6)]
    assert [tuple(level.shape) for level in stack(random_tensors(shape))] == stack.compute_output_shape(shape)


PICTURE = random_tensors((6, 10, 4), seed=1)


def run(layer) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """The layer's output for the picture, and its weights by sublayer and name."""
    layer.build((None, None, None, 4))
    randomize(layer)
    weights = {}
    for name in ("norm1", "norm2"):
        if hasattr(layer, name):
            weights[name] = (getattr(layer, name).gamma.numpy(), getattr(layer, name).beta.numpy())
    for name in ("conv", "conv1", "conv2", "shortcut"):
        if hasattr(layer, name):
            weights[name] = (getattr(layer, name).kernel.numpy(), getattr(layer, name).bias.numpy())
    return np.asarray(layer(PICTURE[np.newaxis]))[0], weights


def test_down_block_follows_the_definition():
    outputs, weights = run(DownBlock(3))
    hidden = leaky_relu(instance_norm(PICTURE, *weights["norm1"]))
    hidden = convolve(hidden, *weights["conv1"], stride=2, margin=1)
    hidden = leaky_relu(instance_norm(hidden, *weights["norm2"]))
    np.testing.assert_allclose(outputs, convolve(hidden, *weights["conv2"], margin=1), atol=1e-5)


def test_down_block_without_norm_follows_the_definition():
    outputs, weights = run(DownBlock(3, norm=False))
    hidden = convolve(leaky_relu(PICTURE), *weights["conv1"], stride=2, margin=1)
    np.testing.assert_allclose(outputs, convolve(leaky_relu(hidden), *weights["conv2"], margin=1), atol=1e-5)


@pytest.mark.parametrize("filters", [4, 3])
def test_residual_block_follows_the_definition(filters):
    outputs, weights = run(ResidualBlock(filters, learned_shortcut=filters != 4))
    hidden = convolve(leaky_relu(instance_norm(PICTURE, *weights["norm1"])), *weights["conv1"], margin=1)
    hidden = convolve(leaky_relu(instance_norm(hidden, *weights["norm2"])), *weights["conv2"], margin=1)
    shortcut = convolve(PICTURE, *weights["shortcut"]) if filters != 4 else PICTURE
    np.testing.assert_allclose(outputs, hidden + shortcut, atol=1e-5)


def test_up_block_follows_the_definition():
    outputs, weights = run(UpBlock(3, 5))
    hidden = convolve(leaky_relu(instance_norm(PICTURE, *weights["norm1"])), *weights["conv1"], margin=1)
    hidden = upsampling_convolve(leaky_relu(instance_norm(hidden, *weights["norm2"])), *weights["conv2"])
    np.testing.assert_allclose(outputs, hidden + upsampling_convolve(PICTURE, *weights["shortcut"]), atol=1e-5)


def test_residual_and_up_block_without_norm_follow_the_definition():
    outputs, weights = run(ResidualBlock(4, norm=False))
    hidden = convolve(leaky_relu(PICTURE), *weights["conv1"], margin=1)
    np.testing.assert_allclose(outputs, convolve(leaky_relu(hidden), *weights["conv2"], margin=1) + PICTURE, atol=1e-5)
    outputs, weights = run(UpBlock(3, 5, norm=False))
    hidden = convolve(leaky_relu(PICTURE), *weights["conv1"], margin=1)
    hidden = upsampling_convolve(leaky_relu(hidden), *weights["conv2"])
    np.testing.assert_allclose(outputs, hidden + upsampling_convolve(PICTURE, *weights["shortcut"]), atol=1e-5)


@pytest.mark.parametrize("block", [SkipBlock, OutputBlock])
def test_skip_and_output_block_follow_the_definition(block):
    outputs, weights = run(block(3))
    padded = np.pad(leaky_relu(PICTURE), ((1, 1), (1, 1), (0, 0)), mode="reflect")
    expected = convolve(padded, *weights["conv"])
    np.testing.assert_allclose(outputs, np.tanh(expected) if block is OutputBlock else expected, atol=1e-5)


def test_stack_feeds_each_block_with_the_one_before():
    stack = DownStack((3, 5))
    stack.build((None, None, None, 4))
    randomize(stack)
    first, second = stack(PICTURE[np.newaxis])
    np.testing.assert_array_equal(first, stack.blocks[0](PICTURE[np.newaxis]))
    np.testing.assert_array_equal(second, stack.blocks[1](first))
    assert [block.norm for block in stack.blocks] == [True, True]
    assert [block.norm for block in DownStack((3, 5), input_norm=False).blocks] == [False, True]


def test_residual_block_refuses_other_channels():
    with pytest.raises(ValueError, match="without learned_shortcut reads 6 channels. Received: 4"):
        ResidualBlock(6).build((None, None, None, 4))


@pytest.mark.parametrize("unknown_batch", [False, True])
def test_graphs_of_blocks_without_norms_can_be_optimised(unknown_batch, capfd):
    """TensorFlow says so on the standard error if it can't, and leaves the graph as it is."""
    first, second = DownBlock(4, norm=False), DownBlock(4, norm=False)
    residual, up = ResidualBlock(4, norm=False), UpBlock(4, 4, norm=False)

    def draw(inputs):
        half = first(inputs)  # read twice: what follows begins with an activation
        return up(residual(second(half))) + half

    inputs = tf.random.stateless_normal([1, 8, 8, 4], seed=[1, 2])
    draw(inputs)
    tf.function(draw, input_signature=[tf.TensorSpec([None if unknown_batch else 1, 8, 8, 4])])(inputs)
    assert "remapper failed" not in capfd.readouterr().err
