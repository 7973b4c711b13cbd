"""Applying gradients safely, and the moving average of weights."""

from __future__ import annotations

import keras
import tensorflow as tf

__all__ = ["SafeUpdate", "make_adam", "update_average"]


def make_adam(learning_rate: float = 1e-4) -> keras.optimizers.Optimizer:
    """Adam with the paper's momenta, 0 and 0.999."""
    return keras.optimizers.Adam(learning_rate, beta_1=0.0, beta_2=0.999)


class SafeUpdate:
    """One optimiser step that is left out, and counted, if any gradient is not finite.

    Args:
        variables: what is trained.
        clip_norm: largest global norm of the gradients; None leaves them as they are.
    """

    def __init__(self, variables: list, clip_norm: float | None = None):
        self.variables = variables
        self.clip_norm = clip_norm

    def apply(self, optimizer: keras.optimizers.Optimizer, gradients: list) -> tf.Tensor:
        """Apply gradients (None where a variable has no part in the loss).

        Returns:
            1.0 if the step was left out, else 0.0.
        """
        pairs = [pair for pair in zip(gradients, self.variables, strict=True) if pair[0] is not None]
        if not pairs:
            raise ValueError("At least one variable must have a part in the loss. Received: gradients of none.")
        values = [tf.convert_to_tensor(gradient) for gradient, _ in pairs]
        norm = tf.linalg.global_norm(values)
        finite = tf.math.is_finite(norm)
        if self.clip_norm is not None:
            values, _ = tf.clip_by_global_norm(values, self.clip_norm, use_norm=norm)

        def update():
            optimizer.apply_gradients(zip(values, [variable for _, variable in pairs], strict=True))
            return tf.constant(0.0)

        return tf.cond(finite, update, lambda: tf.constant(1.0))


def update_average(averages: list, variables: list, decay: float) -> None:
    """Move each average towards its variable: average = decay * average + (1 - decay) * variable."""
    for average, variable in zip(averages, variables, strict=True):
        average.assign(decay * tf.convert_to_tensor(average) + (1.0 - decay) * tf.convert_to_tensor(variable))
