"""gRPC with the stubs of tensorflow-serving-api."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import numpy as np

from serving.exchange import SIGNATURES, Arrays
from serving.requests import tensors_of
from serving.serving_api import serving_messages
from serving.statuses import Code, ServingError
from serving.transports.transport import EndpointInfo, Target, endpoints_from

__all__ = ["GrpcTransport"]

# By default a client takes 4 MiB: not the frames of a clip.
OPTIONS = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]


class GrpcTransport:
    """A server's gRPC interface.

    Args:
        place: "host:port".
        secure: TLS with the system's certificates.

    Raises:
        ValueError: tensorflow-serving-api is not installed, or does not go with TensorFlow.
    """

    def __init__(self, place: str, secure: bool = False):
        stubs = serving_messages("apis.prediction_service_pb2_grpc")
        import grpc

        self._errors = grpc.RpcError
        self._channel = (
            grpc.secure_channel(place, grpc.ssl_channel_credentials(), OPTIONS)
            if secure
            else grpc.insecure_channel(place, OPTIONS)
        )
        self._stub = stubs.PredictionServiceStub(self._channel)

    def predict(self, target: Target, endpoint: str, inputs: Arrays, seconds: float) -> Arrays:
        """See `Transport`."""
        import tensorflow as tf

        request = serving_messages("apis.predict_pb2").PredictRequest()
        _fill(request.model_spec, target)
        request.model_spec.signature_name = endpoint
        for name, array in inputs.items():
            request.inputs[name].CopyFrom(tf.make_tensor_proto(np.asarray(array)))
        with self._as_serving_errors():
            return tensors_of(self._stub.Predict(request, timeout=seconds).outputs)

    def endpoints(self, target: Target, seconds: float) -> dict[str, EndpointInfo]:
        """See `Transport`."""
        from google.protobuf.json_format import MessageToDict

        messages = serving_messages("apis.get_model_metadata_pb2")
        request, found = messages.GetModelMetadataRequest(metadata_field=[SIGNATURES]), messages.SignatureDefMap()
        _fill(request.model_spec, target)
        with self._as_serving_errors():
            self._stub.GetModelMetadata(request, timeout=seconds).metadata[SIGNATURES].Unpack(found)
        return endpoints_from(MessageToDict(found, preserving_proto_field_name=True).get(SIGNATURES, {}))

    def close(self) -> None:
        """See `Transport`."""
        self._channel.close()

    @contextlib.contextmanager
    def _as_serving_errors(self) -> Iterator[None]:
        try:
            yield
        except self._errors as error:
            raise ServingError(Code[error.code().name], error.details() or "") from error


def _fill(spec, target: Target) -> None:
    spec.name = target.model
    if target.version is not None:
        spec.version.value = target.version
    if target.label is not None:
        spec.version_label = target.label
