"""A training step relative to forward and backward of the generator alone, 256x256; memory and time by batch.

    make bench

The step is stage image as the paper has it: VGG19 (stand-in weights, which are as fast as trained ones), discriminator,
all terms, two optimisers. Ratios are of medians of interleaved repeats in one run. Peak memory is the process's largest
resident size in a process of its own, less that of one which has only imported TensorFlow.

    PYTHONPATH=. python tests/benchmarks/bench_training_step.py --config demo    the same for another configuration
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable

import tensorflow as tf

from gfla_tf.losses import Backbone
from gfla_tf.losses.backbones import vgg_parameter_shapes
from gfla_tf.stand_in import stand_in_state
from gfla_tf.weights import write_state
from training.building import build_generator, build_stage, set_precision
from training.configs import TrainingConfig, load_config

REPEATS = 5
BATCHES = (1, 2, 4, 8)
STAGES = ("flow", "image")


def make_batch(config: TrainingConfig, generator, batch: int) -> dict[str, tf.Tensor]:
    """Noise in the shapes of a batch."""
    height, width = config.picture_size
    made = {name: tf.random.uniform([batch, height, width, 3], -1, 1) for name in ("source_image", "target_image")}
    made |= {name: tf.random.uniform([batch, height, width, 18]) for name in ("source_pose", "target_pose")}
    for level in generator.attention_levels:
        size = [batch, height >> level, width >> level]
        made[f"flow_level{level}"] = tf.random.normal([*size, 2])
        made[f"visible_level{level}"] = tf.random.uniform([*size, 1])
    return made


def make_config(stage: str, name: str, weights_file: str, settings: list[str]) -> TrainingConfig:
    """The configuration with a backbone that needs no download."""
    return load_config(stage, name, [f"backbone_weights={weights_file}", *settings])


def make_functions(config: TrainingConfig) -> tuple[dict[str, Callable], Callable[[int], dict]]:
    """The generator's forward and backward, and the whole training step, as functions of a batch."""
    generator = build_generator(config)
    stage = build_stage(config, generator)

    @tf.function
    def both(batch):
        with tf.GradientTape() as tape:
            outputs = generator([batch["source_image"], batch["source_pose"], batch["target_pose"]])
            loss = tf.reduce_mean(tf.abs(outputs["image"] - batch["target_image"]))
        return tape.gradient(loss, generator.trainable_variables)  # all: what nobody asks for is not computed

    step = tf.function(stage.train_step, jit_compile=config.xla)
    return {"generator": both, "step": step}, lambda size: make_batch(config, generator, size)


def measure(functions: dict[str, Callable], batch: dict) -> dict[str, float]:
    """Median seconds of each function, interleaved so that a busy moment hits all of them."""
    for function in functions.values():
        function(batch)
    seconds = {name: [] for name in functions}
    for _ in range(REPEATS):
        for name, function in functions.items():
            start = time.perf_counter()
            function(batch)
            seconds[name].append(time.perf_counter() - start)
    return {name: statistics.median(values) for name, values in seconds.items()}


def run_alone(arguments: argparse.Namespace, stage: str, batch: int) -> dict:
    """Measure one stage and batch in a process of its own."""
    command = [sys.executable, __file__, "--config", arguments.config, "--stage", stage, "--batch", str(batch)]
    command += ["--weights", arguments.weights, "--set", *arguments.set]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()[-1])


def measure_here(arguments: argparse.Namespace) -> dict:
    """What `run_alone` asks for."""
    config = make_config(arguments.stage, arguments.config, arguments.weights, arguments.set)
    set_precision(config)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    functions, batches = make_functions(config)
    if arguments.stage == "flow":
        functions = {"step": functions["step"]}
    seconds = measure(functions, batches(arguments.batch))
    memory = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 2**20
    return {"stage": arguments.stage, "batch": arguments.batch, **seconds, "memory": memory}


def write_backbone(network: str, path: str) -> None:
    """A file of stand-in weights for a backbone."""
    Backbone(network, ["relu1_1"])  # refuses an unknown network
    write_state(path, stand_in_state(vgg_parameter_shapes(network)))


def main() -> None:
    """Print the table, and the same as JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--config", default="fashion256")
    parser.add_argument("--stage", choices=STAGES)
    parser.add_argument("--batch", type=int)
    parser.add_argument("--weights", default="/tmp/gfla_bench_backbone.safetensors")
    parser.add_argument("--set", nargs="*", default=[])
    arguments = parser.parse_args()
    if arguments.stage:
        print(json.dumps(measure_here(arguments)))
        return
    write_backbone(load_config("image", arguments.config).backbone, arguments.weights)
    print(f"{'stage':<6} {'batch':>5} {'s a step':>9} {'s a picture':>12} {'step / generator':>17} {'GiB':>6}")
    rows = []
    for stage in STAGES:
        for batch in BATCHES:
            row = run_alone(arguments, stage, batch)
            ratio = f"{row['step'] / row['generator']:.2f}" if "generator" in row else ""
            numbers = f"{row['step']:>9.2f} {row['step'] / batch:>12.2f} {ratio:>17} {row['memory']:>6.1f}"
            print(f"{stage:<6} {batch:>5} {numbers}", flush=True)
            rows.append(row)
    print(json.dumps(rows))


if __name__ == "__main__":
    main()
