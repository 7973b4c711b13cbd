"""Scalars and pictures for TensorBoard, written without the package `tensorboard`.

TensorBoard shows two runs over each other: `train`, with the terms and learning rates each so many steps, and
`validation`, with validation's terms each round, and sample sheets. A summary is a tensor with a tag and metadata that
name the plugin which shows it: "scalars" takes a float32 scalar; "images" takes strings, (width, height, PNG file ...).

A run that is resumed at an earlier step than it had reached says so in its files, by a session start, and TensorBoard
drops what it had of the later steps. The files are only ever added to, by TensorFlow; TensorBoard leaves an incomplete
last record out.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import tensorflow as tf

from gfla_tf.image_io import to_uint8
from training.callbacks.steps import StepCallback

__all__ = ["TensorBoardLog"]

RUNS = ("train", "validation")


class TensorBoardLog(StepCallback):
    """Writes what TensorBoard shows.

    Args:
        folder: for TensorBoard's `--logdir`; made if it is not there.
        every: steps between two points of a training curve, at least 1; a point is the mean over the steps since the
            last one, or since the round began.
        start_step: see `StepCallback`.

    Raises:
        ValueError: `every` is below 1; when training, if files cannot be written.
    """

    def __init__(self, folder: str | os.PathLike[str], every: int = 100, start_step: int = 0) -> None:
        super().__init__(start_step)
        if every < 1:
            raise ValueError(f"every must be a whole number of steps from 1. Received: {every!r}")
        self.folder, self.every, self._start_step = Path(folder), every, start_step
        self._writers: dict[str, tf.summary.SummaryWriter] = {}
        self._sums: dict[str, float] = {}
        self._summed_steps = 0

    def image(self, tag: str, image: np.ndarray, step: int) -> None:
        """Write a picture.

        Args:
            tag: its title.
            image: float RGB `[height, width, 3]` in [-1, 1].
            step: which it belongs to.
        """
        height, width = image.shape[:2]
        png = tf.io.encode_png(to_uint8(image)).numpy()
        with self._writing("validation"):
            tf.summary.write(tag, tf.constant([str(width), str(height), png]), step, _metadata("images"))

    def on_epoch_begin(self, epoch: int, logs: Mapping | None = None) -> None:
        super().on_epoch_begin(epoch, logs)
        self._sums, self._summed_steps = {}, 0

    def on_step_end(self, step: int, logs: dict[str, float]) -> None:
        if step % self.every == 0:
            rates = {f"learning_rate/{name}": rate for name, rate in _learning_rates(self.model).items()}
            self._scalars("train", self._recent_means(logs) | rates, step)

    def on_round_end(self, step: int, logs: dict[str, float]) -> None:
        validation = {name.removeprefix("val_"): value for name, value in logs.items() if name.startswith("val_")}
        self._scalars("validation", validation, step)
        for run in RUNS:
            with self._writing(run) as writer:
                writer.flush()

    def _recent_means(self, means: dict[str, float]) -> dict[str, float]:
        """From means over the round so far to means over the steps since the last call."""
        sums = {name: mean * self.steps_in_round for name, mean in means.items()}
        steps = self.steps_in_round - self._summed_steps
        recent = {name: (total - self._sums.get(name, 0.0)) / steps for name, total in sums.items()}
        self._sums, self._summed_steps = sums, self.steps_in_round
        return recent

    def _scalars(self, run: str, values: dict[str, float], step: int) -> None:
        with self._writing(run):
            for tag, value in values.items():
                tf.summary.write(tag, tf.constant(value, tf.float32), step, _metadata("scalars"))

    @contextlib.contextmanager
    def _writing(self, run: str) -> Iterator[tf.summary.SummaryWriter]:
        """Make a run's writer the current one."""
        folder = self.folder / run
        try:
            if run not in self._writers:
                folder.mkdir(parents=True, exist_ok=True)
                _start_session(folder, self._start_step)
                self._writers[run] = tf.summary.create_file_writer(str(folder))
            with self._writers[run].as_default(), tf.device("CPU:0"):
                yield self._writers[run]
        except (OSError, tf.errors.OpError) as error:
            reason = getattr(error, "strerror", None) or getattr(error, "message", None) or error
            raise ValueError(f"{folder} could not be written: {reason}.") from error


def _metadata(plugin: str) -> tf.compat.v1.SummaryMetadata:
    return tf.compat.v1.SummaryMetadata(plugin_data={"plugin_name": plugin})


def _start_session(folder: Path, step: int) -> None:
    """Tell TensorBoard, in a file between the earlier ones and those to come, to forget what came after a step."""
    name = f"events.out.tfevents.{int(time.time()):010}.-start"  # files are read in the order of their names
    start = tf.compat.v1.SessionLog(status=tf.compat.v1.SessionLog.START)
    with tf.io.TFRecordWriter(str(folder / name)) as writer:
        for content in ({"file_version": "brain.Event:2"}, {"step": step + 1, "session_log": start}):
            writer.write(tf.compat.v1.Event(wall_time=time.time(), **content).SerializeToString())


def _learning_rates(model) -> dict[str, float]:
    """The current learning rate of each optimiser by its name."""
    named = model.optimizers_by_name() if hasattr(model, "optimizers_by_name") else {"optimizer": model.optimizer}
    return {name: float(tf.convert_to_tensor(optimizer.learning_rate)) for name, optimizer in named.items()}
