"""Object arrays in npz files, read without running what a pickle asks for.

NumPy stores an array of Python objects as a pickle, and loading a pickle may run any command:
`gfla_tf.array_pickle` reads it safely.
"""

from __future__ import annotations

import io
import os
import zipfile

import numpy as np

from gfla_tf.array_pickle import load_array_pickle
from gfla_tf.remote import as_path

__all__ = ["read_object_arrays"]

_LARGEST = 2**31  # bytes of one unpacked array


def read_object_arrays(path: str | os.PathLike[str]) -> dict[str, object]:
    """Read a npz file.

    Returns:
        The arrays by name; those of objects without axes are the object itself, others nested lists.

    Raises:
        ValueError: no such file, damaged, or it asks for anything but plain data.
    """
    try:
        with as_path(path).open("rb") as file, zipfile.ZipFile(file) as archive:
            return {
                name.removesuffix(".npy"): _read_array(archive.open(name).read(_LARGEST)) for name in archive.namelist()
            }
    except Exception as error:  # damage shows as nearly anything
        reason = str(error)[:300] or type(error).__name__
        raise ValueError(f"{path}: a npz file of plain data is expected. Received: {reason}") from error


def _read_array(data: bytes) -> object:
    file = io.BytesIO(data)
    read_header = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}
    version = np.lib.format.read_magic(file)
    if version not in read_header:
        raise ValueError(f"npy format {version}")
    _, _, dtype = read_header[version](file)
    if not dtype.hasobject:
        return np.load(io.BytesIO(data), allow_pickle=False)
    return load_array_pickle(data[file.tell() :])
