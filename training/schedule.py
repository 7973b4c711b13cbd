"""How a run is cut into calls of `fit`, and how the learning rate goes."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import NamedTuple

import keras
import tensorflow as tf

from training.configs.common import DECAYS

__all__ = ["FitCall", "RunRate", "fit_calls"]


class FitCall(NamedTuple):
    """One call of `fit`: from which step, from which round (Keras' epoch) to which, of how many steps each."""

    step: int
    first_round: int
    last_round: int
    round_steps: int


def fit_calls(step: int, steps: int, round_steps: int) -> Iterator[FitCall]:
    """The calls of `fit` that lead from a step to the last one: the rest of a round, whole rounds, a part of one.

    Args:
        step: finished so far.
        steps: of the whole run.
        round_steps: of a round.
    """
    while step < steps:
        number, begun = divmod(step, round_steps)
        whole = (steps - step) // round_steps
        if begun or not whole:
            call = FitCall(step, number, number + 1, min(round_steps - begun, steps - step))
        else:
            call = FitCall(step, number, number + whole, round_steps)
        yield call
        step += (call.last_round - call.first_round) * call.round_steps


@keras.utils.register_keras_serializable("gfla_tf_training")
class RunRate(keras.optimizers.schedules.LearningRateSchedule):
    """The learning rate of a step: rises to `rate` during the warm-up, then stays or falls to 0 at the last step.

    Args:
        rate: the highest, above 0.
        steps: of the whole run.
        decay: "constant", "linear" or "cosine".
        warmup_steps: in which it rises linearly; the first step has rate / warmup_steps.

    Raises:
        ValueError: another decay.
    """

    def __init__(self, rate: float, steps: int, decay: str = "constant", warmup_steps: int = 0) -> None:
        super().__init__()
        if decay not in DECAYS:
            raise ValueError(f"decay must be one of {', '.join(DECAYS)}. Received: {decay!r}.")
        self.rate, self.steps, self.decay, self.warmup_steps = rate, steps, decay, warmup_steps

    def __call__(self, step) -> tf.Tensor:
        step = tf.cast(step, tf.float32)
        passed = tf.clip_by_value((step - self.warmup_steps) / max(self.steps - self.warmup_steps, 1), 0.0, 1.0)
        factors = {
            "constant": tf.ones_like(passed),
            "linear": 1.0 - passed,
            "cosine": 0.5 + 0.5 * tf.cos(math.pi * passed),
        }
        rise = tf.minimum((step + 1.0) / max(self.warmup_steps, 1), 1.0)
        return self.rate * rise * factors[self.decay]

    def get_config(self) -> dict:
        return {"rate": self.rate, "steps": self.steps, "decay": self.decay, "warmup_steps": self.warmup_steps}
