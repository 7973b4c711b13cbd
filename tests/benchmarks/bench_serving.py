"""What serving costs: answers a second of the development server relative to the Keras model alone, and its start.

    make bench

Throughput: the Keras model, given framed tensors, is called in batches of 1, 2, 4 and 8, and the best one counts. The
server answers `transfer_tensors` (no photos to read), with the same picture and poses, and `transfer` over gRPC, one by
one and 8 at one time. Repeats of model and server take turns in one run, and medians are compared. With photos, the
server also reads, frames and encodes pictures, which the model alone does not.

Start: the time of the first answer after the process says that it listens, over that of later ones; the model's own
warm-up requests have run by then.

    PYTHONPATH=. python tests/benchmarks/bench_serving.py --model person-fashion --weights stand-in    another model
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from gfla_tf.pipelines import load_trained
from gfla_tf.pose import pose_maps
from serving.client import ServingClient
from serving.export import export_model
from serving.load.generator import closed_loop
from serving.load.samples import sample_inputs

BATCHES = (1, 2, 4, 8)
CONCURRENCY, REPEATS, SECONDS = 8, 5, 10.0


def model_throughput(model, request: dict[str, np.ndarray], batch: int, seconds: float = SECONDS) -> float:
    """Pictures a second of the Keras model as a graph, for batches of one request's picture and poses."""
    import tensorflow as tf

    size = (model.preset.height, model.preset.width)
    call = tf.function(lambda *inputs: model(list(inputs), training=False)["image"], autograph=False)
    poses = (pose_maps(request[name], *size) for name in ("source_keypoints", "target_keypoints"))
    inputs = [tf.repeat(tensor, batch, axis=0) for tensor in (request["source_image"], *poses)]
    call(*inputs)
    start, count = time.perf_counter(), 0
    while time.perf_counter() - start < seconds:
        call(*inputs).numpy()
        count += batch
    return count / (time.perf_counter() - start)


@contextmanager
def serving(models: Path):
    """A server process for a folder; gives its gRPC address once it listens."""
    command = [sys.executable, "-m", "serving", "serve", str(models), "--rest-port", "0", "--grpc-port", "0"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        process.stdout.readline()
        yield process.stdout.readline().split()[-1]
    finally:
        process.terminate()
        process.wait()


def server_throughput(address: str, endpoint: str, inputs: dict, concurrency: int) -> float:
    """Answers a second."""

    @contextmanager
    def connect():
        with ServingClient(address, "model") as client:
            yield lambda: client.predict(endpoint, inputs)

    return closed_loop(connect, concurrency, SECONDS).throughput


def first_and_later(models: Path, endpoint: str) -> tuple[float, float]:
    """Seconds of the first answer after the start, and the median of later ones."""
    with serving(models) as address, ServingClient(address, "model") as client:
        inputs = sample_inputs(client.endpoints()[endpoint])
        times = [_seconds(lambda: client.predict(endpoint, inputs)) for _ in range(1 + 2 * REPEATS)]
    return times[0], statistics.median(times[1:])


def _seconds(call: Callable[[], object]) -> float:
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def main(arguments: list[str] | None = None) -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="person-demo")
    parser.add_argument("--weights")
    options = parser.parse_args(arguments)
    model = load_trained(options.model, options.weights)
    with tempfile.TemporaryDirectory() as folder:
        export_model(model, folder, "model")
        first, later = first_and_later(Path(folder), "transfer")
        print(f"first answer {first:.3f} s, later ones {later:.3f} s: {first / later:.2f} times")
        _compare(model, Path(folder))


def _compare(model, folder: Path) -> None:
    height, width = model.preset.height, model.preset.width
    with serving(folder) as address:
        with ServingClient(address, "model") as client:
            endpoints = client.endpoints()
        # Tensors and poses of the network's own size.
        inputs = {name: sample_inputs(endpoints[name], (height, width)) for name in ("transfer_tensors", "transfer")}
        request = inputs["transfer_tensors"]
        best = max(BATCHES, key=lambda batch: model_throughput(model, request, batch))
        rates: dict[str, list[float]] = {}
        for _ in range(REPEATS):
            rates.setdefault(f"Keras model, batch of {best}", []).append(model_throughput(model, request, best))
            for endpoint, sample in inputs.items():
                for count in (1, CONCURRENCY):
                    rate = server_throughput(address, endpoint, sample, count)
                    rates.setdefault(f"served {endpoint}, {count} at once", []).append(rate)
    base = np.median(next(iter(rates.values())))
    for name, values in rates.items():
        print(f"{name:40} {np.median(values):8.2f} pictures a second {100 * np.median(values) / base:6.1f}%")


if __name__ == "__main__":
    main()
