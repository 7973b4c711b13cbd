"""Pictures a second by metric at 256x256, and the memory of a whole evaluation for few pairs and for many.

    PYTHONPATH=. python tests/benchmarks/bench_evaluation.py                     both; `make bench` runs it so
    PYTHONPATH=. python tests/benchmarks/bench_evaluation.py --pairs 256 8570    the memory only, for these numbers

Weights are stand-ins, which are as fast as trained ones. Rates are medians, in pictures of one system (I3D: frames of
clips of 29 frames); peak memory is the largest resident size of a process of its own, with the distances to 16 real
pictures on VGG16, less that of one which has only imported TensorFlow. `growth_kib_a_pair` is by how many KiB it grows
with each pair from the smallest number to the largest: were the two pictures of each pair kept, it would be 1,536.
Small numbers of pairs tell less, as a process grows at first whatever it does.
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from unittest import mock

import numpy as np
import tensorflow as tf

from gfla_tf.image_io import write_image
from gfla_tf.metrics import I3d, Inception
from gfla_tf.metrics.i3d import i3d_shapes
from gfla_tf.metrics.inception import inception_shapes
from gfla_tf.metrics.network_weights import head_shapes
from gfla_tf.metrics.networks import parameter_shapes
from gfla_tf.pose.annotation_csv import write_annotation_csv
from gfla_tf.stand_in import stand_in_state
from training.evaluation import scores
from training.evaluation.judge import BATCH_SIZE, Judge
from training.evaluation.pairs import EvaluationPairs
from training.evaluation.protocols import PROTOCOLS
from training.evaluation.systems import Baseline, Rendered

REPEATS = 5
PAIRS = (32, 128)
PICTURES = 16
CLIP_FRAMES = 29


def stand_in_network(name: str) -> dict[str, np.ndarray]:
    """Weights of a network of LPIPS."""
    return stand_in_state({**parameter_shapes(name), **head_shapes(name)})


def write_dataset(folder: Path, pairs: int) -> None:
    """So many pairs of a few pictures of 256x176."""
    random = np.random.default_rng(0)
    names = [f"{number}.jpg" for number in range(PICTURES)]
    people = {name: np.insert(random.uniform(0, 176, (18, 2)), 2, 1, axis=1) for name in names}
    rows = [f"{names[number % PICTURES]},{names[(number + 1) % PICTURES]}" for number in range(pairs)]
    for split in ("train", "test"):
        (folder / split).mkdir(parents=True)
        for name in names:
            write_image(folder / split / name, random.uniform(-1, 1, (256, 176, 3)).astype(np.float32))
        write_annotation_csv(folder / f"fasion-annotation-{split}.csv", people)
        (folder / f"fasion-pairs-{split}.csv").write_text("\n".join(["from,to", *rows]) + "\n")


def measure_memory(pairs: int) -> float:
    """Peak resident size in MiB after judging so many pairs."""
    with tempfile.TemporaryDirectory() as folder, mock.patch.object(scores, "read_network_state", stand_in_network):
        write_dataset(Path(folder), pairs)
        protocol = PROTOCOLS["standard256"]
        Judge(protocol, EvaluationPairs(folder, protocol), Path(folder) / "cache").judge(Baseline("copy"))
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def measure_rates() -> dict[str, float]:
    """Pictures a second of each metric."""
    rates = {}
    with tempfile.TemporaryDirectory() as folder, mock.patch.object(scores, "read_network_state", stand_in_network):
        write_dataset(Path(folder), BATCH_SIZE)
        protocol = PROTOCOLS["standard256"]
        pairs = EvaluationPairs(folder, protocol)
        batch = pairs.read(range(BATCH_SIZE))
        for metric in protocol.metrics:
            scorer = scores.Scorer(replace(protocol, metrics=(metric,), ranking=metric))
            rates[metric] = rate(lambda scorer=scorer: scorer.scores(batch, Rendered(batch.source_image)))
        rates["frechet_vgg16"] = rate(lambda: scorer.frechet_features(batch.source_image))
        rates["reading"] = rate(lambda: pairs.read(range(BATCH_SIZE)))
    inception = Inception("2015", positive_variances(stand_in_state(inception_shapes("2015"))))
    rates["fid, kid, inception_score"] = rate(lambda: inception(batch.source_image))
    i3d, clip = I3d(stand_in_state(i3d_shapes())), np.zeros((1, CLIP_FRAMES, 256, 256, 3), np.float32)
    rates["aed, fvd (frames)"] = rate(lambda: i3d(clip)) * CLIP_FRAMES / BATCH_SIZE
    return rates


def positive_variances(state: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The state, with running variances that are some."""
    return {name: 1 + np.abs(array) if name.endswith("running_var") else array for name, array in state.items()}


def rate(function) -> float:
    """Pictures a second, of a batch."""
    function()
    seconds = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        function()
        seconds.append(time.perf_counter() - start)
    return BATCH_SIZE / statistics.median(seconds)


def peak(pairs: int) -> float:
    """`measure_memory` in a process of its own."""
    command = [sys.executable, __file__, "--one", str(pairs)]
    return float(subprocess.run(command, capture_output=True, check=True, text=True).stdout.split()[-1])


def memory_report(counts: Sequence[int]) -> dict:
    """Peaks for so many pairs, and how they grow."""
    first, last = min(counts), max(counts)
    if first == last or first < 2:
        raise ValueError(f"Two different numbers of pairs, 2 or more, are expected. Received: {counts}.")
    peaks = {pairs: peak(pairs) for pairs in (0, *counts)}
    growth = 1024 * (peaks[last] - peaks[first]) / (last - first)
    return {
        "peak_mib": {f"{pairs} pairs": round(peaks[pairs] - peaks[0]) for pairs in counts},
        "growth_kib_a_pair": round(growth, 1),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, nargs="+", metavar="N", help=f"the memory only, for these (else {PAIRS})")
    parser.add_argument("--one", type=int, help=argparse.SUPPRESS)  # in a process of its own; 0 for imports only
    options = parser.parse_args()
    if options.one is not None:
        print(measure_memory(options.one) if options.one else resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
        return
    report = {"tensorflow": tf.__version__, **memory_report(options.pairs or PAIRS)}
    if not options.pairs:
        report["pictures_per_second"] = {name: round(value, 2) for name, value in measure_rates().items()}
    print(json.dumps(report, indent=2))


if __name__ == "__main__":
    main()
