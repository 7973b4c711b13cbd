"""How alike two pictures look to a network that was trained to recognise things.

Both losses take lists of feature maps, `[batch, height, width, channels]` each, of the generated and of the true
picture; `gfla_tf.losses.backbones` computes them. Reference: Johnson, Alahi and Fei-Fei, "Perceptual losses for
real-time style transfer and super-resolution", ECCV 2016; layers of Ren et al. 2020.
"""

from __future__ import annotations

from collections.abc import Sequence

import tensorflow as tf

__all__ = ["PERCEPTUAL_LAYERS", "STYLE_LAYERS", "gram_matrix", "perceptual", "style"]

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
        ValueError: if the lists differ in length.
    """
    terms = [tf.reduce_mean(tf.abs(one - other)) for one, other in _pairs(features, other_features)]
    return _weighted_sum(terms, weights)


def style(features: Sequence, other_features: Sequence, weights: Sequence[float] | None = None) -> tf.Tensor:
    """Mean absolute difference of Gram matrices, summed over layers.

    Args: those of `perceptual`.
    """
    pairs = _pairs(features, other_features)
    terms = [tf.reduce_mean(tf.abs(gram_matrix(one) - gram_matrix(other))) for one, other in pairs]
    return _weighted_sum(terms, weights)


def gram_matrix(features: tf.Tensor) -> tf.Tensor:
    """Products of all pairs of channels, summed over positions and divided by height * width * channels.

    Args:
        features: `[batch, height, width, channels]`.

    Returns:
        `[batch, channels, channels]`.
    """
    features = tf.convert_to_tensor(features)
    shape = tf.shape(features)
    flat = tf.reshape(features, [shape[0], shape[1] * shape[2], features.shape[-1]])
    return tf.matmul(flat, flat, transpose_a=True) / tf.cast(tf.reduce_prod(shape[1:]), features.dtype)


def _pairs(features: Sequence, other_features: Sequence) -> list[tuple[tf.Tensor, tf.Tensor]]:
    if not len(features) or len(features) != len(other_features):
        raise ValueError(
            "Two lists of as many feature maps, at least one, are expected. "
            f"Received: {len(features)} and {len(other_features)}."
        )
    return [(tf.convert_to_tensor(a), tf.convert_to_tensor(b)) for a, b in zip(features, other_features, strict=True)]


def _weighted_sum(terms: list[tf.Tensor], weights: Sequence[float] | None) -> tf.Tensor:
    weights = [1.0] * len(terms) if weights is None else weights
    if len(weights) != len(terms):
        raise ValueError(f"One weight a layer, {len(terms)}, is expected. Received: {len(weights)}.")
    return tf.add_n([weight * term for weight, term in zip(weights, terms, strict=True)])
