"""The generators' blocks (`gfla_tf.layers.blocks`) in operations that XNNPACK takes, weights being constants.

Each function takes a layer of the library and maps `[1, height, width, channels]` of known size, and gives what the
layer gives, up to rounding. What is said differently, and why:

* Instance norm: two means over height and width. Keras' group norm reshapes to five axes, which leaves the delegate.
* Up: a transposed convolution that loses its first row and column needs a copy of the largest maps, and there are two
  of them to be added. Here both are one convolution each for even and odd rows and columns, of 1, 2, 2 and 4 taps (as
  many multiplications), interleaved by DEPTH_TO_SPACE.
* Reflection: two slices and a concatenation along each axis. MIRROR_PAD leaves the delegate.
* Output: a 3x3 convolution to 3 channels uses a fifth of what a processor's vectors hold. Here a 1x1 convolution gives
  what each tap contributes, 27 channels, before the reflection, and a constant one adds up the shifted taps.
"""

from __future__ import annotations

import keras
import numpy as np
import tensorflow as tf

from gfla_tf.layers.blocks import DownStack, OutputBlock, ResidualBlock, SkipBlock, UpBlock
from gfla_tf.layers.primitives import NORM_EPSILON, activation

__all__ = [
    "convolution",
    "convolve",
    "down_stack",
    "output_block",
    "residual_block",
    "skip_block",
    "up_block",
    "weights_of",
]

# Name scope of the convolutions whose inputs are never rounded to 8 bits: those that find places, or put numbers into
# them, and those whose inputs have a wide range.
PRECISE = "precise"
# Output o of the transposed convolution is reached from input i by tap k, o = 2 i - 1 + k: of two neighbours (0, 1) of
# an output, even ones see the first by the middle tap, odd ones the first by the last and the second by the first tap.
_TAPS = {0: ((0, 1),), 1: ((0, 2), (1, 0))}


def weights_of(layer: keras.layers.Layer) -> list[np.ndarray]:
    """The layer's weights as numbers, also while a graph is traced."""
    with tf.init_scope():
        return layer.get_weights()


def convolve(inputs: tf.Tensor, kernel: np.ndarray, bias: np.ndarray | None = None, stride: int = 1, padding="SAME"):
    """A 2-D convolution with constant weights, `kernel` being `[height, width, in, out]`."""
    outputs = tf.nn.conv2d(inputs, kernel, stride, padding)
    return outputs if bias is None else tf.nn.bias_add(outputs, bias)


def convolution(layer: keras.layers.Layer, inputs: tf.Tensor) -> tf.Tensor:
    """A Keras convolution."""
    return convolve(inputs, *weights_of(layer), layer.strides[0], layer.padding.upper())


def normalized(norm: keras.layers.Layer | None, inputs: tf.Tensor) -> tf.Tensor:
    """The activation of the instance norm, if there is one."""
    if norm is None:
        return activation(inputs)
    gamma, beta = weights_of(norm)
    mean = tf.reduce_mean(inputs, [1, 2], keepdims=True)
    variance = tf.reduce_mean(tf.math.squared_difference(inputs, mean), [1, 2], keepdims=True)
    scale = gamma * tf.math.rsqrt(variance + NORM_EPSILON)
    return activation(inputs * scale + (beta - mean * scale))


def norms_of(block: keras.layers.Layer) -> tuple:
    """Both instance norms of a block, None for those that it was made without."""
    return (block.norm1, block.norm2) if block.norm else (None, None)


def down_stack(stack: DownStack, inputs: tf.Tensor) -> list[tf.Tensor]:
    """The maps of all levels, finest first."""
    maps = []
    for block in stack.blocks:
        first, second = norms_of(block)
        inputs = convolution(block.conv1, normalized(first, inputs))
        inputs = convolution(block.conv2, normalized(second, inputs))
        maps.append(inputs)
    return maps


def residual_block(block: ResidualBlock, inputs: tf.Tensor) -> tf.Tensor:
    """A residual block."""
    first, second = norms_of(block)
    hidden = convolution(block.conv1, normalized(first, inputs))
    hidden = convolution(block.conv2, normalized(second, hidden))
    return hidden + (convolution(block.shortcut, inputs) if block.learned_shortcut else inputs)


def up_block(block: UpBlock, inputs: tf.Tensor) -> tf.Tensor:
    """A block that doubles height and width; both of its transposed convolutions as one."""
    first, second = norms_of(block)
    hidden = convolution(block.conv1, normalized(first, inputs))
    joined = tf.concat([normalized(second, hidden), inputs], axis=-1)
    (kernel, bias), (shortcut_kernel, shortcut_bias) = weights_of(block.conv2), weights_of(block.shortcut)
    return _double(joined, np.concatenate([kernel, shortcut_kernel], axis=3), bias + shortcut_bias)


def _double(inputs: tf.Tensor, kernel: np.ndarray, bias: np.ndarray) -> tf.Tensor:
    """A transposed convolution of stride 2, see `gfla_tf.layers.primitives.upsample`; kernel `[3, 3, out, in]`."""
    with tf.name_scope(PRECISE):  # half of the channels have not been normalized: their range is wide
        phases = [convolve(inputs, phase_kernel(kernel, row, column), bias) for row in (0, 1) for column in (0, 1)]
    return tf.nn.depth_to_space(tf.concat(phases, axis=-1), 2)


def phase_kernel(kernel: np.ndarray, row: int, column: int) -> np.ndarray:
    """What even (0) or odd (1) output rows and columns see of a transposed kernel `[3, 3, out, in]`.

    Returns:
        A kernel `[1 or 2, 1 or 2, in, out]` of a convolution with stride 1, padded at the end ("SAME").
    """
    result = np.zeros((1 + row, 1 + column, kernel.shape[3], kernel.shape[2]), np.float32)
    for y, tap_y in _TAPS[row]:
        for x, tap_x in _TAPS[column]:
            result[y, x] = kernel[tap_y, tap_x].T
    return result


def skip_block(block: SkipBlock, inputs: tf.Tensor) -> tf.Tensor:
    """Activation, reflection and convolution."""
    return convolution(block.conv, reflect(activation(inputs)))


def output_block(block: OutputBlock, inputs: tf.Tensor) -> tf.Tensor:
    """Activation, reflection, convolution to few channels, tanh."""
    kernel, bias = weights_of(block.conv)
    height, width, channels, filters = kernel.shape
    parts = height * width * filters
    each = np.transpose(kernel, (2, 0, 1, 3)).reshape(1, 1, channels, parts)
    chosen = np.eye(parts, dtype=np.float32).reshape(parts, height, width, filters).transpose(1, 2, 0, 3)
    contributions = reflect(convolve(activation(inputs), each))
    return tf.tanh(convolve(contributions, chosen, bias, padding="VALID"))


def reflect(inputs: tf.Tensor) -> tf.Tensor:
    """Mirror the map by one pixel on every side, without repeating the border pixel."""
    inputs = tf.concat([inputs[:, 1:2], inputs, inputs[:, -2:-1]], axis=1)
    return tf.concat([inputs[:, :, 1:2], inputs, inputs[:, :, -2:-1]], axis=2)
