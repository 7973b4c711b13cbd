"""Layer norms of the motion extractor, over time and channels of a clip `[batch, time, channels]`.

Ren et al. 2020, section 3.2.1: the norm of a block is modulated by the statistics of the whole clip.
"""

from __future__ import annotations

import keras
import tensorflow as tf

from gfla_tf.layers.primitives import Composite, register

__all__ = ["AdaptiveLayerNorm", "ChannelAffine", "normalize_clip"]

EPSILON = 1e-5


def normalize_clip(inputs: tf.Tensor) -> tf.Tensor:
    """Each clip of `[batch, time, channels]` to mean 0 and variance 1 over time and channels together."""
    mean, variance = tf.nn.moments(inputs, axes=[1, 2], keepdims=True)
    return (inputs - mean) * tf.math.rsqrt(variance + EPSILON)


@register
class ChannelAffine(keras.layers.Layer):
    """Layer norm over time and channels, then a learned scale and offset for each channel."""

    def build(self, input_shape) -> None:
        channels = input_shape[-1]
        self.scale = self.add_weight(name="scale", shape=(channels,), initializer="ones")
        self.offset = self.add_weight(name="offset", shape=(channels,), initializer="zeros")
        self.built = True

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        scale, offset = (tf.cast(weight, inputs.dtype) for weight in (self.scale, self.offset))
        return normalize_clip(inputs) * scale + offset

    def compute_output_shape(self, input_shape) -> tuple:
        return tuple(input_shape)


@register
class AdaptiveLayerNorm(Composite, keras.layers.Layer):
    """Layer norm over time and channels, times (1 + gamma) plus beta, both predicted from a vector of the clip.

    Inputs: a list of the map `[batch, time, channels]` and the clip's vector `[batch, features]`.
    Output: `[batch, time, channels]`.

    Args:
        hidden: units of the dense layer, with ReLU, that gamma and beta share.
    """

    config_names = ("hidden",)

    def __init__(self, hidden: int = 128, **kwargs):
        super().__init__(**kwargs)
        self.hidden = hidden
        self.shared = keras.layers.Dense(hidden, activation="relu", name="shared", dtype=self.dtype_policy)

    def checkpoint_parts(self) -> dict[str, keras.layers.Layer]:
        return {"mlp_shared.0": self.shared, "mlp_gamma": self.gamma, "mlp_beta": self.beta}

    def build(self, input_shape) -> None:
        map_shape, vector_shape = input_shape
        self.gamma = keras.layers.Dense(map_shape[-1], name="gamma", dtype=self.dtype_policy)
        self.beta = keras.layers.Dense(map_shape[-1], name="beta", dtype=self.dtype_policy)
        self.shared.build((None, vector_shape[-1]))
        self.gamma.build((None, self.hidden))
        self.beta.build((None, self.hidden))
        self.built = True

    def call(self, inputs: list[tf.Tensor]) -> tf.Tensor:
        clip, vector = inputs
        hidden = self.shared(vector)
        gamma, beta = self.gamma(hidden)[:, tf.newaxis], self.beta(hidden)[:, tf.newaxis]
        # Not written as normalized * (1 + gamma) + beta: TensorFlow 2.15's graph optimiser takes that for another layer
        # norm, and ends the process where the batch is unknown.
        normalized = normalize_clip(clip)
        return normalized + normalized * gamma + beta

    def compute_output_shape(self, input_shape) -> tuple:
        return tuple(input_shape[0])
