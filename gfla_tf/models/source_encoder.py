"""The source encoder: a picture to feature maps, from which local attention takes its texture.

Paper: Ren et al. 2020, section 3.1. In: source image `[batch, height, width, 3]` in [-1, 1]. Out:
one map a level, finest first: level n is `[batch, height / 2^n, width / 2^n, widths[n - 1]]`.
"""

from __future__ import annotations

import keras
import tensorflow as tf

from gfla_tf.layers.blocks import DownStack
from gfla_tf.layers.primitives import Composite, register

__all__ = ["SourceEncoder"]


@register
class SourceEncoder(Composite, keras.layers.Layer):
    """Down 3 -> 64 -> 128 -> 256 in the paper.

    Args:
        widths: channels of level 1, 2, ...
        source_input_norm: False leaves the norms out of the first block. A norm on the raw picture erases the offset
            and scale of each colour channel: a plain garment then has the same features whatever its colour.
        source_norm: False leaves the norms out of all blocks: those of the others erase the same of the channels that
            the first block makes of the colours.
    """

    config_names = ("widths", "source_input_norm", "source_norm")

    def __init__(
        self,
        widths: tuple[int, ...] = (64, 128, 256),
        source_input_norm: bool = True,
        source_norm: bool = True,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.widths = tuple(widths)
        self.source_input_norm = source_input_norm
        self.source_norm = source_norm
        self.stack = DownStack(self.widths, source_input_norm, source_norm, name="stack", dtype=self.dtype_policy)

    def checkpoint_parts(self) -> dict[str, keras.layers.Layer]:
        return self.stack.checkpoint_parts()

    def build(self, input_shape) -> None:
        self.stack.build(input_shape)
        self.built = True

    def call(self, inputs: tf.Tensor) -> list[tf.Tensor]:
        return self.stack(inputs)

    def compute_output_shape(self, input_shape) -> list[tuple]:
        return self.stack.compute_output_shape(input_shape)
