"""The versions that are loaded: found for a request, kept as long as one uses them, and let go of.

A version's states are those of TensorFlow Serving: START, LOADING, AVAILABLE, UNLOADING, END. New requests only find
versions that are AVAILABLE; an UNLOADING one waits for the requests that have found it (it drains).
"""

from __future__ import annotations

import contextlib
import enum
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Generic, TypeVar

from serving.server.routes import ModelSpec
from serving.statuses import Code, ServingError

__all__ = ["ModelStore", "State", "VersionState"]

Model = TypeVar("Model")


class State(enum.IntEnum):
    """Of a version; the numbers are those of `ModelVersionStatus`."""

    START = 10
    LOADING = 20
    AVAILABLE = 30
    UNLOADING = 40
    END = 50


@dataclass(frozen=True)
class VersionState:
    """What is told of a version.

    Attributes:
        version: its number.
        state: how far it is.
        code: OK, or why it ended.
        message: likewise.
    """

    version: int
    state: State
    code: Code = Code.OK
    message: str = ""


@dataclass
class _Entry(Generic[Model]):
    state: VersionState
    model: Model | None = None
    users: int = 0


@dataclass
class _Versions(Generic[Model]):
    entries: dict[int, _Entry[Model]] = field(default_factory=dict)
    labels: Mapping[str, int] = field(default_factory=dict)

    def available(self) -> list[int]:
        return sorted(version for version, entry in self.entries.items() if entry.state.state is State.AVAILABLE)


class ModelStore(Generic[Model]):
    """Versions by model; threads may use it at the same time.

    Args:
        load: makes a model of a version's folder; ValueError if it can't.

    Attributes:
        wanted: the models that ought to be there.
    """

    def __init__(self, load: Callable[[Path], Model]):
        self._load, self.wanted = load, frozenset[str]()
        self._models: dict[str, _Versions[Model]] = {}
        self._changed = threading.Condition()

    @contextlib.contextmanager
    def use(self, spec: ModelSpec) -> Iterator[tuple[int, Model]]:
        """The version's number and the model, which stays loaded within the block.

        Raises:
            ServingError: NOT_FOUND, or INVALID_ARGUMENT for a label that is not given.
        """
        with self._changed:
            version = self._find(spec)
            entry = self._models[spec.name].entries[version]
            entry.users += 1
        try:
            yield version, entry.model
        finally:
            with self._changed:
                entry.users -= 1
                self._changed.notify_all()

    def states(self, spec: ModelSpec) -> list[VersionState]:
        """The states of a model's versions, newest first, or that of the one that is asked for.

        Raises:
            ServingError: NOT_FOUND, or INVALID_ARGUMENT for a label that is not given.
        """
        with self._changed:
            versions = self._models.get(spec.name, _Versions())
            wanted = self._labelled(spec) if spec.label is not None else spec.version
            found = [entry.state for version, entry in versions.entries.items() if wanted in (None, version)]
        if not found:
            what = "any versions" if wanted is None else f"version {wanted}"
            raise ServingError(Code.NOT_FOUND, f"Could not find {what} of model {spec.name}")
        return sorted(found, key=lambda state: -state.version)

    def names(self) -> list[str]:
        """The models that there are, in whatever state."""
        with self._changed:
            return sorted(self._models)

    def available(self, name: str) -> list[int]:
        """The versions of a model that requests find, lowest first."""
        with self._changed:
            return self._models.get(name, _Versions()).available()

    def known(self, name: str) -> dict[int, VersionState]:
        """Every version that was ever loaded, or tried to."""
        with self._changed:
            entries = self._models.get(name, _Versions()).entries
            return {version: entry.state for version, entry in entries.items()}

    def load(self, name: str, version: int, folder: Path) -> VersionState:
        """Load a version; what it returns says whether it is available, or why not."""
        self._enter(name, VersionState(version, State.LOADING))
        try:
            model = self._load(folder)
        except ValueError as error:
            return self._enter(name, VersionState(version, State.END, Code.UNKNOWN, str(error)))
        return self._enter(name, VersionState(version, State.AVAILABLE), model)

    def label(self, name: str, labels: Mapping[str, int]) -> None:
        """Give a model's labels anew; one whose version is not available stays what it was."""
        with self._changed:
            versions = self._models.setdefault(name, _Versions())
            there = versions.available()
            old = {key: version for key, version in versions.labels.items() if key in labels and version in there}
            versions.labels = {**old, **{key: version for key, version in labels.items() if version in there}}

    def unload(self, name: str, version: int) -> None:
        """Let no new request find a version, wait for those that have, and let go of it."""
        with self._changed:
            entry = self._models[name].entries[version]
            entry.state = VersionState(version, State.UNLOADING)
            self._changed.wait_for(lambda: not entry.users)
            entry.state, entry.model = VersionState(version, State.END), None

    def forget(self, name: str, version: int) -> None:
        """Tell no longer of a version that did not load."""
        with self._changed:
            del self._models[name].entries[version]

    def _enter(self, name: str, state: VersionState, model: Model | None = None) -> VersionState:
        with self._changed:
            self._models.setdefault(name, _Versions()).entries[state.version] = _Entry(state, model)
        return state

    def _find(self, spec: ModelSpec) -> int:
        version = self._labelled(spec) if spec.label is not None else spec.version
        available = self._models.get(spec.name, _Versions()).available()
        if not available or version not in (None, *available):
            which = f"Latest({spec.name})" if version is None else f"Specific({spec.name}, {version})"
            raise ServingError(Code.NOT_FOUND, f"Servable not found for request: {which}")
        return available[-1] if version is None else version

    def _labelled(self, spec: ModelSpec) -> int:
        labels = self._models.get(spec.name, _Versions()).labels
        if spec.name in self._models and spec.label not in labels:
            raise ServingError(Code.INVALID_ARGUMENT, f"Unrecognized servable version label: {spec.label}")
        return labels.get(spec.label, 0)
