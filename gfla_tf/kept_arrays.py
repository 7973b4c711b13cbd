"""Arrays in .npz files. Damage shows as nearly anything: of zipfile, zlib, tokenize, or as a want of memory.

Here it is always a ValueError; or, for arrays that are kept only to save time, never an error: they are lost.
"""

from __future__ import annotations

import os

import numpy as np

from gfla_tf.remote import as_path

__all__ = ["read_arrays", "read_kept_arrays"]


def read_arrays(path: str | bytes | os.PathLike[str], *names: str) -> list[np.ndarray]:
    """The arrays of these names of an .npz file, in this order.

    Args:
        path: the file, also at an address.
        names: of the arrays.

    Raises:
        ValueError: no such file, it is damaged, or it has no array of such a name.
    """
    path = as_path(path)
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
            return [arrays[name] for name in names]
    except Exception as error:
        reason = str(error) or type(error).__name__
        raise ValueError(f"{path}: a file of {', '.join(names)} is expected. Received: {reason}") from error


def read_kept_arrays(path: str | os.PathLike[str]) -> dict[str, np.ndarray] | None:
    """All arrays of an .npz file; None if it is not there or anything in it cannot be read.

    Args:
        path: the file.
    """
    try:
        with open(path, "rb") as file, np.load(file, allow_pickle=False) as arrays:
            return dict(arrays)
    except Exception:
        return None
