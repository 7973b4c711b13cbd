"""Files to read: whether there is something in them, asked before anything else and answered in plain words."""

from __future__ import annotations

import os
from pathlib import Path

__all__ = ["check_input"]


def check_input(path: str | os.PathLike[str], expected: str) -> None:
    """Raise a ValueError unless there is a file that is not empty.

    Args:
        path: of the file, on this machine.
        expected: what it should be, for the message, such as "a photo".
    """
    path = Path(path)
    if not path.exists():
        received = "no such file"
    elif path.is_dir():
        received = "a folder"
    elif path.is_file() and not path.stat().st_size:
        received = "an empty file"
    else:
        return
    raise ValueError(f"{path}: {expected} is expected. Received: {received}.")
