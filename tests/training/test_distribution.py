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
STEPS, BATCH = 10, 4
# Weights differ by the order in which float32 numbers are summed: by 1.2e-7 at most where it was measured.
TOLERANCE = 1e-5
SECONDS_TO_START, SECONDS_TO_END = 600, 60


@pytest.fixture
def start(tmp_path):
    """Starts processes, and ends those that are still there."""
    processes = []

    def start(options: dict, environment: dict | None = None) -> subprocess.Popen:
        log = tmp_path / f"log{len(processes)}.txt"
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


def start_workers(start, tmp_path, **options):
    """Two workers; their files are w0.npz and w1.npz."""
    addresses = [f"127.0.0.1:{port}" for port in free_ports(2)]
    workers = []
    for index in range(2):
        task = {"cluster": {"worker": addresses}, "task": {"type": "worker", "index": index}}
        out = str(tmp_path / f"w{index}.npz")
        workers.append(start({"kind": "workers", "out": out, **options}, {"TF_CONFIG": json.dumps(task)}))
    return workers


def wait(process, seconds=SECONDS_TO_START):
    """The exit code of a process, and what it has said."""
    code = process.wait(seconds)
    return code, process.log.read_text()


@pytest.fixture(scope="module")
def alone(tmp_path_factory):
    """What one replica does with the whole batch, by stage."""
    results = {}

    def result(stage):
        if stage not in results:
            path = tmp_path_factory.mktemp("alone") / f"{stage}.npz"
            distributed_training.train(stage, "none", BATCH, STEPS, str(path))
            results[stage] = dict(np.load(path))
        return results[stage]

    return result


def assert_same(ours, expected):
    assert set(ours) == set(expected)
    for name in set(ours) - {"indices"}:
        np.testing.assert_allclose(ours[name], expected[name], rtol=TOLERANCE, atol=TOLERANCE, err_msg=name)


@pytest.mark.parametrize("stage", ["flow", "image"])
def test_two_workers_do_what_one_does_with_the_whole_batch(stage, start, alone, tmp_path):
    workers = start_workers(start, tmp_path, stage=stage, batch=BATCH, steps=STEPS)
    expected = alone(stage)
    for worker in workers:
        code, log = wait(worker)
        assert code == 0, log
    parts = [dict(np.load(tmp_path / f"w{index}.npz")) for index in range(2)]
    np.testing.assert_array_equal(np.concatenate([part["indices"] for part in parts], axis=1), expected["indices"])
    for part in parts:
        assert_same(part, expected)


@pytest.mark.parametrize("stage", ["flow", "image"])
def test_two_devices_do_what_one_does_with_the_whole_batch(stage, start, alone, tmp_path):
    options = {"stage": stage, "kind": "mirrored", "devices": 2, "batch": BATCH, "steps": STEPS}
    process = start({**options, "out": str(tmp_path / "mirrored.npz")})
    expected = alone(stage)
    code, log = wait(process)
    assert code == 0, log
    ours = dict(np.load(tmp_path / "mirrored.npz"))
    np.testing.assert_array_equal(ours["indices"], expected["indices"])
    assert_same(ours, expected)


@pytest.mark.parametrize("killed", [0, 1])
def test_a_killed_worker_ends_the_other_with_a_message(killed, start, tmp_path):
    workers = start_workers(start, tmp_path, stage="flow", batch=BATCH, steps=1_000_000)
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


def test_workers_must_agree_on_their_step(start, tmp_path):
    for worker in start_workers(start, tmp_path, stage="flow", batch=BATCH, steps=1, disagree=True):
        code, log = wait(worker)
        assert code == 2, log
        assert "a run folder that all of them share is expected. Received: steps 0, 1." in log


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
