"""A few steps of tiny stages in a process of its own, for tests of several replicas.

    python -m helpers.distributed_training \
        '{"stages": ["flow", "image"], "kind": "workers", "batch": 4, "steps": 10, "out": FOLDER}'

FOLDER gets an npz a stage: all weights, the spectral norms' vectors among them, the last logs ("log_NAME"), and
"indices", the elements that each step saw in this worker, in order. A worker that has lost another one prints the
message and ends with 1; one that does not agree with another on its step, with 2.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from gfla_tf.models import ImageDiscriminator, PersonGenerator
from helpers.tiny_models import filled
from training.data.pipeline import Pipeline, PipelineSettings
from training.distribution import WorkerLostError, end_at_once, open_distribution
from training.stages import FlowStage, ImageStage, LossWeights

HEIGHT, WIDTH, JOINTS, ELEMENTS = 32, 16, 2, 24
NETWORK = {"widths": (4, 8), "flow_widths": (4, 8, 8), "attention_kernels": {2: 3}, "attention_hidden": 4}


class Waves:
    """A `Source` of pictures made of waves, another phase for each element."""

    def __len__(self) -> int:
        return ELEMENTS

    def load(self, index: tf.Tensor, seed: tf.Tensor) -> dict[str, tf.Tensor]:
        phase = tf.cast(index, tf.float32)
        rows = tf.range(HEIGHT, dtype=tf.float32)[:, tf.newaxis, tf.newaxis] / 5.0
        columns = tf.range(WIDTH, dtype=tf.float32)[tf.newaxis, :, tf.newaxis] / 4.0
        channels = tf.range(3, dtype=tf.float32)
        source = tf.sin(rows + channels + phase) * tf.cos(columns - phase)
        target = tf.sin(rows + channels + phase + 0.5) * tf.cos(columns - phase)
        level = tf.sin(rows[::4] + phase) + tf.zeros([HEIGHT // 4, WIDTH // 4, 2])
        visible = tf.cast(columns[:, ::4] > phase / 8.0, tf.float32) + tf.zeros([HEIGHT // 4, WIDTH // 4, 1])
        poses = {"source_pose": source[..., :JOINTS] ** 2, "target_pose": target[..., :JOINTS] ** 2}
        truth = {"flow_level2": level, "visible_level2": visible}
        return {"index": index, "source_image": source, "target_image": target, **poses, **truth}

    def unreadable(self, index: int) -> dict:
        return {}


def make_optimizer() -> keras.optimizers.Optimizer:
    """One whose steps grow with the gradients, unlike Adam's: a wrong scale shows, and rounding errors stay small."""
    return keras.optimizers.SGD(1e-3, momentum=0.9)


def make_stage(name: str):
    generator = filled(PersonGenerator(JOINTS, **NETWORK))
    if name == "flow":
        stage = FlowStage(generator, LossWeights(endpoint=1.0, mask=1.0, regularization=0.1), clip_norm=1.0)
        stage.compile(optimizer=make_optimizer())
        return stage
    discriminator = filled(ImageDiscriminator((4, 4)))
    weights = LossWeights(l1=5.0, adversarial=2.0, endpoint=0.1)
    settings = {"average_decay": 0.5, "frozen_flow_steps": 3, "loss_scaling": True}
    stage = ImageStage(generator, discriminator, weights, **settings)
    stage.compile(optimizer=make_optimizer(), discriminator_optimizer=make_optimizer())
    return stage


def make_pipeline(batch_size: int, workers: int, worker: int) -> Pipeline:
    return Pipeline(Waves(), PipelineSettings(batch_size, seed=4, workers=workers, worker=worker))


class Announcer(keras.callbacks.Callback):
    def on_train_batch_end(self, batch, logs=None):
        if batch == 1:
            print("training", flush=True)


def seen_indices(distribution, batch: int, steps: int) -> np.ndarray:
    """Of each step, the elements of this worker's replicas in order."""
    iterator = iter(distribution.batches(make_pipeline, batch, 0))
    values = [distribution.strategy.experimental_local_results(next(iterator)["index"]) for _ in range(steps)]
    return np.array([np.concatenate([part.numpy() for part in parts]) for parts in values])


def train(stages: list[str], kind: str, batch: int, steps: int, out: str | None = None, disagree: bool = False) -> None:
    """Train one stage after the other; then, if they are to disagree, ask whether all workers are at the same step."""
    distribution = open_distribution(kind)
    distribution.check_agreement(7)
    for stage in stages:
        results = train_stage(distribution, stage, batch, steps)
        np.savez(Path(out) / f"{stage}.npz", **results)
    if disagree:
        distribution.check_agreement(distribution.worker)


def train_stage(distribution, stage: str, batch: int, steps: int) -> dict[str, np.ndarray]:
    with distribution.strategy.scope():
        model = make_stage(stage)
    indices = seen_indices(distribution, batch, 2)
    batches = distribution.batches(make_pipeline, batch, 0)
    with distribution.guard():
        history = model.fit(batches, steps_per_epoch=steps, verbose=0, shuffle=False, callbacks=[Announcer()]).history
        tested = model.evaluate(batches, steps=2, verbose=0, return_dict=True)
    weights = {
        f"{name}_{number}": weight
        for name, network in model.networks().items()
        for number, weight in enumerate(network.get_weights())
    }
    logs = {f"log_{name}": values[-1] for name, values in history.items()}
    logs.update({f"log_val_{name}": value for name, value in tested.items()})
    return {"indices": indices, **weights, **logs}


if __name__ == "__main__":
    options = json.loads(sys.argv[1])
    devices = options.pop("devices", 1)
    if devices > 1:
        cpu = tf.config.list_physical_devices("CPU")[0]
        tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * devices)
    try:
        train(**options)
    except WorkerLostError as error:
        print(error, flush=True)
        end_at_once(1)
    except ValueError as error:
        print(error, flush=True)
        end_at_once(2)
