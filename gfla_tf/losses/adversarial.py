"""Adversarial losses, from a discriminator's scores.

| kind | real | not real | generator |
|---|---|---|---|
| lsgan | (s - 1)^2 | s^2 | as real |
| hinge | max(0, 1 - s) | max(0, 1 + s) | -s |
| log | -log sigmoid(s) | -log(1 - sigmoid(s)) | as real |

References: LSGAN, Mao et al., ICCV 2017; hinge, Lim and Ye, 2017; log, Goodfellow et al., NeurIPS 2014 (the form that
the paper prints).
"""

from __future__ import annotations

import keras
import tensorflow as tf

from gfla_tf.layers.primitives import register
from gfla_tf.losses.numerics import full_precision, mean_per_picture

__all__ = ["KINDS", "Adversarial", "adversarial"]

KINDS = ("lsgan", "hinge", "log")


def adversarial(scores, real: bool, kind: str = "lsgan", generator: bool = False) -> tf.Tensor:
    """Mean loss of scores that should say "real", or "not real".

    Args:
        scores: of any shape, straight from the discriminator.
        real: what the scores should say.
        kind: "lsgan", "hinge" or "log", see the module's table.
        generator: True where the generator learns from its own pictures, with `real` True: only "hinge" differs.

    Returns:
        A number.

    Raises:
        ValueError: for another kind, or a generator that should look unreal.
    """
    _check_kind(kind)
    if generator and not real:
        raise ValueError("A generator learns to look real: real=True is expected. Received: real=False.")
    return tf.reduce_mean(loss_of_each_score(full_precision(scores), 1.0 if real else 0.0, kind, generator))


def loss_of_each_score(scores: tf.Tensor, real, kind: str, generator: bool) -> tf.Tensor:
    """The module's table; `real` is 1 or 0, one number or one for each score."""
    if kind == "lsgan":
        return tf.square(scores - real)
    sign = 2.0 * real - 1.0
    if kind == "hinge":
        return -scores if generator else tf.nn.relu(1.0 - sign * scores)
    return tf.nn.softplus(-sign * scores)


def _check_kind(kind: str) -> None:
    if kind not in KINDS:
        raise ValueError(f"kind must be one of {', '.join(KINDS)}. Received: {kind!r}.")


@register
class Adversarial(keras.losses.Loss):
    """`adversarial` as a Keras loss: `Adversarial("hinge")(1.0, scores)` where the scores should say "real".

    y_pred are the discriminator's scores, `[batch, ...]`; y_true says what they should be, 1 for real and 0 for not
    real: one number for all, one a picture (`[batch]`, so that a batch may hold both), or one a score.

    Args:
        kind: "lsgan", "hinge" or "log".
        generator: True where the generator learns: all its pictures should look real, and y_true is not read.
        **kwargs: name and reduction, as every Keras loss has them.
    """

    def __init__(self, kind: str = "lsgan", generator: bool = False, **kwargs):
        super().__init__(**kwargs)
        _check_kind(kind)
        self.kind = kind
        self.generator = generator

    def call(self, y_true, y_pred) -> tf.Tensor:
        scores = full_precision(y_pred)
        real = 1.0 if self.generator else _one_for_each_score(y_true, scores)
        return mean_per_picture(loss_of_each_score(scores, real, self.kind, self.generator))

    def get_config(self) -> dict:
        return {**super().get_config(), "kind": self.kind, "generator": self.generator}


def _one_for_each_score(real, scores: tf.Tensor) -> tf.Tensor:
    """`real`, its axes being the first ones of `scores`, so that it can be combined with them."""
    real = tf.cast(real, scores.dtype)
    missing = scores.shape.rank - real.shape.rank if real.shape.rank else 0
    return tf.reshape(real, tf.concat([tf.shape(real), [1] * missing], axis=0))
