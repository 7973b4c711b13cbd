"""Files that are either whole or not there: everything is written under a temporary name and renamed at the end."""

from __future__ import annotations

import contextlib
import os
import re
import uuid
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

__all__ = ["check_distinct", "check_folder", "check_output", "remove_temporaries", "whole_file"]

_TEMPORARY = re.compile(r"\.[0-9a-f]{32}(\.[^.]+)?")  # as `whole_file` names them


def check_output(path: str | os.PathLike[str], extensions: Sequence[str] = ()) -> None:
    """Raise a ValueError unless a file can be written there; worth asking before long work.

    Args:
        path: the file.
        extensions: one of which it must end in, in capitals or not; none for any, or no ending.
    """
    path = Path(path)
    if path.is_dir():
        raise ValueError(f"A file to write is expected. Received: {path}, which is a folder.")
    if not path.parent.is_dir() or not os.access(path.parent, os.W_OK):
        raise ValueError(f"A file in an existing, writable folder is expected. Received: {path}.")
    if extensions and path.suffix.lower() not in extensions:
        raise ValueError(f"A file ending in {', '.join(extensions)} is expected. Received: {path}.")


def check_folder(folder: str | os.PathLike[str]) -> None:
    """Raise a ValueError unless files can be written there, or it can be made; nothing is made yet."""
    folder = Path(folder)
    nearest = next(path for path in (folder, *folder.parents) if path.exists())
    if not nearest.is_dir() or not os.access(nearest, os.W_OK):
        raise ValueError(f"A folder that can be written to is expected. Received: {folder}.")


def check_distinct(
    inputs: Iterable[str | os.PathLike[str] | None], outputs: Iterable[str | os.PathLike[str] | None]
) -> None:
    """Raise a ValueError if an output would replace an input or another output; worth asking before long work.

    Args:
        inputs: files that are read, also FILE#IMAGE; None and what is not there are passed over.
        outputs: files to write; None is passed over.
    """
    there = (path if os.path.exists(path) else os.fspath(path).partition("#")[0] for path in inputs if path is not None)
    taken = {_identity(path) for path in there}
    for path in outputs:
        if path is None:
            continue
        if (identity := _identity(path)) in taken:
            raise ValueError(f"Different files are expected as inputs and outputs. Received: {path} more than once.")
        taken.add(identity)


def _identity(path: str | os.PathLike[str]) -> tuple[int, int] | str:
    """What all names of one file have in common."""
    try:
        status = os.stat(path)
    except OSError:
        return os.path.realpath(path)
    return status.st_dev, status.st_ino


@contextlib.contextmanager
def whole_file(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Give a temporary path in the same folder, which becomes `path` if the block ends without an error.

    Args:
        path: the file to write or to replace.

    Raises:
        ValueError: if no file can be written there. Errors of other files that the block reads pass as they are.
    """
    check_output(path)
    path = Path(path)
    temporary = path.with_name(f".{uuid.uuid4().hex}{path.suffix}")
    try:
        yield temporary
        os.replace(temporary, path)
    except OSError as error:
        # A full disk has no name while something is written, and two names where a file is copied.
        names = {str(name) for name in (error.filename, error.filename2) if name is not None}
        if names and names.isdisjoint((str(temporary), str(path))):
            raise
        raise ValueError(f"{path} could not be written: {error.strerror or error}.") from error
    finally:
        temporary.unlink(missing_ok=True)


def remove_temporaries(folder: str | os.PathLike[str]) -> None:
    """Remove what a killed process left half-written in a folder and below."""
    for parent, _, names in os.walk(folder):
        for name in filter(_TEMPORARY.fullmatch, names):
            Path(parent, name).unlink(missing_ok=True)
