"""Inception v3, whose features FID, KID and the Inception score are taken on, in two variants.

In: images `[batch, height, width, 3]` in [-1, 1] of any size; they are resized to 299 x 299, bilinear without
antialiasing. Out: `InceptionFeatures`: pooled `[batch, 2048]`, the mean of the last maps, and the probabilities of the
classes.

| variant | the network | mean poolings | last module pools by | classes |
|---|---|---|---|---|
| "2015" | of December 2015, on which FID is defined | over what is inside the picture | the maximum | 1008 |
| "torchvision" | trained by torchvision | with the zeros around the picture | the mean | 1000 |

Distances on one variant can't be compared with those on the other. Weights go by the names that PyTorch programs give
them: for "torchvision", its file `inception_v3_google-....pth`; for "2015", `pt_inception-2015-12-05-....pth`, the file
of the Python package pytorch-fid; or a safetensors file of either. They have to be brought along: this network was
compared with others on stand-in weights only.

References: Szegedy et al., "Rethinking the Inception architecture for computer vision", CVPR 2016; Heusel et al., "GANs
trained by a two time-scale update rule converge to a local Nash equilibrium", NeurIPS 2017.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from gfla_tf.metrics.arguments import checked_images
from gfla_tf.metrics.inception_layers import LAYERS, MODULES, STEM, Convolution
from gfla_tf.weights import check_state, read_any_state

__all__ = ["CLASSES", "Inception", "InceptionFeatures", "inception_shapes", "load_inception"]

CLASSES = {"2015": 1008, "torchvision": 1000}  # variant -> its classes
SIDE = 299  # pixels
FEATURES = 2048
EPSILON = 1e-3  # of the batch normalisation
NORMALISATION = ("bn.weight", "bn.bias", "bn.running_mean", "bn.running_var")


class InceptionFeatures(NamedTuple):
    """Attributes: pooled: float32 `[batch, 2048]`; probabilities: float32 `[batch, classes]`, of sum 1."""

    pooled: np.ndarray
    probabilities: np.ndarray


class Inception:
    """The network with its weights; see the module's text.

    Args:
        variant: "2015" or "torchvision".
        state: arrays by the names of `inception_shapes`; others are passed over.

    Raises:
        ValueError: another variant, or weights are missing or of the wrong shape.
    """

    def __init__(self, variant: str, state: Mapping[str, np.ndarray]):
        check_state(f"Inception, variant {variant}", inception_shapes(variant), state)
        self.variant = variant
        self._layers = {name: _folded(name, state) for name in LAYERS}
        self._classifier = tf.constant(np.transpose(state["fc.weight"]), tf.float32), tf.constant(state["fc.bias"])

    def __call__(self, images) -> InceptionFeatures:
        """Features and probabilities of pictures.

        Raises:
            ValueError: if they are not as the module's text says.
        """
        images = tf.cast(checked_images(images), tf.float32)
        hidden = tf.image.resize(images, [SIDE, SIDE])
        for step in STEM:
            hidden = _shrunk(hidden) if step is None else self._layer(step, hidden)
        for module, branches in MODULES.items():
            hidden = tf.concat([self._branch(module, branch, hidden) for branch in branches], axis=-1)
        pooled = tf.reduce_mean(hidden, axis=[1, 2])
        weight, bias = self._classifier
        return InceptionFeatures(pooled.numpy(), tf.nn.softmax(pooled @ weight + bias).numpy())

    def _branch(self, module: str, branch: tuple, maps: tf.Tensor) -> tf.Tensor:
        """A branch's steps one after the other: a layer, a pooling, or several layers side by side."""
        for step in branch:
            if step == "shrink":
                maps = _shrunk(maps)
            elif step == "pool":
                maps = self._pooled(module, maps)
            else:
                layers = step if isinstance(step, tuple) else (step,)
                maps = tf.concat([self._layer(f"{module}.{name}", maps) for name in layers], axis=-1)
        return maps

    def _pooled(self, module: str, maps: tf.Tensor) -> tf.Tensor:
        """3 x 3 windows around every position."""
        if self.variant == "2015":
            pool = tf.nn.max_pool2d if module == "Mixed_7c" else tf.nn.avg_pool2d
            return pool(maps, 3, 1, "SAME")  # TensorFlow's windows end at the border
        return tf.nn.avg_pool2d(tf.pad(maps, [[0, 0], [1, 1], [1, 1], [0, 0]]), 3, 1, "VALID")

    def _layer(self, name: str, maps: tf.Tensor) -> tf.Tensor:
        layer, (kernel, bias) = LAYERS[name], self._layers[name]
        margins = [[margin, margin] for margin in layer.padding]
        return tf.nn.relu(tf.nn.conv2d(maps, kernel, layer.stride, [[0, 0], *margins, [0, 0]]) + bias)


def _shrunk(maps: tf.Tensor) -> tf.Tensor:
    return tf.nn.max_pool2d(maps, 3, 2, "VALID")


def _folded(name: str, state: Mapping[str, np.ndarray]) -> tuple[tf.Tensor, tf.Tensor]:
    """Kernel and offset of a convolution with its batch normalisation in them."""
    scale, offset, mean, variance = (np.float64(state[f"{name}.{part}"]) for part in NORMALISATION)
    factor = scale / np.sqrt(variance + EPSILON)
    kernel = np.transpose(state[f"{name}.conv.weight"], (2, 3, 1, 0)) * factor
    return tf.constant(kernel, tf.float32), tf.constant(offset - mean * factor, tf.float32)


def _shapes_of(name: str, layer: Convolution) -> dict[str, tuple[int, ...]]:
    kernel = {f"{name}.conv.weight": (layer.filters, layer.channels, *layer.kernel)}
    return kernel | {f"{name}.{part}": (layer.filters,) for part in NORMALISATION}


def inception_shapes(variant: str) -> dict[str, tuple[int, ...]]:
    """Names and shapes of a variant's weights.

    Raises:
        ValueError: there is no such variant.
    """
    if variant not in CLASSES:
        raise ValueError(f"The variant of Inception must be one of {', '.join(CLASSES)}. Received: {variant!r}.")
    shapes = {}
    for name, layer in LAYERS.items():
        shapes |= _shapes_of(name, layer)
    return shapes | {"fc.weight": (CLASSES[variant], FEATURES), "fc.bias": (CLASSES[variant],)}


def load_inception(variant: str, weights: str | os.PathLike) -> Inception:
    """The network with the weights of a file.

    Args:
        variant: "2015" or "torchvision".
        weights: .pth or .safetensors; see the module's text.

    Raises:
        ValueError: another variant, or the file can't be read or does not fit.
    """
    inception_shapes(variant)  # another variant is refused before anything is read
    return Inception(variant, read_any_state(weights))
