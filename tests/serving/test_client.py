"""Clients of both interfaces, against the development server with toy models and against servers that behave badly."""

from __future__ import annotations

import contextlib
import http.server
import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import grpc
import numpy as np
import pytest
from helpers.development_server import LONG, running
from helpers.ports import free_ports
from helpers.toy_models import write_toy
from tensorflow_serving.apis import prediction_service_pb2_grpc

from serving.client import ADVICE, ClientError, ServingClient
from serving.retries import Retries
from serving.server.limits import Limits
from serving.statuses import Code
from serving.transports import open_transport
from serving.transports.rest import RestTransport
from serving.transports.transport import Target

X = np.float32([[1, 2], [3, np.nan]])
TOO_LARGE = {"number": np.float32([1]), "file_bytes": np.array([bytes(9 << 20)], object)}


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    root = tmp_path_factory.mktemp("toys")
    write_toy(root)
    with running(root, limits=Limits(message_bytes=8 << 20, seconds=LONG)) as server:
        yield server


@pytest.fixture(params=["rest_address", "grpc_address"])
def connect(request, server):
    with contextlib.ExitStack() as stack:
        yield lambda model="toy", **options: stack.enter_context(
            ServingClient(getattr(server, request.param), model, **options)
        )


def test_arrays_come_back_as_they_are(connect):
    client = connect()
    for _ in range(2):
        np.testing.assert_array_equal(client.predict("scale", {"x": X})["y"], 2 * X)
    files = np.array([b"\0\xff", b""], object)
    outputs = client.predict("mixed", {"number": np.float32([1, 2]), "file_bytes": files})
    assert outputs["echo_bytes"].tolist() == files.tolist()
    assert outputs["text"].tolist() == [b"2", b"0"]
    assert outputs["number"].dtype == np.float32


def test_large_messages(connect):
    """More than the 4 MiB that gRPC clients take by default."""
    file = np.array([bytes(5 << 20)], object)
    outputs = connect().predict("mixed", {"number": np.float32([1]), "file_bytes": file})
    assert outputs["echo_bytes"][0] == file[0]


def test_endpoints(connect):
    endpoints = connect().endpoints()
    assert "__saved_model_init_op" not in endpoints
    assert endpoints["count"].inputs == {"number": (np.int32, (None,)), "flag": (bool, (None,))}
    assert endpoints["scale"].outputs == {"y": (np.float32, (None, 2))}


@pytest.mark.parametrize(
    ("options", "endpoint", "inputs", "codes", "message"),
    [
        ({"model": "none"}, "scale", {"x": X}, {Code.NOT_FOUND}, "no such model or version: GET"),
        ({"version": 9}, "scale", {"x": X}, {Code.NOT_FOUND}, "no such model or version"),
        ({"label": "gold"}, "scale", {"x": X}, {Code.INVALID_ARGUMENT}, "Unrecognized servable version label"),
        ({}, "fly", {"x": X}, {Code.INVALID_ARGUMENT, Code.FAILED_PRECONDITION}, 'signature key "fly" not found'),
        ({}, "scale", {"x": X[0]}, {Code.INVALID_ARGUMENT}, "the request is wrong .*x must be float32"),
        ({}, "mixed", TOO_LARGE, {Code.RESOURCE_EXHAUSTED}, "the message is too large"),
    ],
)
def test_failures_say_what_to_do(connect, options, endpoint, inputs, codes, message):
    with pytest.raises(ClientError, match=f"(?s){message}") as caught:
        connect(**options, retries=Retries(most=1)).predict(endpoint, inputs)
    assert caught.value.code in codes


def test_a_client_waits_no_longer_than_it_says(connect, gate):
    with pytest.raises(ClientError, match="took too long") as caught:
        connect(seconds=0.3).predict("scale", {"x": X})
    assert caught.value.code is Code.DEADLINE_EXCEEDED


@pytest.mark.parametrize("scheme", ["http", "grpc"])
def test_no_server(scheme):
    address = f"{scheme}://127.0.0.1:{free_ports(1)[0]}"
    with ServingClient(address, "toy", seconds=20.0, retries=Retries(2, 0.01)) as client:
        with pytest.raises(ClientError, match=f"{address}, toy: the server is not there") as caught:
            client.endpoints()
        assert caught.value.code is Code.UNAVAILABLE


WRONG_PORTS = ["http://localhost:abc", "grpc://localhost:abc", "http://localhost:99999", "http://localhost:0"]
WRONG_HOSTS = ["http://one host:8501", "grpc://host\t:8500", "http://name:word@host", "grpcs://name:word@host:8500"]


@pytest.mark.parametrize(
    "address", ["127.0.0.1:8501", "ftp://host", "http://", "", "http://[::1", *WRONG_PORTS, *WRONG_HOSTS]
)
def test_wrong_address(address):
    with pytest.raises(ValueError, match="grpcs:// with HOST:PORT is expected"):
        open_transport(address)


@pytest.mark.parametrize("address", ["http://[::1]:8501", "https://host/served/models", "grpc://dns:///host:8500"])
def test_possible_address(address):
    open_transport(address).close()


@pytest.mark.parametrize("seconds", [0, -1, float("inf"), float("nan"), 1e10])
def test_wrong_time(seconds):
    with pytest.raises(ValueError, match="More than 0 seconds, and up to a day for a request are expected. Received: "):
        ServingClient("http://127.0.0.1:1", "toy", seconds=seconds)


def test_a_version_or_a_label():
    with pytest.raises(ValueError, match="A version or a label is expected, not both"):
        ServingClient("http://127.0.0.1:1", "toy", version=1, label="stable")


class Odd(http.server.BaseHTTPRequestHandler):
    """Answers with the status, and the text, that the address asks for; status 0 is no answer at all."""

    answers: list  # (status, text), one after the other

    def do_GET(self):
        status, text = self.answers.pop(0)
        if status:
            self.send_response(status)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text.encode())

    def log_message(self, *arguments):
        pass


@pytest.fixture
def odd():
    """A function that gives a transport to a server with these answers."""
    with contextlib.ExitStack() as stack:

        def start(*answers):
            handler = type("Handler", (Odd,), {"answers": list(answers)})
            server = stack.enter_context(http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler))
            threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
            stack.callback(server.shutdown)
            client = ServingClient(
                f"http://127.0.0.1:{server.server_address[1]}/proxy", "toy", retries=Retries(3, 0.01)
            )
            return stack.enter_context(client)

        yield start


METADATA = (200, json.dumps({"metadata": {"signature_def": {"signature_def": {}}}}))


def test_unavailable_is_tried_again(odd):
    assert odd((503, "{}"), (0, ""), METADATA).endpoints() == {}
    assert odd((502, "<html>"), METADATA).endpoints() == {}


@pytest.mark.parametrize(
    ("status", "text", "code", "message"),
    [
        (401, "<html>", Code.UNAUTHENTICATED, "HTTP status 401"),
        (404, '{"error": "where?"}', Code.NOT_FOUND, "NOT_FOUND: where?"),
        (500, '["error"]', Code.UNKNOWN, "HTTP status 500"),
        (200, "<html>", Code.UNKNOWN, "not that of TensorFlow Serving"),
        (200, "[]", Code.UNKNOWN, "not that of TensorFlow Serving"),
        (413, "", Code.RESOURCE_EXHAUSTED, "the message is too large"),
    ],
)
def test_other_servers(odd, status, text, code, message):
    with pytest.raises(ClientError, match=message) as caught:
        odd((status, text)).endpoints()
    assert caught.value.code is code


def test_every_status_has_its_own_advice():
    assert set(ADVICE) == set(Code) - {Code.OK}
    assert len(set(ADVICE.values())) == len(ADVICE)


@pytest.fixture(scope="module")
def failing():
    """A gRPC server that fails with the code whose name is asked for as a signature."""

    class Failing(prediction_service_pb2_grpc.PredictionServiceServicer):
        def Predict(self, request, context):
            context.abort(grpc.StatusCode[request.model_spec.signature_name], "as you like")

    server = grpc.server(ThreadPoolExecutor(1))
    prediction_service_pb2_grpc.add_PredictionServiceServicer_to_server(Failing(), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    with ServingClient(f"grpc://127.0.0.1:{port}", "toy", seconds=LONG, retries=Retries(most=1)) as client:
        yield client
    server.stop(None)


@pytest.mark.parametrize("code", [code for code in Code if code is not Code.OK])
def test_every_status_over_grpc_says_what_to_do(failing, code):
    with pytest.raises(ClientError) as caught:
        failing.predict(code.name, {"x": X})
    assert caught.value.code is code
    assert f"toy: {ADVICE[code]} ({code.name}: as you like)" in str(caught.value)


@pytest.mark.parametrize("status", sorted({code.http for code in Code if code is not Code.OK}))
def test_every_status_over_rest_says_what_to_do(odd, status):
    with pytest.raises(ClientError) as caught:
        odd(*[(status, '{"error": "as you like"}')] * 3).endpoints()
    assert caught.value.code.http == status
    assert f"toy: {ADVICE[caught.value.code]} ({caught.value.code.name}: as you like)" in str(caught.value)


def test_rest_needs_no_tensorflow():
    import subprocess
    import sys

    code = "import sys, serving.client, serving.transports.rest; sys.exit('tensorflow' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_the_first_prediction_takes_no_longer_than_others(monkeypatch):
    """It asks for the metadata first, out of the same seconds."""
    given = []

    def ask(self, method, path, body, seconds):
        given.append(seconds)
        time.sleep(0.05)
        y = {"y": {"dtype": "DT_FLOAT"}}
        signatures = {"scale": {"method_name": "predict", "outputs": y}}
        return {"metadata": {"signature_def": {"signature_def": signatures}}, "outputs": [1.0]}

    monkeypatch.setattr(RestTransport, "_ask", ask)
    RestTransport("http://host").predict(Target("toy"), "scale", {"x": X}, 10.0)
    metadata, prediction = given
    assert metadata == 10.0
    assert prediction <= 9.95


def test_names_are_written_so_that_they_are_no_addresses(monkeypatch):
    asked = []
    monkeypatch.setattr(RestTransport, "_ask", lambda self, method, path, *rest: asked.append(path) or METADATA_BODY)
    RestTransport("http://host/proxy/").endpoints(Target("a/b:c", label="x y"), 1.0)
    assert asked == ["/v1/models/a%2Fb%3Ac/labels/x%20y/metadata"]


METADATA_BODY = json.loads(METADATA[1])
