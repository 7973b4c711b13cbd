"""A person generator as TFLite files beside TensorFlow's graph: time, size and peak memory.

    python tests/benchmarks/bench_lite.py
    python tests/benchmarks/bench_lite.py --model person-demo --size 192 --threads 1

Graph and files take turns in one process, with stand-in weights; the ratios mean something, the milliseconds only on
this machine. "plain" is what a conversion of the Keras model itself, without restated operations, gives. On one thread
the processor's time is counted as well, which other programs change less.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from pathlib import Path

import tensorflow as tf

from gfla_tf.lite.function import LiteFunction
from gfla_tf.models.model_files import STAND_IN, load_model
from gfla_tf.pose.blazepose.interpreter import find_interpreter_class
from gfla_tf.pose.heatmaps import pose_maps_tensor
from serving.tflite.convert import PRECISIONS, SIGNATURE, convert, trace
from serving.tflite.graphs import LiteGraph, graphs_of
from serving.tflite.timing import make_inputs, peak_memory, time_interleaved


def plain_graph(model, graph: LiteGraph) -> LiteGraph:
    """The same inputs and the picture, as the Keras model computes it."""
    height, width, _ = graph.inputs[0].shape

    def transfer(source_image, source_keypoints, target_keypoints):
        poses = (pose_maps_tensor(keypoints, height, width) for keypoints in (source_keypoints, target_keypoints))
        return {"image": model([source_image, *poses], training=False)["image"]}

    return LiteGraph("plain", graph.meaning, transfer, graph.inputs, graph.outputs[:1])


def convert_plain(graph: LiteGraph) -> bytes:
    """The plain graph as a file; its weights are the model's variables, not constants from the start."""
    holder, function = tf.Module(), trace(graph)
    holder.held = function.variables
    with tempfile.TemporaryDirectory() as folder:
        tf.saved_model.save(holder, folder, signatures={SIGNATURE: function})
        return tf.lite.TFLiteConverter.from_saved_model(folder, signature_keys=[SIGNATURE]).convert()


def make_calls(files: dict[str, Path], plain: LiteGraph, threads: int) -> dict:
    """The graph and every file, ready to be timed."""
    functions = {name: LiteFunction(path, threads) for name, path in files.items()}
    inputs = make_inputs(next(iter(functions.values())))
    tensors = {name: tf.constant(array) for name, array in inputs.items()}
    graph = tf.function(plain.function, autograph=False)
    calls = {"TensorFlow": lambda: graph(**tensors)["image"].numpy()}
    return {**calls, **{name: lambda run=run: run(**inputs) for name, run in functions.items()}}


def write_files(folder: Path, model, graph: LiteGraph) -> dict[str, Path]:
    """The plain conversion and one of every precision."""
    contents = {"plain float32": convert_plain(plain_graph(model, graph))}
    contents.update({precision: convert(graph, precision) for precision in PRECISIONS})
    files = {name: folder / f"{name.replace(' ', '_')}.tflite" for name in contents}
    for name, path in files.items():
        path.write_bytes(contents[name])
    return files


def measure(calls: dict, files: dict[str, Path], repeats: int, threads: int) -> list[dict]:
    """A row for the graph and for every file."""
    clocks = [time.perf_counter, *([time.process_time] if threads == 1 else [])]
    seconds = {clock: time_interleaved(calls, repeats, clock) for clock in clocks}
    rows = []
    for name in calls:
        row = {"what": name}
        for clock, label in zip(clocks, ("clock", "processor"), strict=False):
            times, graph = seconds[clock][name], seconds[clock]["TensorFlow"]
            row[f"{label} ms"] = statistics.median(times) * 1e3
            row[f"{label} / graph"] = statistics.median(times) / statistics.median(graph)
            row[f"least {label} / graph"] = min(times) / min(graph)
        if name in files:
            row["file MB"] = files[name].stat().st_size / 1e6
            memory = peak_memory(files[name], threads)
            row["memory MB"] = None if memory is None else memory / 1e6
        rows.append(row)
    return rows


def main() -> None:
    """Print the table, and the same as JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="person-fashion", help="person preset (default: %(default)s)")
    parser.add_argument("--size", type=int, help="height of the picture (default: the preset's)")
    parser.add_argument("--threads", type=int, default=2, help="default: %(default)s")
    parser.add_argument("--repeats", type=int, default=15, help="default: %(default)s")
    options = parser.parse_args()
    tf.config.threading.set_intra_op_parallelism_threads(options.threads)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    model = load_model(options.model, weights=STAND_IN, implementation="fused")
    (graph,) = graphs_of(model, options.size)
    with tempfile.TemporaryDirectory() as folder:
        files = write_files(Path(folder), model, graph)
        calls = make_calls(files, plain_graph(model, graph), options.threads)
        rows = measure(calls, files, options.repeats, options.threads)
    print(f"{options.model}, {graph.inputs[0].shape}, {options.threads} threads, {find_interpreter_class().__module__}")
    for row in rows:
        print("  ".join(f"{key} {value:.2f}" if isinstance(value, float) else str(value) for key, value in row.items()))
    print(json.dumps(rows))


if __name__ == "__main__":
    main()
