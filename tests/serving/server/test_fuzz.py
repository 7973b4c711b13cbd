"""Anything at all as a request or a photo: the answer is a status that blames the sender, never an error of the server.

GFLA_FUZZ=20000 tries that many of each; by default there are few.
"""

from __future__ import annotations

import base64
import json
import os

import numpy as np
import pytest

hypothesis = pytest.importorskip("hypothesis", reason="pip install hypothesis makes up requests")
from hypothesis import HealthCheck, given, settings  # noqa: E402
from hypothesis import strategies as st  # noqa: E402

from serving.examples import PHOTO_SIZES  # noqa: E402
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
