"""The gRPC interface: TensorFlow Serving's services, by the stubs of tensorflow-serving-api.

`PredictionService` has Predict and GetModelMetadata, `ModelService` has GetModelStatus. The others answer
UNIMPLEMENTED: the models here have no signatures for classification and regression, and a models.config is read from
its file.

A request beyond the limit is answered UNAVAILABLE, which clients try again. gRPC's own limit
(`maximum_concurrent_rpcs`) would answer RESOURCE_EXHAUSTED, as it does to a message that will always be too large.
"""

from __future__ import annotations

import math
import sys
import traceback
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import wraps

import grpc
import tensorflow as tf
from tensorflow_serving.apis import (
    get_model_metadata_pb2,
    get_model_status_pb2,
    model_service_pb2_grpc,
    predict_pb2,
    prediction_service_pb2_grpc,
)

from serving.exchange import SIGNATURES, Arrays
from serving.requests import tensors_of
from serving.server.limits import MOST_AXES, Limits
from serving.server.loaded_model import Endpoint, LoadedModel, TensorInfo
from serving.server.routes import ModelSpec
from serving.server.service import Service
from serving.server.under_way import UnderWay
from serving.serving_api import check_versions
from serving.statuses import Code, ServingError

__all__ = ["make_grpc_server"]

MOST_REPEATED = 1 << 16  # values of an input that the message need not hold, as its last one stands for the rest
SPARE_THREADS = 8  # beside those that answer; they refuse


def make_grpc_server(service: Service, address: str, limits: Limits, under_way: UnderWay) -> tuple[grpc.Server, int]:
    """A server that is not started yet, and its port.

    Args:
        service: does the work.
        address: "host:port"; port 0 is any free one.
        limits: what is refused.
        under_way: counts the requests that are being answered, and refuses more than it allows.

    Raises:
        ValueError: the port is taken.
    """
    check_versions()
    options = [
        ("grpc.max_receive_message_length", limits.message_bytes),
        ("grpc.max_send_message_length", -1),
        ("grpc.so_reuseport", 0),  # two servers on one port would take turns
    ]
    threads = ThreadPoolExecutor(limits.connections + SPARE_THREADS, thread_name_prefix="grpc")
    server = grpc.server(threads, options=options)
    prediction_service_pb2_grpc.add_PredictionServiceServicer_to_server(_Predictions(service, under_way), server)
    model_service_pb2_grpc.add_ModelServiceServicer_to_server(_Models(service, under_way), server)
    try:
        port = server.add_insecure_port(address)
    except RuntimeError:
        port = 0
    if not port:
        raise ValueError(f"An address that nobody listens at is expected. Received: {address}.")
    return server, port


def _answers(method: Callable) -> Callable:
    """Count a request; errors as gRPC's statuses."""

    @wraps(method)
    def answer(self, request, context):
        try:
            with self._under_way.one():
                return method(self, request, context)
        except ServingError as error:
            code, message = error.code, error.message
        except Exception as error:
            traceback.print_exc(file=sys.stderr)
            code, message = Code.INTERNAL, f"{type(error).__name__}: {error}"
        context.abort(grpc.StatusCode[code.name], message)

    return answer


@dataclass(frozen=True)
class _Request:
    endpoint: Endpoint
    inputs: Arrays
    outputs: list[str] = field(default_factory=list)


class _Predictions(prediction_service_pb2_grpc.PredictionServiceServicer):
    def __init__(self, service: Service, under_way: UnderWay):
        self._service, self._under_way = service, under_way

    @_answers
    def Predict(self, request, context):
        found = self._service.predict(
            "GRPC", _spec(request), lambda model: _read(request, model), context.time_remaining()
        )
        response = predict_pb2.PredictResponse()
        _fill_spec(response.model_spec, request.model_spec.name, found.version, found.request.endpoint.name)
        for name in found.request.outputs:
            response.outputs[name].CopyFrom(tf.make_tensor_proto(found.outputs[name]))
        return response

    @_answers
    def GetModelMetadata(self, request, context):
        spec = _spec(request)
        if not request.metadata_field:
            raise ServingError(
                Code.INVALID_ARGUMENT, "GetModelMetadataRequest must specify at least one metadata_field"
            )
        unknown = [name for name in request.metadata_field if name != SIGNATURES]
        if unknown:
            raise ServingError(Code.INVALID_ARGUMENT, f"Metadata field {unknown[0]} is not supported")
        with self._service.store.use(spec) as (version, model):
            response = get_model_metadata_pb2.GetModelMetadataResponse()
            _fill_spec(response.model_spec, spec.name, version)
            signatures = get_model_metadata_pb2.SignatureDefMap(signature_def=model.signature_defs)
        response.metadata[SIGNATURES].Pack(signatures)
        return response


class _Models(model_service_pb2_grpc.ModelServiceServicer):
    def __init__(self, service: Service, under_way: UnderWay):
        self._service, self._under_way = service, under_way

    @_answers
    def GetModelStatus(self, request, context):
        response = get_model_status_pb2.GetModelStatusResponse()
        for state in self._service.store.states(_spec(request)):
            entry = response.model_version_status.add(version=state.version, state=int(state.state))
            entry.status.error_code, entry.status.error_message = int(state.code), state.message
        return response


def _spec(request) -> ModelSpec:
    spec = request.model_spec
    if not request.HasField("model_spec") or not spec.name:
        raise ServingError(Code.INVALID_ARGUMENT, "Missing ModelSpec")
    choice = spec.WhichOneof("version_choice")
    return ModelSpec(
        spec.name,
        spec.version.value if choice == "version" else None,
        spec.version_label if choice == "version_label" else None,
    )


def _fill_spec(spec, name: str, version: int, signature: str = "") -> None:
    spec.name, spec.version.value, spec.signature_name = name, version, signature


def _read(request, model: LoadedModel) -> _Request:
    endpoint = model.endpoint(request.model_spec.signature_name)
    wanted = list(dict.fromkeys(request.output_filter)) or list(endpoint.outputs)
    unknown = [name for name in wanted if name not in endpoint.outputs]
    if unknown:
        raise ServingError(
            Code.INVALID_ARGUMENT,
            f"output tensor alias not found in signature: {unknown[0]} "
            f"Outputs expected to be in the set {{{','.join(sorted(endpoint.outputs))}}}.",
        )
    return _Request(endpoint, _arrays(request.inputs, endpoint), wanted)


def _arrays(messages: Mapping, endpoint: Endpoint) -> Arrays:
    """The inputs; a message may say a large shape and hold one value, so nothing is made of it before it is checked."""
    try:
        endpoint.check_infos({name: _info(name, message) for name, message in messages.items()})
        return tensors_of(messages)
    except ServingError:
        raise
    except Exception as error:  # whatever a message that is no tensor leads to
        raise ServingError(Code.INVALID_ARGUMENT, f"tensor parsing error: {error}") from error


def _info(name: str, message) -> TensorInfo:
    """What a message says that it is; INVALID_ARGUMENT if it has no such shape, or not the values for it."""
    if len(message.tensor_shape.dim) > MOST_AXES:
        raise ServingError(Code.INVALID_ARGUMENT, f"{name} must have at most {MOST_AXES} axes.")
    shape = tuple(dim.size for dim in message.tensor_shape.dim)
    if min(shape, default=0) < 0 or math.prod(shape) > max(_count(message), MOST_REPEATED):
        raise ServingError(Code.INVALID_ARGUMENT, f"{name} must hold as many values as its shape says: {shape}.")
    return TensorInfo(tf.as_dtype(message.dtype), shape)


def _count(message) -> int:
    """How many values a message holds, at most."""
    lists = [value for field, value in message.ListFields() if field.name.endswith("_val")]
    return max(map(len, [message.tensor_content, *lists]))
