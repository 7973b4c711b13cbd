"""Reading the weights out of a PyTorch checkpoint (`.pth`, `.pt`) without PyTorch and without running anything in it.

A checkpoint is a pickle, and a pickle can run any command while it is loaded. `read_torch_checkpoint` understands only
what a dict of tensors is made of and refuses everything else, by name, before anything is run. So it is safe for files
from strangers, and needs nothing but NumPy.

In: a path. Out: a dict from the parameters' names to arrays with PyTorch's axes and element types; bfloat16, which
NumPy lacks, becomes float32.

    archive      the two file formats and their storages
    unpickler    plain data out of a pickle
    globals      the names that a pickle may refer to
    tensors      storages to arrays

Reference: the documentation of `torch.save` and `torch.load`, https://pytorch.org/docs/stable/notes/serialization.html
"""

from __future__ import annotations

import os
import struct
import zipfile
import zlib
from pathlib import Path

import numpy as np

from gfla_tf.inputs import check_input
from gfla_tf.torch_checkpoint.archive import Archive, open_archive
from gfla_tf.torch_checkpoint.tensors import PickledTensor, decode_storage, tensor_array

__all__ = ["read_torch_checkpoint", "strip_module_prefix"]

# Where training scripts put the state dict of a generator, in order of preference.
_WRAPPER_KEYS = ("state_dict", "model_state_dict", "model", "net_G")
_MODULE_PREFIX = "module."
# All that reading a damaged file may raise; `zipfile` lets some of the last ones through.
_READ_ERRORS = (
    OSError,
    EOFError,
    ValueError,
    MemoryError,
    OverflowError,
    RuntimeError,
    struct.error,
    zipfile.BadZipFile,
    zlib.error,
)


def read_torch_checkpoint(path: str | os.PathLike[str]) -> dict[str, np.ndarray]:
    """Return the tensors of a state dict that was written by `torch.save`.

    The file holds the state dict itself or a dict around it: one that has a single dict of tensors among its values,
    or has the state dict under "state_dict", "model_state_dict", "model" or "net_G" (the first of these is taken).
    Numbers and strings in the state dict are left out, as is its `_metadata`.

    Args:
        path: the file.

    Returns:
        The arrays by name, in the order of the file. They are read-only and may share memory, as the tensors did.

    Raises:
        ValueError: the file is missing, is no checkpoint, is damaged, refers to anything that a dict of tensors does
            not need, or holds no state dict. The message begins with the path.
    """
    check_input(path, "a PyTorch checkpoint")
    try:
        with open(path, "rb") as file:
            archive = open_archive(file)
            return _read_tensors(archive, _find_state(archive.content))
    except _READ_ERRORS as error:
        reason = str(error)[:500] or type(error).__name__  # the standard library quotes whole pickles
        raise ValueError(f"{Path(path)}: cannot read this PyTorch checkpoint: {reason}") from error


def strip_module_prefix(state: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Return the state with "module." removed from the names, if all of them begin so.

    `torch.nn.DataParallel` puts the prefix before the names of the network that it wraps.

    Args:
        state: arrays by name.
    """
    if not all(name.startswith(_MODULE_PREFIX) for name in state):
        return dict(state)
    return {name.removeprefix(_MODULE_PREFIX): array for name, array in state.items()}


def _find_state(content: object) -> dict[str, PickledTensor]:
    if not isinstance(content, dict):
        raise ValueError(f"expected a dict of tensors. Received: a value of type '{type(content).__name__}'")
    if _tensors_in(content):
        _check_state(content)
        return _tensors_in(content)
    states = {key: value for key, value in content.items() if isinstance(value, dict) and _tensors_in(value)}
    chosen = list(states) if len(states) == 1 else [key for key in _WRAPPER_KEYS if key in states]
    if not chosen:
        raise ValueError(
            "expected a dict of tensors, or one such dict in a dict, or it under one of the keys "
            f"{', '.join(_WRAPPER_KEYS)}. Received: a dict with the keys {_listed(content)}"
        )
    _check_state(states[chosen[0]])
    return _tensors_in(states[chosen[0]])


def _tensors_in(content: dict[object, object]) -> dict[object, PickledTensor]:
    return {key: value for key, value in content.items() if isinstance(value, PickledTensor)}


def _check_state(state: dict[object, object]) -> None:
    for key, value in state.items():
        plain = value is None or isinstance(value, PickledTensor | bool | int | float | str)
        if not isinstance(key, str) or not (plain or key == "_metadata"):
            kind = type(value).__name__
            raise ValueError(f"expected names and tensors. Received: {_shortened(key)} with a value of type '{kind}'")


def _listed(content: dict[object, object], limit: int = 10) -> str:
    names = ", ".join(_shortened(key) for key in list(content)[:limit])
    return names + (f" and {len(content) - limit} more" if len(content) > limit else "")


def _shortened(key: object) -> str:
    return repr(key)[:60]


def _read_tensors(archive: Archive, tensors: dict[str, PickledTensor]) -> dict[str, np.ndarray]:
    # Each storage is read once and decoded once for a type, however many tensors lie in it.
    data: dict[tuple[str, int], bytes] = {}
    elements: dict[tuple[str, int, str], np.ndarray] = {}
    arrays = {}
    for name, tensor in tensors.items():
        stored = (tensor.storage.key, tensor.storage.byte_count)
        typed = (*stored, tensor.element.name)
        if stored not in data:
            data[stored] = archive.read_storage(tensor.storage)
        if typed not in elements:
            elements[typed] = decode_storage(data[stored], tensor.element, archive.byte_order)
        arrays[name] = tensor_array(tensor, elements[typed])
    return arrays
