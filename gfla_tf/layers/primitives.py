"""The primitive layers with the paper's settings, so that no block repeats them.

Convolutions have biases and orthogonal initial weights of gain 0.02; the activation is LeakyReLU with slope 0.1; the
norm is instance norm with epsilon 1e-5 and a learned scale and offset.
"""

from __future__ import annotations

import keras
import tensorflow as tf

__all__ = [
    "Composite",
    "activation",
    "build_with_channels",
    "convolution",
    "instance_norm",
    "reflect_pad",
    "register",
    "upsample",
    "upsampling_convolution",
]

NORM_EPSILON = 1e-5
SLOPE = 0.1
GAIN = 0.02

register = keras.saving.register_keras_serializable(package="gfla_tf")


class Composite:
    """What layers and models that are made of other layers have in common (a mixin, named before the Keras class).

    `config_names` lists the constructor's arguments, each kept as an attribute of the same name; `checkpoint_parts`
    tells under which names the authors' checkpoints keep the parts.
    """

    config_names: tuple[str, ...] = ()

    def get_config(self) -> dict:
        """The constructor's arguments by name."""
        values = {name: getattr(self, name) for name in self.config_names}
        # Keras 2 wraps dicts that are attributes; a config holds plain ones.
        plain = {name: dict(value) if isinstance(value, dict) else value for name, value in values.items()}
        # Keras 2's models, unlike its layers, would leave name and dtype out.
        return {**keras.layers.Layer.get_config(self), **plain}

    def checkpoint_parts(self) -> dict[str, keras.layers.Layer]:
        """The sublayers by their names in the authors' checkpoints; one layer may stand under two names."""
        raise NotImplementedError(f"{type(self).__name__} does not name its parts.")


def activation(tensor: tf.Tensor) -> tf.Tensor:
    """LeakyReLU with slope 0.1."""
    return tf.nn.leaky_relu(tensor, alpha=SLOPE)


def initializer(gain: float = GAIN) -> keras.initializers.Initializer:
    """Orthogonal initial weights."""
    return keras.initializers.Orthogonal(gain=gain)


def instance_norm(name: str, dtype=None) -> keras.layers.Layer:
    """Instance norm: each channel of each picture to mean 0 and variance 1, then a learned scale and offset."""
    return keras.layers.GroupNormalization(groups=-1, epsilon=NORM_EPSILON, name=name, dtype=dtype)


def convolution(
    filters: int, kernel_size: int, name: str, strides: int = 1, padding: str = "same", dtype=None, gain: float = GAIN
) -> keras.layers.Layer:
    """A 2-D convolution with initial weights of that gain; "same" pads with zeros."""
    return keras.layers.Conv2D(
        filters,
        kernel_size,
        strides=strides,
        padding=padding,
        kernel_initializer=initializer(gain),
        name=name,
        dtype=dtype,
    )


def upsampling_convolution(filters: int, name: str, dtype=None) -> keras.layers.Layer:
    """The 3x3 transposed convolution of stride 2 that `upsample` applies."""
    return keras.layers.Conv2DTranspose(
        filters, 3, strides=2, padding="valid", kernel_initializer=initializer(), name=name, dtype=dtype
    )


def upsample(layer: keras.layers.Layer, tensor: tf.Tensor) -> tf.Tensor:
    """Double height and width by a transposed convolution whose input i and tap k reach output 2 i - 1 + k.

    Keras' "valid" puts them at 2 i + k on a map of 2 n + 1 pixels: without its first row and column it is the layer
    that the authors' weights were trained for. (Keras' "same" would be shifted by a pixel.)
    """
    return layer(tensor)[:, 1:, 1:, :]


def reflect_pad(tensor: tf.Tensor) -> tf.Tensor:
    """Mirror the map by one pixel on every side, without repeating the border pixel."""
    return tf.pad(tensor, [[0, 0], [1, 1], [1, 1], [0, 0]], mode="REFLECT")


def build_with_channels(channels: int, *layers: keras.layers.Layer) -> None:
    """Create the weights of layers that read maps of so many channels and of any batch, height and width."""
    for layer in layers:
        if not layer.built:
            layer.build((None, None, None, channels))
