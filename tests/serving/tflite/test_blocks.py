"""The restated blocks give what the layers give."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from gfla_tf.layers.blocks import DownStack, OutputBlock, ResidualBlock, SkipBlock, UpBlock
from serving.tflite import blocks

random = np.random.default_rng(0)


def maps(*shape: int) -> tf.Tensor:
    return tf.constant(random.uniform(-1, 1, (1, *shape)), tf.float32)


def built(layer, channels: int):
    """The layer with weights that are far from their initial ones: norms must not be trivial."""
    layer.build((None, None, None, channels))
    layer.set_weights([random.uniform(0.2, 1.0, weight.shape) for weight in layer.get_weights()])
    return layer


@pytest.mark.parametrize(
    ("layer", "restated"),
    [
        (ResidualBlock(6), blocks.residual_block),
        (ResidualBlock(4, learned_shortcut=True), blocks.residual_block),
        (ResidualBlock(6, norm=False), blocks.residual_block),
        (UpBlock(4, 5), blocks.up_block),
        (UpBlock(4, 5, norm=False), blocks.up_block),
        (SkipBlock(4), blocks.skip_block),
        (OutputBlock(3), blocks.output_block),
    ],
    ids=["residual", "residual with shortcut", "plain residual", "up", "plain up", "skip", "output"],
)
def test_a_block_gives_what_its_layer_gives(layer, restated):
    inputs = maps(6, 10, 6)
    np.testing.assert_allclose(restated(built(layer, 6), inputs), layer(inputs), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("norms", [(True, True), (False, True), (True, False)])
def test_a_stack_gives_all_levels_with_and_without_norms(norms):
    stack, inputs = built(DownStack((4, 6), *norms), 3), maps(12, 20, 3)
    for found, expected in zip(blocks.down_stack(stack, inputs), stack(inputs), strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-4)


def test_convention_upsampling_puts_input_i_and_tap_k_at_2i_minus_1_plus_k():
    kernel = np.arange(1, 10, dtype=np.float32).reshape(3, 3, 1, 1)  # [height, width, out, in]
    pixels = np.zeros((1, 2, 3, 1), np.float32)
    pixels[0, 1, 1] = 1.0
    doubled = blocks._double(tf.constant(pixels), kernel, np.zeros(1, np.float32))
    # Input (row 1, column 1) reaches rows 1, 2, 3 and columns 1, 2, 3 of the 4 x 6 map.
    expected = [[0, 0, 0, 0, 0, 0], [0, 1, 2, 3, 0, 0], [0, 4, 5, 6, 0, 0], [0, 7, 8, 9, 0, 0]]
    np.testing.assert_array_equal(doubled[0, ..., 0], expected)


def test_convention_reflection_leaves_the_border_pixel_single():
    pixels = tf.reshape(tf.range(6, dtype=tf.float32), [1, 2, 3, 1])  # 0 1 2 / 3 4 5
    expected = [[4, 3, 4, 5, 4], [1, 0, 1, 2, 1], [4, 3, 4, 5, 4], [1, 0, 1, 2, 1]]
    np.testing.assert_array_equal(blocks.reflect(pixels)[0, ..., 0], expected)
