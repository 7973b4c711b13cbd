"""The convolutional blocks of the generators (Ren et al. 2020).

All read and give maps `[batch, height, width, channels]`. Every block that normalises does so first.
"""

from __future__ import annotations

import keras
import tensorflow as tf

from gfla_tf.layers.primitives import (
    GAIN,
    Composite,
    activation,
    apart,
    build_with_channels,
    convolution,
    instance_norm,
    reflect_pad,
    register,
    upsample,
    upsampling_convolution,
)

__all__ = ["DownBlock", "DownStack", "OutputBlock", "ResidualBlock", "SkipBlock", "UpBlock"]


@register
class DownBlock(Composite, keras.layers.Layer):
    """Halve height and width, rounded up: norm, act, 4x4 conv of stride 2, norm, act, 3x3 conv.

    Args:
        filters: channels of the output.
        norm: False leaves both norms out, so that the offset and scale of each input channel are kept. The initial
            weights are then of gain 1, as nothing would bring what they make back to size.
    """

    config_names = ("filters", "norm")

    def __init__(self, filters: int, norm: bool = True, **kwargs):
        super().__init__(**kwargs)
        self.filters = filters
        self.norm = norm
        if norm:
            self.norm1 = instance_norm("norm1", self.dtype_policy)
            self.norm2 = instance_norm("norm2", self.dtype_policy)
        gain = GAIN if norm else 1.0
        self.conv1 = convolution(filters, 4, "conv1", strides=2, dtype=self.dtype_policy, gain=gain)
        self.conv2 = convolution(filters, 3, "conv2", dtype=self.dtype_policy, gain=gain)

    def checkpoint_parts(self) -> dict[str, keras.layers.Layer]:
        norms = {"model.0": self.norm1, "model.3": self.norm2} if self.norm else {}
        return {**norms, "model.2": self.conv1, "model.5": self.conv2}

    def build(self, input_shape) -> None:
        channels = input_shape[-1]
        if self.norm:
            build_with_channels(channels, self.norm1)
            build_with_channels(self.filters, self.norm2)
        build_with_channels(channels, self.conv1)
        build_with_channels(self.filters, self.conv2)
        self.built = True

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        hidden = self.norm1(inputs) if self.norm else apart(inputs)
        hidden = self.conv1(activation(hidden))
        hidden = self.norm2(hidden) if self.norm else hidden
        return self.conv2(activation(hidden))

    def compute_output_shape(self, input_shape) -> tuple:
        batch, height, width, _ = input_shape
        half = [None if length is None else -(-length // 2) for length in (height, width)]
        return (batch, *half, self.filters)


@register
class DownStack(Composite, keras.layers.Layer):
    """DownBlocks in a row, each halving the side; gives the maps of all levels, finest first.

    Args:
        widths: channels of level 1, 2, ...; level n is 1 / 2^n of the image's side.
        input_norm: False leaves both norms out of the first block.
        norm: False leaves the norms out of all blocks.
    """

    config_names = ("widths", "input_norm", "norm")

    def __init__(self, widths: tuple[int, ...], input_norm: bool = True, norm: bool = True, **kwargs):
        super().__init__(**kwargs)
        self.widths = tuple(widths)
        self.input_norm = input_norm
        self.norm = norm
        self.blocks = [
            DownBlock(width, norm=norm and (input_norm or index > 0), name=f"down{index}", dtype=self.dtype_policy)
            for index, width in enumerate(self.widths)
        ]

    def checkpoint_parts(self) -> dict[str, keras.layers.Layer]:
        first, *others = self.blocks
        return {"block0": first, **{f"encoder{index}": block for index, block in enumerate(others)}}

    def build(self, input_shape) -> None:
        for channels, block in zip((input_shape[-1], *self.widths[:-1]), self.blocks, strict=True):
            build_with_channels(channels, block)
        self.built = True

    def call(self, inputs: tf.Tensor) -> list[tf.Tensor]:
        maps = []
        for block in self.blocks:
            inputs = block(inputs)
            maps.append(inputs)
        return maps

    def compute_output_shape(self, input_shape) -> list[tuple]:
        shapes = []
        for block in self.blocks:
            input_shape = block.compute_output_shape(input_shape)
            shapes.append(input_shape)
        return shapes


@register
class ResidualBlock(Composite, keras.layers.Layer):
    """x + (norm, act, 3x3 conv, norm, act, 3x3 conv), with a 1x1 conv on x where the channels change.

    The hidden map has as many channels as the input.

    Args:
        filters: channels of the output.
        learned_shortcut: put a 1x1 convolution on the shortcut, where `filters` differs from the input's channels.
        norm: False leaves both norms out.
    """

    config_names = ("filters", "learned_shortcut", "norm")

    def __init__(self, filters: int, learned_shortcut: bool = False, norm: bool = True, **kwargs):
        super().__init__(**kwargs)
        self.filters = filters
        self.learned_shortcut = learned_shortcut
        self.norm = norm
        if norm:
            self.norm1 = instance_norm("norm1", self.dtype_policy)
            self.norm2 = instance_norm("norm2", self.dtype_policy)
        self.conv2 = convolution(filters, 3, "conv2", dtype=self.dtype_policy)
        if learned_shortcut:
            self.shortcut = convolution(filters, 1, "shortcut", dtype=self.dtype_policy)

    def checkpoint_parts(self) -> dict[str, keras.layers.Layer]:
        norms = {"model.0": self.norm1, "model.3": self.norm2} if self.norm else {}
        shortcut = {"shortcut.0": self.shortcut} if self.learned_shortcut else {}
        return {**norms, "model.2": self.conv1, "model.5": self.conv2, **shortcut}

    def build(self, input_shape) -> None:
        channels = input_shape[-1]
        if channels != self.filters and not self.learned_shortcut:
            raise ValueError(
                f"A residual block of {self.filters} filters without learned_shortcut reads {self.filters} channels. "
                f"Received: {channels}."
            )
        self.conv1 = convolution(channels, 3, "conv1", dtype=self.dtype_policy)
        build_with_channels(channels, self.conv1, self.conv2)
        if self.norm:
            build_with_channels(channels, self.norm1, self.norm2)
        if self.learned_shortcut:
            build_with_channels(channels, self.shortcut)
        self.built = True

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        hidden = self.conv1(activation(self.norm1(inputs) if self.norm else apart(inputs)))
        hidden = self.conv2(activation(self.norm2(hidden) if self.norm else hidden))
        return hidden + (self.shortcut(inputs) if self.learned_shortcut else inputs)

    def compute_output_shape(self, input_shape) -> tuple:
        return (*input_shape[:-1], self.filters)


@register
class UpBlock(Composite, keras.layers.Layer):
    """Double height and width: norm, act, 3x3 conv, norm, act, transposed conv; plus a transposed conv of the input.

    Args:
        filters: channels of the output.
        hidden: channels between the two convolutions.
        norm: False leaves both norms out.
    """

    config_names = ("filters", "hidden", "norm")

    def __init__(self, filters: int, hidden: int, norm: bool = True, **kwargs):
        super().__init__(**kwargs)
        self.filters = filters
        self.hidden = hidden
        self.norm = norm
        if norm:
            self.norm1 = instance_norm("norm1", self.dtype_policy)
            self.norm2 = instance_norm("norm2", self.dtype_policy)
        self.conv1 = convolution(hidden, 3, "conv1", dtype=self.dtype_policy)
        self.conv2 = upsampling_convolution(filters, "conv2", self.dtype_policy)
        self.shortcut = upsampling_convolution(filters, "shortcut", self.dtype_policy)

    def checkpoint_parts(self) -> dict[str, keras.layers.Layer]:
        norms = {"model.0": self.norm1, "model.3": self.norm2} if self.norm else {}
        return {**norms, "model.2": self.conv1, "model.5": self.conv2, "shortcut.0": self.shortcut}

    def build(self, input_shape) -> None:
        build_with_channels(input_shape[-1], self.conv1, self.shortcut)
        build_with_channels(self.hidden, self.conv2)
        if self.norm:
            build_with_channels(input_shape[-1], self.norm1)
            build_with_channels(self.hidden, self.norm2)
        self.built = True

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        hidden = self.conv1(activation(self.norm1(inputs) if self.norm else apart(inputs)))
        hidden = activation(self.norm2(hidden) if self.norm else hidden)
        return upsample([self.conv2, self.shortcut], [hidden, inputs])

    def compute_output_shape(self, input_shape) -> tuple:
        batch, height, width, _ = input_shape
        double = [None if length is None else length * 2 for length in (height, width)]
        return (batch, *double, self.filters)


@register
class SkipBlock(Composite, keras.layers.Layer):
    """Act, reflection pad of 1, 3x3 conv: carries an encoder's map over to the decoder.

    Args:
        filters: channels of the output.
    """

    config_names = ("filters",)

    def __init__(self, filters: int, **kwargs):
        super().__init__(**kwargs)
        self.filters = filters
        self.conv = convolution(filters, 3, "conv", padding="valid", dtype=self.dtype_policy)

    def checkpoint_parts(self) -> dict[str, keras.layers.Layer]:
        return {"conv1": self.conv, "model.2": self.conv}

    def build(self, input_shape) -> None:
        build_with_channels(input_shape[-1], self.conv)
        self.built = True

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        # Padding first gives the same numbers, and keeps TensorFlow's graph optimiser from fusing the activation into a
        # convolution that has other readers, at which its remapper fails as a whole.
        return self.conv(activation(reflect_pad(inputs)))

    def compute_output_shape(self, input_shape) -> tuple:
        return (*input_shape[:-1], self.filters)


@register
class OutputBlock(SkipBlock):
    """Act, reflection pad of 1, 3x3 conv, tanh: the picture in [-1, 1].

    Args:
        filters: channels of the output, 3 for a picture.
    """

    def __init__(self, filters: int = 3, **kwargs):
        super().__init__(filters, **kwargs)

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        return tf.tanh(super().call(inputs))
