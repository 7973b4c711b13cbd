"""The fashion pipeline's speed relative to the training that it feeds, at 256x256 in one run.

    make bench

Training is the full-size person generator, forward and backward of an L1 loss, which is less than a real step (no
discriminator, no other losses): the pipeline must be several times faster than even that. Rates are medians of
interleaved repeats; the ratio means something, the rates only on this machine.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import cv2
import numpy as np
import tensorflow as tf
from common import Table, make_parser, native_call, time_in_turns

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


def make_loading(folder: Path, batches: int):
    """A function that takes so many batches from a running pipeline."""
    stream = iter(Pipeline(FashionPairs(folder), PipelineSettings(batch_size=BATCH)).stream())

    def load() -> None:
        for _ in range(batches):
            next(stream)

    return load


def make_training(folder: Path):
    """A function that runs forward and backward on one batch."""
    model = load_model("person-fashion", weights="stand-in")
    batch = next(iter(Pipeline(FashionPairs(folder), PipelineSettings(batch_size=BATCH)).stream()))

    @tf.function
    def step():
        with tf.GradientTape() as tape:
            image = model([batch["source_image"], batch["source_pose"], batch["target_pose"]])["image"]
            loss = tf.reduce_mean(tf.abs(image - batch["target_image"]))
        return tape.gradient(loss, model.trainable_variables)

    return native_call(step)


def measure(folder: Path, quick: bool) -> dict[str, float]:
    """Pairs a second of the pipeline from each resolution, and of training."""
    calls, batches = {}, 2 if quick else BATCHES_A_REPEAT
    for name, size in SIZES.items():
        write_dataset(folder / name, *size)
        calls[f"pipeline, {name}"] = make_loading(folder / name, batches)
    calls["training"] = make_training(folder / next(iter(SIZES)))
    seconds = time_in_turns(calls, 1 if quick else REPEATS)
    return {name: BATCH * (1 if name == "training" else batches) / value for name, value in seconds.items()}


def main() -> None:
    """Print the table."""
    options = make_parser(__doc__).parse_args()
    with tempfile.TemporaryDirectory() as folder:
        rates = measure(Path(folder), options.quick)
    table = Table("data pipeline", options.json)
    for name, rate in rates.items():
        row = {"what": name, "pairs a second": rate, "pictures a second": 2 * rate}
        table.add({**row, "times training": rate / rates["training"]})
    table.write()


if __name__ == "__main__":
    main()
