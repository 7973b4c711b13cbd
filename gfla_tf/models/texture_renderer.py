"""The target texture renderer: a pose, textured by local attention from source features.

Paper: Ren et al. 2020, section 3.1. The target pose is encoded to an eighth of the image's side and
decoded again; before the decoder's block of each attention level the map is blended with what local attention gathers
from each source (two of them when a clip is animated, section 3.2.2):

    out = sum over sources of (1 - mask) * out + mask * attended(source features, out, flow)
"""

from __future__ import annotations

import keras
import tensorflow as tf

from gfla_tf.layers.blocks import DownStack, OutputBlock, ResidualBlock, UpBlock
from gfla_tf.layers.local_attention import LocalAttention, portable_config
from gfla_tf.layers.primitives import Composite, build_with_channels, register

__all__ = ["TextureDecoder", "TextureRenderer"]


@register
class TextureDecoder(Composite, keras.layers.Layer):
    """Decode a target map at the coarsest level to the picture, taking texture from the sources on the way.

    Inputs: a list of the target map `[batch, height / 2^n, width / 2^n, widths[-1]]`, n = len(widths), and a list of
    sources, each (features finest first, flows coarse first, masks coarse first). Output: `[batch, height, width, 3]`.

    Args:
        widths: channels of level 1, 2, ...
        attention_kernels: level -> side of the attention's patches, e.g. {3: 3, 2: 5}.
        attention_hidden: channels of the layer that predicts the attention weights.
        attention_reduction: "mean" (the paper) or "sum", see `gfla_tf.ops.local_attention`.
        implementation: of local attention, see `LocalAttention`.
        norm: False leaves the norms out of residual and up blocks. With them, trained on rendered people, a pattern
            came up above every head, where the joints of a pose overlap; without them it did not.
        sources: names of the sources in the authors' checkpoints, coming after "attn": ("",) or ("_p", "_r").
    """

    config_names = (
        "widths",
        "attention_kernels",
        "attention_hidden",
        "attention_reduction",
        "implementation",
        "norm",
        "sources",
    )

    def __init__(
        self,
        widths: tuple[int, ...] = (64, 128, 256),
        attention_kernels: dict[int, int] | None = None,
        attention_hidden: int = 128,
        attention_reduction: str = "mean",
        implementation: str = "auto",
        norm: bool = True,
        sources: tuple[str, ...] = ("",),
        **kwargs,
    ):
        super().__init__(**{"autocast": False, **kwargs})
        self.widths = tuple(widths)
        self.attention_kernels = normalize_kernels(attention_kernels, len(self.widths))
        self.attention_hidden = attention_hidden
        self.attention_reduction = attention_reduction
        self.implementation = implementation
        self.norm = norm
        self.sources = tuple(sources)
        policy = self.dtype_policy
        self.decoder_levels = tuple(range(len(self.widths), 0, -1))
        self.residuals = [
            ResidualBlock(self.widths[n - 1], norm=norm, name=f"residual{n}", dtype=policy) for n in self.decoder_levels
        ]
        self.ups = [
            UpBlock(self.widths[max(n - 2, 0)], self.widths[n - 1], norm, name=f"up{n}", dtype=policy)
            for n in self.decoder_levels
        ]
        self.attentions = [
            LocalAttention(
                kernel_size,
                attention_hidden,
                attention_reduction,
                implementation,
                name=f"attention{source}{level}",
                dtype=policy,
            )
            for level, kernel_size in self.attention_kernels.items()
            for source in self.sources
        ]
        self.output_block = OutputBlock(3, name="output_block", dtype=policy)

    def get_config(self) -> dict:
        """The constructor's arguments by name; "auto" for "native", as in `LocalAttention`."""
        return portable_config(super().get_config())

    def attentions_of_level(self, level: int) -> list[LocalAttention]:
        """The attention layers of a level, one a source; none where the level has no attention."""
        if level not in self.attention_kernels:
            return []
        start = list(self.attention_kernels).index(level) * len(self.sources)
        return self.attentions[start : start + len(self.sources)]

    def checkpoint_parts(self) -> dict[str, keras.layers.Layer]:
        parts = {}
        for index, level in enumerate(self.decoder_levels):
            parts[f"decoder{index}.0.model.0"] = self.residuals[index]
            parts[f"decoder{index}.1"] = self.ups[index]
            for source, attention in zip(self.sources, self.attentions_of_level(level), strict=False):
                parts[f"attn{source}{index}"] = attention
        return {**parts, "outconv": self.output_block}

    def build(self, input_shape=None) -> None:
        for level, residual, up in zip(self.decoder_levels, self.residuals, self.ups, strict=True):
            channels = self.widths[level - 1]
            build_with_channels(channels, residual, up)
            for attention in self.attentions_of_level(level):
                shape = (None, None, None, channels)
                attention.build([shape, shape, (None, None, None, 2)])
        build_with_channels(self.widths[0], self.output_block)
        self.built = True

    def call(self, inputs) -> tf.Tensor:
        out, sources = inputs
        for level, residual, up in zip(self.decoder_levels, self.residuals, self.ups, strict=True):
            out = up(residual(self._blend(out, sources, level)))
        return self.output_block(out)

    def _blend(self, out: tf.Tensor, sources, level: int) -> tf.Tensor:
        """Blend the map of a level with what each source's attention gathers for it."""
        attentions = self.attentions_of_level(level)
        if not attentions:
            return out
        head = list(self.attention_kernels).index(level)
        blends = []
        for attention, (features, flows, masks) in zip(attentions, sources, strict=True):
            mask = tf.cast(masks[head], out.dtype)
            blends.append((1.0 - mask) * out + mask * attention([features[level - 1], out, flows[head]]))
        return tf.add_n(blends)


@register
class TextureRenderer(TextureDecoder):
    """Pose encoder and texture decoder: renders the target pose with the sources' texture.

    Inputs: a list of the target pose map `[batch, height, width, pose_channels]` and the sources as in
    `TextureDecoder`. Output: the picture `[batch, height, width, 3]` in [-1, 1].

    Args: those of `TextureDecoder`.
    """

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.pose_encoder = DownStack(self.widths, name="pose_encoder", dtype=self.dtype_policy)

    def checkpoint_parts(self) -> dict[str, keras.layers.Layer]:
        return {**self.pose_encoder.checkpoint_parts(), **super().checkpoint_parts()}

    def build(self, input_shape) -> None:
        self.pose_encoder.build(input_shape[0])
        super().build()

    def call(self, inputs) -> tf.Tensor:
        target_pose, sources = inputs
        return super().call([self.pose_encoder(target_pose)[-1], sources])


def normalize_kernels(attention_kernels: dict | None, levels: int) -> dict[int, int]:
    """Attention kernels by level, coarsest first (JSON turns the level into text); ValueError for a level not there."""
    attention_kernels = {3: 3, 2: 5} if attention_kernels is None else attention_kernels
    kernels = {int(level): int(size) for level, size in attention_kernels.items()}
    if not all(1 <= level <= levels for level in kernels):
        raise ValueError(f"attention_kernels must be at levels 1 to {levels}. Received: {attention_kernels}.")
    return dict(sorted(kernels.items(), reverse=True))
