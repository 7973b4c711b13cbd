"""Arrays that are kept to save time: damage makes them lost, never an error."""

from __future__ import annotations

import os

import numpy as np

__all__ = ["read_kept_arrays"]


def read_kept_arrays(path: str | os.PathLike[str]) -> dict[str, np.ndarray] | None:
    """All arrays of an .npz file; None if it is not there or anything in it cannot be read.

    Args:
        path: the file.
    """
    try:
        with open(path, "rb") as file, np.load(file, allow_pickle=False) as arrays:
            return dict(arrays)
    except Exception:  # damage shows as nearly anything: of zipfile, zlib, tokenize, or as a want of memory
        return None
