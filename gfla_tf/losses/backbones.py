"""The frozen networks whose features the losses compare: VGG16 and VGG19, one interface for weights from anywhere.

A backbone reads images `[batch, height, width, 3]` in [-1, 1] and gives the maps of the layers asked for. Names are
those of the literature: relu3_1 is the first convolution of the third block after its ReLU, at a quarter of the side.

Preprocessing "torchvision" is RGB in [0, 1], normalised by ImageNet's mean and deviation; "keras" is BGR in [0, 255]
minus the mean; "none" feeds [-1, 1] as it is, as the paper's authors do with torchvision's weights. Trained weights
come from `gfla_tf.losses.backbone_weights`, and factors that scale the maps from `gfla_tf.losses.calibration`.

Reference: Simonyan and Zisserman, "Very deep convolutional networks for large-scale image recognition", ICLR 2015.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import keras
import numpy as np
import tensorflow as tf

from gfla_tf.layers.primitives import register
from gfla_tf.weights import check_state

__all__ = ["Backbone", "layer_names", "layers_of_network", "vgg_parameter_shapes"]

CONVOLUTIONS = {"vgg16": (2, 2, 3, 3, 3), "vgg19": (2, 2, 4, 4, 4)}
FILTERS = (64, 128, 256, 512, 512)
PREPROCESSINGS = ("torchvision", "keras", "none")
IMAGENET_MEAN = (0.485, 0.456, 0.406)  # RGB in [0, 1], as torchvision's weights were trained
IMAGENET_DEVIATION = (0.229, 0.224, 0.225)
IMAGENET_MEAN_BGR_255 = (103.939, 116.779, 123.68)  # as the weights of Keras applications were trained


def layer_names(name: str) -> list[str]:
    """All layers of a network in order: relu1_1, relu1_2, relu2_1, ..."""
    if name not in CONVOLUTIONS:
        raise ValueError(f"name must be one of {', '.join(CONVOLUTIONS)}. Received: {name!r}.")
    return [
        f"relu{block}_{index}" for block, count in enumerate(CONVOLUTIONS[name], 1) for index in range(1, count + 1)
    ]


def layers_of_network(network: str, wanted: Sequence[str]) -> tuple[str, ...]:
    """The wanted layers, each replaced by the last of its block where the network is shallower (VGG16 for VGG19)."""
    known = layer_names(network)
    last = {name[4]: name for name in known}
    return tuple(dict.fromkeys(name if name in known else last.get(name[4:5], name) for name in wanted))


@register
class Backbone(keras.Model):
    """`backbone(images)` -> dict from layer name to map `[batch, h, w, filters]`; never trained.

    Args:
        network: "vgg16" or "vgg19".
        layers: names of the layers wanted; the network ends after the last of them.
        preprocessing: "torchvision", "keras" or "none", see the module's text.
        scales: layer's name -> factor by which its map is multiplied on its way out; None, and layers left out, for 1.
    """

    def __init__(
        self,
        network: str,
        layers: Sequence[str],
        preprocessing: str = "torchvision",
        scales: Mapping[str, float] | None = None,
        **kwargs,
    ):
        super().__init__(**kwargs)
        known = layer_names(network)
        unknown = [layer for layer in layers if layer not in known]
        if unknown or not layers:
            raise ValueError(f"layers must be some of {', '.join(known)}. Received: {', '.join(layers) or 'none'}.")
        if preprocessing not in PREPROCESSINGS:
            raise ValueError(f"preprocessing must be one of {', '.join(PREPROCESSINGS)}. Received: {preprocessing!r}.")
        self.network = network
        self.wanted = tuple(layers)
        self.preprocessing = preprocessing
        self.scales = _checked_scales(scales, layers)
        self.conv_names = known[: max(known.index(layer) for layer in layers) + 1]
        self.convolutions = [
            keras.layers.Conv2D(FILTERS[int(name[4]) - 1], 3, padding="same", name=name, dtype=self.dtype_policy)
            for name in self.conv_names
        ]
        self.trainable = False

    def get_config(self) -> dict:
        config = {
            "network": self.network,
            "layers": self.wanted,
            "preprocessing": self.preprocessing,
            "scales": None if self.scales is None else dict(self.scales),
        }
        # Keras 2's models, unlike its layers, would leave name and dtype out.
        return {**keras.layers.Layer.get_config(self), **config}

    def build(self, input_shape=None) -> None:
        channels = 3
        for layer in self.convolutions:
            layer.build((None, None, None, channels))
            channels = layer.filters
        self.built = True

    def call(self, inputs: tf.Tensor) -> dict[str, tf.Tensor]:
        hidden = self._preprocess(inputs)
        found = {}
        for name, layer in zip(self.conv_names, self.convolutions, strict=True):
            if name.endswith("_1") and name != "relu1_1":
                hidden = tf.nn.max_pool2d(hidden, 2, 2, "VALID")
            hidden = tf.nn.relu(layer(hidden))
            if name in self.wanted:
                found[name] = hidden * self.scales.get(name, 1.0) if self.scales else hidden
        return found

    def _preprocess(self, images: tf.Tensor) -> tf.Tensor:
        if self.preprocessing == "none":
            return images
        if self.preprocessing == "keras":
            return (images[..., ::-1] + 1.0) * 127.5 - tf.constant(IMAGENET_MEAN_BGR_255, images.dtype)
        mean, deviation = (tf.constant(values, images.dtype) for values in (IMAGENET_MEAN, IMAGENET_DEVIATION))
        return ((images + 1.0) / 2.0 - mean) / deviation

    def assign(self, state: Mapping[str, np.ndarray]) -> None:
        """Fill the network from arrays under torchvision's names, `features.N.weight` `[filters, channels, 3, 3]`.

        It is built, if it wasn't.

        Raises:
            ValueError: one message with every name that is missing or of the wrong shape; names of later layers and of
                the classifier are passed over.
        """
        shapes = vgg_parameter_shapes(self.network, len(self.conv_names))
        check_state(self.network, shapes, state)
        if not self.built:
            self.build()
        names = iter(shapes)
        for layer in self.convolutions:
            layer.kernel.assign(np.transpose(state[next(names)], (2, 3, 1, 0)))
            layer.bias.assign(state[next(names)])


def vgg_parameter_shapes(network: str, convolutions: int | None = None) -> dict[str, tuple[int, ...]]:
    """Names and shapes of a VGG's convolutions in torchvision's state dict, in order: weight, bias, weight, ..."""
    shapes, index, channels = {}, 0, 3
    for name in layer_names(network)[:convolutions]:
        if name.endswith("_1") and name != "relu1_1":
            index += 1  # the pooling before the block
        filters = FILTERS[int(name[4]) - 1]
        shapes[f"features.{index}.weight"] = (filters, channels, 3, 3)
        shapes[f"features.{index}.bias"] = (filters,)
        index, channels = index + 2, filters
    return shapes


def _checked_scales(scales: Mapping[str, float] | None, layers: Sequence[str]) -> dict[str, float] | None:
    if scales is None:
        return None
    wrong = [name for name, scale in scales.items() if name not in layers or not 0 < scale < math.inf]
    if wrong:
        raise ValueError(f"scales must be positive numbers of wanted layers. Received: others for {', '.join(wrong)}.")
    return {name: float(scale) for name, scale in scales.items()}
