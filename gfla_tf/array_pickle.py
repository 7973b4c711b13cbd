"""Reading pickles of NumPy arrays that others publish, without running what a pickle can run.

A pickle names the functions that rebuild its objects, and may name any. Here only those that rebuild arrays are known;
dicts, lists, tuples, numbers and text need none. For PyTorch's files see `gfla_tf.torch_checkpoint`.
"""

from __future__ import annotations

import io
import os
import pickle

import numpy as np

__all__ = ["load_array_pickle"]

_RECONSTRUCT = np.zeros(0).__reduce__()[0]
_SCALAR = np.float32(0).__reduce__()[0]
_FROM_BUFFER = np.zeros(0).__reduce_ex__(5)[0]
_ALLOWED = {
    ("numpy", "ndarray"): np.ndarray,
    ("numpy", "dtype"): np.dtype,
    **{(f"numpy.{core}.multiarray", "_reconstruct"): _RECONSTRUCT for core in ("core", "_core")},
    **{(f"numpy.{core}.multiarray", "scalar"): _SCALAR for core in ("core", "_core")},
    **{(f"numpy.{core}.numeric", "_frombuffer"): _FROM_BUFFER for core in ("core", "_core")},
    # Pickles of Python 2 keep an array's bytes as text.
    ("_codecs", "encode"): lambda text, encoding: str.encode(text, "latin1"),
}


class _ArrayUnpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str):
        if (module, name) not in _ALLOWED:
            raise pickle.UnpicklingError(
                f"it refers to {module}.{name}, which arrays do not need; nothing of it was run"
            )
        return _ALLOWED[module, name]


def load_array_pickle(source: str | os.PathLike | bytes, name: str | None = None):
    """The arrays in a pickle, in the dicts, lists and tuples that hold them.

    Args:
        source: a file's path, or the pickle itself.
        name: what to call it in messages; the path by default.

    Raises:
        ValueError: if it is no pickle, is damaged, or refers to anything but arrays.
    """
    if isinstance(source, bytes):
        data, name = source, name or "the pickle"
    else:
        name = name or os.fspath(source)
        try:
            with open(source, "rb") as file:
                data = file.read()
        except OSError as error:
            raise ValueError(f"A pickle of arrays is expected. Received: {name} ({error.strerror}).") from error
    try:
        return _ArrayUnpickler(io.BytesIO(data), encoding="latin1").load()
    except Exception as error:  # a damaged pickle may raise nearly anything
        raise ValueError(f"A pickle of arrays is expected. Received: {name}: {error}.") from error
