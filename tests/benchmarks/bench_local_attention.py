"""Local attention: time of each implementation relative to the reference, forward and forward with backward.

    make bench

Medians of interleaved repeats in one run; the ratios mean something, the milliseconds only on this machine.
"""

from __future__ import annotations

import json
import statistics
import time

import tensorflow as tf

from gfla_tf.ops import IMPLEMENTATIONS, local_attention

REPEATS = 9
SIZES = {"1/4, k 5": (64, 64, 128, 5), "1/8, k 3": (32, 32, 256, 3)}  # height, width, channels, kernel at 256x256


def make_inputs(height: int, width: int, channels: int, kernel_size: int, batch: int) -> list[tf.Tensor]:
    """Random source, flow of a few pixels, and attention weights."""
    source = tf.random.normal([batch, height, width, channels])
    flow = tf.random.normal([batch, height, width, 2], stddev=4.0)
    return [source, flow, tf.nn.softmax(tf.random.normal([batch, height, width, kernel_size**2]))]


def make_functions(implementation: str) -> dict[str, tf.types.experimental.PolymorphicFunction]:
    """The compiled forward pass, and forward with the gradients of all three inputs."""

    @tf.function
    def forward(*inputs):
        return local_attention(*inputs, implementation=implementation)

    @tf.function
    def both(*inputs):
        with tf.GradientTape() as tape:
            tape.watch(inputs)
            loss = tf.reduce_sum(tf.square(local_attention(*inputs, implementation=implementation)))
        return tape.gradient(loss, inputs)

    return {"forward": forward, "forward and backward": both}


def measure(functions: dict, inputs: list[tf.Tensor]) -> dict[str, float]:
    """Median seconds of each function, interleaved so that a busy moment hits all of them."""
    for function in functions.values():
        function(*inputs)
    seconds = {name: [] for name in functions}
    for _ in range(REPEATS):
        for name, function in functions.items():
            start = time.perf_counter()
            function(*inputs)
            seconds[name].append(time.perf_counter() - start)
    return {name: statistics.median(values) for name, values in seconds.items()}


def main() -> None:
    """Print the table, and the same as JSON."""
    rows = []
    print(f"{'level':<10} {'batch':>5} {'pass':<22} {'implementation':<14} {'ms':>9} {'reference / it':>15}")
    for level, size in SIZES.items():
        for batch in (1, 8):
            inputs = make_inputs(*size, batch)
            functions = {
                (name, kind): function for name in IMPLEMENTATIONS for kind, function in make_functions(name).items()
            }
            seconds = measure(functions, inputs)
            for (name, kind), value in seconds.items():
                ratio = seconds["reference", kind] / value
                rows.append({"level": level, "batch": batch, "pass": kind, "implementation": name, "ratio": ratio})
                print(f"{level:<10} {batch:>5} {kind:<22} {name:<14} {value * 1e3:>9.1f} {ratio:>15.2f}")
    print(json.dumps(rows))


if __name__ == "__main__":
    main()
