"""Ends a run whose gradients are not finite any more."""

from __future__ import annotations

from training.callbacks.steps import StepCallback

__all__ = ["ADVICE", "SkippedSteps", "TrainingDivergedError"]

ADVICE = "Look for NaN in the data, or try a lower learning_rate, clip_norm=1, or precision=float32."


class TrainingDivergedError(ValueError):
    """Many steps in a row had gradients that are not finite."""


class SkippedSteps(StepCallback):
    """Counts the steps in a row that were left out.

    Args:
        limit: how many end the run.
        **kwargs: those of `StepCallback`.

    Attributes:
        in_a_row: so many of the last steps were left out.
    """

    def __init__(self, limit: int, **kwargs) -> None:
        super().__init__(**kwargs)
        self.limit = limit
        self.in_a_row = 0
        self._total = 0

    def on_epoch_begin(self, epoch: int, logs: dict | None = None) -> None:
        super().on_epoch_begin(epoch, logs)
        self._total = 0  # Keras sets the metrics back, too

    def on_step_end(self, step: int, logs: dict) -> None:
        total = round(logs["skipped"] * self.steps_in_round)
        self.in_a_row = self.in_a_row + 1 if total > self._total else 0
        self._total = total
        if self.in_a_row >= self.limit:
            raise TrainingDivergedError(
                f"{self.in_a_row} steps in a row, up to step {step}, had a loss or gradients that are not finite; none "
                f"of them changed a weight. {ADVICE}"
            )
