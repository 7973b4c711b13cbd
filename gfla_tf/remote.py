"""Files at addresses such as s3://bucket/data, gs://bucket/data or http://server/data, read like those of this machine.

`as_path` gives a `pathlib.Path` for what is on this machine, at no further cost, and for an address a `RemotePath`,
which has the methods of a Path that readers need. Nothing is written there.

Reading goes through TensorFlow's file systems. TensorFlow has gs:// itself; TensorFlow I/O, where it is installed, adds
s3://, http://, https://, hdfs://, az:// and more. A folder is listed once in a process, and what is in it is answered
from the list, so that a dataset that is being changed should be opened anew by another process. Web servers have no
folders: their pages of links are taken for lists (Apache, nginx and `python -m http.server` make them), and names in
them are taken as they stand.
"""

from __future__ import annotations

import contextlib
import errno
import functools
import html
import io
import os
import re
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath
from typing import BinaryIO

__all__ = ["RemotePath", "as_path"]

_ADDRESS = re.compile(r"[a-z][a-z0-9+.-]+://")
_LINK = re.compile(r'href="([^"?#/:]+/?)"')


def as_path(path: str | bytes | os.PathLike) -> Path | RemotePath:
    """The path of a file or folder on this machine, or that of an address."""
    text = os.fsdecode(path)
    return RemotePath(text) if _ADDRESS.match(text) else Path(text)


class RemotePath(PurePosixPath):
    """A path with scheme, such as s3://bucket/data; methods do as those of `pathlib.Path`.

    Errors of reading are OSErrors, as with files. A scheme that there is no file system for is a ValueError.
    """

    def __str__(self) -> str:
        return super().__str__().replace(":/", "://", 1)

    def open(self, mode: str = "rb") -> BinaryIO:
        """The content of the file, in memory; there is no mode but "rb"."""
        return io.BytesIO(self.read_bytes())

    def read_text(self, encoding: str = "utf-8") -> str:
        """The content of the file, line ends as they are."""
        return self.read_bytes().decode(encoding)

    def read_bytes(self) -> bytes:
        """The content of the file."""
        import tensorflow as tf

        _need_file_system(self)
        try:
            return tf.io.read_file(str(self)).numpy()
        except tf.errors.NotFoundError:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(self)) from None
        except tf.errors.OpError as error:
            raise OSError(errno.EIO, error.message, str(self)) from error

    def is_file(self) -> bool:
        """Whether the folder's list has it; a name with an extension is taken for a file's without asking."""
        return self.name in _names(self.parent) and (bool(self.suffix) or not self.is_dir())

    def is_dir(self) -> bool:
        """Whether it is a folder with something in it; most stores have no empty ones."""
        return bool(_names(self))

    def iterdir(self) -> Iterator[RemotePath]:
        """What is in the folder."""
        return (self / name for name in _names(self))

    def glob(self, pattern: str) -> Iterator[RemotePath]:
        """What the pattern matches, of the kind a*/b; without `**`."""
        first, _, rest = pattern.partition("/")
        found = (path for path in self.iterdir() if fnmatchcase(path.name, first))
        return (below for path in found if path.is_dir() for below in path.glob(rest)) if rest else found


def _need_file_system(path: RemotePath) -> None:
    """Have TensorFlow I/O register its file systems if TensorFlow itself has none for a path."""
    import tensorflow as tf

    scheme = path.parts[0].removesuffix(":")
    if scheme in tf.io.gfile.get_registered_schemes():
        return
    with contextlib.suppress(ImportError):
        import tensorflow_io  # noqa: F401 (registers its file systems)
    if scheme not in tf.io.gfile.get_registered_schemes():
        raise ValueError(
            f"An address that can be read here is expected; without TensorFlow I/O (for TensorFlow 2.15, pip install "
            f'"gfla-tf[addons]") there is gs:// only, and other files must be copied to this machine. Received: {path}.'
        )


@functools.cache
def _names(folder: RemotePath) -> frozenset[str]:
    """The names of what is in a folder, of folders with a slash where the file system gives it; none for no folder."""
    import tensorflow as tf

    _need_file_system(folder)
    try:
        if folder.parts[0] in ("http:", "https:"):
            page = tf.io.read_file(f"{folder}/").numpy().decode("utf-8", "replace")
            return frozenset(html.unescape(name) for name in _LINK.findall(page)) - {"./", "../"}
        return frozenset(tf.io.gfile.listdir(str(folder)))
    except tf.errors.NotFoundError:
        return frozenset()
    except tf.errors.OpError as error:
        raise OSError(errno.EIO, error.message, str(folder)) from error
