"""The primitive layers with the paper's settings, so that no block repeats them.

Convolutions have biases and orthogonal initial weights of gain 0.02; the activation is LeakyReLU with slope 0.1; the
norm is instance norm with epsilon 1e-5 and a learned scale and offset.
"""

from __future__ import annotations

import contextlib
import contextvars
from collections.abc import Iterator

import keras
import tensorflow as tf

from gfla_tf.ops.warp import static_or_dynamic_shape

__all__ = [
    "Composite",
    "InstanceNorm",
    "activation",
    "build_with_channels",
    "convolution",
    "instance_norm",
    "norms_as_of_unknown_batches",
    "reflect_pad",
    "register",
    "upsample",
    "upsampling_convolution",
]

NORM_EPSILON = 1e-5
SLOPE = 0.1
GAIN = 0.02
# An instance norm takes batches of up to so many maps of at least so many pixels apart, see `InstanceNorm`.
MOST_PICTURES = 8
FEWEST_PIXELS = 256
LANES = 16  # numbers of channels that are no multiples of it, as those of pictures and poses, take several times longer

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


def apart(tensor: tf.Tensor) -> tf.Tensor:
    """The same tensor, for an activation of something that has other readers, too.

    TensorFlow's graph optimiser would fuse the activation into the convolution or addition before it, and fail as a
    whole at what the others read. An operation that does nothing, which it leaves where it is, keeps them apart.
    """
    return tf.ensure_shape(tensor, tensor.shape)


def initializer(gain: float = GAIN) -> keras.initializers.Initializer:
    """Orthogonal initial weights."""
    return keras.initializers.Orthogonal(gain=gain)


@register
class InstanceNorm(keras.layers.GroupNormalization):
    """Each channel of each picture to mean 0 and variance 1, then a learned scale and offset.

    Weights and numbers are those of `keras.layers.GroupNormalization` with a group a channel, of which this is a way to
    compute with fewer passes over memory: a batch norm that sees a single picture is an instance norm, and TensorFlow
    has one operation for it, with its gradient. Batches are taken apart for it, so that their size and the map's have
    to be known, and the batch small; others are normalised by elementary operations. So are small maps, where nothing
    is gained: the view generator starts from maps that are the same everywhere, of which a norm leaves rounding errors,
    and those of elementary operations are the authors'.

    Args:
        groups: -1, one a channel, as nothing else is an instance norm.
        axis: -1, channels come last.
        center: True, there is an offset.
        scale: True, and a scale.
        **kwargs: epsilon and all else that `keras.layers.GroupNormalization` has.

    Raises:
        ValueError: if one of the first four is another.
    """

    def __init__(self, groups: int = -1, axis: int = -1, center: bool = True, scale: bool = True, **kwargs):
        given = {"groups": groups, "axis": axis, "center": center, "scale": scale}
        if tuple(given.values()) != (-1, -1, True, True):
            raise ValueError(f"groups -1, axis -1, center and scale True are expected. Received: {given}.")
        super().__init__(**given, **kwargs)

    def get_config(self) -> dict:
        return {**super().get_config(), "groups": -1}  # Keras replaces it by the number of channels once built

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        precise = tf.float64 if inputs.dtype == tf.float64 else tf.float32
        scale, offset = tf.cast(self.gamma, precise), tf.cast(self.beta, precise)
        if _can_be_taken_apart(inputs):
            outputs = self._normalize_pictures(inputs, scale, offset)
        else:
            outputs = self._normalize_batch(tf.cast(inputs, precise), scale, offset)
        return tf.cast(outputs, self.compute_dtype)

    def _normalize_pictures(self, inputs: tf.Tensor, scale: tf.Tensor, offset: tf.Tensor) -> tf.Tensor:
        channels = inputs.shape[-1]
        missing = -channels % LANES
        if missing:
            inputs, scale, offset = (_append_channels(tensor, missing) for tensor in (inputs, scale, offset))
        none = tf.zeros([0])  # no mean and variance from elsewhere
        options = {"scale": scale, "offset": offset, "mean": none, "variance": none, "epsilon": self.epsilon}
        pictures = tf.split(inputs, inputs.shape[0])
        normalized = [tf.raw_ops.FusedBatchNormV3(x=picture, is_training=True, **options).y for picture in pictures]
        outputs = tf.concat(normalized, axis=0)
        return tf.slice(outputs, [0, 0, 0, 0], [-1, -1, -1, channels]) if missing else outputs

    def _normalize_batch(self, inputs: tf.Tensor, scale: tf.Tensor, offset: tf.Tensor) -> tf.Tensor:
        mean, variance = tf.nn.moments(inputs, axes=[1, 2], keepdims=True)
        scale = scale * tf.math.rsqrt(variance + self.epsilon)
        # Not written as inputs * scale + (offset - mean * scale): where weights are constants, TensorFlow's graph
        # optimiser would put an operation for it that only oneDNN has.
        return inputs * scale - (mean * scale - offset)


_apart = contextvars.ContextVar("whether instance norms may take batches apart", default=True)


@contextlib.contextmanager
def norms_as_of_unknown_batches() -> Iterator[None]:
    """Have instance norms compute as where the batch is unknown, in graphs that are exported: they round otherwise."""
    token = _apart.set(False)
    try:
        yield
    finally:
        _apart.reset(token)


def _append_channels(tensor: tf.Tensor, count: int) -> tf.Tensor:
    return tf.pad(tensor, [[0, 0]] * (tensor.shape.rank - 1) + [[0, count]])


def _can_be_taken_apart(maps: tf.Tensor) -> bool:
    if not _apart.get() or None in maps.shape or maps.dtype not in (tf.float32, tf.bfloat16):
        return False
    batch, height, width, _ = maps.shape
    return 1 <= batch <= MOST_PICTURES and height * width >= FEWEST_PIXELS


def instance_norm(name: str, dtype=None) -> keras.layers.Layer:
    """Instance norm with the paper's settings."""
    return InstanceNorm(epsilon=NORM_EPSILON, name=name, dtype=dtype)


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


def upsample(layers: list[keras.layers.Layer], tensors: list[tf.Tensor]) -> tf.Tensor:
    """Double height and width by transposed convolutions whose input i and tap k reach output 2 i - 1 + k.

    Keras' "valid" puts them at 2 i + k on a map of 2 n + 1 pixels: without its first row and column it is the layer
    that the authors' weights were trained for. (Keras' "same" would be shifted by a pixel.)

    Args:
        layers: of `upsampling_convolution`, built, with the same filters.
        tensors: `[batch, height, width, any]`, one a layer.

    Returns:
        `[batch, 2 * height, 2 * width, filters]`, the sum over layers, computed as one convolution of all channels.
    """
    joined = tensors[0] if len(tensors) == 1 else tf.concat(tensors, axis=-1)
    kernels, biases = ([tf.cast(getattr(layer, name), joined.dtype) for layer in layers] for name in ("kernel", "bias"))
    batch, height, width, _ = static_or_dynamic_shape(joined)
    whole = [batch, 2 * height + 1, 2 * width + 1, kernels[0].shape[2]]
    outputs = tf.nn.conv2d_transpose(joined, tf.concat(kernels, axis=-1), whole, 2, "VALID")
    # `outputs[:, 1:, 1:]` would be the same, but for its gradient, which is computed on one thread.
    return tf.nn.bias_add(tf.slice(outputs, [0, 1, 1, 0], [-1, -1, -1, -1]), tf.add_n(biases))


def reflect_pad(tensor: tf.Tensor) -> tf.Tensor:
    """Mirror the map by one pixel on every side, without repeating the border pixel."""
    return tf.pad(tensor, [[0, 0], [1, 1], [1, 1], [0, 0]], mode="REFLECT")


def build_with_channels(channels: int, *layers: keras.layers.Layer) -> None:
    """Create the weights of layers that read maps of so many channels and of any batch, height and width."""
    for layer in layers:
        if not layer.built:
            layer.build((None, None, None, channels))
