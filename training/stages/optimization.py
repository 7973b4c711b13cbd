"""Applying gradients safely, with one replica or many, and the moving average of weights."""

from __future__ import annotations

from collections.abc import Sequence

import keras
import tensorflow as tf

from training.stages.loss_scale import LossScale

__all__ = ["SafeUpdate", "update_average"]


class SafeUpdate:
    """Steps of an optimiser that are left out, and counted, if any gradient is not finite.

    Gradients are averaged over all replicas before anything else, so that what is clipped and judged is the gradient of
    the global batch, and all replicas decide alike.

    Args:
        optimizer: whose steps are taken.
        variables: what is trained.
        clip_norm: largest global norm of the gradients; None leaves them as they are.
        loss_scale: None where gradients are computed in a dtype of float32's range.
        held: variables that stay where they are at first. The optimiser sees their gradients all the same, so that
            its statistics are those of a long run when they are let go.
        held_steps: how many of the optimiser's steps they stay.
        held_rate: the part of its steps that the optimiser moves them by afterwards.
    """

    def __init__(
        self,
        optimizer: keras.optimizers.Optimizer,
        variables: Sequence,
        clip_norm: float | None = None,
        loss_scale: LossScale | None = None,
        held: Sequence = (),
        held_steps: int = 0,
        held_rate: float = 1.0,
    ):
        self.optimizer = optimizer
        self.variables = list(variables)
        self.clip_norm = clip_norm
        self.loss_scale = loss_scale
        self.held = list(held) if held_steps or held_rate != 1.0 else []
        self.held_steps = held_steps
        self.held_rate = held_rate

    def objective(self, loss: tf.Tensor) -> tf.Tensor:
        """What to compute gradients of."""
        return loss if self.loss_scale is None else self.loss_scale.multiply(loss)

    def apply(self, gradients: Sequence) -> tf.Tensor:
        """Take a step, in a replica's context.

        Args:
            gradients: of `objective`, one for each variable; None where it has no part in the loss.

        Returns:
            1.0 if the step was left out, else 0.0.
        """
        pairs = [pair for pair in zip(gradients, self.variables, strict=True) if pair[0] is not None]
        if not pairs:
            raise ValueError("At least one variable must have a part in the loss. Received: gradients of none.")
        values, variables = [tf.convert_to_tensor(gradient) for gradient, _ in pairs], [pair[1] for pair in pairs]
        values = mean_over_replicas(values)
        if self.loss_scale is not None:
            values = self.loss_scale.unscale(values)
        norm = tf.linalg.global_norm(values)
        finite = tf.math.is_finite(norm)
        if self.clip_norm is not None:
            values, _ = tf.clip_by_global_norm(values, self.clip_norm, use_norm=norm)
        self._apply_if(finite, values, variables)
        if self.loss_scale is not None:
            self.loss_scale.update(finite)
        return 1.0 - tf.cast(finite, tf.float32)

    def _apply_if(self, finite: tf.Tensor, gradients: list[tf.Tensor], variables: list) -> None:
        """Take the step in all replicas, or in none.

        Optimisers change to the cross-replica context, which is not allowed inside of a replica's condition; so the
        condition stands in the cross-replica context, and leads back into the replicas' one.
        """

        def apply_in_replica(gradients):
            # The optimiser sums over replicas what is their mean already.
            replicas = tf.distribute.get_strategy().num_replicas_in_sync
            parts = gradients if replicas == 1 else [gradient / replicas for gradient in gradients]
            self.optimizer.apply_gradients(zip(parts, variables, strict=True))

        def merge(strategy, finite, gradients):
            finite = strategy.experimental_local_results(finite)[0]

            def update():
                places = [tf.identity(tf.convert_to_tensor(variable)) for variable in self.held]
                holds = tf.convert_to_tensor(self.optimizer.iterations) < self.held_steps
                strategy.run(apply_in_replica, args=(gradients,))
                for variable, place in zip(self.held, places, strict=True):
                    moved = place + self.held_rate * (tf.convert_to_tensor(variable) - place)
                    variable.assign(tf.where(holds, place, moved))
                return tf.constant(True)

            tf.cond(finite, update, lambda: tf.constant(False))

        tf.distribute.get_replica_context().merge_call(merge, args=(finite, gradients))


def mean_over_replicas(values):
    """The mean of each of some tensors over all replicas, for all of them."""
    if tf.distribute.get_strategy().num_replicas_in_sync == 1:
        return values
    return tf.distribute.get_replica_context().all_reduce(tf.distribute.ReduceOp.MEAN, values)


def update_average(averages: list, variables: list, decay: float) -> None:
    """Move each average towards its variable: average = decay * average + (1 - decay) * variable."""

    def merge(_):
        for average, variable in zip(averages, variables, strict=True):
            average.assign(decay * tf.convert_to_tensor(average) + (1.0 - decay) * tf.convert_to_tensor(variable))

    tf.distribute.get_replica_context().merge_call(merge)
