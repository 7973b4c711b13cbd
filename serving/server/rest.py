"""The REST interface as a function: method, address and body in, status and body out.

What https://www.tensorflow.org/tfx/serving/api_rest describes, and beside it `/healthz` (the process lives),
`/readyz` (every model can answer) and the metrics for Prometheus.
"""

from __future__ import annotations

import sys
import traceback
from dataclasses import dataclass

from serving.server.json_answers import error_json, metadata_json, prediction_json, status_json
from serving.server.json_requests import parse_request
from serving.server.metrics import METRICS_PATH
from serving.server.model_store import ModelStore
from serving.server.routes import METADATA, STATUS, ModelSpec, parse_route
from serving.server.service import Service
from serving.statuses import Code, ServingError

__all__ = ["HEALTH_PATH", "READY_PATH", "Reply", "RestApi", "error_reply"]

HEALTH_PATH, READY_PATH = "/healthz", "/readyz"
JSON, TEXT = "application/json", "text/plain; charset=utf-8"


@dataclass(frozen=True)
class Reply:
    """What is sent back: HTTP status, body, and of which type that is."""

    status: int
    body: bytes
    content_type: str = JSON


def error_reply(error: ServingError, status: int | None = None) -> Reply:
    """What is sent back for a request that failed; the status is that of the error's code unless another is given."""
    return Reply(status or error.code.http, error_json(error.message))


class RestApi:
    """Answers requests.

    Args:
        service: does the work.
    """

    def __init__(self, service: Service):
        self._service = service

    def answer(self, method: str, target: str, body: bytes = b"") -> Reply:
        """Answer a request, whatever it is; 500 is an error in this program."""
        try:
            return self._own(method, target) or self._answer(method, target, body)
        except ServingError as error:
            return error_reply(error)
        except Exception as error:
            traceback.print_exc(file=sys.stderr)
            return error_reply(ServingError(Code.INTERNAL, f"{type(error).__name__}: {error}"))

    def _own(self, method: str, target: str) -> Reply | None:
        """What has nothing to do with a model."""
        if method != "GET":
            return None
        if target == METRICS_PATH:
            return Reply(200, self._service.metrics.text().encode(), TEXT)
        if target == HEALTH_PATH:
            return Reply(200, b"ok\n", TEXT)
        if target == READY_PATH:
            ready = self._service.ready()
            return Reply(200 if ready else 503, b"ready\n" if ready else b"not ready\n", TEXT)
        return None

    def _answer(self, method: str, target: str, body: bytes) -> Reply:
        route, store = parse_route(method, target), self._service.store
        if route.verb == STATUS:
            return Reply(200, status_json(store.states(route.model)))
        if route.verb == METADATA:
            return _metadata(store, route.model)
        if route.verb != "predict":
            raise ServingError(
                Code.INVALID_ARGUMENT,
                f"Expected {route.verb} signature method_name to be tensorflow/serving/{route.verb}. "
                "Was: tensorflow/serving/predict",
            )
        return self._predict(route.model, body)

    def _predict(self, spec: ModelSpec, body: bytes) -> Reply:
        prediction = self._service.predict("REST", spec, lambda model: parse_request(body, model))
        return Reply(200, prediction_json(prediction.outputs, prediction.request.rows))


def _metadata(store: ModelStore, spec: ModelSpec) -> Reply:
    with store.use(spec) as (version, model):
        return Reply(200, metadata_json(spec.name, version, model.signature_defs))
