"""The two file formats of `torch.save`: a pickle with the storages kept beside it.

Zip (PyTorch 1.6 and later). One folder of any name with the members
    data.pkl    the pickle
    data/KEY    the bytes of the storage KEY
    byteorder   `little` or `big`; little where there is none
PyTorch stores the members uncompressed; deflated ones, as from a file that was packed again, are read too.

Old (before 1.6, or with `_use_new_zipfile_serialization=False`). One after the other
    a pickle of the magic number, one of the version 1001, one of facts about the machine
    the pickle
    a pickled list of the keys of the storages
    for each key an int64 count of elements, then the elements; all little endian

Even older files (before 0.1.10) are tar archives, and refused.

In: an open file. Out: an `Archive`, which reads a storage when asked. Sizes in the file are claims, and are checked
against the size of the file before memory is taken.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import BinaryIO

from gfla_tf.torch_checkpoint.globals import ALLOWED_GLOBALS, storage_reference
from gfla_tf.torch_checkpoint.tensors import StorageReference
from gfla_tf.torch_checkpoint.unpickler import MAXIMUM_PICKLE_BYTES, load_pickle

__all__ = ["Archive", "open_archive"]

MAGIC_NUMBER = 0x1950A86A20F9469CFC6C
PROTOCOL_VERSION = 1001

_ZIP_START = b"PK\x03\x04"
_PICKLE_START = b"\x80"
_TAR_MARK, _TAR_MARK_POSITION = b"ustar", 257


@dataclass(frozen=True)
class Archive:
    """An opened checkpoint.

    Attributes:
        content: the pickled object, its tensors as `PickledTensor`.
        byte_order: "<" or ">", that of the storages.
        read_storage: returns the bytes of a storage. Works while the file is open; raises ValueError if they are not
            there.
    """

    content: object
    byte_order: str
    read_storage: Callable[[StorageReference], bytes]


def open_archive(file: BinaryIO) -> Archive:
    """Read the pickle of a checkpoint of either format.

    Args:
        file: a seekable file, to be kept open while storages are read.

    Raises:
        ValueError: the file is not one of `torch.save`, is damaged, or its pickle is refused.
    """
    head = file.read(_TAR_MARK_POSITION + len(_TAR_MARK))
    size = file.seek(0, io.SEEK_END)
    file.seek(0)
    if head.startswith(_ZIP_START):
        return _open_zip(zipfile.ZipFile(file), size)
    if head.endswith(_TAR_MARK):
        raise ValueError("expected a file of PyTorch 0.1.10 or later. Received: a tar file, as earlier versions wrote")
    if head.startswith(_PICKLE_START):
        return _open_old(file, size)
    raise ValueError(f"expected a file written by `torch.save`. Received: one that starts with {head[:16]!r}")


def _open_zip(archive: zipfile.ZipFile, size: int) -> Archive:
    members = _Members(archive, size)
    folder = members.folder_of("data.pkl")
    pickle = members.read(f"{folder}data.pkl", maximum_size=MAXIMUM_PICKLE_BYTES)
    content, _ = load_pickle(pickle, ALLOWED_GLOBALS, storage_reference)
    byte_order = b"little"
    if members.has(f"{folder}byteorder"):
        byte_order = members.read(f"{folder}byteorder", maximum_size=len(b"little"))
    if byte_order not in (b"little", b"big"):
        raise ValueError(f"expected the byte order 'little' or 'big'. Received: {byte_order[:16]!r}")

    def read_storage(storage: StorageReference) -> bytes:
        return members.read(f"{folder}data/{storage.key}", exact_size=storage.byte_count)

    return Archive(content, "<" if byte_order == b"little" else ">", read_storage)


class _Members:
    """The members of a zip file, together no larger than the file could honestly hold."""

    def __init__(self, archive: zipfile.ZipFile, size: int) -> None:
        self.archive = archive
        # Trained weights hardly shrink when compressed. A file that claims to hold much more than its size is a bomb.
        self.bytes_left = max(16 * size, 2**26)

    def has(self, name: str) -> bool:
        return name in self.archive.NameToInfo

    def folder_of(self, name: str) -> str:
        folders = {path[: -len(name)] for path in self.archive.namelist() if f"/{path}".endswith(f"/{name}")}
        if len(folders) != 1:
            raise ValueError(f"expected one member '{name}' in the zip file. Received: {len(folders)} of them")
        return folders.pop()

    def read(self, name: str, exact_size: int | None = None, maximum_size: int | None = None) -> bytes:
        if not self.has(name):
            raise ValueError(f"the zip file has no member {name[:100]!r}")
        member = self.archive.getinfo(name)
        self._check(member, exact_size, maximum_size)
        self.bytes_left -= member.file_size
        # Reading with a length keeps the decompressor from unpacking more than that.
        with self.archive.open(member) as stream:
            data = stream.read(member.file_size)
        if len(data) != member.file_size:
            raise ValueError(f"the member {name[:100]!r} has {len(data)} bytes instead of {member.file_size}")
        return data

    def _check(self, member: zipfile.ZipInfo, exact_size: int | None, maximum_size: int | None) -> None:
        name = repr(member.filename[:100])
        if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise ValueError(f"expected a stored or deflated member {name}. Received: method {member.compress_type}")
        if exact_size is not None and member.file_size != exact_size:
            raise ValueError(f"expected {exact_size} bytes in the member {name}. Received: {member.file_size}")
        if maximum_size is not None and member.file_size > maximum_size:
            raise ValueError(
                f"expected at most {maximum_size} bytes in the member {name}. Received: {member.file_size}"
            )
        if member.file_size > self.bytes_left:
            raise ValueError(f"the member {name} claims {member.file_size} bytes, more than the file can hold")


def _open_old(file: BinaryIO, size: int) -> Archive:
    head = file.read(MAXIMUM_PICKLE_BYTES)
    storages: dict[str, StorageReference] = {}

    def load_persistent(identifier: object) -> StorageReference:
        storage = storage_reference(identifier)
        if storages.setdefault(storage.key, storage).byte_count != storage.byte_count:
            raise ValueError(f"the storage {storage.key[:50]!r} is given two sizes")
        return storage

    pickles = _successive_pickles(head, load_persistent)
    if next(pickles)[0] != MAGIC_NUMBER or next(pickles)[0] != PROTOCOL_VERSION:
        raise ValueError("expected a file written by `torch.save`. Received: another pickle")
    next(pickles)  # facts about the machine, which do not matter: the storages are little endian on all of them
    content, _ = next(pickles)
    keys, start = next(pickles)
    positions = _storage_positions(file, size, start, keys, storages)

    def read_storage(storage: StorageReference) -> bytes:
        if storage.key not in positions:
            raise ValueError(f"the storage {storage.key[:50]!r} is not in the file")
        file.seek(positions[storage.key])
        return file.read(storage.byte_count)

    return Archive(content, "<", read_storage)


def _successive_pickles(
    data: bytes, load_persistent: Callable[[object], StorageReference]
) -> Iterator[tuple[object, int]]:
    position = 0
    while True:
        content, length = load_pickle(data[position:], ALLOWED_GLOBALS, load_persistent)
        position += length
        yield content, position


def _storage_positions(
    file: BinaryIO, size: int, start: int, keys: object, storages: dict[str, StorageReference]
) -> dict[str, int]:
    """Return where each storage begins in the file, having checked that all of it is there."""
    if not isinstance(keys, list) or not all(isinstance(key, str) and key in storages for key in keys):
        raise ValueError("expected a list of the keys of the storages. Received: another value or an unknown key")
    positions = {}
    for key in keys:
        file.seek(start)
        count = int.from_bytes(file.read(8), "little", signed=True)
        if count != storages[key].count:
            raise ValueError(f"expected {storages[key].count} elements in storage {key[:50]!r}. Received: {count}")
        positions[key] = start + 8
        start = positions[key] + storages[key].byte_count
        if start > size:
            raise ValueError(f"the file ends within the storage {key[:50]!r}")
    return positions
