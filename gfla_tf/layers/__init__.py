"""The blocks that the networks are made of."""

from gfla_tf.layers.adaptive_layer_norm import AdaptiveLayerNorm, ChannelAffine
from gfla_tf.layers.blocks import DownBlock, DownStack, OutputBlock, ResidualBlock, SkipBlock, UpBlock
from gfla_tf.layers.local_attention import LocalAttention
from gfla_tf.layers.spectral import SpectralConv, SpectralDownBlock

__all__ = [
    "AdaptiveLayerNorm",
    "ChannelAffine",
    "DownBlock",
    "DownStack",
    "LocalAttention",
    "OutputBlock",
    "ResidualBlock",
    "SkipBlock",
    "SpectralConv",
    "SpectralDownBlock",
    "UpBlock",
]
