"""Anything at all as bytes on a connection, as a request or as a photo: the answer is a status that blames the sender,
never an error of the server.

GFLA_FUZZ=20000 tries that many of each; by default there are few.
"""

from __future__ import annotations

import base64
import contextlib
import json
import os
import socket
import sys
from urllib.parse import urlsplit

import numpy as np
import pytest
from helpers.development_server import LONG, running

hypothesis = pytest.importorskip("hypothesis", reason="pip install hypothesis makes up requests")
from hypothesis import HealthCheck, given, settings  # noqa: E402
from hypothesis import strategies as st  # noqa: E402

from serving.examples import PHOTO_SIZES  # noqa: E402
from serving.server.limits import Limits  # noqa: E402
from serving.server.loaded_model import LoadedModel  # noqa: E402
from serving.server.model_store import ModelStore  # noqa: E402
from serving.server.rest import RestApi  # noqa: E402
from serving.server.service import Service  # noqa: E402

TRIES = int(os.environ.get("GFLA_FUZZ", "60"))
often = settings(
    max_examples=TRIES,
    deadline=None,
    database=None,
    derandomize=TRIES < 1000,
    suppress_health_check=list(HealthCheck),
)

NAMES = ("instances", "inputs", "signature_name", "b64", "x", "number", "flag", "file_bytes", "scale", "mixed", "count")
names = st.sampled_from(NAMES) | st.text(max_size=5)
leaves = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | names
    | st.binary(max_size=9).map(lambda data: {"b64": base64.b64encode(data).decode()})
)
values = st.recursive(leaves, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(names, inner, max_size=4))
numbers = st.lists(st.lists(st.floats(width=32) | st.integers(-9, 9), min_size=2, max_size=2), max_size=5)
documents = st.fixed_dictionaries(
    {}, optional={"instances": values | numbers, "inputs": values | numbers, "signature_name": names | values}
)
bodies = st.binary(max_size=60) | (values | documents).map(lambda value: json.dumps(value).encode())
paths = st.sampled_from(
    ["/v1/models/toy:predict", "/v1/models/toy/versions/2:predict", "/v1/models/toy", "/v1/models/toy/metadata"]
)
targets = paths | st.text(max_size=20) | st.tuples(paths, st.text(max_size=5)).map("".join)


def api_for(root, name: str, version: int) -> RestApi:
    """The REST interface without sockets, around one model."""
    store = ModelStore(LoadedModel)
    assert store.load(name, version, root / name / str(version)).message == ""
    return RestApi(Service(store))


@pytest.fixture(scope="module")
def toy(toys):
    return api_for(toys, "toy", 2)


@often
@given(body=bodies)
def test_any_body(toy, body):
    reply = toy.answer("POST", "/v1/models/toy:predict", body)
    assert reply.status in (200, 400), (body, reply)
    assert json.loads(reply.body).keys() & {"error", "predictions", "outputs"}


@often
@given(method=st.sampled_from(["GET", "POST", "PUT", ""]), target=targets, body=bodies)
def test_any_address(toy, method, target, body):
    assert toy.answer(method, target, body).status in (200, 400, 404), (method, target, body)


class Wire:
    """Connections to a server; `crashes` are the errors that ended threads of it, which it does not show."""

    def __init__(self, server):
        self.place = urlsplit(server.rest_address).hostname, urlsplit(server.rest_address).port
        self.crashes = []
        server._rest.handle_error = self._note

    def _note(self, *_: object) -> None:
        error = sys.exc_info()[1]
        if not isinstance(error, OSError):  # the connection's
            self.crashes.append(error)

    def send(self, data: bytes) -> bytes:
        """What comes back for bytes that nothing follows."""
        received = bytearray()
        with socket.create_connection(self.place, LONG) as connection, contextlib.suppress(ConnectionError):
            connection.sendall(data)
            with contextlib.suppress(OSError):  # the server has ended it already
                connection.shutdown(socket.SHUT_WR)
            while piece := connection.recv(1 << 16):
                received += piece
        return bytes(received)


@pytest.fixture(scope="module")
def wire(toys):
    with running(toys, limits=Limits(message_bytes=4000, seconds=LONG, idle_seconds=LONG)) as server:
        yield Wire(server)


def mostly(*usual: bytes, size: int):
    """One of these, or, seldom, any bytes: a server that refuses the first line never comes to the others."""
    return st.integers(0, 15).flatmap(lambda number: st.sampled_from(usual) if number else st.binary(max_size=size))


MUCH = b"<much>"  # stands for more than a line may hold, which would be no pleasure to read
start_words = [
    mostly(*[b"POST"] * 4, b"GET", b"GET", b"HEAD", b"PUT", b"FLY", size=5),
    mostly(*[b"/v1/models/toy:predict"] * 4, b"/v1/models/toy", b"/healthz", b"*", b"//", size=12),
    mostly(*[b"HTTP/1.1"] * 8, b"HTTP/1.0", b"HTTP/0.9", b"HTTP/2.0", b"HTTP/1.1 more", b"", size=9),
]
lengths = mostly(
    b"0", b"2", b"23", b"-1", b"+2", b"1e3", b"0x2", b"2, 2", b"\xb2", "\uff12".encode(), b"9" * 30, b"", MUCH, size=9
)
other_values = mostly(b"chunked", b"identity", b"close", b"keep-alive", b"100-continue", b"", MUCH, size=9)
other_names = mostly(b"Transfer-Encoding", b"Connection", b"Expect", b"Host", b" Folded", b"", size=9)
colons = mostly(*[b": "] * 8, b":", b" :", b"", size=2)
headers = st.tuples(st.sampled_from([b"Content-Length", b"content-length"]), colons, lengths) | st.tuples(
    other_names, colons, other_values
)
contents = mostly(b"", b"{}", b'{"instances": [[1, 2]]}', b"0\r\n\r\n", b"2\r\n{}\r\n0\r\n\r\n", size=30)
ends = mostly(*[b"\r\n"] * 30, b"\n", b"\r", b"\r\n\r\n", b"", size=2)


@st.composite
def http_requests(draw) -> bytes:
    """A request, more or less; sometimes with its true length."""
    lines = [b" ".join(map(draw, start_words)), *map(b"".join, draw(st.lists(headers, max_size=3)))]
    content = draw(contents)
    if draw(st.integers(0, 3)) == 3:
        lines.append(b"Content-Length: %d" % len(content))
    return b"".join(line + draw(ends) for line in lines) + b"\r\n" + content


streams = st.integers(0, 7).flatmap(
    lambda number: st.lists(http_requests(), min_size=1, max_size=3).map(b"".join) if number else st.binary(max_size=80)
)


def statuses(received: bytes) -> list[int]:
    """Of the answers that came one after the other, and nothing else."""
    found = []
    while received.startswith(b"HTTP/1.1 "):
        head, _, received = received.partition(b"\r\n\r\n")
        found.append(int(head[9:12]))
        lengths = [line[16:] for line in head.split(b"\r\n") if line.startswith(b"Content-Length: ")]
        if lengths and not received.startswith(b"HTTP/1.1 "):  # as after HEAD
            received = received[int(lengths[0]) :]
    assert not received
    return found


@often
@given(stream=streams)
def test_any_bytes_on_a_connection(wire, stream):
    wire.crashes.clear()
    found = statuses(wire.send(stream.replace(MUCH, b"a" * 70_000)))
    assert set(found) <= {100, 200, 400, 404, 413, 414, 431}, stream
    assert wire.crashes == [], stream
    assert statuses(wire.send(b"GET /healthz HTTP/1.1\r\n\r\n")) == [200]


@pytest.fixture(scope="module")
def person(exported):
    return api_for(exported, "small-person", 1)


def photos() -> list[bytes]:
    """A JPEG and a PNG of noise."""
    import cv2

    image = np.random.default_rng(0).integers(0, 256, (*PHOTO_SIZES[0], 3), np.uint8)
    return [cv2.imencode(extension, image)[1].tobytes() for extension in (".jpg", ".png")]


PHOTOS = photos()
edits = st.lists(st.tuples(st.integers(0, 2**16), st.binary(min_size=1, max_size=4)), max_size=6)


@st.composite
def damaged_photos(draw) -> bytes:
    """A photo with some bytes replaced, mostly at its beginning, perhaps cut off or with something behind it."""
    photo = bytearray(draw(st.sampled_from(PHOTOS)))
    for place, data in draw(edits):
        start = place % (60 if place % 2 else len(photo))
        photo[start : start + len(data)] = data
    cut = draw(st.none() | st.integers(0, len(photo)))
    return bytes(photo[:cut]) + draw(st.binary(max_size=8))


@often
@given(photo=damaged_photos() | st.binary(max_size=40))
def test_any_photo(person, photo):
    keypoints = [[[10.0, 20.0, 1.0]] * 9 + [[60.0, 80.0, 1.0]] * 9]
    inputs = {"source_keypoints": keypoints, "target_keypoints": keypoints}
    inputs["source_image_bytes"] = [{"b64": base64.b64encode(photo).decode()}]
    reply = person.answer("POST", "/v1/models/small-person:predict", json.dumps({"inputs": inputs}).encode())
    assert reply.status in (200, 400), (photo, reply)
