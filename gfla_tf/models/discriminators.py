"""The discriminators: is a picture real, does a clip move like a real one?

Ren et al. 2020, adversarial terms of section 3. Residual halvings under spectral norm, then a score for every patch.
"""

from __future__ import annotations

import keras
import tensorflow as tf

from gfla_tf.layers.primitives import Composite, activation, register
from gfla_tf.layers.spectral import SpectralConv, SpectralDownBlock
from gfla_tf.models.checks import check_map

__all__ = ["ImageDiscriminator", "TemporalDiscriminator"]


@register
class ImageDiscriminator(Composite, keras.Model):
    """`model(images [batch, height, width, 3])` -> scores `[batch, height / 2^n, width / 2^n, 1]`, n halvings.

    Args:
        filters: channels after each halving: (32, 64, 128, 128), for Market-1501 (32, 64, 128).
    """

    config_names = ("filters",)

    def __init__(self, filters: tuple[int, ...] = (32, 64, 128, 128), **kwargs):
        super().__init__(**kwargs)
        self.filters = tuple(filters)
        policy = self.dtype_policy
        hidden = (self.filters[0], *self.filters[:-1])
        self.blocks = [
            SpectralDownBlock(after, inside, name=f"halving{index}", dtype=policy)
            for index, (inside, after) in enumerate(zip(hidden, self.filters, strict=True))
        ]
        self.score = SpectralConv(1, (1, 1), name="score", dtype=policy)

    def checkpoint_parts(self) -> dict[str, keras.layers.Layer]:
        first, *others = self.blocks
        return {"block0": first, **{f"encoder{i}": block for i, block in enumerate(others)}, "conv": self.score}

    def build(self, input_shape=None) -> None:
        for channels, layer in zip((3, *self.filters), [*self.blocks, self.score], strict=True):
            layer.build((None, None, None, channels))
        self.built = True

    def call(self, inputs: tf.Tensor, training: bool | None = None) -> tf.Tensor:
        hidden = tf.convert_to_tensor(inputs)
        check_map("images", hidden, 3, 2 ** len(self.blocks))
        for block in self.blocks:
            hidden = block(hidden, training=training)
        return tf.cast(self.score(activation(hidden), training=training), self.variable_dtype)


@register
class TemporalDiscriminator(Composite, keras.Model):
    """`model(clips [batch, 6, height, width, 3])` -> scores `[batch, height / 16, width / 16, 1]`.

    Two halvings in space and time, each shortening the clip by two frames; the two frames left are folded into
    channels, and two halvings in space follow.

    Args:
        clip_filters: channels after each of the halvings in space and time.
        filters: channels after each of the halvings in space.
    """

    config_names = ("clip_filters", "filters")
    frames = 6

    def __init__(self, clip_filters: tuple[int, int] = (32, 64), filters: tuple[int, ...] = (128, 128), **kwargs):
        super().__init__(**kwargs)
        self.clip_filters = tuple(clip_filters)
        self.filters = tuple(filters)
        policy = self.dtype_policy
        self.folded = self.clip_filters[-1] * (self.frames - 2 * len(self.clip_filters))
        self.clip_blocks = [
            SpectralDownBlock(after, self.clip_filters[0], rank=3, name=f"clip_halving{index}", dtype=policy)
            for index, after in enumerate(self.clip_filters)
        ]
        hidden = (self.folded, *self.filters[:-1])
        self.blocks = [
            SpectralDownBlock(after, inside, name=f"halving{index}", dtype=policy)
            for index, (inside, after) in enumerate(zip(hidden, self.filters, strict=True))
        ]
        self.score = SpectralConv(1, (1, 1), name="score", dtype=policy)

    def checkpoint_parts(self) -> dict[str, keras.layers.Layer]:
        clip_blocks = {f"block{i}": block for i, block in enumerate(self.clip_blocks)}
        return {**clip_blocks, **{f"encoder{i}": block for i, block in enumerate(self.blocks)}, "conv": self.score}

    def build(self, input_shape=None) -> None:
        for channels, block in zip((3, *self.clip_filters[:-1]), self.clip_blocks, strict=True):
            block.build((None, None, None, None, channels))
        for channels, layer in zip((self.folded, *self.filters), [*self.blocks, self.score], strict=True):
            layer.build((None, None, None, channels))
        self.built = True

    def call(self, inputs: tf.Tensor, training: bool | None = None) -> tf.Tensor:
        hidden = tf.convert_to_tensor(inputs)
        if hidden.shape.rank != 5 or hidden.shape[1] != self.frames:
            raise ValueError(
                f"clips must have shape [batch, {self.frames}, height, width, 3]. Received: {hidden.shape}."
            )
        check_map("frames of clips", hidden[:, 0], 3, 2 ** (len(self.clip_blocks) + len(self.blocks)))
        for block in self.clip_blocks:
            hidden = block(hidden, training=training)
        hidden = self.fold_time(hidden)
        for block in self.blocks:
            hidden = block(hidden, training=training)
        return tf.cast(self.score(activation(hidden), training=training), self.variable_dtype)

    def fold_time(self, clip: tf.Tensor) -> tf.Tensor:
        """`[batch, time, height, width, channels]` to `[batch, height, width, channels * time]`, channels outermost."""
        clip = tf.transpose(clip, [0, 2, 3, 4, 1])
        _, height, width, _, _ = clip.shape
        dynamic = tf.shape(clip)
        return tf.reshape(clip, [dynamic[0], height or dynamic[1], width or dynamic[2], self.folded])
