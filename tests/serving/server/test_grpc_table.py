"""Requests over gRPC, good and bad, with the codes that TensorFlow Serving answers with."""

from __future__ import annotations

import grpc
import numpy as np
import pytest
import tensorflow as tf
from helpers.development_server import LONG
from tensorflow_serving.apis import (
    get_model_metadata_pb2,
    get_model_status_pb2,
    model_service_pb2_grpc,
    predict_pb2,
    prediction_service_pb2_grpc,
)

X = np.float32([[1, 2], [3, 4]])
INVALID, MISSING, PRECONDITION = "INVALID_ARGUMENT", "NOT_FOUND", "FAILED_PRECONDITION"


@pytest.fixture(scope="module")
def channel(server):
    with grpc.insecure_channel(server.grpc_address.removeprefix("grpc://")) as channel:
        yield channel


@pytest.fixture(scope="module")
def predictions(channel):
    return prediction_service_pb2_grpc.PredictionServiceStub(channel)


@pytest.fixture(scope="module")
def models(channel):
    return model_service_pb2_grpc.ModelServiceStub(channel)


def fill(message, name: str = "toy", version: int | None = None, label: str = "", signature: str = ""):
    message.model_spec.name, message.model_spec.signature_name = name, signature
    if version is not None:
        message.model_spec.version.value = version
    if label:
        message.model_spec.version_label = label
    return message


def request(inputs: dict, outputs: tuple = (), **spec):
    message = fill(predict_pb2.PredictRequest(output_filter=outputs), **spec)
    for name, value in inputs.items():
        message.inputs[name].CopyFrom(tf.make_tensor_proto(value))
    return message


GOOD = [
    ({"x": X}, {}, {"y": 3 * X}, 2),
    ({"x": X}, {"signature": "scale"}, {"y": 3 * X}, 2),
    ({"x": X}, {"version": 1}, {"y": 2 * X}, 1),
    ({"x": X}, {"label": "stable"}, {"y": 2 * X}, 1),
    ({"x": X}, {"label": "canary"}, {"y": 3 * X}, 2),
    ({"x": X}, {"name": "other"}, {"y": 7 * X}, 7),
    ({"x": X * np.nan}, {}, {"y": X * np.nan}, 2),
    (
        {"number": np.float32([1]), "file_bytes": [b"\0\xff"]},
        {"signature": "mixed"},
        {"number": [3], "echo_bytes": [b"\0\xff"], "text": [b"2"]},
        2,
    ),
    (
        {"number": np.float32([1]), "file_bytes": [b"abc"]},
        {"signature": "mixed", "outputs": ("text", "text")},
        {"text": [b"3"]},
        2,
    ),
]


@pytest.mark.parametrize(("inputs", "spec", "expected", "version"), GOOD)
def test_good_request(predictions, inputs, spec, expected, version):
    response = predictions.Predict(request(inputs, **spec))
    assert response.model_spec.version.value == version
    assert response.model_spec.name == spec.get("name", "toy")
    assert response.model_spec.signature_name == spec.get("signature", "serving_default")
    assert set(response.outputs) == set(expected)
    for name, value in expected.items():
        np.testing.assert_array_equal(tf.make_ndarray(response.outputs[name]), value)


BAD = [
    ({"x": X}, {"name": "none"}, MISSING, r"Latest\(none\)"),
    ({"x": X}, {"version": 9}, MISSING, r"Specific\(toy, 9\)"),
    ({"x": X}, {"label": "gold"}, INVALID, "Unrecognized servable version label: gold"),
    ({"x": X}, {"name": ""}, INVALID, "Missing ModelSpec"),
    ({"x": X}, {"signature": "fly"}, PRECONDITION, 'Serving signature key "fly" not found'),
    ({}, {}, INVALID, "Missing but required: {x}"),
    ({"x": X, "z": X}, {}, INVALID, "Sent extra: {z}"),
    ({"x": X.astype(np.float64)}, {}, INVALID, "x must be float32 .*Received: float64"),
    ({"x": "text"}, {}, INVALID, "x must be float32 .*Received: string"),
    ({"x": X[0]}, {}, INVALID, r"Received: float32 of shape \(2,\)"),
    ({"x": X[:0]}, {}, INVALID, "batch of one or more"),
    ({"x": np.ones([5, 2], np.float32)}, {}, INVALID, "Task size 5 is larger"),
    ({"x": X}, {"outputs": ("z",)}, INVALID, "output tensor alias not found in signature: z"),
    ({"x": X}, {"signature": "total"}, PRECONDITION, "total has 0 dimensions"),
    ({"x": -X[:, 0]}, {"signature": "positive"}, INVALID, "x must be positive"),
]


def fails(call, message, code: str, words: str) -> None:
    with pytest.raises(grpc.RpcError, match="(?s)" + words) as caught:
        call(message, timeout=LONG)
    assert caught.value.code().name == code


@pytest.mark.parametrize(("inputs", "spec", "code", "words"), BAD)
def test_bad_request(predictions, inputs, spec, code, words):
    fails(predictions.Predict, request(inputs, **spec), code, words)


def test_messages_that_are_no_tensors(predictions):
    fails(predictions.Predict, predict_pb2.PredictRequest(), INVALID, "Missing ModelSpec")
    message = request({"x": X})
    message.inputs["x"].tensor_content = b"123"
    fails(predictions.Predict, message, INVALID, "tensor parsing error")
    message.inputs["x"].dtype = 999
    fails(predictions.Predict, message, INVALID, "tensor parsing error")


def repeated(*shape: int, **inputs: float | bytes):
    """A request for `x`, or other inputs, that hold one value for all."""
    message = fill(predict_pb2.PredictRequest(), signature="mixed" if "file_bytes" in inputs else "")
    for name, value in (inputs or {"x": 1.0}).items():
        message.inputs[name].CopyFrom(tf.make_tensor_proto([value]))
        message.inputs[name].tensor_shape.Clear()
        for size in shape:
            message.inputs[name].tensor_shape.dim.add(size=size)
    return message


@pytest.mark.parametrize(
    ("message", "words"),
    [
        (repeated(1 << 26, number=1.0, file_bytes=b"x"), r"must hold as many values as its shape says: \(67108864,\)"),
        (repeated(1 << 26, 2), "x must hold as many values as its shape says"),
        (repeated(1 << 40, 1 << 40), "x must hold as many values as its shape says"),
        (repeated(-1, 2), "x must hold as many values as its shape says"),
        (repeated(*[1] * 17), "x must have at most 16 axes"),
        (repeated(9, 3), r"x must be float32 of shape \(None, 2\). Received: float32 of shape \(9, 3\)"),
        (repeated(9, 2, x=b"x"), "x must be float32 .*Received: string"),
    ],
)
def test_messages_that_are_more_than_they_hold_are_not_expanded(predictions, monkeypatch, message, words):
    monkeypatch.setattr("serving.server.grpc_server.tensors_of", lambda messages: 1 / 0)
    fails(predictions.Predict, message, INVALID, words)


def test_a_value_may_stand_for_a_few_others(predictions):
    response = predictions.Predict(repeated(2, 2))
    np.testing.assert_array_equal(tf.make_ndarray(response.outputs["y"]), np.full([2, 2], 3))


def test_the_client_waits_no_longer(predictions, gate):
    with pytest.raises(grpc.RpcError) as caught:
        predictions.Predict(request({"x": X}), timeout=0.2)
    assert caught.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED


def test_status(models):
    response = models.GetModelStatus(fill(get_model_status_pb2.GetModelStatusRequest()))
    assert [(entry.version, entry.state) for entry in response.model_version_status] == [(2, 30), (1, 30)]
    response = models.GetModelStatus(fill(get_model_status_pb2.GetModelStatusRequest(), label="stable"))
    assert [(entry.version, entry.status.error_code) for entry in response.model_version_status] == [(1, 0)]
    for spec, code in (({"name": "none"}, MISSING), ({"version": 9}, MISSING), ({"label": "gold"}, INVALID)):
        fails(models.GetModelStatus, fill(get_model_status_pb2.GetModelStatusRequest(), **spec), code, "")


def test_metadata(predictions):
    def ask(*fields, **spec):
        return fill(get_model_metadata_pb2.GetModelMetadataRequest(metadata_field=fields), **spec)

    response = predictions.GetModelMetadata(ask("signature_def", version=1))
    assert response.model_spec.version.value == 1
    signatures = get_model_metadata_pb2.SignatureDefMap()
    assert response.metadata["signature_def"].Unpack(signatures)
    assert [dim.size for dim in signatures.signature_def["scale"].inputs["x"].tensor_shape.dim] == [-1, 2]
    fails(predictions.GetModelMetadata, ask(), INVALID, "at least one metadata_field")
    fails(predictions.GetModelMetadata, ask("other"), INVALID, "Metadata field other is not supported")
    fails(predictions.GetModelMetadata, ask("signature_def", name="none"), MISSING, "Servable not found")


def test_what_there_is_not(predictions):
    fails(predictions.Classify, predict_pb2.PredictRequest(), "UNIMPLEMENTED", "")
