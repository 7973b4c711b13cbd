"""A prediction from the model that is asked for to the answer: what REST and gRPC have in common."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol, TypeVar

from serving.exchange import Arrays
from serving.server.batching import BatchScheduler
from serving.server.loaded_model import Endpoint, LoadedModel
from serving.server.lone_runs import LoneRuns
from serving.server.metrics import Metrics
from serving.server.model_store import ModelStore
from serving.server.routes import ModelSpec
from serving.statuses import Code, ServingError

__all__ = ["Prediction", "Request", "Service"]


class Request(Protocol):
    """What was read from a request, of whichever interface."""

    endpoint: Endpoint
    inputs: Arrays


SomeRequest = TypeVar("SomeRequest", bound=Request)


@dataclass(frozen=True)
class Prediction:
    """An answer: the version that gave it, what it was asked, and its outputs."""

    version: int
    request: Request
    outputs: Arrays


class Service:
    """Predictions.

    Args:
        store: of the models.
        scheduler: runs requests, merged or (the default) each alone.
        seconds: that a prediction may take.

    Attributes:
        store: likewise.
        metrics: what is counted.
    """

    def __init__(
        self,
        store: ModelStore[LoadedModel],
        scheduler: BatchScheduler | LoneRuns | None = None,
        seconds: float = 30.0,
    ):
        self.store, self._scheduler, self._seconds = store, scheduler or LoneRuns(), seconds
        self.metrics = Metrics(self._gauges)

    def predict(
        self,
        entrypoint: str,
        spec: ModelSpec,
        read: Callable[[LoadedModel], SomeRequest],
        seconds: float | None = None,
    ) -> Prediction:
        """Answer a request.

        Args:
            entrypoint: "REST" or "GRPC", for the metrics.
            spec: the model.
            read: gives the request, once it is known what the model takes.
            seconds: that whoever asks waits; the server's own limit counts, too.

        Raises:
            ServingError: it cannot be answered.
        """
        with self._counted(entrypoint, spec.name), self.store.use(spec) as (version, model):
            request = read(model)
            request.endpoint.check(request.inputs)
            limit = self._seconds if seconds is None else min(seconds, self._seconds)
            return Prediction(version, request, self._run(spec, version, model, request, limit))

    def ready(self) -> bool:
        """Whether there ought to be models, and every one has a version that answers."""
        wanted = self.store.wanted
        return bool(wanted) and all(map(self.store.available, wanted))

    def _run(self, spec: ModelSpec, version: int, model: LoadedModel, request: Request, seconds: float) -> Arrays:
        name = request.endpoint.name
        key = spec.name, version, name
        return self._scheduler.run(key, lambda inputs: model.run(name, inputs), request.inputs, seconds)

    @contextlib.contextmanager
    def _counted(self, entrypoint: str, name: str) -> Iterator[None]:
        start, code = time.perf_counter(), Code.INTERNAL
        try:
            yield
            code = Code.OK
        except ServingError as error:
            code = error.code
            raise
        finally:
            # Names that strangers make up would fill the memory.
            known = name if name in self.store.names() else ""
            self.metrics.request(known, entrypoint, code.name, time.perf_counter() - start)

    def _gauges(self) -> Iterator[tuple]:
        for name in self.store.names():
            for version, state in self.store.known(name).items():
                yield "gfla_serving_version_state", (("model_name", name), ("version", str(version))), int(state.state)
        yield "gfla_serving_waiting", (), float(self._scheduler.waiting())
