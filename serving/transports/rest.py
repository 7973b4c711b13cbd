"""REST with the standard library: one connection, kept as long as the server keeps it."""

from __future__ import annotations

import base64
import http.client
import json
import ssl
import time
from urllib.parse import quote, urlsplit

import numpy as np

from serving.exchange import Arrays
from serving.statuses import Code, ServingError, code_of_http
from serving.transports.transport import EndpointInfo, Target, endpoints_from

__all__ = ["RestTransport"]

JSON = {"Content-Type": "application/json"}


class RestTransport:
    """A server's REST interface.

    Args:
        address: "http://host:port" or "https://host:port", and what a proxy may want before "/v1".
    """

    def __init__(self, address: str):
        parts = urlsplit(address)
        kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        self._connection, self._prefix = kind(parts.netloc), parts.path.rstrip("/")
        self._known: dict[Target, dict[str, EndpointInfo]] = {}

    def predict(self, target: Target, endpoint: str, inputs: Arrays, seconds: float) -> Arrays:
        """See `Transport`."""
        end = time.monotonic() + seconds
        outputs = self._outputs(target, endpoint, seconds)
        body = {"signature_name": endpoint, "inputs": {name: _to_json(array) for name, array in inputs.items()}}
        data, left = json.dumps(body).encode(), end - time.monotonic()
        answer = self._ask("POST", f"{_path(target)}:predict", data, left)["outputs"]
        values = answer if len(outputs) > 1 else dict.fromkeys(outputs, answer)
        return {name: _from_json(values[name], dtype) for name, (dtype, _) in outputs.items()}

    def endpoints(self, target: Target, seconds: float) -> dict[str, EndpointInfo]:
        """See `Transport`."""
        answer = self._ask("GET", f"{_path(target)}/metadata", None, seconds)
        return endpoints_from(answer["metadata"]["signature_def"]["signature_def"])

    def close(self) -> None:
        """See `Transport`."""
        self._connection.close()

    def _outputs(self, target: Target, endpoint: str, seconds: float) -> dict:
        """The outputs' names and types, which an answer does not say; asked for once."""
        if target not in self._known:
            self._known[target] = self.endpoints(target, seconds)
        if endpoint not in self._known[target]:
            raise ServingError(Code.INVALID_ARGUMENT, f'Serving signature key "{endpoint}" not found.')
        return dict(self._known[target][endpoint].outputs)

    def _ask(self, method: str, path: str, body: bytes | None, seconds: float) -> dict:
        try:
            status, data = self._send(method, self._prefix + path, body, seconds)
        except TimeoutError as error:
            self._connection.close()
            raise ServingError(Code.DEADLINE_EXCEEDED, f"No answer within {seconds:.3g} seconds.") from error
        except (ssl.SSLError, http.client.HTTPException, OSError) as error:
            self._connection.close()
            # A server that is not there (yet, any more) is worth another try; one that speaks differently is not.
            away = isinstance(error, OSError) and not isinstance(error, ssl.SSLError)
            raise ServingError(Code.UNAVAILABLE if away else Code.UNKNOWN, f"No answer: {error}") from error
        return _parse(status, data)

    def _send(self, method: str, path: str, body: bytes | None, seconds: float) -> tuple[int, bytes]:
        connection = self._connection
        connection.timeout = max(seconds, 1e-3)
        if connection.sock is not None:
            connection.sock.settimeout(connection.timeout)
        try:
            connection.request(method, path, body, JSON)
        except (BrokenPipeError, ConnectionResetError):
            if connection.sock is None:
                raise  # else the server has perhaps said why it wants no more
        response = connection.getresponse()
        return response.status, response.read()


def _path(target: Target) -> str:
    path = f"/v1/models/{quote(target.model, safe='')}"
    if target.version is not None:
        path += f"/versions/{target.version}"
    return path if target.label is None else f"{path}/labels/{quote(target.label, safe='')}"


def _parse(status: int, data: bytes) -> dict:
    try:
        document = json.loads(data)
    except ValueError:
        document = {}
    code = code_of_http(status)
    if code is not Code.OK:
        said = document.get("error") if isinstance(document, dict) else None
        raise ServingError(code, str(said) if said else f"HTTP status {status}")
    if not isinstance(document, dict) or not document.keys() & {"outputs", "metadata"}:
        raise ServingError(Code.UNKNOWN, "The answer is not that of TensorFlow Serving.")
    return document


def _to_json(array: np.ndarray) -> object:
    if array.dtype != object:
        return array.tolist()
    encoded = np.empty(array.size, object)
    encoded[:] = [{"b64": base64.b64encode(value).decode()} for value in array.ravel()]
    return encoded.reshape(array.shape).tolist()


def _from_json(values: object, dtype: type) -> np.ndarray:
    if dtype is not object:
        return np.array(values, dtype)
    decoded = np.array(values, object)  # objects of one key stay as they are
    flat = [base64.b64decode(item["b64"]) if isinstance(item, dict) else item.encode() for item in decoded.ravel()]
    result = np.empty(len(flat), object)
    result[:] = flat
    return result.reshape(decoded.shape)
