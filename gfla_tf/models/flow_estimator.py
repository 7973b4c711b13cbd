"""The global flow field estimator: where does every target position take its texture, and may it?

Paper: Ren et al. 2020, section 3.1. An hourglass network reads the source image and both
poses and gives, for each attention level, a flow (dx, dy) in pixels of that level and an occlusion mask: 1 where the
content exists in the source, 0 where it has to be invented.
"""

from __future__ import annotations

import keras
import tensorflow as tf

from gfla_tf.layers.blocks import DownStack, SkipBlock, UpBlock
from gfla_tf.layers.primitives import Composite, build_with_channels, convolution, register

__all__ = ["FlowEstimator"]


@register
class FlowEstimator(Composite, keras.layers.Layer):
    """Hourglass with skips: image and poses to flows and masks.

    Input: list of maps `[batch, height, width, any]` that are joined along channels. Output: (flows, masks), lists
    coarse first; a flow is `[batch, h, w, 2 * fields]`, a mask `[batch, h, w, fields]` in (0, 1). Flows keep the
    variables' dtype under a mixed policy.

    Args:
        widths: channels of the encoder's levels 1, 2, ...; the decoder has the same channels at the same level.
        attention_levels: levels that get a flow and a mask; level n is 1 / 2^n of the image's side.
        fields: number of flow fields (the face generator predicts two at once).
    """

    config_names = ("widths", "attention_levels", "fields")

    def __init__(
        self,
        widths: tuple[int, ...] = (32, 64, 128, 256, 256),
        attention_levels: tuple[int, ...] = (3, 2),
        fields: int = 1,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.widths = tuple(widths)
        self.attention_levels = tuple(sorted(attention_levels, reverse=True))
        self.fields = fields
        if not self.attention_levels or not 1 <= self.attention_levels[-1] <= self.attention_levels[0] < len(
            self.widths
        ):
            raise ValueError(
                f"attention_levels must lie between 1 and {len(self.widths) - 1} for {len(self.widths)} widths. "
                f"Received: {tuple(attention_levels)}."
            )
        policy = self.dtype_policy
        self.encoder = DownStack(self.widths, name="encoder", dtype=policy)
        self.decoder_levels = tuple(range(len(self.widths) - 1, self.attention_levels[-1] - 1, -1))
        decoder_widths = {level: self.widths[level - 1] for level in self.decoder_levels}
        self.ups = [UpBlock(width, width, name=f"up{level}", dtype=policy) for level, width in decoder_widths.items()]
        self.skips = [SkipBlock(width, name=f"skip{level}", dtype=policy) for level, width in decoder_widths.items()]
        precise = self.variable_dtype  # bfloat16 is too coarse for positions
        self.flow_heads = [convolution(2 * fields, 3, f"flow{n}", dtype=precise) for n in self.attention_levels]
        self.mask_heads = [convolution(fields, 3, f"mask{n}", dtype=precise) for n in self.attention_levels]

    def checkpoint_parts(self) -> dict[str, keras.layers.Layer]:
        parts = self.encoder.checkpoint_parts()
        for index, (up, skip) in enumerate(zip(self.ups, self.skips, strict=True)):
            parts.update({f"decoder{index}": up, f"jump{index}": skip})
        for level, flow_head, mask_head in zip(self.attention_levels, self.flow_heads, self.mask_heads, strict=True):
            index = self.decoder_levels.index(level)
            parts.update({f"output{index}": flow_head, f"mask{index}.0": mask_head})
        return parts

    def build(self, input_shape) -> None:
        build_with_channels(sum(shape[-1] for shape in input_shape), self.encoder)
        channels = self.widths[-1]
        for level, up, skip in zip(self.decoder_levels, self.ups, self.skips, strict=True):
            width = self.widths[level - 1]
            build_with_channels(channels, up)
            build_with_channels(width, skip)
            channels = width
        for level, flow_head, mask_head in zip(self.attention_levels, self.flow_heads, self.mask_heads, strict=True):
            build_with_channels(self.widths[level - 1], flow_head, mask_head)
        self.built = True

    def call(self, inputs: list[tf.Tensor]) -> tuple[list[tf.Tensor], list[tf.Tensor]]:
        maps = self.encoder(tf.concat(inputs, axis=-1))
        return self.decode(maps, maps[-1])

    def decode(self, maps: list[tf.Tensor], bottleneck: tf.Tensor) -> tuple[list[tf.Tensor], list[tf.Tensor]]:
        """From the encoder's maps (finest first) and the coarsest map to (flows, masks), coarse first."""
        flows, masks, hidden = [], [], bottleneck
        for level, up, skip in zip(self.decoder_levels, self.ups, self.skips, strict=True):
            hidden = up(hidden) + skip(maps[level - 1])
            if level in self.attention_levels:
                head = self.attention_levels.index(level)
                flows.append(self.flow_heads[head](hidden))
                masks.append(tf.sigmoid(self.mask_heads[head](hidden)))
        return flows, masks
