"""The trained networks whose features metrics compare: the convolutions of AlexNet and VGG16.

`FeatureNetwork("vgg16", state)(images)` gives five maps of images `[batch, height, width, 3]` in [-1, 1], each after
its ReLU:

| network | maps | channels | smallest picture |
|---|---|---|---|
| "alexnet" | conv1, conv2, conv3, conv4, conv5 | 64, 192, 384, 256, 256 | 31 x 31 |
| "vgg16" | relu1_2, relu2_2, relu3_3, relu4_3, relu5_3 | 64, 128, 256, 512, 512 | 16 x 16 |

Pictures are shifted and scaled as LPIPS 0.1 does it, (image - shift) / scale, which is the normalisation by ImageNet's
mean and deviation that torchvision's weights were trained with. Weights go by torchvision's names. They are plain
tensors: nothing is trained, and a Keras model that holds a metric doesn't save them.

References: Krizhevsky, "One weird trick for parallelizing convolutional neural networks", 2014; Simonyan and Zisserman,
"Very deep convolutional networks for large-scale image recognition", ICLR 2015.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from gfla_tf.metrics.arguments import checked_images
from gfla_tf.weights import check_state

__all__ = ["NETWORKS", "FeatureNetwork", "parameter_shapes"]

SHIFT = (-0.030, -0.088, -0.188)
SCALE = (0.458, 0.448, 0.450)


class Convolution(NamedTuple):
    """A convolution and its ReLU.

    Attributes:
        index: in torchvision's `features`.
        filters: number of output channels.
        kernel_size: side of the kernel.
        stride: step between windows.
        padding: zeros on every side.
        pool: side of the windows of the max pooling before it, of stride 2; 0 for none.
        is_output: whether its map is one of the five.
    """

    index: int
    filters: int
    kernel_size: int = 3
    stride: int = 1
    padding: int = 1
    pool: int = 0
    is_output: bool = False


NETWORKS = {
    "alexnet": (
        Convolution(0, 64, kernel_size=11, stride=4, padding=2, is_output=True),
        Convolution(3, 192, kernel_size=5, padding=2, pool=3, is_output=True),
        Convolution(6, 384, pool=3, is_output=True),
        Convolution(8, 256, is_output=True),
        Convolution(10, 256, is_output=True),
    ),
    "vgg16": (
        Convolution(0, 64),
        Convolution(2, 64, is_output=True),
        Convolution(5, 128, pool=2),
        Convolution(7, 128, is_output=True),
        Convolution(10, 256, pool=2),
        Convolution(12, 256),
        Convolution(14, 256, is_output=True),
        Convolution(17, 512, pool=2),
        Convolution(19, 512),
        Convolution(21, 512, is_output=True),
        Convolution(24, 512, pool=2),
        Convolution(26, 512),
        Convolution(28, 512, is_output=True),
    ),
}
SMALLEST_SIDES = {"alexnet": 31, "vgg16": 16}


class FeatureNetwork:
    """A network with its weights: `network(images)` is a list of five maps `[batch, h, w, channels]` in float32.

    Args:
        name: "alexnet" or "vgg16".
        state: arrays under torchvision's names, `features.N.weight` `[filters, channels, k, k]` and `features.N.bias`;
            others are passed over.

    Raises:
        ValueError: if the name is another, or weights are missing or of the wrong shape.
    """

    def __init__(self, name: str, state: Mapping[str, np.ndarray]):
        check_state(name, parameter_shapes(name), state)
        self.name = name
        self.kernels_and_biases = [
            (
                tf.constant(np.transpose(state[f"features.{layer.index}.weight"], (2, 3, 1, 0)), tf.float32),
                tf.constant(state[f"features.{layer.index}.bias"], tf.float32),
            )
            for layer in NETWORKS[name]
        ]

    def __call__(self, images) -> list[tf.Tensor]:
        images, smallest = checked_images(images), SMALLEST_SIDES[self.name]
        if any(length is not None and length < smallest for length in images.shape[1:3]):
            raise ValueError(
                f"{self.name} needs pictures of at least {smallest} x {smallest} pixels. Received: {images.shape}."
            )
        hidden, maps = (tf.cast(images, tf.float32) - SHIFT) / SCALE, []
        for layer, (kernel, bias) in zip(NETWORKS[self.name], self.kernels_and_biases, strict=True):
            hidden = _apply(layer, kernel, bias, hidden)
            maps += [hidden] if layer.is_output else []
        return maps

    def pooled(self, images) -> np.ndarray:
        """The means over all positions of the last map, `[batch, channels]`: a picture's features for distributions.

        That is relu5_3 of VGG16 (512 features), or conv5 of AlexNet (256).
        """
        return pooled_features(self(images))


def pooled_features(maps: list[tf.Tensor]) -> np.ndarray:
    """`FeatureNetwork.pooled` of pictures whose maps are already there."""
    return tf.reduce_mean(maps[-1], axis=[1, 2]).numpy()


def _apply(layer: Convolution, kernel: tf.Tensor, bias: tf.Tensor, hidden: tf.Tensor) -> tf.Tensor:
    if layer.pool:
        hidden = tf.nn.max_pool2d(hidden, layer.pool, 2, "VALID")
    margin = [layer.padding] * 2
    hidden = tf.nn.conv2d(hidden, kernel, layer.stride, [[0, 0], margin, margin, [0, 0]])
    return tf.nn.relu(tf.nn.bias_add(hidden, bias))


def parameter_shapes(name: str) -> dict[str, tuple[int, ...]]:
    """Names and shapes of a network's weights in torchvision's state dict, in order: weight, bias, weight, ..."""
    if name not in NETWORKS:
        raise ValueError(f"The network must be one of {', '.join(NETWORKS)}. Received: {name!r}.")
    shapes, channels = {}, 3
    for layer in NETWORKS[name]:
        shapes[f"features.{layer.index}.weight"] = (layer.filters, channels, layer.kernel_size, layer.kernel_size)
        shapes[f"features.{layer.index}.bias"] = (layer.filters,)
        channels = layer.filters
    return shapes
