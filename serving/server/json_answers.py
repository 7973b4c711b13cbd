"""Answers of the REST interface: predictions, metadata and states as JSON.

Outputs whose names end in `_bytes` are `{"b64": "..."}`, other strings are text. What is no number is NaN or Infinity,
bare, as TensorFlow Serving writes it.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Mapping

import numpy as np

from serving.exchange import Arrays
from serving.statuses import Code, ServingError

__all__ = ["error_json", "metadata_json", "prediction_json", "status_json"]


def prediction_json(outputs: Arrays, rows: bool) -> bytes:
    """The answer to a prediction; a single output stands without its name.

    Args:
        outputs: arrays by name.
        rows: one entry a picture ("predictions"), or one array an output ("outputs").

    Raises:
        ServingError: INVALID_ARGUMENT: rows are asked for, and an output has none, or not as many as another.
    """
    values = {name: _values(name, array) for name, array in outputs.items()}
    if not rows:
        return _dump({"outputs": values if len(values) > 1 else next(iter(values.values()))})
    _check_rows(outputs)
    if len(values) == 1:
        return _dump({"predictions": next(iter(values.values()))})
    entries = zip(*values.values(), strict=True)
    return _dump({"predictions": [dict(zip(values, entry, strict=True)) for entry in entries]})


def status_json(states: Iterable) -> bytes:
    """The states of versions, `serving.server.model_store.VersionState`, newest first."""
    entries = [
        {
            "version": str(entry.version),
            "state": entry.state.name,
            "status": {"error_code": entry.code.name, "error_message": entry.message},
        }
        for entry in states
    ]
    return _dump({"model_version_status": entries}, indent=1)


def metadata_json(name: str, version: int, signature_defs: Mapping) -> bytes:
    """What a version takes and gives; every field is there, also those with nothing in them."""
    signatures = {key: _signature(entry) for key, entry in sorted(signature_defs.items())}
    return _dump(
        {
            "model_spec": {"name": name, "signature_name": "", "version": str(version)},
            "metadata": {"signature_def": {"signature_def": signatures}},
        },
        indent=1,
    )


def error_json(message: str) -> bytes:
    """What comes with every status that is not 200."""
    return _dump({"error": message})


def _dump(document: object, indent: int | None = None) -> bytes:
    return json.dumps(document, indent=indent).encode()


def _check_rows(outputs: Arrays) -> None:
    counts = {name: array.shape[0] if array.ndim else None for name, array in outputs.items()}
    for name, count in counts.items():
        if count is None:
            raise ServingError(Code.INVALID_ARGUMENT, f"Tensor name: {name} has no batch; ask for it with 'inputs'.")
    if len(set(counts.values())) > 1:
        raise ServingError(Code.INVALID_ARGUMENT, f"Outputs have inconsistent batch sizes: {counts}")


def _values(name: str, array: np.ndarray) -> object:
    if array.dtype != object:
        return array.tolist()
    convert = _encoded if name.endswith("_bytes") else _text
    flat = np.empty(array.size, object)
    flat[:] = [convert(value) for value in array.ravel()]
    return flat.reshape(array.shape).tolist()


def _encoded(value: bytes) -> dict[str, str]:
    return {"b64": base64.b64encode(value).decode()}


def _text(value: bytes | str) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value


def _signature(definition) -> dict:
    from google.protobuf.json_format import MessageToDict

    def tensors(infos: Mapping) -> dict:
        return {name: _tensor(MessageToDict(info, preserving_proto_field_name=True)) for name, info in infos.items()}

    inputs, outputs = tensors(definition.inputs), tensors(definition.outputs)
    return {"inputs": inputs, "outputs": outputs, "method_name": definition.method_name, "defaults": {}}


def _tensor(info: dict) -> dict:
    shape = info.get("tensor_shape", {})
    lengths = [{"size": dim.get("size", "0"), "name": dim.get("name", "")} for dim in shape.get("dim", [])]
    unknown = shape.get("unknown_rank", False)
    return {**info, "tensor_shape": {"dim": lengths, "unknown_rank": unknown}}
