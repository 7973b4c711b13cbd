"""The dynamic loss scale of float16, whose smallest number is too large for many gradients.

The loss is multiplied by the scale before gradients are computed, and gradients are divided by it. A step whose
gradients overflow is left out and halves the scale; a long row of good ones doubles it. bfloat16 has float32's range
and needs none.

Reference: Micikevicius et al., "Mixed precision training", ICLR 2018.
"""

from __future__ import annotations

import tensorflow as tf

__all__ = ["LossScale"]

FIRST_SCALE = 2.0**15
GOOD_STEPS = 2000


class LossScale:
    """A scale that finds its own size; make it in the scope of the distribution strategy.

    Args:
        first_scale: to begin with, at least 1.
        growth_steps: good steps in a row after which the scale is doubled, at least 1.

    Attributes:
        scale: tf.Variable, float32.
        good_steps: tf.Variable, int64: good steps since the scale was changed.
    """

    def __init__(self, first_scale: float = FIRST_SCALE, growth_steps: int = GOOD_STEPS):
        if first_scale < 1 or growth_steps < 1:
            raise ValueError(
                f"A first_scale and growth_steps from 1 are expected. Received: {first_scale} and {growth_steps}."
            )
        self.growth_steps = growth_steps
        # All replicas compute the same values.
        same = tf.VariableAggregation.ONLY_FIRST_REPLICA
        self.scale = tf.Variable(first_scale, trainable=False, dtype=tf.float32, aggregation=same)
        self.good_steps = tf.Variable(0, trainable=False, dtype=tf.int64, aggregation=same)

    def multiply(self, loss: tf.Tensor) -> tf.Tensor:
        """What to compute gradients of, for a float32 loss."""
        return loss * self.scale

    def unscale(self, gradients: list[tf.Tensor]) -> list[tf.Tensor]:
        """The gradients of the loss itself."""
        return [gradient / tf.cast(self.scale, gradient.dtype) for gradient in gradients]

    def update(self, finite: tf.Tensor) -> None:
        """Adapt the scale after a step whose gradients were all finite, or not (bool scalar)."""
        good_steps = self.good_steps + 1
        grows = finite & (good_steps >= self.growth_steps)
        shrunk = tf.where(finite, self.scale, tf.maximum(self.scale / 2.0, 1.0))
        self.scale.assign(tf.where(grows, self.scale * 2.0, shrunk))
        self.good_steps.assign(tf.where(finite & ~grows, good_steps, 0))
