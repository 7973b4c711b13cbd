"""How requests are merged: the file that TensorFlow Serving takes as --batching_parameters_file.

tensorflow-serving-api has no class for it, so the message is described here; its fields are those of
tensorflow_serving/servables/tensorflow/session_bundle_config.proto.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

__all__ = ["DEFAULT_FILE", "BatchingParameters", "read_batching_parameters"]

DEFAULT_FILE = Path(__file__).parents[1] / "deployment" / "batching_parameters.txt"
_NUMBERS = {"max_batch_size": 1, "batch_timeout_micros": 2, "max_enqueued_batches": 3, "num_batch_threads": 4}


@dataclass(frozen=True)
class BatchingParameters:
    """How requests are merged.

    Attributes:
        max_batch_size: of a batch; a larger request is refused.
        batch_timeout_micros: how long the first request of a batch waits for others, in millionths of a second.
        max_enqueued_batches: that may wait for a signature of a version; beyond, requests are answered UNAVAILABLE.
        num_batch_threads: batches that run at once.
        allowed_batch_sizes: ascending; a batch is padded to the next one. None for any size.
    """

    max_batch_size: int = 1000
    batch_timeout_micros: int = 0
    max_enqueued_batches: int = 10
    num_batch_threads: int = 2
    allowed_batch_sizes: tuple[int, ...] = ()

    def __post_init__(self):
        numbers = (self.max_batch_size, self.max_enqueued_batches, self.num_batch_threads)
        if min(numbers) < 1 or self.batch_timeout_micros < 0:
            raise ValueError(f"Batches, threads and what waits must be one or more. Received: {self}.")
        sizes = self.allowed_batch_sizes
        if sizes and (list(sizes) != sorted(set(sizes)) or sizes[0] < 1 or sizes[-1] != self.max_batch_size):
            raise ValueError(
                "allowed_batch_sizes must ascend, and the last one must be max_batch_size. "
                f"Received: {', '.join(map(str, sizes))} with max_batch_size {self.max_batch_size}."
            )

    def padded(self, size: int) -> int:
        """The size that a batch is brought to."""
        return next((allowed for allowed in self.allowed_batch_sizes if allowed >= size), size)


def read_batching_parameters(path: str | os.PathLike[str] = DEFAULT_FILE) -> BatchingParameters:
    """Read a file.

    Raises:
        ValueError: it is no such file, or its numbers don't go together.
    """
    from google.protobuf import text_format

    message = _message()
    try:
        text_format.Parse(Path(path).read_text(encoding="utf-8"), message)
    except (text_format.ParseError, UnicodeDecodeError) as error:
        raise ValueError(f"{path}: batching parameters are expected. Received: {error}.") from error
    if message.pad_variable_length_inputs:
        raise ValueError(f"{path}: pad_variable_length_inputs must be false: padding would change what a model sees.")
    given = {name: getattr(message, name).value for name in _NUMBERS if message.HasField(name)}
    return BatchingParameters(**given, allowed_batch_sizes=tuple(message.allowed_batch_sizes))


def _message():
    """An empty `BatchingParameters` message."""
    from google.protobuf import descriptor_pb2, descriptor_pool, message_factory, wrappers_pb2

    kinds = descriptor_pb2.FieldDescriptorProto
    file = descriptor_pb2.FileDescriptorProto(name="batching.proto", syntax="proto3", package="gfla")
    file.dependency.append(wrappers_pb2.DESCRIPTOR.name)
    entry = file.message_type.add(name="BatchingParameters")

    def add(name: str, number: int, kind: int, type_name: str = "", label: int = kinds.LABEL_OPTIONAL) -> None:
        field = entry.field.add(name=name, number=number, type=kind, label=label)
        if type_name:
            field.type_name = f".google.protobuf.{type_name}"

    for name, number in _NUMBERS.items():
        add(name, number, kinds.TYPE_MESSAGE, "Int64Value")
    add("thread_pool_name", 5, kinds.TYPE_MESSAGE, "StringValue")
    add("allowed_batch_sizes", 6, kinds.TYPE_INT64, label=kinds.LABEL_REPEATED)
    add("pad_variable_length_inputs", 7, kinds.TYPE_BOOL)
    pool = descriptor_pool.DescriptorPool()
    pool.AddSerializedFile(wrappers_pb2.DESCRIPTOR.serialized_pb)
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("gfla.BatchingParameters"))()
