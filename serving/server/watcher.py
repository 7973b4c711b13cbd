"""Looks, again and again, which versions ought to be served, and brings the store there.

New versions are loaded before old ones go, so that a model is always there; one that does not load leaves the old ones.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Mapping
from pathlib import Path

from serving.server.model_store import ModelStore, State
from serving.server.wanted import Wanted
from serving.statuses import Code

__all__ = ["Watcher", "bring_to"]


def bring_to(store: ModelStore, wanted: Mapping[str, Wanted]) -> None:
    """Load what is wanted and not there, give the labels, then let go of the rest once its requests are answered.

    A version that did not load is tried again only after it was not wanted for a while.
    """
    store.wanted = frozenset(wanted)
    for name, model in wanted.items():
        known = store.known(name)
        for version, folder in model.versions.items():
            if version not in known or (known[version].state is State.END and known[version].code is Code.OK):
                _load(store, name, version, folder)
        store.label(name, model.labels)
    for name in store.names():
        _unload(store, name, wanted.get(name))


def _load(store: ModelStore, name: str, version: int, folder: Path) -> None:
    state = store.load(name, version, folder)
    happened = "is available" if state.state is State.AVAILABLE else f"failed: {state.message}"
    print(f"{name}: version {version} {happened}", file=sys.stderr)


def _unload(store: ModelStore, name: str, model: Wanted | None) -> None:
    versions = set(model.versions) if model else set()
    if versions and not versions & set(store.available(name)):
        return  # nothing would be left
    for version, state in store.known(name).items():
        if version in versions:
            continue
        if state.state is State.AVAILABLE:
            store.unload(name, version)
            print(f"{name}: version {version} is no longer served", file=sys.stderr)
        elif state.code is not Code.OK:
            store.forget(name, version)


class Watcher:
    """Brings a store to what is wanted, in a thread.

    Args:
        store: of the models.
        find: tells what is wanted; if it fails (ValueError, OSError), everything stays as it is.
        seconds: between two looks.
    """

    def __init__(self, store: ModelStore, find: Callable[[], Mapping[str, Wanted]], seconds: float):
        self._store, self._find, self._seconds = store, find, seconds
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="watcher", daemon=True)

    def start(self) -> None:
        """Take the first look, whose errors are the caller's, then look on in a thread."""
        bring_to(self._store, self._find())
        self._thread.start()

    def stop(self) -> None:
        """Look no more; waits for a load that is under way."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()

    def _watch(self) -> None:
        while not self._stop.wait(self._seconds):
            try:
                bring_to(self._store, self._find())
            except (ValueError, OSError) as error:
                print(f"serving: everything stays as it is: {error}", file=sys.stderr)
