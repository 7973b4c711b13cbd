"""Stateless tensor functions: warping by a flow, and local attention."""

from gfla_tf.ops.local_attention import IMPLEMENTATIONS, local_attention
from gfla_tf.ops.warp import bilinear_sample, displaced_patches, gaussian_sample, pad_edge

__all__ = [
    "IMPLEMENTATIONS",
    "bilinear_sample",
    "displaced_patches",
    "gaussian_sample",
    "local_attention",
    "pad_edge",
]
