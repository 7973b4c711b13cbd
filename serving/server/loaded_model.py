"""A SavedModel in memory: what it takes and gives, and its graphs to run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import tensorflow as tf
from tensorflow.core.protobuf import meta_graph_pb2, saved_model_pb2

from serving.exchange import Arrays
from serving.requests import WARMUP_FILE, read_records, tensors_of
from serving.signatures import DEFAULT_SIGNATURE
from serving.statuses import Code, ServingError, from_tensorflow

__all__ = ["Endpoint", "LoadedModel", "TensorInfo"]


@dataclass(frozen=True)
class TensorInfo:
    """An input or output.

    Attributes:
        dtype: TensorFlow's type.
        shape: with the batch; None for a free length, and as a whole for a free number of axes.
    """

    dtype: tf.DType
    shape: tuple[int | None, ...] | None

    def takes(self, given: TensorInfo) -> bool:
        """Whether something of this type and shape may be given for it."""
        return self.dtype == given.dtype and tf.TensorShape(self.shape).is_compatible_with(given.shape)


@dataclass(frozen=True)
class Endpoint:
    """What a signature takes and gives, by name."""

    name: str
    inputs: Mapping[str, TensorInfo]
    outputs: Mapping[str, TensorInfo]

    def check(self, arrays: Arrays) -> None:
        """Raise INVALID_ARGUMENT unless these are the inputs."""
        self.check_infos({name: TensorInfo(_dtype(array), array.shape) for name, array in arrays.items()})

    def check_infos(self, given: Mapping[str, TensorInfo]) -> None:
        """The same for inputs of which only types and shapes are known."""
        extra, missing = sorted(given.keys() - self.inputs.keys()), sorted(self.inputs.keys() - given.keys())
        if extra or missing:
            raise ServingError(
                Code.INVALID_ARGUMENT,
                f"input size does not match signature: {len(given)}!={len(self.inputs)} "
                f"Sent extra: {{{','.join(extra)}}}. Missing but required: {{{','.join(missing)}}}.",
            )
        for name, info in given.items():
            expected = self.inputs[name]
            if not expected.takes(info):
                raise ServingError(
                    Code.INVALID_ARGUMENT,
                    f"{name} must be {expected.dtype.name} of shape {tf.TensorShape(expected.shape)}. "
                    f"Received: {info.dtype.name} of shape {tf.TensorShape(info.shape)}.",
                )


class LoadedModel:
    """A version's SavedModel, loaded and warm.

    Args:
        folder: of the version.

    Attributes:
        signature_defs: the signatures as they are in the file, by name.

    Raises:
        ValueError: it does not load, or one of its warm-up requests fails.
    """

    def __init__(self, folder: Path):
        try:
            self.signature_defs = _signature_defs(folder)
            self._model = tf.saved_model.load(str(folder))
            self._endpoints = {name: _endpoint(name, self.signature_defs[name]) for name in self._model.signatures}
            if (folder / WARMUP_FILE).is_file():
                self._warm_up(folder / WARMUP_FILE)
        except ServingError as error:
            raise ValueError(f"Warm-up request failed: {error}") from error
        except Exception as error:  # whatever a damaged file leads to
            raise ValueError(f"{folder} does not load: {error}") from error

    def endpoint(self, name: str) -> Endpoint:
        """What a signature is like; "" is the default one.

        Raises:
            ServingError: there is no such signature, FAILED_PRECONDITION.
        """
        name = name or DEFAULT_SIGNATURE
        if name not in self._endpoints:
            raise ServingError(Code.FAILED_PRECONDITION, f'Serving signature key "{name}" not found.')
        return self._endpoints[name]

    def run(self, name: str, inputs: Arrays) -> Arrays:
        """Run a signature.

        Raises:
            ServingError: with the code that TensorFlow gave.
        """
        endpoint = self.endpoint(name)
        tensors = {key: tf.constant(array, endpoint.inputs[key].dtype) for key, array in inputs.items()}
        try:
            outputs = self._model.signatures[endpoint.name](**tensors)
            return {key: outputs[key].numpy() for key in endpoint.outputs}
        except tf.errors.OpError as error:
            raise from_tensorflow(error) from error

    def _warm_up(self, path: Path) -> None:
        for record in read_records(path):
            request = record.predict_log.request
            inputs = tensors_of(request.inputs)
            endpoint = self.endpoint(request.model_spec.signature_name)
            endpoint.check(inputs)
            self.run(endpoint.name, inputs)


def _dtype(array: np.ndarray) -> tf.DType:
    return tf.string if array.dtype == object else tf.as_dtype(array.dtype)


def _signature_defs(folder: Path) -> dict[str, meta_graph_pb2.SignatureDef]:
    saved = saved_model_pb2.SavedModel.FromString((folder / "saved_model.pb").read_bytes())
    graphs = [graph for graph in saved.meta_graphs if "serve" in graph.meta_info_def.tags]
    if not graphs:
        raise ValueError('there is no graph with the tag "serve" in it')
    return dict(graphs[0].signature_def)


def _endpoint(name: str, definition: meta_graph_pb2.SignatureDef) -> Endpoint:
    return Endpoint(name, _tensors(definition.inputs), _tensors(definition.outputs))


def _tensors(infos: Mapping[str, meta_graph_pb2.TensorInfo]) -> dict[str, TensorInfo]:
    sorted_infos = sorted(infos.items())
    return {name: TensorInfo(tf.as_dtype(info.dtype), _shape(info.tensor_shape)) for name, info in sorted_infos}


def _shape(message) -> tuple[int | None, ...] | None:
    if message.unknown_rank:
        return None
    return tuple(None if dim.size < 0 else dim.size for dim in message.dim)
