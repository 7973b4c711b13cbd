"""The whole generator as a share of the machine's own matrix-multiply rate; memory and time by pixels and batch.

    make bench

The generator is person-fashion with stand-in weights, run as a graph of its own process (which takes the native local
attention where it is built). "share" is its rate over that of a matrix product of the same precision in the same run:
40.9 GFLOP for a picture of 256x256 are the multiplications and additions of the definition's convolutions, however they
are carried out. "mixed_bfloat16" is Keras' policy, "onednn_bfloat16" TensorFlow's own rewriting of the float32 graph.
"difference" is the mean difference to float32's picture in 1/255 of the picture's range. Peak memory is that of a new
process, TensorFlow included, which renders one batch (Linux).

    PYTHONPATH=. python tests/benchmarks/bench_generator.py --json generator.json
    PYTHONPATH=. python tests/benchmarks/plot_scaling.py generator.json --output generator.png
"""

from __future__ import annotations

import json
from collections.abc import Callable

import numpy as np
import tensorflow as tf
from common import (
    MEBIBYTE,
    Table,
    make_parser,
    matmul_calls,
    native_call,
    random_inputs,
    resident,
    run_alone,
    time_in_turns,
)

from gfla_tf import load_model

PRECISIONS = ("float32", "mixed_bfloat16", "onednn_bfloat16")
ONEDNN_BFLOAT16 = "auto_mixed_precision_onednn_bfloat16"
GFLOP_A_PIXEL = 40.9 / 256**2
SIZES = ((256, 1), (256, 2), (256, 4), (256, 8), (128, 1), (512, 1), (1024, 1))  # (side, batch)
QUICK = ((64, 1), (64, 2))
TRAINED = ((256, 1), (256, 4), (64, 1))  # those with backward, too
REPEATS = 5
TURN = 0.5  # seconds


def make_generator(precision: str) -> tuple[Callable, Callable]:
    """Functions of the inputs: the picture; the gradients of its mean for all weights."""
    policy = precision if precision.startswith("mixed") else "float32"
    model = load_model("person-fashion", weights="stand-in", dtype=policy)

    @tf.function(autograph=False, reduce_retracing=True)
    def forward(*inputs):
        return model(list(inputs), training=False)["image"]

    @tf.function(autograph=False, reduce_retracing=True)
    def both(*inputs):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.abs(model(list(inputs), training=True)["image"]))
        return tape.gradient(loss, model.trainable_variables)

    return _with_options(forward, precision), _with_options(both, precision)


def _with_options(function: Callable, precision: str) -> Callable:
    """The function with TensorFlow's own bfloat16 on or off, which is a setting of the whole process."""
    if precision != "onednn_bfloat16":
        return lambda inputs: native_call(function, *inputs)()

    def call(inputs):
        tf.config.optimizer.set_experimental_options({ONEDNN_BFLOAT16: True})
        try:
            return native_call(function, *inputs)()
        finally:
            tf.config.optimizer.set_experimental_options({ONEDNN_BFLOAT16: False})

    return call


def picture_difference(picture: tf.Tensor, other: tf.Tensor) -> float:
    """Mean difference of pictures in [-1, 1], in 1/255 of that range."""
    return float(np.abs(picture.numpy() - other.numpy()).mean() * 255 / 2)


def measure(sizes: tuple, generators: dict, repeats: int) -> list[dict]:
    """A row for each size and precision; everything is timed in turns with everything else."""
    inputs = {size: random_inputs(size[1], size[0]) for size in sizes}
    calls, matmul_gflop = matmul_calls()
    for size in sizes:
        for precision, (forward, both) in generators.items():
            calls[size, precision] = lambda run=forward, size=size: run(inputs[size])
            if size in TRAINED:
                calls[size, precision, "both"] = lambda run=both, size=size: run(inputs[size])
    seconds = time_in_turns(calls, repeats, TURN)
    rates = {dtype: matmul_gflop / seconds[f"matmul {dtype}"] for dtype in ("float32", "bfloat16")}
    return [
        _row(size, precision, seconds, rates, inputs[size], generators) for size in sizes for precision in PRECISIONS
    ]


def _row(size: tuple[int, int], precision: str, seconds: dict, rates: dict, inputs: list, generators: dict) -> dict:
    side, batch = size
    time_forward, pixels = seconds[size, precision], batch * side**2
    exact, picture = (generators[name][0](inputs) for name in ("float32", precision))
    return {
        "precision": precision,
        "side": side,
        "batch": batch,
        "ms": time_forward * 1e3,
        "share": GFLOP_A_PIXEL * pixels / time_forward / rates["float32" if precision == "float32" else "bfloat16"],
        "ns a pixel": time_forward * 1e9 / pixels,
        "both / forward": seconds[size, precision, "both"] / time_forward if size in TRAINED else None,
        "difference": picture_difference(picture, exact),
        "float32 GFLOP/s": rates["float32"],
        "bfloat16 GFLOP/s": rates["bfloat16"],
    }


def measure_memory(side: int, batch: int, precision: str) -> int:
    """Bytes of this process at its peak, after it has rendered one batch."""
    make_generator(precision)[0](random_inputs(batch, side)).numpy()
    return resident("VmHWM")


def main() -> None:
    """Print the table."""
    parser = make_parser(__doc__)
    parser.add_argument("--memory", nargs=3, metavar=("SIDE", "BATCH", "PRECISION"), help="only that of one process")
    options = parser.parse_args()
    if options.memory:
        side, batch, precision = options.memory
        print(json.dumps({"MiB": measure_memory(int(side), int(batch), precision) / MEBIBYTE}))
        return
    table = Table("generator", options.json)
    generators = {precision: make_generator(precision) for precision in PRECISIONS}
    for row in measure(QUICK if options.quick else SIZES, generators, 1 if options.quick else REPEATS):
        alone = run_alone(__file__, "--memory", row["side"], row["batch"], row["precision"])
        table.add({**row, **alone})
    table.write()


if __name__ == "__main__":
    main()
