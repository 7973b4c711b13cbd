"""The development server on free ports, and somebody who asks it over HTTP."""

from __future__ import annotations

import contextlib
import http.client
import json
import time
from collections.abc import Callable
from typing import NamedTuple
from urllib.parse import urlsplit

from serving.client import ServingClient
from serving.server.batching_parameters import BatchingParameters
from serving.server.limits import Limits
from serving.server.server import DevelopmentServer, Settings

__all__ = ["BATCHING", "LONG", "Answer", "Caller", "running", "wait_until"]

BATCHING = BatchingParameters(4, 2000, 32, 2, (1, 2, 4))
LONG = 300.0  # seconds, for machines with much else to do


class Answer(NamedTuple):
    """Of the REST interface; `body` is text where it is no JSON."""

    status: int
    body: object


class Caller:
    """Asks a server over a connection of its own, which it keeps; `grpc` is a client of the other interface."""

    def __init__(self, server: DevelopmentServer):
        self.connection = http.client.HTTPConnection(urlsplit(server.rest_address).netloc, timeout=LONG)
        self.grpc = ServingClient(server.grpc_address, "toy", seconds=LONG)

    def __call__(self, method: str, path: str, body: object = None, **headers: str) -> Answer:
        if not isinstance(body, (bytes, str, type(None))):
            body = json.dumps(body)
        self.connection.request(method, path, body, headers)
        response = self.connection.getresponse()
        text = response.read().decode()
        is_json = response.headers.get_content_type() == "application/json" and text
        return Answer(response.status, json.loads(text) if is_json else text)

    def predict(self, body: object, model: str = "toy") -> Answer:
        """The answer to a prediction."""
        return self("POST", f"/v1/models/{model}:predict", body)

    def __enter__(self) -> Caller:
        return self

    def __exit__(self, *exception: object) -> None:
        self.connection.close()
        self.grpc.close()


@contextlib.contextmanager
def running(root, **changes):
    """A server for a folder, on free ports; it waits long unless its limits are given."""
    settings = {"batching": BATCHING, "limits": Limits(seconds=LONG), "rest_port": 0, "grpc_port": 0}
    with DevelopmentServer(Settings(root, **{**settings, "poll_seconds": 0.05, **changes})) as server:
        yield server


def wait_until(condition: Callable[[], bool]) -> None:
    """Fail if it does not become true."""
    end = time.monotonic() + LONG
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.005)
