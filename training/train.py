"""Running a stage: networks and data put together, `fit` called round by round, everything saved and taken up again.

A run that was killed at any moment goes on from its last checkpoint as if nothing had happened: with `deterministic`,
the weights at its end are those of an undisturbed run, bit for bit.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Callable
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from training.building import build_generator, build_stage, load_first_weights, set_precision
from training.callbacks import LogFile, ProgressBar, SampleSheets, TensorBoardLog
from training.callbacks.checkpointing import Checkpointing
from training.callbacks.clip_sheets import ClipSheets
from training.callbacks.motion_plots import MotionPlots
from training.callbacks.samples import SamplePictures
from training.callbacks.skipped_steps import SkippedSteps
from training.configs import MotionConfig, RunConfig, SequenceConfig
from training.data.pipeline import Pipeline, PipelineSettings, Source, graph_problem
from training.distribution import Distribution, open_distribution
from training.runs import RunFolder, restore_state
from training.runs.interruption import Interruption
from training.runs.versions import describe_start
from training.schedule import FitCall, fit_calls
from training.sources import has_truth, open_source, sample_batch
from training.stages import SequenceStage
from training.stages.stage import Stage
from training.stages.terms import TRUTH_TERMS

__all__ = ["train"]

_OUT_OF_MEMORY = "There is not enough memory for a step: a smaller batch_size or image_size is expected."


def train(
    config: RunConfig,
    data: str | os.PathLike[str],
    run: str | os.PathLike[str],
    start: str | os.PathLike[str] | None = None,
    distribute: str = "none",
    say: Callable[[str], None] = lambda text: print(text, file=sys.stderr),
) -> Path:
    """Train a stage to its last step, from the run's newest checkpoint if there is one.

    Args:
        config: what to do.
        data: folder of the dataset.
        run: the run's folder; what is written stands in its subfolder of the stage's name, see `RunFolder`.
        start: first weights of a new run; see `training.building.load_first_weights`.
        distribute: "none", "mirrored" or "workers", see `training.distribution`.
        say: takes sentences for people.

    Returns:
        The folder of the trained network, for `gfla_tf.load_model`.

    Raises:
        ValueError: something does not fit, can't be written, or training has diverged; the last checkpoint stays.
        KeyboardInterrupt: interrupted, after saving; the second time at once.
    """
    distribution = open_distribution(distribute)
    set_precision(config)
    with distribution.strategy.scope():
        generator = build_generator(config)
        sources = {split: open_source(config, data, split, generator) for split in ("train", "test")}
        stage = build_stage(config, generator, TRUTH_TERMS if has_truth(sources) else ())
    folder = RunFolder(run, config.stage)
    say = say if distribution.is_chief else _keep_quiet
    with folder.locked() if distribution.is_chief else contextlib.nullcontext():
        if distribution.is_chief:
            folder.check(config)
        with distribution.strategy.scope():
            step = _restore(stage, config, folder, run, start, say)
        if distribution.is_chief:
            folder.open(config)  # not before the first weights are there: the next start would take its configuration
        distribution.check_agreement(step)
        elements = f"{len(sources['train'])} {config.ELEMENTS}"
        say(f"Step {step} of {config.steps}, {elements} to train; look into {folder.path}")
        interruption = Interruption(saves=distribution.is_chief)
        callbacks = [SkippedSteps(config.skipped_limit, start_step=step)]
        if distribution.is_chief:
            folder.add_start(describe_start(step, data))
            callbacks += _chief_callbacks(config, folder, stage, sources["test"], step, interruption, callbacks[0])
        with interruption.watched():
            _fit(stage, config, sources, distribution, step, callbacks)
    return folder.model


def _keep_quiet(text: str) -> None:
    """For the workers whose chief says it already."""


def _restore(stage: Stage, config: RunConfig, folder: RunFolder, run, start, say) -> int:
    """Fill the stage from the newest checkpoint, or from first weights; the step that it stands at."""
    found = folder.checkpoints().load()
    if found is None:
        say(f"A new run: {load_first_weights(stage, config, run, start)}.")
        return 0
    step, state = found
    restore_state(stage, state, str(folder.checkpoints().path(step)))
    return step


def _chief_callbacks(config, folder, stage, test_source, step, interruption, skipped) -> list[keras.callbacks.Callback]:
    """Everything that watches and writes; the checkpoint last, when the others have written what belongs to it."""
    tensorboard = TensorBoardLog(folder.tensorboard, config.scalars_every, start_step=step)
    callbacks = [
        ProgressBar(config.steps, config.batch_size, start_step=step, unit=config.UNIT),
        LogFile(folder.log_file, config.batch_size, start_step=step, unit=config.UNIT),
        tensorboard,
    ]
    pictures = _sample_pictures(config, folder, stage, test_source, tensorboard=tensorboard, start_step=step)
    return [*callbacks, *pictures, Checkpointing(folder, config, interruption, skipped, start_step=step)]


def _sample_pictures(config, folder, stage, test_source, **options) -> list[SamplePictures]:
    """What draws held-out samples, if they are wanted."""
    count = config.sample_windows if isinstance(config, MotionConfig) else config.sample_pairs
    if not count:
        return []
    kinds = {MotionConfig: MotionPlots, SequenceConfig: ClipSheets}
    kind = kinds.get(type(config), SampleSheets)
    return [kind(folder.samples, sample_batch(test_source, count), _renderer(stage), **options)]


def _renderer(stage: Stage) -> Callable[[dict[str, np.ndarray]], dict | np.ndarray]:
    """What makes the samples, by the moving average if there is one."""
    average = stage.networks().get("average")

    @tf.function
    def render(batch: dict[str, tf.Tensor]) -> dict | tf.Tensor:
        if average is None or isinstance(stage, SequenceStage):
            return stage(batch)
        return average([batch["source_image"], batch["source_pose"], batch["target_pose"]])

    def arrays(batch: dict[str, np.ndarray]) -> dict | np.ndarray:
        return tf.nest.map_structure(lambda value: value.numpy(), render(batch))

    return arrays


def _fit(stage: Stage, config: RunConfig, sources: dict[str, Source], distribution, step: int, callbacks) -> None:
    validation = _validation(config, sources["test"], distribution)
    try:
        with distribution.guard():
            for call in fit_calls(step, config.steps, config.round_steps):
                _fit_once(stage, config, sources["train"], distribution, call, validation, callbacks)
    except tf.errors.ResourceExhaustedError as error:
        raise ValueError(_OUT_OF_MEMORY) from error
    except tf.errors.InvalidArgumentError as error:
        problem = graph_problem(error)
        if problem is None:
            raise
        raise ValueError(problem) from error


def _fit_once(stage, config, source, distribution, call: FitCall, validation: dict, callbacks: list) -> None:
    stage.fit(
        distribution.batches(_pipeline_maker(source, config), config.batch_size, call.step),
        initial_epoch=call.first_round,
        epochs=call.last_round,
        steps_per_epoch=call.round_steps,
        callbacks=callbacks,
        verbose=0,
        shuffle=False,
        **validation,
    )


def _validation(config: RunConfig, source: Source, distribution: Distribution) -> dict:
    """Arguments of `fit`: the first batches of the test split, the same ones every time."""
    steps = min(config.validation_batches, len(source) // config.batch_size)
    if not steps:
        return {}
    batches = distribution.batches(_pipeline_maker(source, config, shuffle=False), config.batch_size, 0)
    return {"validation_data": batches, "validation_steps": steps}


def _pipeline_maker(source: Source, config: RunConfig, shuffle: bool = True) -> Callable[..., Pipeline]:
    def make(batch_size: int, workers: int, worker: int) -> Pipeline:
        settings = PipelineSettings(batch_size, config.seed, shuffle, workers=workers, worker=worker, **config.LOADING)
        return Pipeline(source, settings)

    return make
