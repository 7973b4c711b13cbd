"""Reading pickles of NumPy arrays that others publish, without running what a pickle asks for.

Loading a pickle may run any command. Here it may only name the few functions that arrays are stored with, and even
these are replaced by records (`_Array`, `_Dtype`, ...) that note what they are given; arrays are then made from the
notes with all lengths checked. What comes out are dicts, lists, tuples, strings, numbers and arrays of plain numbers;
an array of objects becomes nested lists. A hostile file can still waste memory. For PyTorch's files see
`gfla_tf.torch_checkpoint`.
"""

from __future__ import annotations

import io
import os
import pickle

import numpy as np

__all__ = ["load_array_pickle"]


def load_array_pickle(source: str | os.PathLike | bytes, name: str | None = None):
    """The plain data in a pickle.

    Args:
        source: a file's path, or the pickle itself.
        name: what to call it in messages; the path by default.

    Raises:
        ValueError: if it is no pickle, is damaged, or asks for anything but plain data.
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
        return _plain(_Unpickler(io.BytesIO(data), encoding="latin1").load())
    except Exception as error:  # a damaged pickle may raise nearly anything
        reason = str(error)[:300] or type(error).__name__
        raise ValueError(f"A pickle of arrays is expected. Received: {name}: {reason}.") from error


class _Dtype:
    """A data type as a pickle describes it: `dtype("f4", False, True)` and then a state with the byte order."""

    def __init__(self, code: str = "", *_: object) -> None:
        self.code, self.order = code, "|"

    def __setstate__(self, state: object) -> None:
        self.order = state[1]

    def plain(self) -> np.dtype:
        """The data type of plain numbers, or of objects."""
        if not isinstance(self.code, str) or self.code[:1] not in tuple("fiubO") or self.order not in tuple("<>|="):
            raise ValueError(f"arrays of numbers are expected. Received: data type {self.code!r}")
        return np.dtype(self.code).newbyteorder(self.order)


class _Array:
    """An array as a pickle describes it: `_reconstruct(ndarray, (0,), b"b")` and then its state."""

    def __init__(self, *_: object) -> None:
        self.state: tuple = ()

    def __setstate__(self, state: object) -> None:
        self.state = state

    def plain(self) -> object:
        """The array of numbers, or nested lists of objects."""
        _, shape, dtype, fortran, content = self.state
        dtype, order = dtype.plain(), "F" if fortran else "C"
        if dtype.hasobject:
            objects = np.empty(len(content), object)
            objects[:] = [_Box(value) for value in content]
            return _unboxed(objects.reshape(shape, order=order).tolist())
        return np.frombuffer(content, dtype).reshape(shape, order=order).astype(dtype.newbyteorder("="))


class _Buffer:
    """An array as newer pickles describe it: `_frombuffer(content, dtype, shape, order)`."""

    def __init__(self, content: bytes, dtype: _Dtype, shape: tuple, order: str) -> None:
        self.content, self.dtype, self.shape, self.order = content, dtype, shape, order

    def __setstate__(self, state: object) -> None:
        raise ValueError("a buffer has no state")

    def plain(self) -> np.ndarray:
        """The array of numbers."""
        dtype = self.dtype.plain()
        if dtype.hasobject or self.order not in ("C", "F"):
            raise ValueError("a buffer of numbers is expected")
        return np.frombuffer(self.content, dtype).reshape(self.shape, order=self.order).astype(dtype.newbyteorder("="))


class _Box:
    """Keeps NumPy from looking into a value."""

    def __init__(self, value: object) -> None:
        self.value = value


class _Scalar:
    """One number as a pickle describes it: `scalar(dtype, bytes)`."""

    def __init__(self, dtype: _Dtype, content: bytes = b"") -> None:
        self.dtype, self.content = dtype, content

    def __setstate__(self, state: object) -> None:
        raise ValueError("a number has no state")

    def plain(self) -> object:
        """The number."""
        dtype = self.dtype.plain()
        if dtype.hasobject or len(self.content) != dtype.itemsize:
            raise ValueError("a number of another length than its type")
        return np.frombuffer(self.content, dtype)[0].item()


class _Bytes(bytes):
    """Bytes as old pickles hold them: `_codecs.encode(text, "latin1")`."""

    def __new__(cls, text: str, encoding: str = "latin1") -> _Bytes:
        if encoding != "latin1":
            raise ValueError(f"bytes as latin1 are expected. Received: {encoding!r}")
        return super().__new__(cls, text, "latin1")

    def __setstate__(self, state: object) -> None:
        raise ValueError("bytes have no state")


class _Type:
    """Stands for `numpy.ndarray`, which is named and never called."""

    def __init__(self) -> None:
        raise ValueError("numpy.ndarray can't be called")

    def __setstate__(self, state: object) -> None:
        raise ValueError("numpy.ndarray has no state")


_GLOBALS = {
    ("numpy", "dtype"): _Dtype,
    ("numpy", "ndarray"): _Type,
    ("_codecs", "encode"): _Bytes,
    # Where these live depends on the version of NumPy that wrote the file.
    **{(f"numpy.{core}.multiarray", "_reconstruct"): _Array for core in ("core", "_core")},
    **{(f"numpy.{core}.multiarray", "scalar"): _Scalar for core in ("core", "_core")},
    **{(f"numpy.{core}.numeric", "_frombuffer"): _Buffer for core in ("core", "_core")},
}


class _Unpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> type:
        if (module, name) not in _GLOBALS:
            raise ValueError(f"it asks for {module}.{name}, which plain data does not need; nothing of it was run")
        return _GLOBALS[module, name]

    def persistent_load(self, pid: object) -> object:
        raise ValueError("it asks for something outside of the file")


def _plain(value: object) -> object:
    """The value with records replaced by what they describe, in containers too."""
    if isinstance(value, _Array | _Buffer | _Scalar):
        return _plain(value.plain())
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(_plain(item) for item in value)
    if isinstance(value, str | int | float | bool | bytes | bytearray | np.ndarray | None):
        return value
    raise ValueError(f"plain data is expected. Received: {type(value).__name__}")


def _unboxed(value: object) -> object:
    return [_unboxed(item) for item in value] if isinstance(value, list) else value.value
