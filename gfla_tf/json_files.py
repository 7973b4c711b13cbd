"""JSON files: whole or not there when written; what is no JSON object is an error that says so."""

from __future__ import annotations

import json
import os

from gfla_tf.outputs import whole_file
from gfla_tf.remote import as_path

__all__ = ["read_json", "write_json"]


def read_json(path: str | os.PathLike[str], expected: str = "a JSON object") -> dict:
    """The JSON object in a file, also at an address (`gfla_tf.remote`).

    Args:
        path: of the file.
        expected: what the file should be, for messages.

    Raises:
        ValueError: there is none.
    """
    try:
        content = json.loads(as_path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise ValueError(f"{path}: {expected} is expected. Received: {_received(error)}.") from error
    if not isinstance(content, dict):
        raise ValueError(f"{path}: {expected} is expected. Received: {type(content).__name__}.")
    return content


def _received(error: Exception) -> str:
    """What was there instead of JSON."""
    if isinstance(error, (FileNotFoundError, NotADirectoryError)):
        return "no such file"
    if isinstance(error, IsADirectoryError):
        return "a folder"
    if isinstance(error, UnicodeDecodeError):
        return "a file that is no text"
    if isinstance(error, json.JSONDecodeError):
        return f"no JSON ({error})" if error.doc.strip() else "an empty file"
    return getattr(error, "strerror", None) or str(error)


def write_json(path: str | os.PathLike[str], content: object) -> None:
    """Write JSON for people to read.

    Raises:
        ValueError: it holds what JSON has no word for, also NaN and infinity, or the file can't be written.
    """
    with whole_file(path) as temporary:
        temporary.write_text(json.dumps(content, indent=2, allow_nan=False) + "\n", encoding="utf-8")
