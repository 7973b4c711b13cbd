"""The body of a REST prediction request, as arrays.

Either `{"instances": [...]}`, one entry a picture (rows), or `{"inputs": ...}`, one array an input (columns); beside it
"signature_name" if it is not the default one. An entry is an object with a value for each input, or, where the
signature has one input only, the value itself. Bytes are `{"b64": "..."}`. NaN and Infinity may stand bare.
"""

from __future__ import annotations

import base64
import binascii
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import tensorflow as tf

from serving.exchange import Arrays
from serving.server.limits import MOST_AXES
from serving.server.loaded_model import Endpoint, LoadedModel, TensorInfo
from serving.signatures import DEFAULT_SIGNATURE
from serving.statuses import Code, ServingError

__all__ = ["JsonRequest", "parse_request", "to_array"]

_ROWS, _COLUMNS = "instances", "inputs"


@dataclass(frozen=True)
class JsonRequest:
    """A request: the signature, its inputs, and whether they came as rows, for so does the answer."""

    endpoint: Endpoint
    inputs: Arrays
    rows: bool


def parse_request(body: bytes, model: LoadedModel) -> JsonRequest:
    """Read a body.

    Args:
        body: as it came.
        model: whose signatures say which types are expected.

    Raises:
        ServingError: INVALID_ARGUMENT and what is wrong with it.
    """
    document = _parse_json(body)
    if not isinstance(document, dict):
        raise _wrong("The request must be a JSON object", document)
    endpoint = _endpoint(document.get("signature_name", DEFAULT_SIGNATURE), model)
    if _ROWS in document and _COLUMNS in document:
        raise _wrong("The request must have 'instances' or 'inputs', not both")
    if _ROWS in document:
        return JsonRequest(endpoint, _from_rows(document[_ROWS], endpoint), rows=True)
    if _COLUMNS in document:
        return JsonRequest(endpoint, _from_columns(document[_COLUMNS], endpoint), rows=False)
    raise _wrong("Missing 'inputs' or 'instances' key")


def _parse_json(body: bytes) -> object:
    try:
        return json.loads(body.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        reason = "nested too deeply" if isinstance(error, RecursionError) else error
        raise ServingError(Code.INVALID_ARGUMENT, f"JSON Parse error: {reason}") from error


def _endpoint(name: object, model: LoadedModel) -> Endpoint:
    if not isinstance(name, str):
        raise _wrong("'signature_name' key must be a string value", name)
    try:
        return model.endpoint(name)
    except ServingError as error:  # only gRPC tells this from other wrong arguments
        raise ServingError(Code.INVALID_ARGUMENT, error.message) from error


def _from_rows(rows: object, endpoint: Endpoint) -> Arrays:
    if not isinstance(rows, list) or not rows:
        raise _wrong("'instances' must be a list of one entry or more", rows)
    if not _is_by_name(rows[0]):
        name = _only_input(endpoint, _ROWS)
        return {name: to_array(rows, endpoint.inputs[name], name)}
    for index, row in enumerate(rows):
        if not _is_by_name(row) or row.keys() != endpoint.inputs.keys():
            expected = ", ".join(sorted(endpoint.inputs))
            raise _wrong(f"Entry {index} of 'instances' must be an object with {expected}", row)
    return {name: to_array([row[name] for row in rows], info, name) for name, info in endpoint.inputs.items()}


def _from_columns(columns: object, endpoint: Endpoint) -> Arrays:
    if not _is_by_name(columns):
        columns = {_only_input(endpoint, _COLUMNS): columns}
    unknown = sorted(columns.keys() - endpoint.inputs.keys())
    if unknown:
        raise _wrong(f"'inputs' must be of {', '.join(sorted(endpoint.inputs))}", unknown[0])
    return {name: to_array(value, endpoint.inputs[name], name) for name, value in columns.items()}


def _is_by_name(value: object) -> bool:
    return isinstance(value, dict) and value.keys() != {"b64"}


def _only_input(endpoint: Endpoint, key: str) -> str:
    if len(endpoint.inputs) != 1:
        raise _wrong(f"'{key}' must name the inputs, as there are several: {', '.join(sorted(endpoint.inputs))}")
    return next(iter(endpoint.inputs))


def to_array(value: object, info: TensorInfo, name: str) -> np.ndarray:
    """A value of nested lists as an array of the input's type.

    Raises:
        ServingError: INVALID_ARGUMENT: lists of different lengths, or something of another type in them.
    """
    shape, leaves = _flatten(value, name)
    if info.dtype == tf.string:
        array = np.empty(len(leaves), object)
        array[:] = [_bytes(leaf, name) for leaf in leaves]
    else:
        array = _numbers(leaves, info.dtype, name)
    return array.reshape(shape)


def _flatten(value: object, name: str) -> tuple[list[int], list]:
    shape, level = [], [value]
    while level and any(isinstance(entry, list) for entry in level):
        lengths = {len(entry) if isinstance(entry, list) else None for entry in level}
        if len(lengths) > 1:
            raise _wrong(f"{name} must be lists of one length in each other; some differ")
        if len(shape) == MOST_AXES:
            raise _wrong(f"{name} must be lists at most {MOST_AXES} deep")
        shape.append(lengths.pop())
        level = [item for entry in level for item in entry]
    return shape, level


def _bytes(value: object, name: str) -> bytes:
    if isinstance(value, str):
        return value.encode("utf-8", "surrogatepass")
    if not isinstance(value, Mapping) or not isinstance(value.get("b64"), str):
        raise _wrong(f'{name} must hold strings or {{"b64": "..."}}', value)
    try:
        return base64.b64decode(value["b64"], validate=True)
    except (ValueError, binascii.Error) as error:
        raise _wrong(f"{name} must hold bytes in base64 ({error})") from error


def _numbers(leaves: list, dtype: tf.DType, name: str) -> np.ndarray:
    allowed = bool if dtype == tf.bool else int if dtype.is_integer else (int, float)
    for leaf in leaves:
        if not isinstance(leaf, allowed) or (isinstance(leaf, bool) and dtype != tf.bool):
            raise _wrong(f"{name} must hold {dtype.name}", leaf)
    if dtype != tf.bool:
        _check_range(leaves, dtype, name)
    return np.array(leaves, dtype.as_numpy_dtype)


def _check_range(leaves: list, dtype: tf.DType, name: str) -> None:
    lowest, highest = int(dtype.min), int(dtype.max)
    for leaf in leaves:
        if not lowest <= leaf <= highest and (isinstance(leaf, int) or math.isfinite(leaf)):
            raise _wrong(f"{name} must hold numbers that fit {dtype.name}", leaf)


def _wrong(expected: str, *received: object) -> ServingError:
    """INVALID_ARGUMENT with what was expected and, cut to a line, what came."""
    if not received:
        return ServingError(Code.INVALID_ARGUMENT, f"{expected}.")
    text = json.dumps(received[0], ensure_ascii=True)
    return ServingError(
        Code.INVALID_ARGUMENT, f"{expected}. Received: {text if len(text) <= 80 else text[:80] + '...'}"
    )
