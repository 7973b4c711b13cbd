"""From a source of elements to batches: parallel, shuffled, sharded, and exactly the same again after a resume.

A source knows how to load element number i; the pipeline decides which i comes when. Nothing is remembered between
elements: the order of epoch e is a permutation drawn from (seed, e), and the augmentation of an element is drawn from
(seed, e, i). So a run that stopped after k batches goes on with `dataset(epoch, start=k)` or `stream(step)` in any
process, with the elements that it would have seen, bit for bit.

Several workers share global batches: of batch g, which is the positions g * n * b up to (g + 1) * n * b of the epoch's
order, worker i of n takes the i-th b. So n workers of batch size b together see what one of n * b sees.

An element that can't be read is replaced by another one (`rescue`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
import tensorflow as tf

from training.data.order import element_seeds, epoch_order, worker_share
from training.data.rescue import Rescue

__all__ = ["Pipeline", "PipelineSettings", "Source", "graph_problem"]

_WITHOUT_END = 2**31  # epochs
# Epoch, element number and seed of the augmentation.
_NUMBER = (tf.TensorSpec([], tf.int64), tf.TensorSpec([], tf.int64), tf.TensorSpec([2], tf.int32))
_LOWEST = {"batch_size": 1, "seed": 0, "workers": 1, "worker": 0, "parallel_calls": 1, "prefetch": 0}
_LOWEST["unreadable_limit"] = 0
_PROBLEM = re.compile(r"\bValueError: (.+)")  # in the message of the TensorFlow error that it becomes


class Source(Protocol):
    """A dataset whose elements are numbered from 0."""

    def __len__(self) -> int: ...

    def load(self, index: tf.Tensor, seed: tf.Tensor) -> Mapping[str, tf.Tensor]:
        """Load an element inside a TensorFlow graph.

        Args:
            index: int64 scalar.
            seed: int32 `[2]` for stateless random operations, the only source of randomness.

        Returns:
            Tensors by name, of the same shapes for all elements. A file that can't be read is an error of TensorFlow.
        """

    def unreadable(self, index: int) -> Mapping[Path, str]:
        """Tell which files of an element can't be read, and why; asked after `load` failed."""


@dataclass(frozen=True)
class PipelineSettings:
    """How elements become batches.

    Attributes:
        batch_size: elements a batch of this worker; at least 1.
        seed: of order and augmentation; a whole number from 0.
        shuffle: whether each epoch has an order of its own; otherwise all have the source's.
        drop_remainder: whether an incomplete last batch is left out. Several workers need it, and so does `stream`.
        workers: how many processes share each global batch; at least 1.
        worker: the number of this one, from 0.
        parallel_calls: elements that are loaded at a time, at least 1; None leaves it to TensorFlow.
        prefetch: batches that are kept ready; at least 0.
        unreadable_limit: files that may be unreadable before it's an error; at least 0.
    """

    batch_size: int = 8
    seed: int = 0
    shuffle: bool = True
    drop_remainder: bool = True
    workers: int = 1
    worker: int = 0
    parallel_calls: int | None = None
    prefetch: int = 2
    unreadable_limit: int = 10

    def __post_init__(self) -> None:
        for name, lowest in _LOWEST.items():
            value = getattr(self, name)
            if name == "parallel_calls" and value is None:
                continue
            if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < lowest:
                raise ValueError(f"{name} must be a whole number from {lowest}. Received: {value!r}")
        if self.worker >= self.workers:
            raise ValueError(f"worker must be below workers. Received: {self.worker} of {self.workers}")
        if self.workers > 1 and not self.drop_remainder:
            raise ValueError("drop_remainder must be true for several workers. Received: false")


class Pipeline:
    """Batches of a source, as `tf.data.Dataset`.

    Args:
        source: what to load.
        settings: how.

    Raises:
        ValueError: the source has fewer elements than one global batch.
    """

    def __init__(self, source: Source, settings: PipelineSettings | None = None) -> None:
        self.source = source
        self.settings = settings = settings or PipelineSettings()
        self.global_batch = settings.batch_size * settings.workers
        least = self.global_batch if settings.drop_remainder else 1
        if len(source) < least:
            raise ValueError(f"a source of at least {least} elements is expected. Received: {len(source)}")
        # Through tf.data like all others, whose optimisations may change the last bit; traced once.
        self._load_single = tf.function(
            lambda *number: tf.data.Dataset.from_tensors(number).map(self._load).get_single_element(),
            input_signature=_NUMBER,
        )
        self._element_spec = self._load_single.get_concrete_function().structured_outputs
        self._rescue = Rescue(
            self._load_alone, source.unreadable, len(source), settings.seed, settings.unreadable_limit
        )

    @property
    def steps_per_epoch(self) -> int:
        """Batches of one epoch, the same for all workers."""
        whole, rest = divmod(len(self.source), self.global_batch)
        return whole + (rest > 0 and not self.settings.drop_remainder)

    def dataset(self, epoch: int = 0, start: int = 0) -> tf.data.Dataset:
        """The batches of one epoch, without the first `start` of them.

        Args:
            epoch: from 0.
            start: batches to leave out; at most `steps_per_epoch`.

        Returns:
            Dicts of tensors `[batch, ...]`, named as the source names them.

        Raises:
            ValueError: an epoch or a start out of range.
        """
        if epoch < 0 or not 0 <= start <= self.steps_per_epoch:
            raise ValueError(
                f"an epoch from 0 and a start from 0 to {self.steps_per_epoch} are expected. "
                f"Received: {epoch} and {start}"
            )
        return self._batches(self._slices(*self._plan(epoch)).skip(start * self.settings.batch_size))

    def stream(self, step: int = 0) -> tf.data.Dataset:
        """The batches of all epochs one after the other, without end, for `fit` with `steps_per_epoch`.

        Args:
            step: batches to leave out, that is, steps trained already.

        Raises:
            ValueError: a negative step, or incomplete batches, which would reach over the end of an epoch.
        """
        if step < 0 or not self.settings.drop_remainder:
            raise ValueError(
                "a step from 0 and drop_remainder are expected. "
                f"Received: {step} and drop_remainder={self.settings.drop_remainder}"
            )
        epoch, start = divmod(step, self.steps_per_epoch)
        epochs = tf.data.Dataset.range(epoch, _WITHOUT_END)
        return self._batches(epochs.flat_map(self._epoch_in_graph).skip(start * self.settings.batch_size))

    def order(self, epoch: int) -> np.ndarray:
        """Element numbers of an epoch for this worker, int64, as they are loaded."""
        settings = self.settings
        order = epoch_order(len(self.source), settings.seed, epoch, settings.shuffle)
        if not settings.drop_remainder:
            return order
        return worker_share(order, settings.batch_size, settings.worker, settings.workers)

    def _plan(self, epoch: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Epoch, element number and seed of the augmentation of each element of an epoch, in order."""
        order = self.order(epoch)
        seeds = element_seeds(len(self.source), self.settings.seed, epoch)
        return np.full(len(order), epoch, np.int64), order, seeds[order]

    @staticmethod
    def _slices(epoch, index, seed) -> tf.data.Dataset:
        return tf.data.Dataset.from_tensor_slices((epoch, index, seed))

    def _epoch_in_graph(self, epoch: tf.Tensor) -> tf.data.Dataset:
        epochs, order, seeds = tf.numpy_function(self._plan, [epoch], [tf.int64, tf.int64, tf.int32])
        return self._slices(
            tf.ensure_shape(epochs, [None]), tf.ensure_shape(order, [None]), tf.ensure_shape(seeds, [None, 2])
        )

    def _batches(self, numbers: tf.data.Dataset) -> tf.data.Dataset:
        settings = self.settings
        calls = settings.parallel_calls or tf.data.AUTOTUNE
        elements = numbers.map(self._load_or_rescue, num_parallel_calls=calls, deterministic=True)
        batches = elements.batch(settings.batch_size, drop_remainder=settings.drop_remainder)
        options = tf.data.Options()
        options.deterministic = True
        # The pipeline shards itself; a strategy's automatic sharding would do it a second time.
        options.experimental_distribute.auto_shard_policy = tf.data.experimental.AutoShardPolicy.OFF
        return batches.prefetch(settings.prefetch).with_options(options)

    def _load(self, epoch: tf.Tensor, index: tf.Tensor, seed: tf.Tensor) -> Mapping[str, tf.Tensor]:
        return self.source.load(index, seed)

    def _load_or_rescue(self, epoch: tf.Tensor, index: tf.Tensor, seed: tf.Tensor) -> Mapping[str, tf.Tensor]:
        """Load in the graph; only where that fails, and the first dataset is empty, the second runs Python."""
        one = tf.data.Dataset.from_tensors((epoch, index, seed))
        readable = one.map(self._load).ignore_errors()
        return readable.concatenate(one.map(self._replacement)).take(1).get_single_element()

    def _replacement(self, epoch: tf.Tensor, index: tf.Tensor, seed: tf.Tensor) -> Mapping[str, tf.Tensor]:
        specs = tf.nest.flatten(self._element_spec)
        tensors = tf.numpy_function(self._replacement_arrays, [epoch, index], [spec.dtype for spec in specs])
        shaped = [tf.ensure_shape(tensor, spec.shape) for tensor, spec in zip(tensors, specs, strict=True)]
        return tf.nest.pack_sequence_as(self._element_spec, shaped)

    def _replacement_arrays(self, epoch: np.ndarray, index: np.ndarray) -> list[np.ndarray]:
        element = self._rescue.replacement(int(epoch), int(index))
        return [tensor.numpy() for tensor in tf.nest.flatten(element)]

    def _load_alone(self, epoch: int, index: int) -> Mapping[str, tf.Tensor]:
        """Load an element as the pipeline would, outside of it."""
        seed = element_seeds(len(self.source), self.settings.seed, epoch)[index]
        return self._load_single(tf.constant(epoch, tf.int64), tf.constant(index, tf.int64), tf.constant(seed))


def graph_problem(error: tf.errors.OpError) -> str | None:
    """What Python said, in one line, where a ValueError was raised inside of a pipeline; None for other errors."""
    problem = _PROBLEM.search(error.message)
    return None if problem is None else problem[1]
