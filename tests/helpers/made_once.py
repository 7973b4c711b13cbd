"""Files that take long to make, made once for all of pytest's worker processes."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable
from pathlib import Path

import pytest

__all__ = ["made_once"]


def made_once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], None]) -> Path:
    """The folder of that name; the first worker that asks makes it while the others wait.

    Args:
        factory: of this session.
        name: of the folder.
        make: fills an empty folder.
    """
    base = factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        base = base.parent  # of all workers
    folder, writing = base / name, base / f"{name}.writing-{os.getpid()}"
    with open(base / f"{name}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists():
            writing.mkdir()
            make(writing)
            writing.rename(folder)
    return folder
