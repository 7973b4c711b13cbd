"""The development server, put together: models looked for, requests merged, two interfaces, an orderly end."""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial

from serving.exchange import DAY
from serving.server.batching import BatchScheduler
from serving.server.batching_parameters import BatchingParameters
from serving.server.grpc_server import make_grpc_server
from serving.server.http_server import RestServer
from serving.server.limits import Limits
from serving.server.loaded_model import LoadedModel
from serving.server.lone_runs import LoneRuns
from serving.server.model_store import ModelStore
from serving.server.rest import RestApi
from serving.server.service import Service
from serving.server.under_way import UnderWay
from serving.server.wanted import Wanted, wanted_by_config, wanted_in
from serving.server.watcher import Watcher

__all__ = ["DevelopmentServer", "Settings"]

LAST_SECONDS = 1.0  # for answers that are made to get out
HIGHEST_PORT = 65_535


@dataclass(frozen=True)
class Settings:
    """How a server runs.

    Attributes:
        models: folder of all models.
        config: a models.config, which says what of them is served; by default the newest version of each.
        host: address to listen at.
        rest_port: 0 is any free one.
        grpc_port: likewise.
        batching: how requests are merged; None lets each run alone.
        limits: what is refused.
        poll_seconds: between two looks for new versions.
    """

    models: str | os.PathLike[str]
    config: str | os.PathLike[str] | None = None
    host: str = "127.0.0.1"
    rest_port: int = 8501
    grpc_port: int = 8500
    batching: BatchingParameters | None = field(default_factory=BatchingParameters)
    limits: Limits = field(default_factory=Limits)
    poll_seconds: float = 1.0

    def __post_init__(self):
        ports = self.rest_port, self.grpc_port
        if min(ports) < 0 or max(ports) > HIGHEST_PORT:
            raise ValueError(f"Ports of 0 to {HIGHEST_PORT} are expected. Received: {ports[0]} and {ports[1]}.")
        if not 0 < self.poll_seconds <= DAY:
            raise ValueError(
                f"More than 0 seconds, and up to a day between two looks are expected. Received: {self.poll_seconds}."
            )

    def wanted(self) -> Mapping[str, Wanted]:
        """What is to be served now."""
        return wanted_in(self.models) if self.config is None else wanted_by_config(self.models, self.config)


class DevelopmentServer:
    """A server; within its block it answers.

    Args:
        settings: how it runs.

    Attributes:
        service: what answers requests, and its models.
        answered: once it has ended, whether everything that had been asked was answered, over both interfaces.

    Raises:
        ValueError: a port is taken, or the folder or the config cannot be read.
    """

    def __init__(self, settings: Settings):
        self._settings, self.answered = settings, False
        store = ModelStore(LoadedModel)
        self._scheduler = (
            LoneRuns(settings.limits.connections)
            if settings.batching is None
            else BatchScheduler(settings.batching, self._count_batch)
        )
        self._grpc_under_way = UnderWay(settings.limits.connections)
        self.service = Service(store, self._scheduler, settings.limits.seconds)
        self._watcher = Watcher(store, settings.wanted, settings.poll_seconds)

    @property
    def rest_address(self) -> str:
        """Where the REST interface is."""
        return f"http://{self._settings.host}:{self._rest.port}"

    @property
    def grpc_address(self) -> str:
        """Where the gRPC interface is."""
        return f"grpc://{self._settings.host}:{self._grpc_port}"

    def __enter__(self) -> DevelopmentServer:
        """Load all models, then listen."""
        settings = self._settings
        with contextlib.ExitStack() as undo:
            undo.callback(self._scheduler.stop)
            undo.callback(self._watcher.stop)
            self._watcher.start()
            self._rest = self._listen()
            undo.callback(self._rest.server_close)
            address = f"{settings.host}:{settings.grpc_port}"
            self._grpc, self._grpc_port = make_grpc_server(self.service, address, settings.limits, self._grpc_under_way)
            undo.pop_all()
        self._grpc.start()
        threading.Thread(target=partial(self._rest.serve_forever, 0.1), name="rest", daemon=True).start()
        return self

    def _listen(self) -> RestServer:
        settings = self._settings
        try:
            return RestServer((settings.host, settings.rest_port), RestApi(self.service), settings.limits)
        except OSError as error:
            place = f"{settings.host}:{settings.rest_port}"
            raise ValueError(f"An address that nobody listens at is expected. Received: {place} ({error}).") from error

    def __exit__(self, *exception: object) -> None:
        """Take no new request, answer those that are here, and end."""
        seconds = self._settings.limits.seconds
        end = time.monotonic() + seconds
        ended = self._grpc.stop(seconds + LAST_SECONDS)  # takes no new one from here on
        over_rest = self._rest.drain(seconds)
        self.answered = self._grpc_under_way.wait(end - time.monotonic()) and over_rest
        self._rest.shutdown()
        self._rest.server_close()
        ended.wait()
        self._watcher.stop()
        self._scheduler.stop(LAST_SECONDS)

    def _count_batch(self, size: int, padded: int) -> None:
        self.service.metrics.batch(size, padded)
