"""Local attention: time and peak memory of each implementation, forward and forward with backward.

    make bench

Times are medians of interleaved repeats in one run, each the mean of as many calls in a row as take 50 milliseconds;
the ratios mean something, the milliseconds only on this machine. Peak memory is what a process of its own takes for one
call beyond what it has taken before: inputs, traced graph, and everything that a first call on a small map sets up.
Needs Linux.
"""

from __future__ import annotations

import json
from collections.abc import Callable

import tensorflow as tf
from common import MEBIBYTE, Table, make_parser, resident, restart_peak, run_alone, time_in_turns

from gfla_tf.ops import IMPLEMENTATIONS, local_attention
from gfla_tf.ops.native import NativeUnavailableError, load_operations

REPEATS = 9
TURN = 0.05  # seconds
BATCHES = (1, 8)
SIZES = {"1/4, k 5": (64, 64, 128, 5), "1/8, k 3": (32, 32, 256, 3)}  # height, width, channels, kernel at 256x256


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


def measure_memory(level: str, batch: int, implementation: str, kind: str) -> int:
    """Bytes that one call takes at its peak; for a process of its own."""
    *size, channels, kernel_size = SIZES[level]
    function = make_functions(implementation, channels, kernel_size)[kind]
    function(*make_inputs(8, 8, channels, kernel_size, 1))
    # Random numbers would leave freed memory behind, which the call would take first.
    inputs = [tf.fill([batch, *size, length], 0.5) for length in (channels, 2, kernel_size**2)]
    restart_peak()
    before = resident("VmRSS")
    function(*inputs)
    return resident("VmHWM") - before


def measure(level: str, batch: int, names: tuple[str, ...], repeats: int) -> list[dict]:
    """A row for each pass and implementation."""
    *_, channels, kernel_size = SIZES[level]
    inputs = make_inputs(*SIZES[level], batch)
    calls = {
        (kind, name): lambda function=function: function(*inputs)
        for name in names
        for kind, function in make_functions(name, channels, kernel_size).items()
    }
    rows = [
        {"level": level, "batch": batch, "pass": kind, "implementation": name, "ms": seconds * 1e3}
        for (kind, name), seconds in sorted(time_in_turns(calls, repeats, TURN).items())
    ]
    for row in rows:
        row.update(run_alone(__file__, "--memory", level, batch, row["implementation"], row["pass"]))
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


def main() -> None:
    """Print the table."""
    parser = make_parser(__doc__)
    parser.add_argument("--memory", nargs=4, metavar=("LEVEL", "BATCH", "IMPLEMENTATION", "PASS"))
    options = parser.parse_args()
    if options.memory:
        level, batch, implementation, kind = options.memory
        print(json.dumps({"MiB": measure_memory(level, int(batch), implementation, kind) / MEBIBYTE}))
        return
    names, table = available(), Table("local attention", options.json)
    for level in SIZES:
        for batch in BATCHES[:1] if options.quick else BATCHES:
            for row in measure(level, batch, names, 1 if options.quick else REPEATS):
                table.add(row)
    table.write()


if __name__ == "__main__":
    main()
