"""SHA-256 of files, arrays and JSON: by them results are known again, never by names or times."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping

import numpy as np

from gfla_tf.remote import as_path

__all__ = ["arrays_sha256", "file_sha256", "files_sha256", "json_sha256"]

PIECE = 2**20  # bytes that are read at a time


def files_sha256(files: Mapping[str, str | os.PathLike[str]]) -> str:
    """One hash of the names and contents of files.

    Args:
        files: name -> path; the path itself does not count.

    Raises:
        ValueError: a file can't be read.
    """
    digest = hashlib.sha256()
    for name in sorted(files):
        digest.update(f"{name}\n{file_sha256(files[name])}\n".encode())
    return digest.hexdigest()


def file_sha256(path: str | os.PathLike[str]) -> str:
    """The hash of a file's content.

    Raises:
        ValueError: the file can't be read.
    """
    digest = hashlib.sha256()
    try:
        with as_path(path).open("rb") as file:
            while piece := file.read(PIECE):
                digest.update(piece)
    except OSError as error:
        raise ValueError(f"{path}: a readable file is expected. Received: {error.strerror}.") from error
    return digest.hexdigest()


def arrays_sha256(arrays: Mapping[str, np.ndarray]) -> str:
    """One hash of names, shapes and values (as float32) of arrays."""
    digest = hashlib.sha256()
    for name in sorted(arrays):
        array = np.ascontiguousarray(arrays[name], np.float32)
        digest.update(f"{name} {array.shape}\n".encode())
        digest.update(array.tobytes())
    return digest.hexdigest()


def json_sha256(content: object) -> str:
    """The hash of JSON, whatever the order of its keys."""
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
