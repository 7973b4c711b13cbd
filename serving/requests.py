"""Requests and answers as TensorFlow Serving's messages, and files of them.

A file of `PredictionLog` records is how TensorFlow Serving keeps warm-up requests (`assets.extra/
tf_serving_warmup_requests` of a version: each is run before the version is used). With the answers in them, the same
records say what a model ought to give.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping

import numpy as np

from serving.serving_api import serving_messages

__all__ = ["WARMUP_FILE", "make_record", "read_records", "tensors_of", "write_records"]

WARMUP_FILE = "assets.extra/tf_serving_warmup_requests"


def make_record(
    model: str,
    signature: str,
    inputs: Mapping[str, np.ndarray],
    outputs: Mapping[str, np.ndarray] | None = None,
):
    """A `PredictionLog` of one request, and of its answer if that is given.

    Args:
        model: name of the model.
        signature: of the endpoint.
        inputs: arrays by name; bytes as arrays of objects.
        outputs: likewise.
    """
    prediction_log_pb2 = serving_messages("apis.prediction_log_pb2")
    record = prediction_log_pb2.PredictionLog()
    request = record.predict_log.request
    request.model_spec.name, request.model_spec.signature_name = model, signature
    _fill(request.inputs, inputs)
    _fill(record.predict_log.response.outputs, outputs or {})
    return record


def tensors_of(messages: Mapping) -> dict[str, np.ndarray]:
    """Arrays by name of a request's inputs or an answer's outputs."""
    import tensorflow as tf

    return {name: tf.make_ndarray(message) for name, message in messages.items()}


def write_records(path: str | os.PathLike[str], records: Iterable) -> None:
    """Write a file of records (TFRecord)."""
    import tensorflow as tf

    with tf.io.TFRecordWriter(os.fspath(path)) as writer:
        for record in records:
            writer.write(record.SerializeToString())


def read_records(path: str | os.PathLike[str]) -> Iterator:
    """The records of a file.

    Raises:
        ValueError: the file is not there, is damaged, or holds something else or nothing.
    """
    import tensorflow as tf
    from google.protobuf.message import DecodeError

    prediction_log_pb2 = serving_messages("apis.prediction_log_pb2")
    count, reason = 0, "no record"
    try:
        for data in tf.data.TFRecordDataset(os.fspath(path)):
            yield prediction_log_pb2.PredictionLog.FromString(data.numpy())
            count += 1
    except (tf.errors.OpError, DecodeError) as error:
        count, reason = 0, str(error)
    if not count:
        raise ValueError(f"{path} must be a file of PredictionLog records. Received: {reason}.")


def _fill(messages, arrays: Mapping[str, np.ndarray]) -> None:
    import tensorflow as tf

    for name, array in arrays.items():
        messages[name].CopyFrom(tf.make_tensor_proto(array))
