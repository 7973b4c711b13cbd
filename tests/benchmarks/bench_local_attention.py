"""Local attention: time and peak memory of each implementation, forward and forward with backward.

    make bench

Times are medians of interleaved repeats in one run; the ratios mean something, the milliseconds only on this machine.
Peak memory is what a process of its own takes for one call beyond what it has taken before: inputs, traced graph, and
everything that a first call on a small map sets up. Needs Linux.
"""

from __future__ import annotations

import argparse
import json
import re
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import tensorflow as tf

from gfla_tf.ops import IMPLEMENTATIONS, local_attention
from gfla_tf.ops.native import NativeUnavailableError, load_operations

REPEATS = 9
BATCHES = (1, 8)
SIZES = {"1/4, k 5": (64, 64, 128, 5), "1/8, k 3": (32, 32, 256, 3)}  # height, width, channels, kernel at 256x256
MEBIBYTE = 2**20


def make_inputs(height: int, width: int, channels: int, kernel_size: int, batch: int) -> list[tf.Tensor]:
    """Random source, flow of a few pixels, and attention weights."""
    source = tf.random.normal([batch, height, width, channels])
    flow = tf.random.normal([batch, height, width, 2], stddev=4.0)
    return [source, flow, tf.nn.softmax(tf.random.normal([batch, height, width, kernel_size**2]))]


def make_functions(implementation: str, channels: int, kernel_size: int) -> dict[str, Callable]:
    """The compiled forward pass, and forward with the gradients of all three inputs, of any batch and size."""
    signature = [tf.TensorSpec([None, None, None, length]) for length in (channels, 2, kernel_size**2)]

    @tf.function(input_signature=signature)
    def forward(*inputs):
        return local_attention(*inputs, implementation=implementation)

    @tf.function(input_signature=signature)
    def both(*inputs):
        with tf.GradientTape() as tape:
            tape.watch(inputs)
            loss = tf.reduce_sum(tf.square(local_attention(*inputs, implementation=implementation)))
        return tape.gradient(loss, inputs)

    return {"forward": forward, "forward and backward": both}


def measure_times(functions: dict, inputs: list[tf.Tensor]) -> dict[tuple, float]:
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


def resident(field: str) -> int:
    """VmRSS, bytes of memory that this process holds, or VmHWM, the most so far (Linux)."""
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    return int(re.search(rf"{field}:\s+(\d+) kB", status).group(1)) * 1024


def measure_memory(level: str, batch: int, implementation: str, kind: str) -> int:
    """Bytes that one call takes at its peak; for a process of its own."""
    *size, channels, kernel_size = SIZES[level]
    function = make_functions(implementation, channels, kernel_size)[kind]
    function(*make_inputs(8, 8, channels, kernel_size, 1))
    # Random numbers would leave freed memory behind, which the call would take first.
    inputs = [tf.fill([batch, *size, length], 0.5) for length in (channels, 2, kernel_size**2)]
    Path("/proc/self/clear_refs").write_text("5", encoding="utf-8")  # the peak starts anew
    before = resident("VmRSS")
    function(*inputs)
    return resident("VmHWM") - before


def measure_memory_alone(level: str, batch: int, implementation: str, kind: str) -> int:
    """The same, measured by a new process."""
    command = [sys.executable, __file__, "--memory", level, str(batch), implementation, kind]
    return int(subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()[-1])


def measure(level: str, batch: int, names: tuple[str, ...]) -> list[dict]:
    """A row for each pass and implementation."""
    *_, channels, kernel_size = SIZES[level]
    functions = {
        (kind, name): function
        for name in names
        for kind, function in make_functions(name, channels, kernel_size).items()
    }
    rows = [
        {"level": level, "batch": batch, "pass": kind, "implementation": name, "ms": seconds * 1e3}
        for (kind, name), seconds in sorted(measure_times(functions, make_inputs(*SIZES[level], batch)).items())
    ]
    for row in rows:
        row["MiB"] = measure_memory_alone(level, batch, row["implementation"], row["pass"]) / MEBIBYTE
    rest = {(row["pass"], row["implementation"]): row for row in rows}
    for row in rows:
        fused, reference = (rest[row["pass"], name] for name in ("fused", "reference"))
        row["fused / it"] = fused["ms"] / row["ms"]
        row["reference / it"] = reference["ms"] / row["ms"]
        row["reference MiB / it"] = reference["MiB"] / row["MiB"]
    return rows


def available() -> tuple[str, ...]:
    """The implementations that there are here."""
    try:
        load_operations()
        return (*IMPLEMENTATIONS, "native")
    except NativeUnavailableError as error:
        print(f"native is left out: {error}")
        return IMPLEMENTATIONS


def print_row(row: dict) -> None:
    """One line of the table, under the heading if it is None."""
    texts = [f"{value:.1f}" if isinstance(value, float) else str(value) for value in row.values()]
    widths = (9, 5, 21, 14, 9, 8, 10, 14, 18)
    print("  ".join(text.rjust(width) for text, width in zip(texts, widths, strict=True)), flush=True)


def main() -> None:
    """Print the table, and the same as JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--memory", nargs=4, metavar=("LEVEL", "BATCH", "IMPLEMENTATION", "PASS"))
    arguments = parser.parse_args()
    if arguments.memory:
        level, batch, implementation, kind = arguments.memory
        print(measure_memory(level, int(batch), implementation, kind))
        return
    names, rows = available(), []
    for level in SIZES:
        for batch in BATCHES:
            for row in measure(level, batch, names):
                if not rows:
                    print_row({name: name for name in row})
                rows.append(row)
                print_row(row)
    print(json.dumps(rows))


if __name__ == "__main__":
    main()
