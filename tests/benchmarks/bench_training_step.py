"""A training step relative to forward and backward of the generator alone, 256x256: by batch, and term by term.

    make bench

The step is that of the paper's stages: VGG19 (stand-in weights, which are as fast as trained ones), discriminator, all
terms, two optimisers. Whole steps of each batch are measured beside the generator alone, each batch in a process of its
own; its memory is the largest resident size after a step, less what was held before there was a network. Terms are
measured at a batch of one, by steps that leave one out: "saved" is the part of the whole step's time that this saves.
What terms share, as the backbone's maps, is saved only by leaving out all of them.

    PYTHONPATH=. python tests/benchmarks/bench_training_step.py --config demo    the same for another configuration
"""

from __future__ import annotations

import argparse
import json
import resource
from collections.abc import Callable
from dataclasses import asdict

import tensorflow as tf
from common import MEBIBYTE, Table, make_parser, native_call, run_alone, time_in_turns

from gfla_tf.losses import Backbone
from gfla_tf.losses.backbones import vgg_parameter_shapes
from gfla_tf.stand_in import stand_in_state
from gfla_tf.weights import write_state
from training.building import build_generator, build_stage, set_precision
from training.configs import TrainingConfig, load_config

REPEATS = 5
BATCHES = (1, 2, 4, 8)
STAGES = ("flow", "image")
OF_FEATURES = ("correctness", "perceptual", "style")
WHOLE, GENERATOR = "whole step", "generator alone"


def make_batch(config: TrainingConfig, generator, batch: int) -> dict[str, tf.Tensor]:
    """Noise in the shapes of a batch."""
    height, width = config.picture_size
    made = {name: tf.random.uniform([batch, height, width, 3], -1, 1) for name in ("source_image", "target_image")}
    made |= {name: tf.random.uniform([batch, height, width, 18]) for name in ("source_pose", "target_pose")}
    made["index"] = tf.range(batch, dtype=tf.int64)
    for level in generator.attention_levels:
        size = [batch, height >> level, width >> level]
        made[f"flow_level{level}"] = tf.random.normal([*size, 2])
        made[f"visible_level{level}"] = tf.random.uniform([*size, 1])
    return made


def make_config(options: argparse.Namespace, without: tuple[str, ...] = ()) -> TrainingConfig:
    """The configuration, with a backbone that needs no download, and without some terms."""
    left_out = [f"weights.{term}=0" for term in without]
    return load_config(options.stage, options.config, [f"backbone_weights={options.weights}", *options.set, *left_out])


def make_step(config: TrainingConfig, batch: int) -> Callable[[], object]:
    """A whole step of training on one batch."""
    generator = build_generator(config)
    step = tf.function(build_stage(config, generator).train_step, jit_compile=config.xla)
    return native_call(step, make_batch(config, generator, batch))


def make_generator_step(config: TrainingConfig, batch: int) -> Callable[[], object]:
    """Forward and backward of an L1 loss through the generator."""
    generator = build_generator(config)

    @tf.function
    def both(batch):
        with tf.GradientTape() as tape:
            outputs = generator([batch["source_image"], batch["source_pose"], batch["target_pose"]])
            loss = tf.reduce_mean(tf.abs(outputs["image"] - batch["target_image"]))
        return tape.gradient(loss, generator.trainable_variables)

    return native_call(both, make_batch(config, generator, batch))


def measure_batch(options: argparse.Namespace) -> dict:
    """Seconds of the step and of the generator alone, and bytes at the peak, in this process."""
    config = make_config(options)
    set_precision(config)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    step = make_step(config, options.batch)
    step()
    taken = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    calls = {WHOLE: step, GENERATOR: make_generator_step(config, options.batch)}
    return {**time_in_turns(calls, 1 if options.quick else REPEATS), "bytes": taken * 1024}


def measure_terms(options: argparse.Namespace) -> dict:
    """Seconds of the step, and of steps that leave something out, in this process."""
    config = make_config(options)
    set_precision(config)
    terms = [name for name, weight in asdict(config.weights).items() if weight]
    left_out = {f"without {term}": (term,) for term in terms if len(terms) > 1}
    of_features = tuple(term for term in terms if term in OF_FEATURES)
    if len(of_features) > 1 and set(of_features) < set(terms):
        left_out["without features"] = of_features
    calls = {WHOLE: make_step(config, options.batch)}
    calls |= {name: make_step(make_config(options, without), options.batch) for name, without in left_out.items()}
    return time_in_turns(calls, 1 if options.quick else REPEATS)


def run_part(options: argparse.Namespace, part: str, stage: str, batch: int) -> dict:
    """A measurement in a process of its own."""
    arguments = ["--part", part, "--stage", stage, "--batch", batch, "--config", options.config]
    arguments += ["--weights", options.weights, *(["--quick"] if options.quick else []), "--set", *options.set]
    return run_alone(__file__, *arguments)


def write_backbone(network: str, path: str) -> None:
    """A file of stand-in weights for a backbone."""
    Backbone(network, ["relu1_1"])  # refuses an unknown network
    write_state(path, stand_in_state(vgg_parameter_shapes(network)))


def fill_table(table: Table, options: argparse.Namespace) -> None:
    """Rows for each stage, batch and term."""
    for stage in STAGES:
        for batch in BATCHES[:1] if options.quick else BATCHES:
            found = run_part(options, "batch", stage, batch)
            memory = found.pop("bytes") / MEBIBYTE
            for what, seconds in found.items():
                row = {"stage": stage, "batch": batch, "what": what, "s": seconds, "s a picture": seconds / batch}
                extra = {"/ generator": seconds / found[GENERATOR], "saved": None, "MiB": memory}
                table.add({**row, **extra})
        found = run_part(options, "terms", stage, 1)
        for what, seconds in list(found.items())[1:]:
            row = {"stage": stage, "batch": 1, "what": what, "s": seconds, "s a picture": seconds}
            table.add({**row, "/ generator": None, "saved": 1 - seconds / found[WHOLE], "MiB": None})


def main() -> None:
    """Print the table."""
    parser = make_parser(__doc__)
    parser.add_argument("--config", help="default: fashion256, or tiny with --quick")
    parser.add_argument("--weights", default="/tmp/gfla_bench_backbone.safetensors", help="file to write for VGG")
    parser.add_argument("--set", nargs="*", default=[], metavar="FIELD=VALUE")
    parser.add_argument("--part", choices=("batch", "terms"), help=argparse.SUPPRESS)
    parser.add_argument("--stage", choices=STAGES, help=argparse.SUPPRESS)
    parser.add_argument("--batch", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    options.config = options.config or ("tiny" if options.quick else "fashion256")
    if options.part:
        print(json.dumps(measure_terms(options) if options.part == "terms" else measure_batch(options)))
        return
    write_backbone(load_config("image", options.config).backbone, options.weights)
    table = Table("training step", options.json)
    fill_table(table, options)
    table.write()


if __name__ == "__main__":
    main()
