"""Requests over HTTP, good and bad, with the statuses that TensorFlow Serving answers with."""

from __future__ import annotations

import base64
import json
import math

import pytest

TOY = "/v1/models/toy"
PREDICT = ("POST", f"{TOY}:predict")
X = [[1.0, 2.0], [3.0, -4.5]]
FILE = base64.b64encode(b"\0\xff").decode()
OK = "OK"


def signed(name: str, **body) -> dict:
    return {"signature_name": name, **body}


def mixed(**changes) -> dict:
    return {"number": 1.5, "file_bytes": {"b64": FILE}, **changes}


# method, address, body, status, and what is in the answer: the body of a good one, words of a bad one's "error".
TABLE = [
    # rows and columns
    (*PREDICT, {"instances": X}, 200, {"predictions": [[3, 6], [9, -13.5]]}),
    (*PREDICT, {"instances": [{"x": row} for row in X]}, 200, {"predictions": [[3, 6], [9, -13.5]]}),
    (*PREDICT, {"inputs": X}, 200, {"outputs": [[3, 6], [9, -13.5]]}),
    (*PREDICT, {"inputs": {"x": X}}, 200, {"outputs": [[3, 6], [9, -13.5]]}),
    (*PREDICT, signed("scale", instances=[[1, 2]]), 200, {"predictions": [[3, 6]]}),
    (*PREDICT, {"instances": [[1, 2]], "unknown": 1}, 200, {"predictions": [[3, 6]]}),
    (
        *PREDICT, signed("mixed", instances=[mixed()]), 200,
        {"predictions": [{"number": 4.5, "echo_bytes": {"b64": FILE}, "text": "2"}]},
    ),
    (
        *PREDICT, signed("mixed", inputs={"number": [1], "file_bytes": ["a"]}), 200,
        {"outputs": {"number": [3], "echo_bytes": [{"b64": "YQ=="}], "text": ["1"]}},
    ),
    (*PREDICT, signed("count", inputs={"number": [1, 2], "flag": [True, False]}), 200, {"outputs": [2, 2]}),
    (*PREDICT, signed("lengths", instances=[[1, 2, 3]]), 200, {"predictions": [[3, 6, 9]]}),
    (*PREDICT, '{"instances": [[NaN, Infinity]]}', 200, {"predictions": [[math.nan, math.inf]]}),
    (*PREDICT, signed("inverse", instances=[0.0]), 200, {"predictions": [math.inf]}),
    # versions, labels and other ways to write an address
    ("POST", f"{TOY}/versions/1:predict", {"instances": [[1, 2]]}, 200, {"predictions": [[2, 4]]}),
    ("POST", f"{TOY}/versions/002:predict", {"instances": [[1, 2]]}, 200, {"predictions": [[3, 6]]}),
    ("POST", f"{TOY}/labels/stable:predict", {"instances": [[1, 2]]}, 200, {"predictions": [[2, 4]]}),
    ("POST", f"{TOY}/labels/canary:predict", {"instances": [[1, 2]]}, 200, {"predictions": [[3, 6]]}),
    ("POST", "/v1/models/other:predict", {"instances": [[1, 2]]}, 200, {"predictions": [[7, 14]]}),
    ("POST", "/V1/Models/toy:PREDICT?key=value", {"instances": [[1, 2]]}, 200, {"predictions": [[3, 6]]}),
    ("POST", f"{TOY}/versions/3:predict", {"instances": X}, 404, "Servable not found for request: Specific(toy, 3)"),
    ("POST", f"{TOY}/versions/99999999999999999999:predict", {"instances": X}, 400, "Failed to convert version"),
    ("POST", f"{TOY}/labels/gold:predict", {"instances": X}, 400, "Unrecognized servable version label: gold"),
    ("POST", "/v1/models/none:predict", {"instances": X}, 404, "Servable not found for request: Latest(none)"),
    ("POST", "/v1/models/none/labels/stable:predict", {"instances": X}, 404, "Servable not found"),
    ("POST", "/v1/models/none:predict", "no JSON", 404, "Servable not found"),
    # bodies that are no request
    (*PREDICT, "", 400, "JSON Parse error"),
    (*PREDICT, "{", 400, "JSON Parse error"),
    (*PREDICT, b"\xff\xfe\x00", 400, "JSON Parse error"),
    (*PREDICT, "[" * 100_000, 400, "JSON Parse error: nested too deeply"),
    (*PREDICT, "[1]", 400, "The request must be a JSON object. Received: [1]"),
    (*PREDICT, {}, 400, "Missing 'inputs' or 'instances' key"),
    (*PREDICT, {"instances": X, "inputs": X}, 400, "not both"),
    (*PREDICT, signed(3, instances=X), 400, "'signature_name' key must be a string value"),
    (*PREDICT, signed("fly", instances=X), 400, 'Serving signature key "fly" not found'),
    (*PREDICT, {"instances": []}, 400, "list of one entry or more. Received: []"),
    (*PREDICT, {"instances": {"x": X}}, 400, "list of one entry or more"),
    (*PREDICT, {"instances": None}, 400, "list of one entry or more"),
    # values that don't fit
    (*PREDICT, {"instances": [[1, 2], [3]]}, 400, "lists of one length"),
    (*PREDICT, {"instances": [[1, 2], 3]}, 400, "lists of one length"),
    (*PREDICT, {"instances": [1, 2]}, 400, "x must be float32 of shape (None, 2). Received: float32 of shape (2,)"),
    (*PREDICT, {"instances": [[1, 2, 3]]}, 400, "Received: float32 of shape (1, 3)"),
    (*PREDICT, {"inputs": []}, 400, "x must be float32 of shape (None, 2)"),
    (*PREDICT, {"inputs": 3}, 400, "x must be float32 of shape (None, 2)"),
    (*PREDICT, '{"inputs": ' + "[" * 40 + "1" + "]" * 40 + "}", 400, "at most 16 deep"),
    (*PREDICT, {"instances": [["1", "2"]]}, 400, 'x must hold float32. Received: "1"'),
    (*PREDICT, {"instances": [[True, 2]]}, 400, "x must hold float32. Received: true"),
    (*PREDICT, {"instances": [[None, 2]]}, 400, "x must hold float32. Received: null"),
    (*PREDICT, {"instances": [[1e300, 2]]}, 400, "numbers that fit float32"),
    (*PREDICT, {"instances": [[10**400, 2]]}, 400, "numbers that fit float32"),
    (*PREDICT, {"instances": [{"x": [1, 2]}, [1, 2]]}, 400, "Entry 1 of 'instances' must be an object with x"),
    (*PREDICT, {"instances": [{"z": [1, 2]}]}, 400, "Entry 0 of 'instances' must be an object with x"),
    (*PREDICT, {"inputs": {"z": X}}, 400, "'inputs' must be of x"),
    (*PREDICT, {"inputs": {}}, 400, "Missing but required: {x}"),
    (*PREDICT, signed("mixed", instances=[1.5]), 400, "must name the inputs"),
    (*PREDICT, signed("mixed", inputs={"number": [1]}), 400, "Missing but required: {file_bytes}"),
    (*PREDICT, signed("mixed", instances=[mixed(file_bytes={"b64": "?"})]), 400, "bytes in base64"),
    (*PREDICT, signed("mixed", instances=[mixed(file_bytes={"b64": 3})]), 400, 'or {"b64": "..."}'),
    (*PREDICT, signed("mixed", instances=[mixed(file_bytes=3)]), 400, "must hold strings"),
    (*PREDICT, signed("mixed", inputs={"number": [1, 2], "file_bytes": ["a"]}), 400, "the same batch"),
    (*PREDICT, signed("count", inputs={"number": [1.5], "flag": [True]}), 400, "number must hold int32. Received: 1.5"),
    (*PREDICT, signed("count", inputs={"number": [2**31], "flag": [True]}), 400, "numbers that fit int32"),
    (*PREDICT, signed("count", inputs={"number": [1], "flag": [1]}), 400, "flag must hold bool. Received: 1"),
    (*PREDICT, signed("positive", instances=[-1.0]), 400, "x must be positive. Received:"),
    # what batching refuses
    (*PREDICT, {"instances": [[1, 2]] * 5}, 400, "Task size 5 is larger than maximum input batch size 4"),
    (*PREDICT, signed("total", instances=X), 400, "Batched output tensor total has 0 dimensions"),
    # other addresses and methods
    ("GET", f"{TOY}:predict", None, 400, "Malformed request: GET /v1/models/toy:predict"),
    ("POST", TOY, {"instances": X}, 400, "Malformed request: POST /v1/models/toy"),
    ("PUT", f"{TOY}:predict", {"instances": X}, 400, "Malformed request"),
    ("DELETE", TOY, None, 400, "Malformed request"),
    ("OPTIONS", TOY, None, 400, "Malformed request"),
    ("FLY", TOY, None, 400, "Unsupported method"),
    ("POST", f"{TOY}:fly", {"instances": X}, 400, "Malformed request"),
    ("POST", f"{TOY}/versions/one:predict", {"instances": X}, 400, "Malformed request"),
    ("POST", "/v1/models/:predict", {"instances": X}, 400, "Malformed request"),
    ("POST", f"{TOY}:classify", {"examples": []}, 400, "Expected classify signature"),
    ("POST", f"{TOY}:regress", {"examples": []}, 400, "Expected regress signature"),
    ("GET", "/v1/models", None, 400, "Malformed request"),
    ("GET", f"{TOY}/fly", None, 400, "Malformed request"),
    ("GET", "/", None, 404, "Not found: /"),
    ("GET", "/v2/models/toy", None, 404, "Not found"),
    # states and metadata
    ("GET", f"{TOY}/versions/3", None, 404, "Could not find version 3 of model toy"),
    ("GET", "/v1/models/none", None, 404, "Could not find any versions of model none"),
    ("GET", f"{TOY}/labels/gold", None, 400, "Unrecognized servable version label"),
    ("GET", "/v1/models/none/metadata", None, 404, "Servable not found"),
    ("GET", f"{TOY}/versions/3/metadata", None, 404, "Servable not found"),
    ("POST", f"{TOY}/metadata", {}, 400, "Malformed request"),
]  # fmt: skip


def test_the_table_is_long():
    assert len(TABLE) >= 80
    assert len({json.dumps(row[:3], default=str) for row in TABLE}) == len(TABLE)


@pytest.mark.parametrize(("method", "path", "body", "status", "expected"), TABLE)
def test_request(call, method, path, body, status, expected):
    answer = call(method, path, body)
    assert answer.status == status, answer.body
    if status == 200:
        assert json.dumps(answer.body, sort_keys=True) == json.dumps(_floats(expected, answer.body), sort_keys=True)
    else:
        assert list(answer.body) == ["error"]
        assert expected in answer.body["error"]


def _floats(expected, like):
    """The expected body with the numbers' types of the other, as both are compared by their text, for NaN."""
    if isinstance(expected, dict):
        return {key: _floats(value, like[key]) for key, value in expected.items()}
    if isinstance(expected, list):
        return [_floats(*pair) for pair in zip(expected, like, strict=True)]
    return type(like)(expected)


def test_states_are_newest_first_and_versions_are_text(call):
    fine = {"error_code": "OK", "error_message": ""}
    states = [{"version": version, "state": "AVAILABLE", "status": fine} for version in ("2", "1")]
    assert call("GET", "/v1/models/toy") == (200, {"model_version_status": states})
    assert call("GET", "/v1/models/toy/versions/1") == (200, {"model_version_status": states[1:]})
    assert call("GET", "/v1/models/toy/labels/canary") == (200, {"model_version_status": states[:1]})


def test_metadata(call):
    status, body = call("GET", "/v1/models/toy/labels/stable/metadata")
    assert status == 200
    assert body["model_spec"] == {"name": "toy", "signature_name": "", "version": "1"}
    signatures = body["metadata"]["signature_def"]["signature_def"]
    assert set(signatures) >= {"serving_default", "scale", "mixed", "count"}
    scale = signatures["scale"]
    assert scale["method_name"] == "tensorflow/serving/predict"
    assert scale["inputs"]["x"]["dtype"] == "DT_FLOAT"
    sizes = [{"size": "-1", "name": ""}, {"size": "2", "name": ""}]
    assert scale["inputs"]["x"]["tensor_shape"] == {"dim": sizes, "unknown_rank": False}
    assert signatures["mixed"]["outputs"]["echo_bytes"]["dtype"] == "DT_STRING"


def test_health_and_metrics(call):
    assert call("GET", "/healthz") == (200, "ok\n")
    assert call("GET", "/readyz") == (200, "ready\n")
    for body in ({"instances": X}, {"instances": []}):
        call.predict(body)
    call.predict({}, model="strangers%20%22name")
    status, text = call("GET", "/monitoring/prometheus/metrics")
    assert status == 200
    lines = dict(line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#"))
    count = ":tensorflow:serving:request_count"
    assert int(lines[f'{count}{{model_name="toy",status="OK"}}']) >= 1
    assert int(lines[f'{count}{{model_name="toy",status="INVALID_ARGUMENT"}}']) >= 1
    assert int(lines[f'{count}{{model_name="",status="NOT_FOUND"}}']) >= 1
    assert "strangers" not in text
    latency = ':tensorflow:serving:request_latency_bucket{model_name="toy",API="Predict",entrypoint="REST",le="+Inf"}'
    assert int(lines[latency]) >= 2
    assert lines['gfla_serving_version_state{model_name="toy",version="2"}'] == "30"
    assert lines["gfla_serving_waiting"] == "0"
