"""With what a run was made: revision of the code, versions of the packages, machine, command."""

from __future__ import annotations

import datetime
import importlib.metadata
import os
import platform
import subprocess
import sys
from pathlib import Path

from gfla_tf.remote import RemotePath, as_path

__all__ = ["describe_start"]

_PACKAGES = ("gfla-tf", "tensorflow", "keras", "numpy", "opencv-python-headless", "safetensors")


def describe_start(step: int, data: str | os.PathLike[str]) -> dict[str, object]:
    """A start of a run, as a JSON object.

    Args:
        step: that it starts from.
        data: folder of the dataset, or its address.
    """
    path = as_path(data)
    return {
        "time": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
        "step": step,
        "command": sys.argv,
        "data": str(path) if isinstance(path, RemotePath) else os.path.abspath(path),
        "revision": _revision(),
        "python": platform.python_version(),
        "packages": {name: version for name in _PACKAGES if (version := _version(name))},
        "platform": platform.platform(),
        "cores": os.cpu_count(),
    }


def _version(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def _revision() -> str | None:
    """The commit of this code, with "+changes" if files differ from it; None outside of a checkout."""
    folder = Path(__file__).resolve().parent
    revision = _git(folder, "rev-parse", "HEAD")
    if revision is None:
        return None
    return revision + ("+changes" if _git(folder, "status", "--porcelain", "--untracked-files=no") else "")


def _git(folder: Path, *arguments: str) -> str | None:
    try:
        result = subprocess.run(["git", "-C", folder, *arguments], capture_output=True, text=True, timeout=20)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return result.stdout.strip() if result.returncode == 0 else None
