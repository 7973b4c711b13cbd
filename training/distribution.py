"""One replica or many: on one machine's devices, or on several machines that find each other by TF_CONFIG.

A batch is split evenly over all replicas, each of which sees its part of what one would see alone. Workers are
processes, one a machine (or more, for a trial), each started by the same command with its own number in TF_CONFIG:

    TF_CONFIG='{"cluster": {"worker": ["first:2222", "second:2222"]}, "task": {"type": "worker", "index": 0}}'

They wait for each other to start. Without GPUs they sum gradients in a ring over gRPC. A worker that ends, or that
doesn't answer any more, ends the others with `WorkerLostError`; started again, all go on from the last checkpoint.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import tensorflow as tf

from training.cluster import KINDS, read_cluster
from training.data.pipeline import Pipeline

__all__ = ["Distribution", "WorkerLostError", "end_at_once", "open_distribution"]

_SECONDS_TO_LEARN = 3
# What TensorFlow raises, by turns, where another worker is gone.
_LOST = (
    tf.errors.UnavailableError,
    tf.errors.AbortedError,
    tf.errors.DeadlineExceededError,
    tf.errors.InternalError,
    tf.errors.CancelledError,
)


class WorkerLostError(RuntimeError):
    """Another worker has ended or can't be reached; this one can't go on alone."""


class Distribution:
    """Replicas that train together.

    Args:
        strategy: of TensorFlow. Make networks, optimisers and stages in `strategy.scope()`.
        workers: number of processes.
        worker: number of this one, from 0.
    """

    def __init__(self, strategy: tf.distribute.Strategy, workers: int = 1, worker: int = 0) -> None:
        self.strategy = strategy
        self.workers = workers
        self.worker = worker

    @property
    def is_chief(self) -> bool:
        """Whether this worker is the one that writes files."""
        return self.worker == 0

    @property
    def replicas(self) -> int:
        """Number of replicas of all workers."""
        return self.strategy.num_replicas_in_sync

    def batches(self, make_pipeline: Callable[[int, int, int], Pipeline], global_batch: int, step: int = 0):
        """The batches of a pipeline without end, for `fit`, distributed over the replicas.

        Replica r of n gets the r-th n-th of each global batch.

        Args:
            make_pipeline: makes the pipeline of this worker from batch_size, workers and worker, which mean what they
                mean in `PipelineSettings`.
            global_batch: elements of a step, of all replicas together.
            step: batches to leave out, that is, steps trained already.

        Raises:
            ValueError: the global batch can't be divided evenly among the replicas.
        """
        if global_batch < 1 or global_batch % self.replicas:
            raise ValueError(
                f"The batch must divide evenly among {self.replicas} replicas. Received: a batch of {global_batch}."
            )
        local_replicas = self.replicas // self.workers

        def make_dataset(_: tf.distribute.InputContext) -> tf.data.Dataset:
            pipeline = make_pipeline(global_batch // self.workers, self.workers, self.worker)
            return _split_batches(pipeline.stream(step), local_replicas)

        return self.strategy.distribute_datasets_from_function(make_dataset)

    def check_agreement(self, step: int) -> None:
        """Make sure that all workers go on from the same step; all have to call it.

        Raises:
            ValueError: they don't.
        """
        if self.workers == 1:
            return
        steps = self._steps_of_all(step)
        if min(steps) != max(steps):
            # An early end of this worker would be all that the others learn.
            time.sleep(_SECONDS_TO_LEARN)
            raise ValueError(
                "All workers must go on from the same step; a run folder that all of them share is expected. "
                f"Received: steps {', '.join(map(str, steps))}."
            )

    def _steps_of_all(self, step: int) -> list[int]:
        """One step a worker."""

        @tf.function(autograph=False)
        def gather() -> tf.Tensor:
            return self.strategy.run(lambda: tf.distribute.get_replica_context().all_reduce("MEAN", own))

        own = tf.one_hot(self.worker, self.workers, on_value=float(step * self.workers), dtype=tf.float64)
        with self.guard():
            return [round(value) for value in self.strategy.experimental_local_results(gather())[0].numpy()]

    @contextmanager
    def guard(self) -> Iterator[None]:
        """Turn what TensorFlow raises, in the block, where another worker is gone into WorkerLostError."""
        try:
            yield
        except _LOST as error:
            if self.workers == 1:
                raise
            raise WorkerLostError(
                f"worker {self.worker} has lost another worker and ends; the same commands, on all workers, go on from "
                "the last checkpoint"
            ) from error


def open_distribution(kind: str = "none") -> Distribution:
    """Make the replicas; "workers" before anything else is done with TensorFlow.

    Args:
        kind: "none" (one replica), "mirrored" (one on each of this machine's GPUs, or of its logical CPU devices) or
            "workers" (those of TF_CONFIG, each with the GPUs of its machine).

    Raises:
        ValueError: another kind, TF_CONFIG is missing or wrong, or TensorFlow could not open the worker's port.
    """
    if kind not in KINDS:
        raise ValueError(f"kind must be one of {', '.join(KINDS)}. Received: {kind!r}.")
    if kind == "none":
        return Distribution(tf.distribute.get_strategy())
    if kind == "mirrored":
        devices = tf.config.list_logical_devices("GPU") or tf.config.list_logical_devices("CPU")
        return Distribution(tf.distribute.MirroredStrategy([device.name for device in devices]))
    cluster = read_cluster(os.environ.get("TF_CONFIG"))
    return Distribution(_worker_strategy(cluster.address), cluster.workers, cluster.worker)


def _worker_strategy(address: str) -> tf.distribute.Strategy:
    communication = tf.distribute.experimental.CommunicationImplementation
    gpus = tf.config.list_physical_devices("GPU")
    options = tf.distribute.experimental.CommunicationOptions(
        implementation=communication.AUTO if gpus else communication.RING
    )
    try:
        return tf.distribute.MultiWorkerMirroredStrategy(communication_options=options)
    except (tf.errors.UnknownError, tf.errors.UnavailableError) as error:
        raise ValueError(f"This worker could not start at {address}. Received: {error.message}.") from error
    except RuntimeError as error:
        raise ValueError(f'"workers" must be opened before TensorFlow is used. Received: {error}') from error


def _split_batches(dataset: tf.data.Dataset, parts: int) -> tf.data.Dataset:
    """Cut each batch into so many equal ones."""
    if parts == 1:
        return dataset

    def split(batch):
        return tf.data.Dataset.from_tensor_slices(
            tf.nest.map_structure(lambda value: tf.reshape(value, [parts, -1, *value.shape[1:]]), batch)
        )

    return dataset.flat_map(split)


def end_at_once(code: int) -> None:
    """End this process at once: after a worker was lost, TensorFlow's own end may wait for it for minutes."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)
