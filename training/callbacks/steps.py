"""What the callbacks of a training run share: they count steps since the run began, over rounds and resumes.

A *round* is what Keras calls an epoch of `fit`: a fixed number of steps, not a pass over the data. After each round
come validation, a line of log, and so on. A run that is resumed within a round calls `fit` twice with the same
callbacks: for the rest of that round, and for the others. The *step* of a callback is the number of training steps
finished since the run began, whoever finished them.

The numbers that Keras hands over, `logs`, are floats named after the terms of the loss, means over the steps of the
round so far; those of validation begin with `val_`. One batch is one step: `steps_per_execution` is 1.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

import keras

__all__ = ["StepCallback"]


class StepCallback(keras.callbacks.Callback):
    """Base of callbacks that go by the step; they define `on_step_end`, `on_round_end` or both.

    Args:
        start_step: steps finished before this process, at least 0.
        clock: seconds from any start.

    Attributes:
        step: steps finished since the run began.
        steps_in_round: steps finished in this round by this process.
        seconds_in_round: from the begin of the round to the end of its last step so far; validation does not count.

    Raises:
        ValueError: a negative start_step.
    """

    def __init__(self, start_step: int = 0, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        if start_step < 0:
            raise ValueError(f"start_step must be a whole number from 0. Received: {start_step!r}")
        self.step = start_step
        self.clock = clock
        self.steps_in_round = 0
        self.seconds_in_round = 0.0
        self._round_began = clock()

    def on_step_end(self, step: int, logs: dict[str, float]) -> None:
        """After each training step.

        Args:
            step: steps finished since the run began.
            logs: means over the round so far.
        """

    def on_round_end(self, step: int, logs: dict[str, float]) -> None:
        """After each round and its validation; a round without any step is none.

        Args:
            step: steps finished since the run began.
            logs: means over the round, and of validation.
        """

    def on_epoch_begin(self, epoch: int, logs: Mapping | None = None) -> None:
        self.steps_in_round, self.seconds_in_round = 0, 0.0
        self._round_began = self.clock()

    def on_train_batch_end(self, batch: int, logs: Mapping | None = None) -> None:
        self.step += 1
        self.steps_in_round += 1
        self.seconds_in_round = self.clock() - self._round_began
        self.on_step_end(self.step, _floats(logs))

    def on_epoch_end(self, epoch: int, logs: Mapping | None = None) -> None:
        if self.steps_in_round:
            self.on_round_end(self.step, _floats(logs))


def _floats(logs: Mapping | None) -> dict[str, float]:
    return {name: float(value) for name, value in (logs or {}).items()}
