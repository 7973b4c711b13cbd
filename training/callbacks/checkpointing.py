"""Saves a run: a checkpoint and the networks at the end of each round, and before an interruption."""

from __future__ import annotations

import sys

import keras

from gfla_tf.json_files import write_json
from gfla_tf.models.model_files import save_model
from training.callbacks.skipped_steps import ADVICE, SkippedSteps, TrainingDivergedError
from training.callbacks.steps import StepCallback
from training.configs import RunConfig
from training.runs import RunFolder, state_of_stage
from training.runs.interruption import Interruption

__all__ = ["Checkpointing", "export_networks"]


class Checkpointing(StepCallback):
    """Saves at the end of each round; at an interruption saves, says so, and raises KeyboardInterrupt.

    Nothing is saved while steps are being skipped, so that the last checkpoint stays a good one; but the end of the run
    is, unless its whole last round was skipped, which is an error.

    Args:
        folder: where.
        config: of the run.
        interruption: asked after each step.
        skipped: whose count of skipped steps is looked at.
        **kwargs: those of `StepCallback`.
    """

    def __init__(
        self, folder: RunFolder, config: RunConfig, interruption: Interruption, skipped: SkippedSteps, **kwargs
    ) -> None:
        super().__init__(**kwargs)
        self.folder, self.config = folder, config
        self.interruption, self.skipped = interruption, skipped
        self.checkpoints = folder.checkpoints(config.keep_checkpoints)
        self.saved_step = self.step

    def on_step_end(self, step: int, logs: dict) -> None:
        if self.interruption.requested:
            self.save(step)
            saved = "is saved" if step == self.saved_step else f"was last saved at step {self.saved_step}"
            print(f"{self.folder.path} {saved}; the same command goes on", file=sys.stderr)
            raise KeyboardInterrupt

    def on_round_end(self, step: int, logs: dict) -> None:
        at_end = step >= self.config.steps
        self.save(step, skipping=at_end and self.skipped.in_a_row < self.steps_in_round)
        if at_end and step != self.saved_step:
            raise TrainingDivergedError(
                f"The last {self.skipped.in_a_row} steps, up to the run's end at step {step}, had a loss or gradients "
                f"that are not finite; it was last saved at step {self.saved_step}. {ADVICE}"
            )

    def save(self, step: int, skipping: bool = False) -> None:
        """Write the checkpoint of a step, unless it is there or, if not asked to, while steps are being skipped."""
        if step == self.saved_step or (self.skipped.in_a_row and not skipping):
            return
        self.checkpoints.save(step, state_of_stage(self.model))
        export_networks(self.model, self.folder, self.config, step)
        self.saved_step = step


def export_networks(stage: keras.Model, folder: RunFolder, config: RunConfig, step: int) -> None:
    """Write the network (its moving average if there is one) and the discriminators as folders for `load_model`.

    Beside the network stands training.json: how it was trained, with which terms, and what else its configuration notes
    (whether exact flow taught it).
    """
    networks = stage.networks()
    save_model(networks.get("average", networks["generator"]), folder.model)
    for name in ("discriminator", "temporal_discriminator"):
        if name in networks:
            save_model(networks[name], folder.path / name)
    weights = {name: weight for name, weight in vars(config.weights).items() if weight}
    facts = {
        "stage": config.stage,
        "step": step,
        "loss_weights": weights,
        **config.facts,
        "moving_average": "average" in networks,
    }
    write_json(folder.model / "training.json", facts)
