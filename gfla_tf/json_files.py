"""JSON files: whole or not there when written; what is no JSON object is an error that says so."""

from __future__ import annotations

import json
import os

from gfla_tf.outputs import whole_file
from gfla_tf.remote import as_path

__all__ = ["read_json", "write_json"]


def read_json(path: str | os.PathLike[str]) -> dict:
    """The JSON object in a file, also at an address (`gfla_tf.remote`).

    Raises:
        ValueError: there is none.
    """
    try:
        content = json.loads(as_path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise ValueError(f"{path}: a JSON object is expected. Received: {error}.") from error
    if not isinstance(content, dict):
        raise ValueError(f"{path}: a JSON object is expected. Received: {type(content).__name__}.")
    return content


def write_json(path: str | os.PathLike[str], content: object) -> None:
    """Write JSON for people to read.

    Raises:
        ValueError: it holds what JSON has no word for, also NaN and infinity, or the file can't be written.
    """
    with whole_file(path) as temporary:
        temporary.write_text(json.dumps(content, indent=2, allow_nan=False) + "\n", encoding="utf-8")
