"""A graph to the bytes of a `.tflite` file, with its signature, and with what it is as JSON inside."""

from __future__ import annotations

import json
import tempfile
import warnings

import numpy as np
import tensorflow as tf

from serving.tflite.blocks import PRECISE
from serving.tflite.graphs import LiteGraph
from serving.tflite.operations import load_schema, pack, unpack
from serving.tflite.weights import quantize_weights

__all__ = ["METADATA", "PRECISIONS", "SIGNATURE", "convert", "trace"]

SIGNATURE = "serving_default"
METADATA = "gfla"  # name of the metadata entry
# What weights are kept in: float32; float16, computed with in float32; or "dynamic", 8-bit integers where activations
# are rounded to 8 bits as they come, and float16 where that would move texture to other places.
PRECISIONS = ("float32", "float16", "dynamic")


def trace(graph: LiteGraph) -> tf.types.experimental.ConcreteFunction:
    """The graph as TensorFlow runs it, its inputs and outputs by name."""
    signature = {field.name: tf.TensorSpec((1, *field.shape), field.dtype, field.name) for field in graph.inputs}
    function = tf.function(lambda **inputs: graph.function(**inputs), autograph=False)
    return function.get_concrete_function(**signature)


def convert(graph: LiteGraph, precision: str = "float32", description: dict | None = None) -> bytes:
    """Convert with built-in operations only.

    Args:
        graph: of `serving.tflite.graphs`.
        precision: one of `PRECISIONS`.
        description: is put into the file's metadata as JSON, under the name `METADATA`.

    Raises:
        ValueError: another precision, or an operation that is not built in.
    """
    if precision not in PRECISIONS:
        raise ValueError(f"precision must be one of {', '.join(PRECISIONS)}. Received: {precision!r}.")
    module = tf.Module()
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.filterwarnings("ignore", category=DeprecationWarning)
        tf.saved_model.save(module, folder, signatures={SIGNATURE: trace(graph)})
        converter = tf.lite.TFLiteConverter.from_saved_model(folder, signature_keys=[SIGNATURE])
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS]
        if precision != "float32":
            converter.optimizations = [tf.lite.Optimize.DEFAULT]
            converter.target_spec.supported_types = [tf.float16]
        try:
            content = converter.convert()
        except Exception as error:  # the converter has a type of its own, in a private module
            raise ValueError(f"The graph {graph.name} cannot be converted: {error}.") from error
    if precision == "dynamic":
        content = quantize_weights(content, PRECISE)
    return with_metadata(content, description or {})


def with_metadata(content: bytes, description: dict) -> bytes:
    """The file with a metadata entry."""
    model, schema = unpack(content), load_schema()
    entry, buffer = schema.MetadataT(), schema.BufferT()
    buffer.data = np.frombuffer(json.dumps(description).encode("utf-8"), np.uint8)
    entry.name, entry.buffer = METADATA, len(model.buffers)
    model.buffers.append(buffer)
    model.metadata = [*(model.metadata or []), entry]
    return pack(model)
