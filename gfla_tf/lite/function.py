"""A `.tflite` file as a function of named arrays, run by whichever interpreter is installed."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping

import numpy as np

from gfla_tf.inputs import check_input
from gfla_tf.pose.blazepose.interpreter import find_interpreter_class, open_file

__all__ = ["LiteFunction"]

FILE_MARK = b"TFL3"  # behind the first four bytes


class LiteFunction:
    """A file's signature as a function.

    Args:
        file: path of a `.tflite`, or its bytes.
        threads: of the processor; None leaves it to the interpreter.
        interpreter_class: runs it; `ai_edge_litert`'s by default, else TensorFlow's.

    Attributes:
        inputs: name -> (shape, dtype), the batch of 1 included.
        outputs: likewise.

    Raises:
        ValueError: the file cannot be read, has no signature, or holds operations that the interpreter does not know.
        MissingInterpreterError: no interpreter is installed.
    """

    def __init__(
        self,
        file: str | os.PathLike[str] | bytes,
        threads: int | None = None,
        interpreter_class: Callable | None = None,
    ):
        if not isinstance(file, bytes):
            _check_file(file)
        source = {"model_content": file} if isinstance(file, bytes) else {"model_path": os.fspath(file)}
        self._interpreter = open_file(interpreter_class or find_interpreter_class(), num_threads=threads, **source)
        if not self._interpreter.get_signature_list():
            raise ValueError("A file with a signature is expected. Received: one without.")
        try:
            self._interpreter.allocate_tensors()  # as the first call would
        except RuntimeError as error:
            name, reason = "bytes" if isinstance(file, bytes) else file, str(error).partition("\n")[0].rstrip(".")
            raise ValueError(
                f"A file that the interpreter can run is expected. Received: {name} ({reason})."
            ) from error
        self._run = self._interpreter.get_signature_runner()
        self.inputs = _shapes_and_types(self._run.get_input_details())
        self.outputs = _shapes_and_types(self._run.get_output_details())

    def __call__(self, **arrays: np.ndarray) -> dict[str, np.ndarray]:
        """Run it.

        Args:
            **arrays: every input by name, with the batch of 1.

        Returns:
            Every output by name, with the batch of 1.

        Raises:
            ValueError: an input is missing, unknown, or of another shape or type.
        """
        if set(arrays) != set(self.inputs):
            raise ValueError(f"The inputs {sorted(self.inputs)} are expected. Received: {sorted(arrays)}.")
        for name, (shape, dtype) in self.inputs.items():
            array = arrays[name]
            if array.shape != shape or array.dtype != dtype:
                raise ValueError(f"{name} must be {dtype} of shape {shape}. Received: {array.dtype} of {array.shape}.")
        return self._run(**arrays)


def _check_file(path: str | os.PathLike[str]) -> None:
    check_input(path, "a TFLite file")
    with open(path, "rb") as file:
        if file.read(8)[4:] != FILE_MARK:
            raise ValueError(f"{path}: a TFLite file is expected. Received: a file of another kind.")


def _shapes_and_types(details: Mapping[str, Mapping]) -> dict[str, tuple[tuple[int, ...], np.dtype]]:
    return {
        name: (tuple(int(length) for length in detail["shape"]), np.dtype(detail["dtype"]))
        for name, detail in details.items()
    }
