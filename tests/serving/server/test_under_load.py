"""A server with more to do than it can, with versions that change, and at its end."""

from __future__ import annotations

import contextlib
import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import numpy as np
import pytest
import tensorflow as tf
from helpers.development_server import LONG, Caller, running, wait_until
from helpers.ports import free_ports
from helpers.toy_models import write_toy

from serving.client import ServingClient
from serving.requests import WARMUP_FILE
from serving.server.batching_parameters import BatchingParameters
from serving.server.limits import Limits
from serving.server.model_store import State
from serving.server.server import Settings

THREADS = 32


def ask_in_threads(server, count: int, ask) -> list:
    """`ask(caller, index)` for every index, from `THREADS` connections."""
    local = threading.local()

    def run(index: int):
        if not hasattr(local, "caller"):
            local.caller = callers.enter_context(Caller(server))
        return ask(local.caller, index)

    with contextlib.ExitStack() as callers, ThreadPoolExecutor(THREADS) as threads:
        return list(threads.map(run, range(count)))


def rows(index: int) -> list:
    """One to four rows that nobody else has."""
    return [[index + row / 8, -index] for row in range(1 + index % 4)]


def over_rest(call, index: int) -> list:
    status, body = call.predict({"instances": rows(index)})
    assert status == 200, body
    return body["predictions"]


def over_grpc(call, index: int) -> list:
    return call.grpc.predict("scale", {"x": np.float32(rows(index))})["y"].tolist()


@pytest.mark.parametrize("ask", [over_rest, over_grpc])
def test_200_requests_of_mixed_sizes(toys, ask):
    """None is lost or wrong, and they are merged: fewer batches run than requests came."""
    with running(toys, batching=BatchingParameters(8, 50_000, 32, 2, (1, 2, 4, 8))) as server:
        answers = ask_in_threads(server, 200, ask)
        lines = dict(line.rsplit(" ", 1) for line in server.service.metrics.text().splitlines())
    assert answers == [[[3 * x, 3 * y] for x, y in rows(index)] for index in range(200)]
    assert int(lines["gfla_serving_batch_size_sum"]) == sum(len(rows(index)) for index in range(200))
    assert int(lines["gfla_serving_batch_size_count"]) < 200


def test_a_new_version_under_load_fails_nobody(tmp_path):
    write_toy(tmp_path, version=1, factor=2.0)
    with running(tmp_path) as server:
        done, factors = threading.Event(), set()

        def ask(index: int) -> None:
            with Caller(server) as call:
                while not done.is_set():
                    status, body = call.predict({"instances": [[1.0, index]]})
                    assert status == 200, body
                    factor = body["predictions"][0][0]
                    assert body["predictions"] == [[factor, factor * index]]
                    factors.add(factor)

        with ThreadPoolExecutor(8) as threads, Caller(server) as call:
            futures = [threads.submit(ask, index) for index in range(8)]
            wait_until(lambda: factors or any(future.done() for future in futures))
            write_toy(tmp_path, version=2, factor=3.0)
            wait_until(lambda: server.service.store.known("toy")[1].state is State.END)
            wait_until(lambda: 3.0 in factors or all(future.done() for future in futures))
            done.set()
            assert [future.result() for future in futures] == [None] * 8
            assert factors == {2.0, 3.0}
            assert call.predict({"instances": [[1, 1]]}).body == {"predictions": [[3, 3]]}


def test_overload_is_answered(toys, gate):
    """What runs waits until everything else has been answered: two run, four wait, the others are refused."""
    with running(toys, batching=BatchingParameters(1, 0, 4, 2)) as server, ThreadPoolExecutor(6) as threads:

        def ask(index):
            with Caller(server) as call:
                return call.predict({"instances": [[index, 1]]})

        def ask_early(*indices):
            return [threads.submit(ask, index) for index in indices]

        served = ask_early(0, 1)
        wait_until(lambda: len(gate.arrived) == 2)
        served += ask_early(2, 3, 4, 5)
        wait_until(lambda: server._scheduler.waiting() == 4)
        refused = ask_in_threads(server, THREADS, lambda call, index: call.predict({"instances": [[index, 1]]}))
        gate.set()
        assert [future.result() for future in served] == [
            (200, {"predictions": [[3 * index, 3]]}) for index in range(6)
        ]
    assert {answer.status for answer in refused} == {503}
    assert "is full" in refused[0].body["error"]


def test_a_request_that_takes_too_long(toys, gate):
    with running(toys, limits=Limits(seconds=0.5)) as server, Caller(server) as call:
        assert call.predict({"instances": [[1, 1]]}) == (504, {"error": "No answer within 0.5 seconds."})
        gate.set()


def test_what_is_here_is_answered_before_the_end(toys, gate):
    with running(toys) as server:
        with (
            ThreadPoolExecutor(2) as threads,
            Caller(server) as caller,
            Caller(server) as idle,
            ServingClient(server.grpc_address, "toy", seconds=LONG) as client,
        ):
            assert idle("GET", "/readyz").status == 200
            over_rest = threads.submit(caller.predict, {"instances": [[1, 1]]})
            wait_until(lambda: len(gate.arrived) == 1)
            over_grpc = threads.submit(client.predict, "scale", {"x": np.float32([[1, 2]])})
            wait_until(lambda: len(gate.arrived) == 2)
            stopping = threading.Thread(target=server.__exit__, args=(None, None, None))
            stopping.start()
            wait_until(lambda: server._rest.under_way.refusing)
            assert idle.predict({"instances": [[1, 1]]}) == (503, {"error": "The server is shutting down."})
            gate.set()
            assert over_rest.result() == (200, {"predictions": [[3, 3]]})
            np.testing.assert_array_equal(over_grpc.result()["y"], [[3, 6]])
        stopping.join()
        assert server.answered


def raw(server, data: bytes) -> bytes:
    """What comes back for bytes until the server closes."""
    address = urlsplit(server.rest_address)
    with socket.create_connection((address.hostname, address.port), LONG) as connection:
        connection.sendall(data)
        return b"".join(iter(lambda: connection.recv(65536), b""))


HEAD = b"POST /v1/models/toy:predict HTTP/1.1\r\nHost: me\r\n"


@pytest.mark.parametrize(
    ("data", "status", "words"),
    [
        (HEAD + b"Content-Length: 2000\r\n\r\n", 413, b"A request may have 1000 bytes. Received: 2000."),
        (HEAD + b"Content-Length: 9" + b"9" * 30 + b"\r\n\r\n", 413, b"A request may have 1000 bytes"),
        (HEAD + b"Content-Length: -5\r\n\r\n", 400, b"with its length"),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400, b"with its length"),
        (HEAD + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n{}", 400, b"with its length"),
        (HEAD + b"Content-Length: 2\r\nContent-Length: 2\r\n\r\n{}", 400, b"with its length"),
        (b"hello\r\n\r\n", 400, b"Bad request"),
        (b"GET / HTTP/9.9\r\n\r\n", 400, b"Invalid HTTP version"),
        (b"GET /healthz\r\n\r\n", 400, b"HTTP/1.0 or newer is expected"),
        (b"GET /healthz HTTP/0.9\r\nConnection: keep-alive\r\n\r\n", 400, b"HTTP/1.0 or newer is expected"),
        (b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\n\r\n", 414, b"Too Long"),
        (HEAD + b"A: b\r\n" * 200 + b"\r\n", 431, b"Too many headers"),
        (b"HEAD /healthz HTTP/1.0\r\n\r\n", 404, b""),
    ],
)
def test_http_itself(limited, data, status, words):
    assert_answered(raw(limited, data), status, words)


def assert_answered(answer: bytes, status: int, words: bytes) -> None:
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(f"HTTP/1.1 {status} ".encode())
    assert words in body
    assert not body or body.startswith(b'{"error": ')


@pytest.fixture(scope="module")
def limited(tmp_path_factory):
    with running(tmp_path_factory.mktemp("none"), limits=Limits(1000, LONG, LONG)) as server:
        yield server


def test_silent_connections_and_late_requests_are_ended(tmp_path):
    with running(tmp_path, limits=Limits(seconds=0.3, idle_seconds=1.0)) as server:
        assert raw(server, b"") == b""
        assert_answered(raw(server, HEAD + b"Content-Length: 10\r\n\r\n{"), 504, b"did not arrive in time")


def test_a_head_that_comes_byte_by_byte_does_not_keep_a_connection(tmp_path):
    with running(tmp_path, limits=Limits(seconds=0.3, idle_seconds=LONG)) as server:
        address = urlsplit(server.rest_address)
        with socket.create_connection((address.hostname, address.port), LONG) as connection:
            connection.sendall(HEAD)
            connection.settimeout(0.05)

            def ended() -> bool:
                try:
                    connection.sendall(b"A")
                    return connection.recv(1) == b""
                except TimeoutError:
                    return False
                except ConnectionError:
                    return True

            wait_until(ended)


def test_too_many_connections(tmp_path):
    with running(tmp_path, limits=Limits(seconds=LONG, idle_seconds=LONG, connections=2)) as server:
        with Caller(server) as one, Caller(server) as other:
            assert one("GET", "/healthz").status == other("GET", "/healthz").status == 200
            assert raw(server, b"").startswith(b"HTTP/1.1 503 ")
        wait_until(lambda: raw(server, b"GET /healthz HTTP/1.0\r\n\r\n").startswith(b"HTTP/1.1 200 "))


def test_a_body_that_is_announced_first(server):
    body = b'{"instances": [[1, 2]]}'
    announced = (
        HEAD + b"Connection: close\r\nExpect: 100-continue\r\n" + f"Content-Length: {len(body)}\r\n\r\n".encode()
    )
    assert raw(server, announced + body).startswith(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n")


def test_a_port_that_is_taken(toys, server):
    port = urlsplit(server.rest_address).port
    for ports in ({"rest_port": port}, {"grpc_port": port}):
        with (
            pytest.raises(ValueError, match=f"nobody listens at is expected. Received: 127.0.0.1:{port}"),
            running(toys, **ports),
        ):
            pass


def test_nothing_is_left_of_a_server_that_does_not_start(toys, server):
    """Neither its threads nor the port that it had already."""
    (rest_port,), taken = free_ports(1), urlsplit(server.grpc_address).port
    threads = set(threading.enumerate())
    with pytest.raises(ValueError, match="nobody listens at"), running(toys, rest_port=rest_port, grpc_port=taken):
        pass
    with socket.create_server(("127.0.0.1", rest_port)):
        pass
    left = {thread.name for thread in set(threading.enumerate()) - threads}
    assert not left & {"watcher", "batches-0", "batches-1"}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"rest_port": 99_999}, "Ports of 0 to 65535 are expected. Received: 99999"),
        ({"grpc_port": -1}, "Ports of 0 to 65535 are expected. Received: .*-1"),
        ({"poll_seconds": 0.0}, "a day between two looks .*Received: 0.0"),
        ({"poll_seconds": float("nan")}, "a day between two looks .*Received: nan"),
    ],
)
def test_settings_that_cannot_be(change, message):
    with pytest.raises(ValueError, match=message):
        Settings("models", **change)


def test_no_folder_of_models(tmp_path):
    with pytest.raises(ValueError, match="A folder of models is expected"), running(tmp_path / "nowhere"):
        pass


def test_without_batching(toys):
    """Scalar outputs and any size are possible then, as with TensorFlow Serving."""
    with running(toys, batching=None) as server, Caller(server) as call:
        assert call.predict({"signature_name": "total", "inputs": [[1, 2]] * 9}) == (200, {"outputs": 27.0})
        status, body = call.predict({"signature_name": "total", "instances": [[1, 2]]})
        assert status == 400
        assert "total has no batch" in body["error"]


@pytest.mark.parametrize("damage", ["warm-up request", "warm-up file", "model"])
def test_a_damaged_version_does_not_load(tmp_path, damage):
    folder = write_toy(tmp_path, warmup=np.ones([1, 3 if damage == "warm-up request" else 2], np.float32))
    if damage == "warm-up file":
        (folder / WARMUP_FILE).write_bytes(b"nothing")
    if damage == "model":
        (folder / "saved_model.pb").write_bytes(b"nothing")
    with running(tmp_path) as server, Caller(server) as call:
        (state,) = call("GET", "/v1/models/toy").body["model_version_status"]
        assert state["state"] == "END"
        assert state["status"]["error_code"] == "UNKNOWN"
        assert call.predict({"instances": [[1, 2]]}).status == 404
        assert call("GET", "/readyz") == (503, "not ready\n")


def test_a_graph_that_calls_python_loads_and_fails(tmp_path):
    module = tf.Module()
    module.call = tf.function(lambda x: {"y": tf.ensure_shape(tf.py_function(lambda v: v, [x], tf.float32), [None])})
    call = module.call.get_concrete_function(x=tf.TensorSpec([None], name="x"))
    tf.saved_model.save(module, str(tmp_path / "toy" / "1"), signatures={"serving_default": call})
    from tensorflow.python.ops import script_ops

    script_ops._py_funcs._funcs.clear()  # as in a process that did not write it
    with running(tmp_path) as server, Caller(server) as call:
        assert call("GET", "/v1/models/toy").body["model_version_status"][0]["state"] == "AVAILABLE"
        answer = call.predict({"instances": [1.0]})
        assert answer.status in (400, 500)
        assert "pyfunc" in answer.body["error"]
