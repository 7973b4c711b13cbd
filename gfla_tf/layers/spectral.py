"""Convolutions under spectral norm: the kernel is divided by its largest singular value (Miyato et al., ICLR 2018).

The largest singular value sigma is estimated by power iteration on the kernel seen as a matrix `[filters, inputs]`: one
iteration each training step, with the two singular vectors kept between steps (before the first step they are random).
Unlike `keras.layers.SpectralNormalization` the trained kernel itself is left alone and divided where it is used, so
that it interchanges with checkpoints that hold the kernel and both vectors.
"""

from __future__ import annotations

import keras
import tensorflow as tf

from gfla_tf.layers.primitives import Composite, activation, initializer, register

__all__ = ["SpectralConv", "SpectralDownBlock"]

EPSILON = 1e-12
# Under a distribution strategy all replicas find the same vectors. Keras 2 and 3 have different words for it.
FIRST_REPLICA = "only_first_replica" if hasattr(keras, "ops") else tf.VariableAggregation.ONLY_FIRST_REPLICA


def _tuple_of(value, rank: int) -> tuple[int, ...]:
    return (value,) * rank if isinstance(value, int) else tuple(value)


@register
class SpectralConv(keras.layers.Layer):
    """A 2-D or 3-D convolution with spectral norm and zero padding.

    Input and output: `[batch, (time,) height, width, channels]`.

    Args:
        filters: channels of the output.
        kernel_size: one number a spatial axis, (height, width) or (time, height, width).
        strides: the same, or one number for all axes.
        padding: zeros added on both sides of each axis; the same form.
    """

    def __init__(self, filters: int, kernel_size: tuple[int, ...], strides=1, padding=0, **kwargs):
        # Singular vectors are kept and multiplied in the variables' precision under a mixed policy, too.
        super().__init__(**{"autocast": False, **kwargs})
        self.filters = filters
        self.kernel_size = tuple(kernel_size)
        self.strides = _tuple_of(strides, len(self.kernel_size))
        self.padding = _tuple_of(padding, len(self.kernel_size))

    @property
    def data_format(self) -> str:
        """TensorFlow's word for the layout; 3-D operations that are not told it have no gradient when run eagerly."""
        return "NDHWC" if len(self.kernel_size) == 3 else "NHWC"

    def get_config(self) -> dict:
        names = ("filters", "kernel_size", "strides", "padding")
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}

    def build(self, input_shape) -> None:
        kernel_shape = (*self.kernel_size, input_shape[-1], self.filters)
        inputs = input_shape[-1]
        for length in self.kernel_size:
            inputs *= length
        self.kernel = self.add_weight(name="kernel", shape=kernel_shape, initializer=initializer())
        self.bias = self.add_weight(name="bias", shape=(self.filters,), initializer="zeros")
        vector = {"initializer": "random_normal", "trainable": False, "aggregation": FIRST_REPLICA}
        self.vector_u = self.add_weight(name="vector_u", shape=(self.filters,), **vector)
        self.vector_v = self.add_weight(name="vector_v", shape=(inputs,), **vector)
        self.built = True

    def _exact(self, variable) -> tf.Tensor:
        """A variable's value in the dtype that it is kept in: a mixed policy hands out another while the layer runs."""
        return tf.cast(tf.convert_to_tensor(variable), self.variable_dtype)

    def _matrix(self) -> tf.Tensor:
        """The kernel as `[filters, inputs]`; the inputs run over channels, then taps."""
        rank = len(self.kernel_size)
        kernel = tf.transpose(self._exact(self.kernel), [rank + 1, rank, *range(rank)])
        return tf.reshape(kernel, [self.filters, -1])

    def _iterate(self, matrix: tf.Tensor) -> None:
        """One power iteration: bring both vectors nearer to the leading singular vectors."""
        matrix = tf.stop_gradient(matrix)
        u = self._exact(self.vector_u)
        v = tf.math.l2_normalize(tf.linalg.matvec(matrix, u, transpose_a=True), epsilon=EPSILON)
        u = tf.math.l2_normalize(tf.linalg.matvec(matrix, v), epsilon=EPSILON)
        self.vector_u.assign(u)
        self.vector_v.assign(v)

    def normalized_kernel(self, training: bool = False) -> tf.Tensor:
        """The kernel divided by sigma = u' W v; in training after one power iteration."""
        matrix = self._matrix()
        if training:
            self._iterate(matrix)
        u, v = self._exact(self.vector_u), self._exact(self.vector_v)
        sigma = tf.reduce_sum(u * tf.linalg.matvec(matrix, v))
        return self._exact(self.kernel) / sigma

    def call(self, inputs: tf.Tensor, training: bool | None = None) -> tf.Tensor:
        inputs = tf.cast(inputs, self.compute_dtype)
        kernel = tf.cast(self.normalized_kernel(bool(training)), inputs.dtype)
        margins = [[0, 0], *([margin, margin] for margin in self.padding), [0, 0]]
        padded = tf.pad(inputs, margins)
        outputs = tf.nn.convolution(padded, kernel, self.strides, "VALID", data_format=self.data_format)
        return tf.nn.bias_add(outputs, tf.cast(self.bias, inputs.dtype))

    def compute_output_shape(self, input_shape) -> tuple:
        spatial = [
            None if length is None else (length + 2 * margin - size) // stride + 1
            for length, margin, size, stride in zip(
                input_shape[1:-1], self.padding, self.kernel_size, self.strides, strict=True
            )
        ]
        return (input_shape[0], *spatial, self.filters)


@register
class SpectralDownBlock(Composite, keras.layers.Layer):
    """A residual halving of the discriminators: act, 3x3 conv, act, 4x4 conv of stride 2; shortcut: 2x2 mean, 1x1 conv.

    With `rank` 3 the map has a time axis: the kernels are 3x3x3 and 3x4x4, the mean runs over 3x2x2, and two of the
    frames are lost.

    Args:
        filters: channels of the output.
        hidden: channels between the two convolutions.
        rank: 2 for pictures `[batch, height, width, channels]`, 3 for clips `[batch, time, height, width, channels]`.
    """

    config_names = ("filters", "hidden", "rank")

    def __init__(self, filters: int, hidden: int, rank: int = 2, **kwargs):
        super().__init__(**kwargs)
        self.filters = filters
        self.hidden = hidden
        self.rank = rank
        time = (3, 1, 0) if rank == 3 else ()  # kernel, stride and padding of the halving convolution along time
        policy = self.dtype_policy
        self.conv1 = SpectralConv(hidden, (3,) * rank, padding=1, name="conv1", dtype=policy)
        self.conv2 = SpectralConv(
            filters, (*time[:1], 4, 4), (*time[1:2], 2, 2), (*time[2:], 1, 1), name="conv2", dtype=policy
        )
        self.shortcut = SpectralConv(filters, (1,) * rank, name="shortcut", dtype=policy)
        self.window = (*time[:1], 2, 2)

    def checkpoint_parts(self) -> dict[str, keras.layers.Layer]:
        return {"model.1": self.conv1, "model.3": self.conv2, "shortcut.1": self.shortcut}

    def build(self, input_shape) -> None:
        lead = (None,) * (self.rank + 1)
        for layer, channels in (
            (self.conv1, input_shape[-1]),
            (self.conv2, self.hidden),
            (self.shortcut, input_shape[-1]),
        ):
            layer.build((*lead, channels))
        self.built = True

    def call(self, inputs: tf.Tensor, training: bool | None = None) -> tf.Tensor:
        hidden = self.conv1(activation(inputs), training=training)
        hidden = self.conv2(activation(hidden), training=training)
        mean = tf.nn.avg_pool(inputs, self.window, self.conv2.strides, "VALID", self.conv2.data_format)
        return hidden + self.shortcut(mean, training=training)

    def compute_output_shape(self, input_shape) -> tuple:
        return self.conv2.compute_output_shape(self.conv1.compute_output_shape(input_shape))
