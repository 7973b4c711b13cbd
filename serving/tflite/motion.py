"""The motion extractor (`gfla_tf.models.motion_extractor`) in operations that TFLite runs fast.

A clip `[1, time, channels]` is a map `[1, 1, time, channels]` here: TFLite has two-dimensional convolutions only, and
dilated ones only if they are said as such.
"""

from __future__ import annotations

import keras
import numpy as np
import tensorflow as tf

from gfla_tf.layers.adaptive_layer_norm import EPSILON, AdaptiveLayerNorm, ChannelAffine
from gfla_tf.layers.primitives import activation
from gfla_tf.models.motion_extractor import CALM, CALM_FRAMES, MotionExtractor, smoothing_weights
from serving.tflite.blocks import weights_of

__all__ = ["clean_joints"]


def clean_joints(model: MotionExtractor, noisy: tf.Tensor) -> tf.Tensor:
    """Noisy joints `[1, time, channels]` to clean ones, `receptive_field - 1` frames fewer."""
    frames = tf.reshape(noisy, [1, 1, *noisy.shape[1:]])
    vector = _clip_vector(model, frames)
    hidden = activation(_normalize(model.expand_norm, _convolve(model.expand, frames), vector))
    for block in range(model.blocks):
        margin = 3 ** (block + 1)
        middle = hidden[:, :, margin:-margin]
        for index in (2 * block, 2 * block + 1):
            hidden = _convolve(model.convolutions[index], hidden)
            hidden = activation(_normalize(model.norms[index], hidden, vector))
        hidden = middle + hidden
    answer = _convolve(model.shrink, hidden)
    if model.residual:
        answer += _passed_on(model, frames)
    return tf.reshape(answer, [1, *answer.shape[2:]])


def _convolve(layer: keras.layers.Layer, frames: tf.Tensor) -> tf.Tensor:
    """A Keras convolution over time."""
    kernel, *bias = weights_of(layer)
    outputs = tf.nn.conv2d(
        frames, kernel[np.newaxis], [1, layer.strides[0]], "VALID", dilations=[1, layer.dilation_rate[0]]
    )
    return tf.nn.bias_add(outputs, bias[0]) if bias else outputs


def _clip_vector(model: MotionExtractor, frames: tf.Tensor) -> tf.Tensor | None:
    if not model.adaptive:
        return None
    for layer in model.features:
        frames = activation(_convolve(layer, frames))
    return tf.reduce_mean(frames, axis=2, keepdims=True)


def _normalize(norm: ChannelAffine | AdaptiveLayerNorm, clip: tf.Tensor, vector: tf.Tensor | None) -> tf.Tensor:
    """Layer norm over time and channels, then a scale and an offset for each channel."""
    if isinstance(norm, AdaptiveLayerNorm):
        hidden = tf.nn.relu(_dense(norm.shared, vector))
        scale, offset = 1.0 + _dense(norm.gamma, hidden), _dense(norm.beta, hidden)
    else:
        scale, offset = weights_of(norm)
    mean = _mean(clip)
    variance = _mean(tf.math.squared_difference(clip, mean))
    return (clip - mean) * (scale * tf.math.rsqrt(variance + EPSILON)) + offset


def _mean(clip: tf.Tensor) -> tf.Tensor:
    """Over time, then over channels: delegates take the mean over height and width."""
    over_time = tf.reduce_mean(clip, [1, 2], keepdims=True)
    return tf.reduce_mean(tf.reshape(over_time, [1, 1, clip.shape[-1], 1]), [1, 2], keepdims=True)


def _dense(layer: keras.layers.Layer, vector: tf.Tensor) -> tf.Tensor:
    """A dense layer without its activation, as a 1x1 convolution."""
    kernel, bias = weights_of(layer)
    return tf.nn.bias_add(tf.nn.conv2d(vector, kernel[np.newaxis, np.newaxis], 1, "VALID"), bias)


def _passed_on(model: MotionExtractor, frames: tf.Tensor) -> tf.Tensor:
    """The noisy joints, smoothed, without the frames at the ends; more where they are calm, if the model does that."""
    if model.calm_smoothing is None:
        return _smoothed(model, frames, model.smoothing)
    half = CALM_FRAMES // 2
    calm = _smoothed(model, frames, model.calm_smoothing, half)
    change = _smoothed(model, frames, model.smoothing, half) - calm
    moved = tf.add(*tf.split(tf.square(change), 2, axis=-1))
    moved = tf.nn.avg_pool2d(moved, [1, CALM_FRAMES], 1, "VALID")
    moved = tf.concat([moved, moved], axis=-1)
    return calm[:, :, half:-half] + change[:, :, half:-half] * (moved / (moved + CALM**2))


def _smoothed(model: MotionExtractor, frames: tf.Tensor, length: int, more: int = 0) -> tf.Tensor:
    """Smoothed over so many frames, and `more` frames at either end: a convolution of each channel by itself."""
    margin = model.receptive_field // 2 - length // 2 - more
    frames = frames[:, :, margin : frames.shape[2] - margin]
    kernel = np.reshape(smoothing_weights(length), (1, -1, 1, 1)).astype(np.float32)
    kernel = np.tile(kernel, [1, 1, frames.shape[-1], 1])
    return tf.nn.depthwise_conv2d(frames, kernel, [1, 1, 1, 1], "VALID")
