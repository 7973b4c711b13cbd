"""Weights under the authors' parameter names and axis order, in safetensors files that PyTorch reads too.

A model is walked along `checkpoint_parts()` down to the layers of Keras; each variable gets the name and axis order it
has in the authors' PyTorch checkpoints, e.g. `flow_net.encoder0.model.2.weight` `[filters, channels, height, width]`.
Some parameters stand there under two names: the second is an alias. Files written here keep the first only and list the
aliases in the metadata (as safetensors' own PyTorch tools do), unless `aliases=True` asks for both, which is what
`load_state_dict` of a PyTorch model wants. Files may hold float32 or float16.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from typing import NamedTuple

import keras
import numpy as np

from gfla_tf.layers.adaptive_layer_norm import ChannelAffine
from gfla_tf.layers.spectral import SpectralConv
from gfla_tf.outputs import whole_file
from gfla_tf.torch_checkpoint import read_torch_checkpoint, strip_module_prefix

__all__ = [
    "Parameter",
    "check_state",
    "find_misfits",
    "load_state",
    "load_weights",
    "parameters",
    "read_any_state",
    "read_state",
    "save_weights",
    "state_of",
    "write_state",
]

PRECISIONS = ("float32", "float16")


class Parameter(NamedTuple):
    """One entry of a checkpoint: the variable of the model, and how the checkpoint stores it."""

    variable: object
    shape: tuple[int, ...]
    axes: tuple[int, ...]
    alias_of: str | None

    def to_checkpoint(self) -> np.ndarray:
        """The variable's value in PyTorch's axis order."""
        return np.transpose(np.asarray(self.variable), self.axes).reshape(self.shape)

    def assign(self, value: np.ndarray) -> None:
        """Set the variable from a value in PyTorch's axis order."""
        shape = tuple(self.variable.shape)
        permuted = value.reshape([shape[axis] for axis in self.axes])
        self.variable.assign(np.transpose(permuted, np.argsort(self.axes)).astype(np.float32))


def _kernel_axes(rank: int) -> tuple[int, ...]:
    """Keras' kernel [*taps, in, out] ([*taps, out, in] if transposed) to PyTorch's: the last two swapped, in front."""
    return (rank - 1, rank - 2, *range(rank - 2))


def _leaf_variables(layer: keras.layers.Layer) -> dict[str, tuple[object, tuple[int, ...]]]:
    """Name in PyTorch -> (variable, axes) for a layer without parts."""
    if isinstance(layer, SpectralConv):
        kernel = {"weight_orig": (layer.kernel, _kernel_axes(len(layer.kernel.shape)))}
        vectors = {"weight_u": (layer.vector_u, (0,)), "weight_v": (layer.vector_v, (0,))}
        return {"bias": (layer.bias, (0,)), **kernel, **vectors}
    if isinstance(layer, keras.layers.GroupNormalization):
        return {"weight": (layer.gamma, (0,)), "bias": (layer.beta, (0,))}
    if isinstance(layer, ChannelAffine):
        return {"weight": (layer.scale, (0,)), "bias": (layer.offset, (0,))}
    found = {"weight": (layer.kernel, _kernel_axes(len(layer.kernel.shape)))}
    return {**found, "bias": (layer.bias, (0,))} if layer.use_bias else found


def _checkpoint_shape(layer, variable, axes) -> tuple[int, ...]:
    shape = tuple(variable.shape[axis] for axis in axes)
    return (*shape, 1) if isinstance(layer, ChannelAffine) else shape


def _walk(layer: keras.layers.Layer, prefix: str) -> Iterator[tuple[str, object, tuple[int, ...], tuple[int, ...]]]:
    if hasattr(layer, "checkpoint_parts"):
        for name, part in layer.checkpoint_parts().items():
            yield from _walk(part, f"{prefix}{name}.")
        return
    for name, (variable, axes) in _leaf_variables(layer).items():
        yield f"{prefix}{name}", variable, _checkpoint_shape(layer, variable, axes), axes


def parameters(model: keras.Model) -> dict[str, Parameter]:
    """Every parameter of a built model by its name in the authors' checkpoints.

    Args:
        model: a generator, motion extractor or discriminator of `gfla_tf.models`.

    Returns:
        Name -> `Parameter`, an alias after the parameter that it is another name of.
    """
    if not model.built:
        model.build(None)
    found: dict[str, Parameter] = {}
    first_names: dict[int, str] = {}
    for name, variable, shape, axes in _walk(model, ""):
        alias_of = first_names.setdefault(id(variable), name)
        found[name] = Parameter(variable, shape, axes, None if alias_of == name else alias_of)
    return found


def state_of(model: keras.Model, aliases: bool = False) -> dict[str, np.ndarray]:
    """The model's weights as float32 arrays under the authors' names; with `aliases` also under the second names."""
    entries = parameters(model).items()
    return {name: entry.to_checkpoint() for name, entry in entries if aliases or entry.alias_of is None}


def load_state(
    model: keras.Model,
    state: dict[str, np.ndarray],
    strict: bool = True,
    source: str = "the state",
    list_all: bool = False,
) -> None:
    """Fill a model from arrays under the authors' names.

    Aliases may be there or not; where they are, they must equal their parameter.

    Args:
        model: the model to fill.
        state: name -> array in PyTorch's axis order.
        strict: False fills what is there and fits, and leaves the rest of the model as it is.
        source: what to call the state in messages, usually a file's name.
        list_all: list everything that does not fit, a line each, instead of the first of each kind and a number.

    Raises:
        ValueError: names are missing or not expected, shapes are wrong, or an alias differs; nothing has been assigned
            then.
    """
    wanted = parameters(model)
    problems = find_problems(wanted, state) if strict else []
    if problems:
        said = "\n  " + "\n  ".join(problems) if list_all else f" {_summary(problems)}."
        raise ValueError(f"{source} does not fit {type(model).__name__}:{said}")
    for name, entry in wanted.items():
        if entry.alias_of is None and name in state and state[name].shape == entry.shape:
            entry.assign(state[name])


def find_problems(wanted: dict[str, Parameter], state: dict[str, np.ndarray]) -> list[str]:
    """One line for every missing, unexpected, misshapen or contradictory entry of a state."""
    needed = {name: entry.shape for name, entry in wanted.items() if entry.alias_of is None or name in state}
    problems = find_misfits(needed, state)
    for name, entry in wanted.items():
        if name not in state or tuple(state[name].shape) != entry.shape:
            continue
        if entry.alias_of in state and not np.array_equal(state[name], state[entry.alias_of]):
            problems.append(f"contradiction: {name} differs from {entry.alias_of}, of which it is another name")
        elif not np.all(np.isfinite(state[name])):
            problems.append(f"not finite: {name} holds NaN or infinity")
    return problems


def _summary(problems: list[str]) -> str:
    """The first problem of each kind, and how many more there are of it."""
    kinds: dict[str, list[str]] = {}
    for problem in problems:
        kinds.setdefault(problem.partition(":")[0], []).append(problem)
    return "; ".join(f"{first} and {len(more)} more" if more else first for first, *more in kinds.values())


def save_weights(
    model: keras.Model, path: str | os.PathLike, precision: str = "float32", aliases: bool = False
) -> None:
    """Write a model's weights as safetensors under the authors' names.

    Args:
        model: the model.
        path: the file to write; it appears complete or not at all.
        precision: "float32" or "float16".
        aliases: write second names too, for `load_state_dict` of a PyTorch model.

    Raises:
        ValueError: for another precision, or weights that float16 cannot hold.
    """
    names = {name: entry.alias_of for name, entry in parameters(model).items() if entry.alias_of}
    write_state(path, state_of(model, aliases), precision, {} if aliases else names)


def write_state(
    path: str | os.PathLike, state: dict[str, np.ndarray], precision: str = "float32", metadata: dict | None = None
) -> None:
    """Write arrays as a safetensors file, to a temporary name first; see `save_weights`."""
    from safetensors.numpy import save

    if precision not in PRECISIONS:
        raise ValueError(f"precision must be one of {', '.join(PRECISIONS)}. Received: {precision!r}.")
    with np.errstate(over="ignore"):
        arrays = {name: np.ascontiguousarray(value, dtype=precision) for name, value in state.items()}
    too_large = [name for name, value in arrays.items() if not np.all(np.isfinite(value))]
    if too_large:
        raise ValueError(f"Weights must be finite in {precision}. Received: {', '.join(too_large)}.")
    with whole_file(path) as temporary:
        # `save_file` would make a file that nobody but its owner may read.
        temporary.write_bytes(save(arrays, metadata={"format": "pt", **(metadata or {})}))


def read_state(path: str | os.PathLike) -> dict[str, np.ndarray]:
    """The arrays of a safetensors file, as float32.

    Raises:
        ValueError: if the file is missing, damaged, or holds other than float32 and float16 tensors.
    """
    from safetensors import SafetensorError, safe_open

    path = os.fspath(path)
    if not os.path.isfile(path):
        raise ValueError(f"A safetensors file is expected. Received: {path}, which is not a file.")
    try:
        with safe_open(path, framework="numpy") as file:
            types = {name: file.get_slice(name).get_dtype() for name in file.keys()}  # noqa: SIM118 (not a dict)
            others = [f"{name} ({dtype})" for name, dtype in types.items() if dtype not in ("F32", "F16")]
            if others:
                raise ValueError(f"{path}: float32 or float16 tensors are expected. Received: {', '.join(others[:5])}.")
            return {name: file.get_tensor(name).astype(np.float32) for name in types}
    except SafetensorError as error:
        raise ValueError(f"{path} is not a readable safetensors file: {error}.") from error


def load_weights(model: keras.Model, path: str | os.PathLike, strict: bool = True) -> None:
    """Fill a model from a safetensors file; see `load_state` and `read_state` for what can be wrong."""
    load_state(model, read_state(path), strict, os.fspath(path))


def read_any_state(path: str | os.PathLike) -> dict[str, np.ndarray]:
    """The float32 arrays of a PyTorch checkpoint or a safetensors file, told apart by content."""
    if _is_safetensors(path):
        return read_state(path)
    state = strip_module_prefix(read_torch_checkpoint(path))
    return {name: np.asarray(value, np.float32) for name, value in state.items()}


def check_state(name: str, shapes: Mapping[str, tuple[int, ...]], state: Mapping[str, np.ndarray]) -> None:
    """Raise a ValueError that says how many weights are missing or of the wrong shape, if any is."""
    problems = find_misfits(shapes, state, more=True)
    if problems:
        raise ValueError(f"The weights do not fit {name}: {_summary(problems)}.")


def find_misfits(
    shapes: Mapping[str, tuple[int, ...]], state: Mapping[str, np.ndarray], more: bool = False
) -> list[str]:
    """One line for every missing, every unexpected (unless there may be more) and every misshapen entry of a state."""
    problems = [f"missing: {name} {list(shape)}" for name, shape in shapes.items() if name not in state]
    if not more:
        problems += [f"unexpected: {name} {list(value.shape)}" for name, value in state.items() if name not in shapes]
    return problems + [
        f"wrong shape: {name} is {list(state[name].shape)}, expected {list(shape)}"
        for name, shape in shapes.items()
        if name in state and tuple(state[name].shape) != tuple(shape)
    ]


def _is_safetensors(path: str | os.PathLike) -> bool:
    """A safetensors file starts with the length of its header, eight bytes, and the header's opening brace."""
    if not os.path.isfile(path):
        return False
    with open(path, "rb") as file:
        start = file.read(9)
    return len(start) == 9 and start[8:] == b"{"
