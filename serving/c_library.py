"""A SavedModel run by TensorFlow's C library, without TensorFlow's Python: what a server in another language sees.

Only what checks of an exported model need: load, run, and ask which operations have code in this library. The C
functions are those of tensorflow/c/c_api.h and tensorflow/c/tf_tstring.h.
"""

from __future__ import annotations

import ctypes
import importlib.util
import os
from collections.abc import Mapping
from ctypes import POINTER, c_char_p, c_int, c_int64, c_size_t, c_void_p
from pathlib import Path

import numpy as np

__all__ = ["CLibrary", "SavedModelSession", "TensorFlowError"]

_DTYPES = {1: np.float32, 2: np.float64, 3: np.int32, 4: np.uint8, 9: np.int64, 10: np.bool_}
_STRING = 7
_STRING_SIZE = 24  # of a TF_TString


_RETURNS = {
    "TF_NewStatus": c_void_p,
    "TF_Message": c_char_p,
    "TF_NewGraph": c_void_p,
    "TF_NewSessionOptions": c_void_p,
    "TF_LoadSessionFromSavedModel": c_void_p,
    "TF_GraphOperationByName": c_void_p,
    "TF_AllocateTensor": c_void_p,
    "TF_TensorData": c_void_p,
    "TF_Dim": c_int64,
    "TF_StringGetDataPointer": c_void_p,
    "TF_StringGetSize": c_size_t,
    "TF_GetRegisteredKernelsForOp": POINTER(c_size_t),
}


class TensorFlowError(RuntimeError):
    """What the library answers when something fails.

    Attributes:
        code: of tensorflow/core/protobuf/error_codes.proto; 3 is INVALID_ARGUMENT.
    """

    def __init__(self, code: int, message: str):
        super().__init__(message)
        self.code = code


class _Output(ctypes.Structure):
    _fields_ = (("operation", c_void_p), ("index", c_int))


class CLibrary:
    """The library of the TensorFlow that is installed, found without importing it."""

    def __init__(self):
        folder = Path(importlib.util.find_spec("tensorflow").submodule_search_locations[0])
        ctypes.CDLL(_library_file(folder, "libtensorflow_framework"), ctypes.RTLD_GLOBAL)
        self._library = ctypes.CDLL(_library_file(folder, "libtensorflow_cc"))
        for name, kind in _RETURNS.items():
            getattr(self._library, name).restype = kind

    def __getattr__(self, name: str):
        return getattr(self._library, name)

    def checked(self, name: str, *arguments):
        """Call a C function whose last argument is a status; TensorFlowError if it fails."""
        status = c_void_p(self.TF_NewStatus())
        try:
            result = getattr(self, name)(*arguments, status)
            if self.TF_GetCode(status):
                raise TensorFlowError(self.TF_GetCode(status), self.TF_Message(status).decode("utf-8", "replace"))
            return result
        finally:
            self.TF_DeleteStatus(status)

    def has_kernel(self, operation: str) -> bool:
        """Whether an operation has code in this library, for any device and type."""
        # A TF_Buffer: a pointer to a serialized list, and its length, which is 0 for an empty list.
        buffer = self.checked("TF_GetRegisteredKernelsForOp", operation.encode())
        length = buffer[1]
        self.TF_DeleteBuffer(buffer)
        return length > 0


def _library_file(folder: Path, name: str) -> str:
    found = sorted(folder.glob(f"{name}.*"))  # .so.2 on Linux, .2.dylib on macOS
    if not found:
        raise TensorFlowError(5, f"There is no {name} in {folder}, as there is in TensorFlow's wheels.")
    return str(found[0])


class SavedModelSession:
    """A SavedModel, loaded.

    Args:
        folder: of the SavedModel, for the tag "serve".
        library: to load it with.

    Raises:
        TensorFlowError: it does not load.
    """

    def __init__(self, folder: str | os.PathLike[str], library: CLibrary):
        self._library = library
        self._graph = c_void_p(library.TF_NewGraph())
        options, tags = c_void_p(library.TF_NewSessionOptions()), (c_char_p * 1)(b"serve")
        session = library.checked(
            "TF_LoadSessionFromSavedModel", options, None, os.fspath(folder).encode(), tags, 1, self._graph, None
        )
        self._session = c_void_p(session)
        library.TF_DeleteSessionOptions(options)

    def run(self, inputs: Mapping[str, np.ndarray], outputs: list[str]) -> list[np.ndarray]:
        """Run the graph.

        Args:
            inputs: arrays by tensor name ("name:0"); bytes as arrays of objects.
            outputs: tensor names.

        Raises:
            TensorFlowError: a name is unknown, or the run fails.
        """
        library = self._library
        given = [self._tensor(array) for array in inputs.values()]
        answers = (c_void_p * len(outputs))()
        try:
            library.checked(
                "TF_SessionRun", self._session, None,
                self._places(list(inputs)), (c_void_p * len(given))(*given), len(given),
                self._places(outputs), answers, len(outputs),
                None, 0, None,
            )  # fmt: skip
            return [self._array(c_void_p(answer)) for answer in answers]
        finally:
            for tensor in (*given, *filter(None, answers)):
                library.TF_DeleteTensor(c_void_p(tensor))

    def _places(self, names: list[str]) -> ctypes.Array:
        places = (_Output * len(names))()
        for place, name in zip(places, names, strict=True):
            operation, _, index = name.partition(":")
            found = self._library.TF_GraphOperationByName(self._graph, operation.encode())
            if not found:
                raise TensorFlowError(5, f"There is no operation {operation!r} in the graph.")
            place.operation, place.index = found, int(index or 0)
        return places

    def _tensor(self, array: np.ndarray) -> int:
        """A new tensor's address."""
        is_bytes = array.dtype == object
        codes = {np.dtype(kind): code for code, kind in _DTYPES.items()}
        code, size = (_STRING, _STRING_SIZE * array.size) if is_bytes else (codes[array.dtype], array.nbytes)
        lengths = (c_int64 * array.ndim)(*array.shape)
        tensor = self._library.TF_AllocateTensor(code, lengths, array.ndim, c_size_t(size))
        data = self._library.TF_TensorData(c_void_p(tensor))
        if not is_bytes:
            ctypes.memmove(data, np.ascontiguousarray(array).ctypes.data, size)
            return tensor
        for index, value in enumerate(array.ravel()):
            place = c_void_p(data + index * _STRING_SIZE)
            self._library.TF_StringInit(place)
            self._library.TF_StringCopy(place, value, c_size_t(len(value)))
        return tensor

    def _array(self, tensor: c_void_p) -> np.ndarray:
        library = self._library
        shape = [library.TF_Dim(tensor, axis) for axis in range(library.TF_NumDims(tensor))]
        data, code = library.TF_TensorData(tensor), library.TF_TensorType(tensor)
        count = int(np.prod(shape))
        if code == _STRING:
            places = [c_void_p(data + index * _STRING_SIZE) for index in range(count)]
            values = [
                ctypes.string_at(library.TF_StringGetDataPointer(place), library.TF_StringGetSize(place))
                for place in places
            ]
            result = np.empty(count, object)
            result[:] = values
            return result.reshape(shape)
        kind = np.dtype(_DTYPES[code])
        return np.frombuffer(ctypes.string_at(data, count * kind.itemsize), kind).reshape(shape)
