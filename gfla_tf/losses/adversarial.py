"""Adversarial losses, from a discriminator's scores.

References: LSGAN, Mao et al., ICCV 2017; hinge, Lim and Ye, 2017; log, Goodfellow et al., NeurIPS 2014 (the form that
the paper prints).
"""

from __future__ import annotations

import tensorflow as tf

__all__ = ["KINDS", "adversarial"]

KINDS = ("lsgan", "hinge", "log")


def adversarial(scores, real: bool, kind: str = "lsgan", generator: bool = False) -> tf.Tensor:
    """Mean loss of scores that should say "real", or "not real".

    | kind | real | not real | generator |
    |---|---|---|---|
    | lsgan | (s - 1)^2 | s^2 | as real |
    | hinge | max(0, 1 - s) | max(0, 1 + s) | -s |
    | log | -log sigmoid(s) | -log(1 - sigmoid(s)) | as real |

    Args:
        scores: of any shape, straight from the discriminator.
        real: what the scores should say.
        kind: "lsgan", "hinge" or "log".
        generator: True where the generator learns from its own pictures, with `real` True: only "hinge" differs.

    Returns:
        A number.

    Raises:
        ValueError: for another kind, or a generator that should look unreal.
    """
    if kind not in KINDS:
        raise ValueError(f"kind must be one of {', '.join(KINDS)}. Received: {kind!r}.")
    if generator and not real:
        raise ValueError("A generator learns to look real: real=True is expected. Received: real=False.")
    scores = tf.convert_to_tensor(scores)
    if kind == "lsgan":
        return tf.reduce_mean(tf.square(scores - (1.0 if real else 0.0)))
    sign = 1.0 if real else -1.0
    if kind == "hinge":
        return tf.reduce_mean(-scores if generator else tf.nn.relu(1.0 - sign * scores))
    return tf.reduce_mean(tf.nn.softplus(-sign * scores))
