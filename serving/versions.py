"""Version folders as TensorFlow Serving watches them: DIR/NAME/1, DIR/NAME/2, ...; each is complete or not there.

A server looks for folders whose name is a whole number and loads what it finds, at any moment. So a version is written
beside them under a name that is none, `.writing-...`, and renamed when it is done. Such a folder outlives only a
process that was killed (SIGKILL).
"""

from __future__ import annotations

import contextlib
import errno
import os
import re
import shutil
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Version", "check_name", "existing_versions", "new_version", "version_folders"]

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")


@dataclass
class Version:
    """A version that is being written.

    Attributes:
        folder: where to write; once it is done, where it is.
    """

    folder: Path


def existing_versions(model_folder: str | os.PathLike[str]) -> list[int]:
    """The versions in a model's folder, lowest first; none if it is not there."""
    return list(version_folders(model_folder))


def version_folders(model_folder: str | os.PathLike[str]) -> dict[int, Path]:
    """The same with their folders, whose names may have zeros before the number: of two, the shorter one counts."""
    folder = Path(model_folder)
    if not folder.is_dir():
        return {}
    found = [path for path in folder.iterdir() if re.fullmatch("[0-9]+", path.name) and path.is_dir()]
    return {int(path.name): path for path in sorted(found, key=lambda path: (int(path.name), -len(path.name)))}


def check_name(name: str) -> None:
    """ValueError unless it can be a model's name, as it stands in addresses: letters, digits, `_`, `.` and `-`."""
    if not _NAME.fullmatch(name):
        raise ValueError(f"A model's name of letters, digits, '_', '.' and '-' is expected. Received: {name!r}.")


@contextlib.contextmanager
def new_version(root: str | os.PathLike[str], name: str) -> Iterator[Version]:
    """Give an empty folder, which becomes the model's next version if the block ends without an error.

    Args:
        root: folder of all models; made if it is not there.
        name: of the model, see `check_name`.

    Raises:
        ValueError: another name, or a folder that cannot be written to.
    """
    check_name(name)
    model_folder = Path(root) / name
    writing = model_folder / f".writing-{uuid.uuid4().hex}"
    try:
        writing.mkdir(parents=True)
    except OSError as error:
        raise ValueError(f"A folder to write models to is expected. Received: {root} ({error.strerror}).") from error
    version = Version(writing)
    try:
        yield version
        version.folder = _rename_to_next(writing, model_folder)
    finally:
        shutil.rmtree(writing, ignore_errors=True)
        with contextlib.suppress(OSError):  # not empty, as it should be
            model_folder.rmdir()


def _rename_to_next(writing: Path, model_folder: Path) -> Path:
    """Rename to the next free number; another export may take one at the same time."""
    while True:
        number = max(existing_versions(model_folder), default=0) + 1
        try:
            return writing.rename(model_folder / str(number))
        except OSError as error:
            if error.errno not in (errno.EEXIST, errno.ENOTEMPTY):
                raise
