"""Several replicas do what one does alone, and end together when one is lost."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from helpers import distributed_training
from helpers.ports import free_ports

from training.cluster import read_cluster
from training.data.pipeline import Pipeline, PipelineSettings
from training.distribution import WorkerLostError, open_distribution

ROOT = Path(__file__).resolve().parents[2]
STAGES, STEPS, BATCH = ["flow", "image"], 10, 4
# Weights differ by the order in which float32 numbers are summed: by less than 1e-6 where it was measured.
TOLERANCE = 1e-5
SECONDS_TO_START, SECONDS_TO_END = 600, 300


@pytest.fixture(scope="module")
def start(tmp_path_factory):
    """Starts processes, and ends those that are still there."""
    processes, folder = [], tmp_path_factory.mktemp("logs")

    def start(options: dict, environment: dict | None = None) -> subprocess.Popen:
        log = folder / f"{len(processes)}.txt"
        paths = os.pathsep.join([str(ROOT), str(ROOT / "tests")])
        settings = {"PYTHONPATH": paths, "TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "-1"}
        with log.open("w") as stream:
            process = subprocess.Popen(
                [sys.executable, "-m", "helpers.distributed_training", json.dumps(options)],
                cwd=ROOT,
                env={**os.environ, **settings, **(environment or {})},
                stdout=stream,
                stderr=subprocess.STDOUT,
            )
        process.log = log
        processes.append(process)
        return process

    yield start
    for process in processes:
        if process.poll() is None:
            process.kill()
            process.wait()


def start_workers(start, folder, **options):
    """Two workers; their files are in the folders w0 and w1."""
    addresses = [f"127.0.0.1:{port}" for port in free_ports(2)]
    workers = []
    for index in range(2):
        task = {"cluster": {"worker": addresses}, "task": {"type": "worker", "index": index}}
        out = folder / f"w{index}"
        out.mkdir()
        workers.append(start({"kind": "workers", "out": str(out), **options}, {"TF_CONFIG": json.dumps(task)}))
    return workers


def wait(process, seconds=SECONDS_TO_START):
    """The exit code of a process, and what it has said."""
    code = process.wait(seconds)
    return code, process.log.read_text()


@pytest.fixture(scope="module")
def alone():
    """What one replica does with the whole batch, by stage."""
    return {stage: distributed_training.train_stage(open_distribution(), stage, BATCH, STEPS) for stage in STAGES}


@pytest.fixture(scope="module")
def two_workers(start, tmp_path_factory):
    """The folders and logs of two workers that have trained both stages, and disagree about their step in the end."""
    folder = tmp_path_factory.mktemp("workers")
    workers = start_workers(start, folder, stages=STAGES, batch=BATCH, steps=STEPS, disagree=True)
    ends = [(folder / f"w{index}", *wait(worker)) for index, worker in enumerate(workers)]
    for results, _, log in ends:
        assert {path.stem for path in results.iterdir()} == set(STAGES), log
    return ends


@pytest.fixture(scope="module")
def two_devices(start, tmp_path_factory):
    """The folder of a process with two devices that has trained both stages."""
    folder = tmp_path_factory.mktemp("devices")
    options = {"stages": STAGES, "kind": "mirrored", "devices": 2, "batch": BATCH, "steps": STEPS}
    code, log = wait(start({**options, "out": str(folder)}))
    assert code == 0, log
    return folder


def assert_same(ours, expected):
    assert set(ours) == set(expected)
    for name in set(ours) - {"indices"}:
        np.testing.assert_allclose(ours[name], expected[name], rtol=TOLERANCE, atol=TOLERANCE, err_msg=name)


@pytest.mark.parametrize("stage", STAGES)
def test_two_workers_do_what_one_does_with_the_whole_batch(stage, two_workers, alone):
    parts = [dict(np.load(folder / f"{stage}.npz")) for folder, _, _ in two_workers]
    indices = np.concatenate([part["indices"] for part in parts], axis=1)
    np.testing.assert_array_equal(indices, alone[stage]["indices"])
    for part in parts:
        assert_same(part, alone[stage])


def test_workers_must_agree_on_their_step(two_workers):
    for _, code, log in two_workers:
        assert code == 2, log
        assert "a run folder that all of them share is expected. Received: steps 0, 1." in log


@pytest.mark.parametrize("stage", STAGES)
def test_two_devices_do_what_one_does_with_the_whole_batch(stage, two_devices, alone):
    ours = dict(np.load(two_devices / f"{stage}.npz"))
    np.testing.assert_array_equal(ours["indices"], alone[stage]["indices"])
    assert_same(ours, alone[stage])


@pytest.mark.parametrize("killed", [0, 1])
def test_a_killed_worker_ends_the_other_with_a_message(killed, start, tmp_path):
    workers = start_workers(start, tmp_path, stages=["flow"], batch=BATCH, steps=1_000_000)
    victim, other = workers[killed], workers[1 - killed]
    limit = time.monotonic() + SECONDS_TO_START
    while "training" not in victim.log.read_text():
        assert time.monotonic() < limit
        assert victim.poll() is None, victim.log.read_text()
        time.sleep(0.2)
    victim.kill()
    code, log = wait(other, SECONDS_TO_END)
    assert code == 1
    assert f"worker {1 - killed} has lost another worker and ends; the same commands" in log


def test_two_replicas_divide_the_batch_in_order():
    def make_pipeline(*share):
        batch_size, workers, worker = share
        settings = PipelineSettings(batch_size, shuffle=False, workers=workers, worker=worker)
        return Pipeline(distributed_training.Waves(), settings)

    distribution = open_distribution()
    first = next(iter(distribution.batches(make_pipeline, 4, step=1)))
    assert first["index"].numpy().tolist() == [4, 5, 6, 7]
    assert (distribution.is_chief, distribution.replicas, distribution.workers) == (True, 1, 1)
    distribution.check_agreement(3)


def test_a_single_process_keeps_its_own_errors():
    with pytest.raises(tf.errors.InternalError), open_distribution().guard():
        raise tf.errors.InternalError(None, None, "something else")
    assert issubclass(WorkerLostError, RuntimeError)


def test_errors(monkeypatch):
    with pytest.raises(ValueError, match="kind must be one of none, mirrored, workers. Received: 'many'."):
        open_distribution("many")
    with pytest.raises(ValueError, match="must divide evenly among 1 replicas. Received: a batch of 0"):
        open_distribution().batches(distributed_training.make_pipeline, 0)
    monkeypatch.delenv("TF_CONFIG", raising=False)
    with pytest.raises(ValueError, match="TF_CONFIG must be like .* Received: none"):
        open_distribution("workers")
    monkeypatch.setenv(
        "TF_CONFIG", json.dumps({"cluster": {"worker": ["a:1"]}, "task": {"type": "worker", "index": 0}})
    )
    tf.constant(1.0)
    with pytest.raises(ValueError, match="must be opened before TensorFlow is used"):
        open_distribution("workers")


@pytest.mark.parametrize(
    ("cluster", "task", "expected"),
    [
        ({"worker": ["a:1", "b:2"]}, {"type": "worker", "index": 1}, (2, 1, "b:2")),
        ({"worker": ["a:1", "b:2"]}, {"type": "worker", "index": "1"}, (2, 1, "b:2")),
        ({"chief": ["c:3"], "worker": ["a:1", "b:2"]}, {"type": "worker", "index": 1}, (3, 2, "b:2")),
        ({"worker": ["a:1", "b:2"], "chief": ["c:3"]}, {"type": "chief", "index": 0}, (3, 0, "c:3")),
    ],
)
def test_cluster(cluster, task, expected):
    assert read_cluster(json.dumps({"cluster": cluster, "task": task})) == expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "Received: none"),
        ("{", "no JSON"),
        ("[]", "cluster null"),
        ('{"cluster": {"ps": ["a:1"]}}', 'cluster {"ps"'),
        ('{"cluster": {"worker": "a:1"}}', 'worker "a:1"'),
        ('{"cluster": {"worker": ["a"]}}', r'worker \["a"\]'),
        ('{"cluster": {"worker": ["a:1", "a:1"]}}', "an address that is there twice"),
        ('{"cluster": {"worker": ["a:1"]}}', "task null, which is not in the cluster of 1"),
        (
            '{"cluster": {"worker": ["a:1"]}, "task": {"type": "worker", "index": 1}}',
            "which is not in the cluster of 1",
        ),
        ('{"cluster": {"worker": ["a:1"]}, "task": {"type": "worker"}}', "which is not in the cluster of 1"),
    ],
)
def test_a_wrong_cluster(text, message):
    with pytest.raises(ValueError, match=f"TF_CONFIG must be like .*{message}"):
        read_cluster(text)
