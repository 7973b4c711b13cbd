"""Weights in 8 bits ("dynamic range"): convolutions that round their inputs to 8 bits as they come.

The converter does this to all convolutions or none. Rounding the inputs of those that find flows, though, moves texture
to other places, and rounding the constant ones that put numbers in their places blurs everything. So it is done here,
operation by operation, in a file whose weights are float16.

Each output channel has a scale of its own, its largest weight being 127; there is no offset.
"""

from __future__ import annotations

from types import ModuleType

import numpy as np

from serving.tflite.operations import load_schema, pack, unpack

__all__ = ["quantize", "quantize_weights"]

SMALLEST = 1024  # weights: below, a convolution gains nothing
CHANNEL_VERSION = 5  # of CONV_2D: weights in 8 bits, a scale a channel, floats in and out


def quantize(weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Weights `[out, height, width, in]` as int8, and the scale `[out]` to multiply them by."""
    largest = np.abs(weights.astype(np.float32)).max(axis=(1, 2, 3))
    scales = np.where(largest > 0, largest, 1.0) / 127
    return np.rint(weights / scales[:, np.newaxis, np.newaxis, np.newaxis]).astype(np.int8), scales.astype(np.float32)


def quantize_weights(content: bytes, precise: str) -> bytes:
    """Round the weights of convolutions.

    Args:
        content: a file whose weights are float16, each made float32 by an operation DEQUANTIZE.
        precise: convolutions with this word in the name of their output or constants stay as they are.
    """
    model, schema = unpack(content), load_schema()
    graph = model.subgraphs[0]
    makers = {operator.outputs[0]: operator for operator in graph.operators}
    code = _add_code(model, schema)
    for operator in graph.operators:
        if not _is(model, operator, schema.BuiltinOperator.CONV_2D) or precise in _names(graph, operator, makers):
            continue
        weights, bias = (_constant(model, makers.get(index)) for index in operator.inputs[1:3])
        if weights is not None and weights.size >= SMALLEST:
            operator.opcodeIndex = code
            operator.inputs = [operator.inputs[0], _add_rounded(model, schema, weights), operator.inputs[2]]
            if bias is not None:  # XNNPACK wants it as it is, here
                operator.inputs[2] = _add_tensor(model, schema, bias, schema.TensorType.FLOAT32)
    _drop_unread(model)
    return pack(model)


def _names(graph, operator, makers: dict) -> str:
    """The names around an operation: what comes out of the whole graph has lost its own, its constants have not."""
    around = [*operator.outputs, *operator.inputs[1:]]
    around += [index for tensor in operator.inputs[1:] if tensor in makers for index in makers[tensor].inputs]
    return " ".join(graph.tensors[index].name.decode() for index in around if index >= 0)


def _is(model, operator, code: int) -> bool:
    return model.operatorCodes[operator.opcodeIndex].builtinCode == code


def _constant(model, maker) -> np.ndarray | None:
    """What an operation DEQUANTIZE makes of constant float16 numbers, float32; None if it is something else."""
    tensor = None if maker is None else model.subgraphs[0].tensors[maker.inputs[0]]
    data = None if tensor is None else model.buffers[tensor.buffer].data
    if data is None or not len(data) or tensor.type != load_schema().TensorType.FLOAT16:
        return None
    return np.frombuffer(np.asarray(data, np.uint8).tobytes(), np.float16).reshape(tensor.shape).astype(np.float32)


def _add_code(model, schema: ModuleType) -> int:
    code = schema.OperatorCodeT()
    code.builtinCode = code.deprecatedBuiltinCode = schema.BuiltinOperator.CONV_2D
    code.version = CHANNEL_VERSION
    model.operatorCodes.append(code)
    return len(model.operatorCodes) - 1


def _add_rounded(model, schema: ModuleType, weights: np.ndarray) -> int:
    """A constant tensor of rounded weights; its index."""
    rounded, scales = quantize(weights)
    index = _add_tensor(model, schema, rounded, schema.TensorType.INT8)
    details = schema.QuantizationParametersT()
    details.scale, details.zeroPoint, details.quantizedDimension = scales, np.zeros(len(scales), np.int64), 0
    model.subgraphs[0].tensors[index].quantization = details
    return index


def _add_tensor(model, schema: ModuleType, array: np.ndarray, dtype: int) -> int:
    """A constant tensor; its index."""
    tensor, buffer = schema.TensorT(), schema.BufferT()
    buffer.data = np.frombuffer(array.tobytes(), np.uint8)
    tensor.shape, tensor.type, tensor.name = list(array.shape), dtype, "rounded"
    tensor.buffer = len(model.buffers)
    model.buffers.append(buffer)
    model.subgraphs[0].tensors.append(tensor)
    return len(model.subgraphs[0].tensors) - 1


def _drop_unread(model) -> None:
    """Leave out the operations whose result nobody reads any more, and the numbers that they read."""
    graph = model.subgraphs[0]
    read = {index for operator in graph.operators for index in operator.inputs} | set(graph.outputs)
    graph.operators = [operator for operator in graph.operators if read.intersection(operator.outputs)]
    read = {index for operator in graph.operators for index in operator.inputs}
    kept = {graph.tensors[index].buffer for index in read if index >= 0}
    kept |= {entry.buffer for entry in model.metadata or []}
    for index, buffer in enumerate(model.buffers):
        if index not in kept:
            buffer.data = None
