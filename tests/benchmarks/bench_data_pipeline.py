"""The fashion pipeline's speed relative to the training that it feeds, at 256x256 in one run.

    make bench

Training is the full-size person generator, forward and backward of an L1 loss, which is less than a real step (no
discriminator, no other losses): the pipeline must be several times faster than even that. Rates are medians of
interleaved repeats; the ratio means something, the rates only on this machine.
"""

from __future__ import annotations

import json
import statistics
import tempfile
import time
from pathlib import Path

import cv2
import numpy as np
import tensorflow as tf

from gfla_tf import load_model
from gfla_tf.pose.annotation_csv import write_annotation_csv
from training.data.fashion import FashionPairs
from training.data.pipeline import Pipeline, PipelineSettings

REPEATS = 5
BATCH = 4
PICTURES = 64
BATCHES_A_REPEAT = 32
SIZES = {"256x176": (256, 176), "1101x750": (1101, 750)}  # DeepFashion's two resolutions


def write_dataset(folder: Path, height: int, width: int) -> None:
    """A fashion dataset of smooth random JPEGs."""
    random = np.random.default_rng(0)
    names = [f"{number}.jpg" for number in range(PICTURES)]
    (folder / "train").mkdir(parents=True)
    for name in names:
        coarse = random.integers(0, 256, (32, 22, 3), dtype=np.uint8)
        cv2.imwrite(str(folder / "train" / name), cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC))
    people = {name: np.insert(random.uniform(0, 176, (18, 2)), 2, 1, axis=1) for name in names}
    write_annotation_csv(folder / "fasion-annotation-train.csv", people)
    rows = [f"{source},{target}\n" for source, target in zip(names, names[::-1], strict=True)]
    (folder / "fasion-pairs-train.csv").write_text("from,to\n" + "".join(rows))


def make_loading(folder: Path):
    """A function that takes the next batches from a running pipeline; returns the number of pairs."""
    batches = iter(Pipeline(FashionPairs(folder), PipelineSettings(batch_size=BATCH)).stream())

    def load() -> int:
        for _ in range(BATCHES_A_REPEAT):
            next(batches)
        return BATCHES_A_REPEAT * BATCH

    return load


def make_training(folder: Path):
    """A function that runs forward and backward on one batch; returns the number of pairs."""
    model = load_model("person-fashion", weights="stand-in")
    batch = next(iter(Pipeline(FashionPairs(folder), PipelineSettings(batch_size=BATCH)).stream()))

    @tf.function
    def step():
        with tf.GradientTape() as tape:
            image = model([batch["source_image"], batch["source_pose"], batch["target_pose"]])["image"]
            loss = tf.reduce_mean(tf.abs(image - batch["target_image"]))
        return tape.gradient(loss, model.trainable_variables)

    def train() -> int:
        step()[0].numpy()
        return BATCH

    return train


def measure(functions: dict) -> dict[str, float]:
    """Median pairs a second of each function, interleaved so that a busy moment hits all of them."""
    rates = {name: [] for name in functions}
    for repeat in range(REPEATS + 1):
        for name, function in functions.items():
            start = time.perf_counter()
            pairs = function()
            if repeat > 0:  # the first warms up
                rates[name].append(pairs / (time.perf_counter() - start))
    return {name: statistics.median(values) for name, values in rates.items()}


def main() -> None:
    """Print the table, and the same as JSON."""
    with tempfile.TemporaryDirectory() as folder:
        functions = {}
        for name, size in SIZES.items():
            write_dataset(Path(folder) / name, *size)
            functions[f"pipeline, {name} JPEGs"] = make_loading(Path(folder) / name)
        functions["training"] = make_training(Path(folder) / "256x176")
        rates = measure(functions)
    print(f"{'':<26} {'pairs / s':>10} {'pictures / s':>13} {'times training':>15}")
    for name, rate in rates.items():
        print(f"{name:<26} {rate:>10.1f} {2 * rate:>13.1f} {rate / rates['training']:>15.1f}")
    print(json.dumps({name: rate / rates["training"] for name, rate in rates.items()}))


if __name__ == "__main__":
    main()
