"""Requests over the limit of their number, and those that are left at the end, over both interfaces."""

from __future__ import annotations

import http.client
import socket
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from helpers.development_server import LONG, Caller, running, wait_until

from serving.client import ClientError, ServingClient
from serving.retries import Retries
from serving.server.http_server import RestServer, ThreadingHTTPServer
from serving.server.limits import Limits
from serving.server.rest import HEALTH_PATH, RestApi
from serving.server.service import Service
from serving.server.under_way import UnderWay
from serving.statuses import Code, ServingError

X = {"x": np.float32([[1, 2]])}
ONCE = Retries(most=1)


def test_too_many_requests_over_grpc_are_unavailable_and_tried_again(toys, gate):
    with (
        running(toys, limits=Limits(seconds=LONG, connections=1)) as server,
        ThreadPoolExecutor(2) as threads,
        ServingClient(server.grpc_address, "toy", seconds=LONG, retries=ONCE) as client,
        ServingClient(server.grpc_address, "toy", seconds=LONG, retries=Retries(10_000, 0.01, 0.01)) as patient,
    ):
        first = threads.submit(client.predict, "scale", X)
        wait_until(lambda: gate.arrived)
        with pytest.raises(ClientError, match="Too many requests: 1 are being answered") as caught:
            client.endpoints()
        assert caught.value.code is Code.UNAVAILABLE
        second = threads.submit(patient.predict, "scale", X)
        gate.set()
        for future in (first, second):
            np.testing.assert_array_equal(future.result()["y"], [[3, 6]])


@pytest.mark.parametrize("interface", ["rest_address", "grpc_address"])
def test_a_request_that_is_left_is_reported_at_the_end(toys, monkeypatch, interface):
    """Of either interface: here an answer never gets ready, not even that time is over."""
    arrived, gate, predict = threading.Event(), threading.Event(), Service.predict

    def hang(*arguments):
        arrived.set()
        assert gate.wait(LONG)
        return predict(*arguments)

    monkeypatch.setattr(Service, "predict", hang)
    with (
        running(toys, limits=Limits(seconds=0.5)) as server,
        ThreadPoolExecutor(1) as threads,
        ServingClient(getattr(server, interface), "toy", seconds=LONG, retries=ONCE) as client,
    ):
        future = threads.submit(client.predict, "scale", X)
        wait_until(lambda: arrived.is_set() or future.done())
        server.__exit__(None, None, None)
        answered = server.answered
        gate.set()
        assert isinstance(future.exception(LONG), ClientError)
    assert not answered


def test_a_connection_without_a_thread_does_not_count_for_ever(monkeypatch):
    def process_request(*arguments):
        raise RuntimeError("can't start new thread")

    with RestServer(("127.0.0.1", 0), RestApi(None), Limits(connections=1)) as server:
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        with monkeypatch.context() as patches:
            patches.setattr(ThreadingHTTPServer, "process_request", process_request)
            with socket.create_connection(server.server_address, LONG) as refused:
                assert refused.recv(100).startswith(b"HTTP/1.1 503")
        connection = http.client.HTTPConnection(*server.server_address, timeout=LONG)
        connection.request("GET", HEALTH_PATH)
        assert connection.getresponse().status == 200
        connection.close()
        server.shutdown()


def test_counting_requests_under_way():
    under_way = UnderWay(most=1)
    with under_way.one():
        assert not under_way.wait(0.01)
        with pytest.raises(ServingError, match="Too many requests: 1 are"), under_way.one():
            pass
    assert under_way.wait(0)
    with pytest.raises(ZeroDivisionError), under_way.one():
        _ = 1 / 0
    assert under_way.wait(-1)
    under_way.refuse()
    with pytest.raises(ServingError, match="shutting down") as caught, under_way.one():
        pass
    assert caught.value.code is Code.UNAVAILABLE


@pytest.mark.parametrize(
    "limits",
    [{"seconds": 0.0}, {"seconds": float("inf")}, {"seconds": float("nan")}, {"idle_seconds": 1e12}]
    + [{"message_bytes": 2048 << 20}, {"connections": 0}],
)
def test_limits_that_cannot_be(limits):
    with pytest.raises(ValueError, match="Limits above 0, of up to a day and 2 GiB - 1, are expected. Received: "):
        Limits(**limits)


def test_an_idle_server_has_answered_everything(toys):
    with running(toys) as server, Caller(server) as call:
        assert call.grpc.endpoints()
    assert server.answered
