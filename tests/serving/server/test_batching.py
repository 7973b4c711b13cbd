"""Requests that wait for each other."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from helpers.development_server import LONG

from serving.server.batching import BatchScheduler
from serving.server.batching_parameters import BatchingParameters, read_batching_parameters
from serving.server.merging import merge, split
from serving.statuses import Code, ServingError


class Recorder:
    """Doubles what it gets, once `gate` is open, and keeps the batches; -1 is refused, and -2 too much for it."""

    def __init__(self):
        self.batches, self.gate, self.arrived = [], threading.Event(), threading.Event()
        self.gate.set()

    def __call__(self, inputs):
        self.arrived.set()
        assert self.gate.wait(LONG)
        self.batches.append(inputs["x"])
        if np.any(inputs["x"] < -1):
            raise ZeroDivisionError
        if np.any(inputs["x"] < 0):
            raise ServingError(Code.INVALID_ARGUMENT, "x must be positive")
        return {"y": 2 * inputs["x"]}


@pytest.fixture
def start():
    """Schedulers, stopped at the end."""
    schedulers = []

    def start(*parameters):
        schedulers.append(BatchScheduler(BatchingParameters(*parameters)))
        return schedulers[-1]

    yield start
    for scheduler in schedulers:
        scheduler.stop()


def x(*values) -> dict:
    return {"x": np.float32(values)}


@pytest.fixture
def start_busy(start):
    """Schedulers whose only thread runs a batch of [0] until the recorder's gate opens: what comes waits together."""

    def start_busy(max_batch_size, *parameters, waiting_batches=9):
        run, scheduler = Recorder(), start(max_batch_size, 0, waiting_batches, 1, *parameters)
        run.gate.clear()
        threading.Thread(target=scheduler.run, args=("before", run, x(0), LONG), daemon=True).start()
        assert run.arrived.wait(LONG)
        return run, scheduler

    return start_busy


def together(scheduler, run, requests, key="model"):
    """The answers, or errors, to requests that come at the same time; the first one goes in first."""
    with ThreadPoolExecutor(len(requests)) as threads:
        futures = []
        for request in requests:
            before = scheduler.waiting()
            futures.append(threads.submit(scheduler.run, key, run, request, LONG))
            while scheduler.waiting() == before and not futures[-1].done():
                time.sleep(0.001)
        run.gate.set()
        return [future.exception() or future.result()["y"].tolist() for future in futures]


def test_requests_are_merged_and_padded(start_busy):
    run, scheduler = start_busy(4, (1, 2, 4))
    assert together(scheduler, run, [x(1), x(2, 3)]) == [[2], [4, 6]]
    # Padded to the next allowed size with the first entry.
    assert [batch.tolist() for batch in run.batches] == [[0], [1, 2, 3, 1]]


def test_a_full_batch_does_not_wait(start):
    run, scheduler = Recorder(), start(2, 60_000_000, 9, 1)
    assert together(scheduler, run, [x(1), x(2)]) == [[2], [4]]
    assert len(run.batches) == 1


def test_a_lone_request_waits_for_a_while_only(start):
    run, scheduler = Recorder(), start(8, 100_000, 9, 1)
    begin = time.monotonic()
    assert scheduler.run("model", run, x(1), LONG)["y"] == [2]
    assert time.monotonic() - begin >= 0.1


def test_who_waited_for_a_batch_waits_for_those_that_it_answers(start):
    """They ask again at once; else a small batch would follow each large one, as long as clients take turns."""
    run, scheduler, patience = Recorder(), start(2, 2_000_000, 9, 1), 2
    run.gate.clear()
    with ThreadPoolExecutor(3) as threads:
        first = [threads.submit(scheduler.run, "model", run, x(value), LONG) for value in (1, 2)]
        assert run.arrived.wait(LONG)
        waiting = threads.submit(scheduler.run, "model", run, x(3), LONG)
        time.sleep(patience + 0.1)
        run.gate.set()
        first[0].result()
        assert scheduler.run("model", run, x(4), LONG)["y"] == [8]
        assert waiting.result()["y"] == [6]
    assert run.batches[1].tolist() == [3, 4]


def test_beside_a_running_batch_the_next_one_waits_to_become_full(start):
    run, scheduler = Recorder(), start(2, 50_000, 9, 3)
    run.gate.clear()
    with ThreadPoolExecutor(5) as threads:

        def ask(value):
            run.arrived.clear()
            return threads.submit(scheduler.run, "model", run, x(value), LONG)

        requests = [ask(1), ask(2)]
        assert run.arrived.wait(LONG)
        requests.append(ask(3))
        assert not run.arrived.wait(0.3)
        requests.append(ask(4))
        assert run.arrived.wait(LONG)
        requests.append(ask(5))
        assert run.arrived.wait(LONG)  # but not for ever
        run.gate.set()
        assert [request.result()["y"].tolist() for request in requests] == [[2], [4], [6], [8], [10]]
    assert sorted(len(batch) for batch in run.batches) == [1, 2, 2]


def test_queues_are_apart(start):
    run, scheduler = Recorder(), start(8, 50_000, 9, 2)
    with ThreadPoolExecutor(2) as threads:
        list(threads.map(lambda key: scheduler.run(key, run, x(1), LONG), ["one", "other"]))
    assert [len(batch) for batch in run.batches] == [1, 1]


@pytest.mark.parametrize(("wrong", "code"), [(-1, Code.INVALID_ARGUMENT), (-2, Code.INTERNAL)])
def test_one_bad_request_fails_alone(start_busy, wrong, code):
    run, scheduler = start_busy(4)
    good, bad, other = together(scheduler, run, [x(1), x(wrong), x(3)])
    assert (good, other) == ([2], [6])
    assert bad.code is code


def test_what_does_not_fit_is_refused(start_busy):
    run, scheduler = start_busy(2, waiting_batches=1)
    with ThreadPoolExecutor(1) as threads:
        waiting = threads.submit(scheduler.run, "model", run, x(3, 4), LONG)
        while not scheduler.waiting():
            time.sleep(0.001)
        with pytest.raises(ServingError, match="queue to which this task was submitted is full") as caught:
            scheduler.run("model", run, x(5), LONG)
        assert caught.value.code is Code.UNAVAILABLE
        run.gate.set()
        assert waiting.result()["y"].tolist() == [6, 8]


def test_who_waits_too_long_is_told_and_does_not_run(start_busy):
    run, scheduler = start_busy(1)
    with pytest.raises(ServingError, match=r"No answer within 0\.05 seconds") as caught:
        scheduler.run("model", run, x(2), 0.05)
    assert caught.value.code is Code.DEADLINE_EXCEEDED
    assert scheduler.waiting() == 0
    run.gate.set()
    assert scheduler.run("model", run, x(3), LONG)["y"] == [6]
    assert [batch.tolist() for batch in run.batches] == [[0], [3]]


def test_an_inner_error_is_answered_and_the_thread_lives(start):
    scheduler = start(1, 0, 4, 1)
    for _ in range(2):
        with pytest.raises(ServingError, match="ZeroDivisionError") as caught:
            scheduler.run("model", lambda inputs: 1 / 0, x(1), LONG)
        assert caught.value.code is Code.INTERNAL


def test_the_end_does_not_wait_for_ever_for_a_graph(start_busy):
    run, scheduler = start_busy(4)
    scheduler.stop(0.01)
    assert any(thread.is_alive() for thread in scheduler._threads)
    run.gate.set()


def test_different_inner_shapes_fail_together(start_busy):
    run, scheduler = start_busy(4)
    errors = together(scheduler, run, [{"x": np.ones([1, 2], np.float32)}, {"x": np.ones([1, 3], np.float32)}])
    assert [error.code for error in errors] == [Code.FAILED_PRECONDITION] * 2
    assert "different shapes and padding is turned off" in errors[0].message


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        ({"x": np.float32(1)}, "at least one dimension"),
        ({"x": np.ones(1), "z": np.ones(2)}, "same batch of one or more. Received: 1, 2"),
        (x(), "same batch of one or more. Received: 0"),
        (x(1, 2, 3), "Task size 3 is larger than maximum input batch size 2"),
    ],
)
def test_refused_at_once(start, inputs, message):
    with pytest.raises(ServingError, match=message) as caught:
        start(2, 0, 4, 1).run("model", Recorder(), inputs, LONG)
    assert caught.value.code is Code.INVALID_ARGUMENT


def test_convention_split_is_the_inverse_of_merge():
    requests = [
        {"x": np.arange(2.0), "s": np.array([b"a", b"b"], object)},
        {"x": np.arange(3.0), "s": np.array([b"c"] * 3, object)},
    ]
    merged = merge(requests, 8)
    np.testing.assert_array_equal(merged["x"], [0, 1, 0, 1, 2, 0, 0, 0])
    for request, answer in zip(requests, split(merged, [2, 3], 8), strict=True):
        for name, array in request.items():
            np.testing.assert_array_equal(answer[name], array)
    with pytest.raises(ServingError, match="does not equal the sum of the 0th dimension"):
        split({"y": np.ones(7)}, [2, 3], 8)


def test_the_parameters_for_production():
    parameters = read_batching_parameters()
    assert parameters.max_batch_size == parameters.allowed_batch_sizes[-1]
    assert [parameters.padded(size) for size in (1, 3, 8)] == [1, 4, 8]
    assert BatchingParameters(8).padded(5) == 5


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("max_batch_size { value: 8 } allowed_batch_sizes: 4", "the last one must be max_batch_size"),
        ("max_batch_size { value: 2 } allowed_batch_sizes: [2, 1]", "must ascend"),
        ("max_batch_size { value: 0 }", "must be one or more"),
        ("pad_variable_length_inputs: true", "would change what a model sees"),
        ("max_batch: 8", "batching parameters are expected"),
    ],
)
def test_wrong_parameters(tmp_path, text, message):
    path = tmp_path / "batching.txt"
    path.write_text(text)
    with pytest.raises(ValueError, match=message):
        read_batching_parameters(path)
