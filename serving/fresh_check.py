"""Check an exported model the way a server meets it: `python -m serving.fresh_check FOLDER RECORDS TOLERANCE`.

Runs in a process of its own in which `gfla_tf` cannot be imported:

1. every operation of the graph and its functions has code in the stock library;
2. the model loads by TensorFlow's C library;
3. it gives what the records say (a file of `PredictionLog` with requests and answers);
4. its own warm-up file parses, and every request in it runs.

Prints one line for everything that is wrong; exit code 1 if anything is.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from serving.c_library import CLibrary, SavedModelSession, TensorFlowError
from serving.requests import WARMUP_FILE, read_records, tensors_of

__all__ = ["check", "differences", "unknown_operations"]

LEVELS = 127.5  # of a picture's 8 bits in a range of 1
# They call back into the Python that made the graph; TensorFlow's Python brings code for them, servers don't.
PYTHON_OPERATIONS = {"EagerPyFunc", "PyFunc", "PyFuncStateless"}


def check(folder: Path, records: Path, tolerance: float) -> Iterator[str]:
    """One sentence for everything that is wrong with the SavedModel in a folder.

    Args:
        folder: of one version.
        records: file of requests and answers.
        tolerance: largest difference that an answer's numbers may have.
    """
    from tensorflow.core.protobuf import saved_model_pb2

    graph = saved_model_pb2.SavedModel.FromString((folder / "saved_model.pb").read_bytes()).meta_graphs[0]
    library = CLibrary()
    unknown = unknown_operations(graph.graph_def, library)
    if unknown:
        yield f"no stock code for the operations {', '.join(unknown)}"
        return
    session = SavedModelSession(folder, library)
    for record in read_records(records):
        yield from _check_record(graph, session, record.predict_log, tolerance)
    for record in read_records(folder / WARMUP_FILE):
        _run(graph, session, record.predict_log.request)


def unknown_operations(graph_def, library: CLibrary) -> list[str]:
    """The operations of a graph and its functions that have no code in the library."""
    functions = graph_def.library.function
    nodes = [*graph_def.node, *(node for function in functions for node in function.node_def)]
    names = {node.op for node in nodes} - {function.signature.name for function in functions}
    return sorted(name for name in names if name in PYTHON_OPERATIONS or not library.has_kernel(name))


def _check_record(graph, session: SavedModelSession, log, tolerance: float) -> Iterator[str]:
    wanted = tensors_of(log.response.outputs)
    outputs = _run(graph, session, log.request)
    name = log.request.model_spec.signature_name
    if outputs.keys() != wanted.keys():
        yield f"{name} answers {', '.join(sorted(outputs))}, not {', '.join(sorted(wanted))}"
        return
    for output, expected in wanted.items():
        found = differences(outputs[output], expected, tolerance)
        if found:
            yield f"{name}, batch of {len(expected)}, {output}: {found}"


def _run(graph, session: SavedModelSession, request) -> dict[str, np.ndarray]:
    signature = graph.signature_def[request.model_spec.signature_name]
    inputs = {signature.inputs[name].name: value for name, value in tensors_of(request.inputs).items()}
    names = list(signature.outputs)
    results = session.run(inputs, [signature.outputs[name].name for name in names])
    return dict(zip(names, results, strict=True))


def differences(actual: np.ndarray, expected: np.ndarray, tolerance: float) -> str:
    """Say how two arrays differ, or nothing if they do not.

    Numbers may differ by the tolerance, whole numbers not at all. PNG files are compared by pixels, which may differ by
    what the tolerance makes of them: a small difference may always tip the rounding to 8 bits.
    """
    if actual.shape != expected.shape:
        return f"shape {actual.shape} where {expected.shape} is expected"
    if actual.dtype == object:
        actual, expected = _pixels(actual), _pixels(expected)
        if actual.shape != expected.shape:
            return f"pictures of shape {actual.shape} where {expected.shape} is expected"
        tolerance = 1 + np.floor(LEVELS * tolerance)
    elif np.issubdtype(expected.dtype, np.integer):
        tolerance = 0
    if not np.all(np.isfinite(actual)):
        return "numbers that are not finite"
    difference = float(np.abs(actual.astype(np.float64) - expected).max(initial=0.0))
    return f"differs by {difference:.2g}; {tolerance:.2g} is allowed" if difference > tolerance else ""


def _pixels(files: np.ndarray) -> np.ndarray:
    import tensorflow as tf

    return np.stack([tf.io.decode_png(file).numpy() for file in files.ravel()])


def main(arguments: list[str]) -> int:
    """Run the check; see the module's text."""
    sys.modules["gfla_tf"] = None  # importing it now fails
    folder, records, tolerance = Path(arguments[0]), Path(arguments[1]), float(arguments[2])
    try:
        problems = list(check(folder, records, tolerance))
    except (TensorFlowError, ValueError) as error:
        problems = [" ".join(str(error).split())]
    print("\n".join(problems))
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
