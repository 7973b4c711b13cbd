"""What a `.tflite` file is made of: its operations, and which of them a delegate would not take.

* XNNPACK (the processor): asked, not told. Each operation is made a file of its own, and the interpreter shows whether
  its delegate has taken it.
* GPU delegates: TensorFlow's analyzer has the delegate's own checks. In addition, what they were seen to refuse is
  refused here by name: GATHER_ND, indices of more than one dimension, more than four dimensions, a batch above 1.
"""

from __future__ import annotations

import contextlib
import importlib
import io
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from types import ModuleType

from gfla_tf.pose.blazepose.interpreter import open_file

__all__ = [
    "Operation",
    "Tensor",
    "alone",
    "gpu_objections",
    "load_schema",
    "pack",
    "read_operations",
    "unpack",
    "xnnpack_objections",
]

_REFUSED = ("GATHER_ND", "SCATTER_ND", "MIRROR_PAD", "SELECT", "SELECT_V2", "WHERE")


@dataclass(frozen=True)
class Tensor:
    """A tensor of a file: `shape`, `dtype` (schema's name) and whether it is constant."""

    shape: tuple[int, ...]
    dtype: str
    constant: bool


@dataclass(frozen=True)
class Operation:
    """An operation of a file.

    Attributes:
        index: in the order of execution.
        name: of the built-in operation; "FLEX_..." or "CUSTOM ..." for others.
        inputs: None for one that is left out.
        outputs: of the operation.
    """

    index: int
    name: str
    inputs: tuple[Tensor | None, ...]
    outputs: tuple[Tensor, ...]


def load_schema() -> ModuleType:
    """The generated reader of the file format, from whichever package is installed."""
    try:
        return importlib.import_module("ai_edge_litert.schema_py_generated")
    except ImportError:
        return importlib.import_module("tensorflow.lite.python.schema_py_generated")


def _names(enumeration: type) -> dict[int, str]:
    return {value: name for name, value in vars(enumeration).items() if not name.startswith("_")}


def unpack(content: bytes):
    """The file as objects of the schema."""
    return load_schema().ModelT.InitFromPackedBuf(content, 0)


def pack(model) -> bytes:
    """Objects of the schema as a file."""
    import flatbuffers

    builder = flatbuffers.Builder(1 << 20)
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def read_operations(content: bytes) -> list[Operation]:
    """The operations of a file, in the order of execution."""
    model, schema = unpack(content), load_schema()
    types, codes = _names(schema.TensorType), _names(schema.BuiltinOperator)
    graph = model.subgraphs[0]

    def tensor(index: int) -> Tensor | None:
        if index < 0:
            return None
        entry = graph.tensors[index]
        data = model.buffers[entry.buffer].data
        shape = () if entry.shape is None else tuple(int(length) for length in entry.shape)
        return Tensor(shape, types[entry.type], data is not None and len(data) > 0)

    def name(operator) -> str:
        code = model.operatorCodes[operator.opcodeIndex]
        number = max(code.builtinCode, code.deprecatedBuiltinCode)
        return f"CUSTOM {code.customCode.decode()}" if codes[number] == "CUSTOM" else codes[number]

    return [
        Operation(index, name(entry), tuple(map(tensor, entry.inputs)), tuple(map(tensor, entry.outputs)))
        for index, entry in enumerate(graph.operators)
    ]


def alone(content: bytes) -> Iterator[bytes]:
    """Every operation as a file of its own, in the order of execution.

    Constants stay constants, also those that an operation DEQUANTIZE makes of float16.
    """
    model, schema = unpack(content), load_schema()
    makers = {operator.outputs[0]: operator for operator in model.subgraphs[0].operators}
    for operator in model.subgraphs[0].operators:
        before = [makers[index] for index in operator.inputs if _is_decoded(model, makers.get(index))]
        yield pack(_only(model, [*before, operator], schema))


def _is_decoded(model, maker) -> bool:
    """Whether an operation makes float32 of a constant."""
    if maker is None or len(maker.inputs) != 1:
        return False
    data = model.buffers[model.subgraphs[0].tensors[maker.inputs[0]].buffer].data
    return data is not None and len(data) > 0


def _only(model, operators: list, schema: ModuleType):
    """A model of some operations; what was computed before them is its input."""
    result, graph = schema.ModelT(), schema.SubGraphT()
    result.version, result.subgraphs = model.version, [graph]
    result.operatorCodes, result.buffers = model.operatorCodes, [schema.BufferT()]
    graph.tensors, graph.operators, graph.inputs = [], [], []
    made = {index for operator in operators for index in operator.outputs}
    places: dict[int, int] = {-1: -1}

    def place(index: int) -> int:
        if index not in places:
            tensor, old = schema.TensorT(), model.subgraphs[0].tensors[index]
            data = model.buffers[old.buffer].data
            constant = data is not None and len(data) > 0
            vars(tensor).update(vars(old), buffer=len(result.buffers) if constant else 0)
            if constant:
                result.buffers.append(model.buffers[old.buffer])
            elif index not in made:
                graph.inputs.append(len(graph.tensors))
            places[index] = len(graph.tensors)
            graph.tensors.append(tensor)
        return places[index]

    for operator in operators:
        copy = schema.OperatorT()
        sides = {side: [place(index) for index in getattr(operator, side)] for side in ("inputs", "outputs")}
        vars(copy).update(vars(operator), **sides)
        graph.operators.append(copy)
    graph.outputs = list(graph.operators[-1].outputs)
    return result


def xnnpack_objections(content: bytes, interpreter_class: type) -> Counter[str]:
    """Names of the operations that XNNPACK does not take, and how many of each."""
    refused: Counter[str] = Counter()
    taken: dict[str, bool] = {}
    for operation, single in zip(read_operations(content), alone(content), strict=True):
        key = repr((operation.name, operation.inputs, operation.outputs))
        if key not in taken:
            taken[key] = _is_taken(single, interpreter_class)
        refused[operation.name] += not taken[key]
    return +refused


def _is_taken(content: bytes, interpreter_class: type) -> bool:
    interpreter = open_file(interpreter_class, model_content=content, num_threads=1)
    interpreter.allocate_tensors()
    return any(operation["op_name"] == "DELEGATE" for operation in interpreter._get_ops_details())


def gpu_objections(content: bytes) -> list[str]:
    """What keeps operations of a file from running on a GPU, a line each; none is the aim."""
    import tensorflow as tf

    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        tf.lite.experimental.Analyzer.analyze(model_content=content, gpu_compatibility=True)
    lines = [line.strip() for line in said.getvalue().splitlines() if "GPU COMPATIBILITY WARNING" in line]
    return lines + [line for operation in read_operations(content) for line in _rules(operation)]


def _rules(operation: Operation) -> Iterator[str]:
    where = f"{operation.name} (operation {operation.index})"
    tensors = [tensor for tensor in (*operation.inputs, *operation.outputs) if tensor is not None]
    if operation.name in _REFUSED:
        yield f"{where} is not taken."
    if any(len(tensor.shape) > 4 for tensor in tensors):
        yield f"{where} has more than four dimensions."
    if operation.name == "GATHER" and not (
        len(operation.inputs[1].shape) == 1 and operation.inputs[1].dtype == "INT32"
    ):
        yield f"{where} has indices that are not one-dimensional int32."
