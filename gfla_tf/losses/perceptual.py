"""How alike two pictures look to a network that was trained to recognise things.

Both functions take lists of feature maps, `[batch, height, width, channels]` each, of the generated and of the true
picture; `gfla_tf.losses.backbones` computes them. Maps of 16 bits are compared in float32, which holds the sums of a
Gram matrix. The Keras losses take the pictures. Reference: Johnson, Alahi and Fei-Fei, "Perceptual losses for
real-time style transfer and super-resolution", ECCV 2016; layers of Ren et al. 2020.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import keras
import tensorflow as tf

from gfla_tf.layers.primitives import register
from gfla_tf.losses.backbones import Backbone, layers_of_network
from gfla_tf.losses.numerics import full_precision, mean_per_picture

__all__ = ["PERCEPTUAL_LAYERS", "STYLE_LAYERS", "Perceptual", "Style", "gram_matrix", "perceptual", "style"]

PERCEPTUAL_LAYERS = ("relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu5_1")
STYLE_LAYERS = ("relu2_2", "relu3_4", "relu4_4", "relu5_2")


def perceptual(features: Sequence, other_features: Sequence, weights: Sequence[float] | None = None) -> tf.Tensor:
    """Mean absolute difference of feature maps, summed over layers.

    Args:
        features: one map a layer, `[batch, height, width, channels]`.
        other_features: likewise, of the same shapes.
        weights: one number a layer; all 1 by default.

    Returns:
        A number.

    Raises:
        ValueError: if the lists differ in length, or two maps in shape.
    """
    return tf.reduce_mean(perceptual_per_picture(features, other_features, weights))


def style(features: Sequence, other_features: Sequence, weights: Sequence[float] | None = None) -> tf.Tensor:
    """Mean absolute difference of Gram matrices, summed over layers.

    Args and errors: those of `perceptual`.
    """
    return tf.reduce_mean(style_per_picture(features, other_features, weights))


def perceptual_per_picture(features, other_features, weights=None) -> tf.Tensor:
    """`perceptual` of each picture, `[batch]`."""
    pairs = _pairs(features, other_features)
    return _weighted_sum([mean_per_picture(tf.abs(one - other)) for one, other in pairs], weights)


def style_per_picture(features, other_features, weights=None) -> tf.Tensor:
    """`style` of each picture, `[batch]`."""
    pairs = ((gram_matrix(one), gram_matrix(other)) for one, other in _pairs(features, other_features))
    return _weighted_sum([mean_per_picture(tf.abs(one - other)) for one, other in pairs], weights)


def gram_matrix(features: tf.Tensor) -> tf.Tensor:
    """Products of all pairs of channels, summed over positions and divided by height * width * channels.

    Args:
        features: `[batch, height, width, channels]`.

    Returns:
        `[batch, channels, channels]`.
    """
    features = full_precision(features)
    shape = tf.shape(features)
    flat = tf.reshape(features, [shape[0], shape[1] * shape[2], features.shape[-1]])
    return tf.matmul(flat, flat, transpose_a=True) / tf.cast(tf.reduce_prod(shape[1:]), features.dtype)


def _pairs(features: Sequence, other_features: Sequence) -> list[tuple[tf.Tensor, tf.Tensor]]:
    if not len(features) or len(features) != len(other_features):
        raise ValueError(
            "Two lists of as many feature maps, at least one, are expected. "
            f"Received: {len(features)} and {len(other_features)}."
        )
    pairs = [(full_precision(a), full_precision(b)) for a, b in zip(features, other_features, strict=True)]
    for pair in pairs:
        _check_same_shape("Feature maps", *pair)
    return pairs


def _check_same_shape(what: str, one: tf.Tensor, other: tf.Tensor) -> None:
    if not one.shape.is_compatible_with(other.shape):
        raise ValueError(f"{what} of the same shape are expected. Received: {one.shape} and {other.shape}.")


def _weighted_sum(terms: list[tf.Tensor], weights: Sequence[float] | None) -> tf.Tensor:
    weights = [1.0] * len(terms) if weights is None else weights
    if len(weights) != len(terms):
        raise ValueError(f"One weight a layer, {len(terms)}, is expected. Received: {len(weights)}.")
    return tf.add_n([weight * term for weight, term in zip(weights, terms, strict=True)])


class FeatureLoss(keras.losses.Loss):
    """What `Perceptual` and `Style` share: pictures go through a backbone, and maps of some layers are compared.

    Args:
        backbone: with weights, see `load_backbone`.
        layers: names of the layers compared; None for the paper's.
        weights: one number a layer; all 1 by default.
        **kwargs: name and reduction, as every Keras loss has them.

    Raises:
        ValueError: if the backbone doesn't give the layers.
    """

    papers_layers: tuple[str, ...]
    compare: Callable

    def __init__(
        self,
        backbone: Backbone,
        layers: Sequence[str] | None = None,
        weights: Sequence[float] | None = None,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.backbone = backbone
        self.layers = tuple(layers or layers_of_network(backbone.network, self.papers_layers))
        self.weights = None if weights is None else tuple(weights)
        missing = [name for name in self.layers if name not in backbone.wanted]
        if missing:
            raise ValueError(
                f"A backbone that gives {', '.join(self.layers)} is expected. "
                f"Received: one without {', '.join(missing)}."
            )

    def call(self, y_true, y_pred) -> tf.Tensor:
        if not self.backbone.built:
            raise ValueError("A backbone with weights is expected, see load_backbone. Received: one without.")
        y_pred = tf.convert_to_tensor(y_pred)
        y_true = tf.cast(y_true, y_pred.dtype)
        _check_same_shape("Pictures", y_true, y_pred)
        maps = self.backbone(tf.concat([y_true, y_pred], axis=0))
        true, generated = zip(*(tf.split(maps[name], 2) for name in self.layers), strict=True)
        return self.compare(generated, true, self.weights)

    def get_config(self) -> dict:
        """The constructor's arguments; of the backbone only its own, which leaves its weights to be loaded again."""
        config = {"backbone": self.backbone.get_config(), "layers": self.layers, "weights": self.weights}
        return {**super().get_config(), **config}

    @classmethod
    def from_config(cls, config: dict) -> FeatureLoss:
        """A loss whose backbone waits for its weights (`loss.backbone.assign(state)`)."""
        return cls(**{**config, "backbone": Backbone.from_config(config["backbone"])})


@register
class Perceptual(FeatureLoss):
    """`perceptual` as a Keras loss of pictures `[batch, height, width, 3]` in [-1, 1].

    `Perceptual(backbone)(target_image, image)`. Args: those of `FeatureLoss`.
    """

    papers_layers = PERCEPTUAL_LAYERS
    compare = staticmethod(perceptual_per_picture)


@register
class Style(FeatureLoss):
    """`style` as a Keras loss of pictures `[batch, height, width, 3]` in [-1, 1].

    `Style(backbone)(target_image, image)`. Args: those of `FeatureLoss`.
    """

    papers_layers = STYLE_LAYERS
    compare = staticmethod(style_per_picture)
