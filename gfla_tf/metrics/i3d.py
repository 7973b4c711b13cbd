"""I3D: a network that was trained to tell 400 human actions apart, and whose features describe videos.

In: videos `[batch, frames, height, width, 3]` in [-1, 1], at least 9 frames. They are squeezed to 224 x 224, bilinear,
as the network was trained at that size. Out: `VideoFeatures`,

    pooled   `[batch, 1024]`  the last maps, averaged over 2 x 7 x 7 windows and then over time
    logits   `[batch, 400]`   one number an action: a linear map of the pooled features, what FVD is defined on

Convolutions and poolings pad as TensorFlow's "SAME". Batch normalisation is part of the weights here: a layer is a
convolution with an offset and a ReLU. Weights go by the names of the published network's layers,
`Mixed_3b.Branch_1.Conv3d_0b_3x3.weight` `[filters, channels, time, height, width]` and `.bias`.

References: Carreira and Zisserman, "Quo vadis, action recognition? A new model and the Kinetics dataset", CVPR 2017;
FVD: Unterthiner et al., "FVD: a new metric for video generation", 2019.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from gfla_tf.metrics.arguments import check_range
from gfla_tf.weights import check_state

__all__ = ["FEWEST_FRAMES", "I3d", "VideoFeatures", "i3d_shapes"]

SIDE = 224  # pixels
FEWEST_FRAMES = 9  # with fewer, the last maps are one frame long, and their windows two
CLASSES = 400
STEM = {"Conv3d_1a_7x7": (64, 3, 7), "Conv3d_2b_1x1": (64, 64, 1), "Conv3d_2c_3x3": (192, 64, 3)}
LOGITS = "Logits.Conv3d_0c_1x1"
LAYERS_OF_A_MODULE = (
    "Branch_0.Conv3d_0a_1x1",
    "Branch_1.Conv3d_0a_1x1",
    "Branch_1.Conv3d_0b_3x3",
    "Branch_2.Conv3d_0a_1x1",
    "Branch_2.Conv3d_0b_3x3",
    "Branch_3.Conv3d_0b_1x1",
)
# Their filters.
MIXED = {
    "Mixed_3b": (64, 96, 128, 16, 32, 32),
    "Mixed_3c": (128, 128, 192, 32, 96, 64),
    "Mixed_4b": (192, 96, 208, 16, 48, 64),
    "Mixed_4c": (160, 112, 224, 24, 64, 64),
    "Mixed_4d": (128, 128, 256, 24, 64, 64),
    "Mixed_4e": (112, 144, 288, 32, 64, 64),
    "Mixed_4f": (256, 160, 320, 32, 128, 128),
    "Mixed_5b": (256, 160, 320, 32, 128, 128),
    "Mixed_5c": (384, 192, 384, 48, 128, 128),
}
POOLINGS = {"Mixed_4b": ((3, 3, 3), (2, 2, 2)), "Mixed_5b": ((2, 2, 2), (2, 2, 2))}  # before a module: window, stride
ACROSS = ((1, 3, 3), (1, 2, 2))  # the stem's poolings


class VideoFeatures(NamedTuple):
    """Attributes: pooled: float32 `[batch, 1024]`; logits: float32 `[batch, 400]`."""

    pooled: np.ndarray
    logits: np.ndarray


class I3d:
    """The network with its weights; see the module's text.

    Args:
        state: arrays by the names of `i3d_shapes`.

    Raises:
        ValueError: if weights are missing or of the wrong shape.
    """

    def __init__(self, state: Mapping[str, np.ndarray]):
        check_state("I3D", i3d_shapes(), state)
        self._weights = {
            name: tf.constant(np.transpose(state[name], (2, 3, 4, 1, 0)) if name.endswith("weight") else state[name])
            for name in i3d_shapes()
        }

    def __call__(self, videos) -> VideoFeatures:
        """Features of videos.

        Raises:
            ValueError: if they are not as the module's text says.
        """
        hidden = _resized(_checked(videos))
        hidden = _pooled(self._layer("Conv3d_1a_7x7", hidden, stride=2), *ACROSS)
        hidden = self._layer("Conv3d_2c_3x3", self._layer("Conv3d_2b_1x1", hidden))
        hidden = _pooled(hidden, *ACROSS)
        for name in MIXED:
            hidden = self._mixed(name, _pooled(hidden, *POOLINGS[name]) if name in POOLINGS else hidden)
        windows = tf.nn.avg_pool3d(hidden, (2, 7, 7), 1, "VALID")
        pooled = tf.reduce_mean(windows, axis=[1, 2, 3])
        logits = pooled @ self._weights[f"{LOGITS}.weight"][0, 0, 0] + self._weights[f"{LOGITS}.bias"]
        return VideoFeatures(pooled.numpy(), logits.numpy())

    def _layer(self, name: str, maps: tf.Tensor, stride: int = 1) -> tf.Tensor:
        maps = tf.nn.conv3d(maps, self._weights[f"{name}.weight"], [1, stride, stride, stride, 1], "SAME")
        return tf.nn.relu(maps + self._weights[f"{name}.bias"])

    def _mixed(self, module: str, maps: tf.Tensor) -> tf.Tensor:
        """Four branches side by side."""
        direct, reduce_1, wide_1, reduce_2, wide_2, last = _module_layers(module)
        branches = [
            self._layer(direct, maps),
            self._layer(wide_1, self._layer(reduce_1, maps)),
            self._layer(wide_2, self._layer(reduce_2, maps)),
            self._layer(last, _pooled(maps, (3, 3, 3), (1, 1, 1))),
        ]
        return tf.concat(branches, axis=-1)


def _pooled(maps: tf.Tensor, window: tuple[int, ...], stride: tuple[int, ...]) -> tf.Tensor:
    return tf.nn.max_pool3d(maps, window, stride, "SAME")


def _checked(videos) -> tf.Tensor:
    videos, expected = tf.convert_to_tensor(videos), "Videos [batch, frames, height, width, 3] in [-1, 1] are expected."
    if not videos.dtype.is_floating or videos.shape.rank != 5 or videos.shape[-1] != 3:
        raise ValueError(f"{expected} Received: {videos.dtype.name} of shape {videos.shape}.")
    check_range(videos, -1.0, 1.0, expected)
    if videos.shape[1] < FEWEST_FRAMES:
        raise ValueError(f"I3D needs videos of at least {FEWEST_FRAMES} frames. Received: {videos.shape[1]}.")
    return tf.cast(videos, tf.float32)


def _resized(videos: tf.Tensor) -> tf.Tensor:
    batch, frames, height, width, channels = videos.shape
    if (height, width) == (SIDE, SIDE):
        return videos
    pictures = tf.image.resize(tf.reshape(videos, [-1, height, width, channels]), [SIDE, SIDE])
    return tf.reshape(pictures, [batch, frames, SIDE, SIDE, channels])


def _module_layers(module: str) -> list[str]:
    """Names of a module's six layers, in the order of `MIXED`'s numbers."""
    return [f"{module}.{layer}" for layer in LAYERS_OF_A_MODULE]


def i3d_shapes() -> dict[str, tuple[int, ...]]:
    """Names and shapes of all weights."""
    layers, channels = dict(STEM), 192
    for module, filters in MIXED.items():
        inputs = (channels, channels, filters[1], channels, filters[3], channels)
        for name, count, depth in zip(_module_layers(module), filters, inputs, strict=True):
            layers[name] = (count, depth, 3 if name.endswith("3x3") else 1)
        channels = filters[0] + filters[2] + filters[4] + filters[5]
    layers[LOGITS] = (CLASSES, channels, 1)
    shapes = {}
    for name, (count, depth, kernel) in layers.items():
        shapes |= {f"{name}.weight": (count, depth, kernel, kernel, kernel), f"{name}.bias": (count,)}
    return shapes
