"""Running a TensorFlow Lite file with whichever interpreter is installed.

`ai_edge_litert` (the small, current home of the interpreter) is preferred; TensorFlow's own `tf.lite.Interpreter`
is the fallback, so that an installation with TensorFlow needs nothing more.
"""

from __future__ import annotations

import importlib
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np

__all__ = ["LiteModel", "MissingInterpreterError", "find_interpreter_class", "open_file"]


class MissingInterpreterError(ImportError, ValueError):
    """No TensorFlow Lite interpreter is installed."""


def find_interpreter_class() -> type:
    """Find the class that runs TensorFlow Lite networks.

    Raises:
        MissingInterpreterError: (an ImportError and a ValueError) if neither package is installed.
    """
    try:
        return importlib.import_module("ai_edge_litert.interpreter").Interpreter
    except ImportError:
        pass
    try:
        return importlib.import_module("tensorflow").lite.Interpreter
    except (ImportError, AttributeError) as error:
        raise MissingInterpreterError(
            "A TensorFlow Lite interpreter is needed, and neither `ai_edge_litert` nor `tensorflow` with `tf.lite` is "
            "installed. Install one: pip install ai-edge-litert"
        ) from error


def open_file(interpreter_class: Callable, **options):
    """An interpreter, without TensorFlow's announcement that its own moves to `ai_edge_litert`."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=r"\s*Warning: tf\.lite\.Interpreter is deprecated")
        return interpreter_class(**options)


class LiteModel:
    """A TensorFlow Lite network with one float32 input.

    Args:
        path: the `.tflite` file.
        threads: how many processor threads to use; None leaves it to the interpreter.
    """

    def __init__(self, path: Path, threads: int | None = None) -> None:
        self._interpreter = open_file(find_interpreter_class(), model_path=str(path), num_threads=threads)
        self._interpreter.allocate_tensors()
        self._input = self._interpreter.get_input_details()[0]
        self._outputs = self._interpreter.get_output_details()

    def __call__(self, picture: np.ndarray) -> dict[tuple[int, ...], np.ndarray]:
        """Run the network.

        Args:
            picture: `[height, width, channels]`, the input without its batch axis.

        Returns:
            The outputs without their batch axis, keyed by that shape (it tells the outputs of these networks apart).
        """
        self._interpreter.set_tensor(self._input["index"], picture[np.newaxis].astype(np.float32))
        self._interpreter.invoke()
        outputs = (self._interpreter.get_tensor(output["index"])[0] for output in self._outputs)
        return {output.shape: output for output in outputs}
