"""Requests that run alone: as limited in time and number as merged ones."""

from __future__ import annotations

import threading

import numpy as np
import pytest
from helpers.development_server import LONG, running

from serving.client import ClientError, ServingClient
from serving.retries import Retries
from serving.server.limits import Limits
from serving.server.lone_runs import LoneRuns
from serving.statuses import Code, ServingError

X = {"x": np.float32([[1, 2]])}


@pytest.mark.parametrize("interface", ["rest_address", "grpc_address"])
def test_the_time_of_a_request_is_limited_without_batching(toys, gate, interface):
    with (
        running(toys, batching=None, limits=Limits(seconds=0.5)) as server,
        ServingClient(getattr(server, interface), "toy", seconds=LONG, retries=Retries(most=1)) as client,
    ):
        with pytest.raises(ClientError, match=r"No answer within 0\.5 seconds") as caught:
            client.predict("scale", X)
        gate.set()
    assert caught.value.code is Code.DEADLINE_EXCEEDED


def test_the_number_of_runs_is_limited_without_batching():
    """What is overdue still runs, and counts until it ends."""
    runs, gate = LoneRuns(most=2), threading.Event()

    def run(inputs):
        assert gate.wait(LONG)
        return inputs

    for _ in range(2):
        with pytest.raises(ServingError, match="No answer within 0.01 seconds") as caught:
            runs.run("model", run, X, 0.01)
        assert caught.value.code is Code.DEADLINE_EXCEEDED
    with pytest.raises(ServingError, match="Too many requests are running") as caught:
        runs.run("model", run, X, LONG)
    assert caught.value.code is Code.UNAVAILABLE
    gate.set()
    runs.stop()
    again = LoneRuns(most=1)
    assert [again.run("model", run, {"x": index}, LONG) for index in range(3)] == [{"x": index} for index in range(3)]
    again.stop()


def test_errors_of_a_run_without_batching_are_the_requests_own():
    runs = LoneRuns(most=1)
    for _ in range(2):
        with pytest.raises(ZeroDivisionError):
            runs.run("model", lambda inputs: 1 / 0, X, LONG)
    runs.stop()
