"""What a PyTorch pickle says about a tensor, and how this and the stored bytes become a NumPy array.

A tensor is a window into a storage, a row of elements of one type: an offset, a size and a stride for each axis, all
counted in elements. Several tensors may share a storage, and a tensor need not be contiguous. The numbers come from
the file, so nothing here trusts them.

Convention: the axes of an array are PyTorch's (a convolution kernel is `[out, in, height, width]`), and so is the
element type, except that bfloat16, which NumPy lacks, becomes float32 (exactly).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

__all__ = ["ELEMENT_TYPES", "ElementType", "PickledTensor", "StorageReference", "decode_storage", "tensor_array"]

# `expand` repeats elements without storing them. A file of a few bytes could so claim a tensor of any size; beyond the
# size of its storage, a tensor may have this many elements and no more.
MAXIMUM_EXPANDED_ELEMENTS = 2**20


@dataclass(frozen=True, slots=True)
class ElementType:
    """An element type of PyTorch and the NumPy code (without byte order) of its bits in a file."""

    name: str
    code: str

    @property
    def itemsize(self) -> int:
        """Bytes per element."""
        return np.dtype(self.code).itemsize


ELEMENT_TYPES = {
    name: ElementType(name, code)
    for name, code in {
        "float64": "f8",
        "float32": "f4",
        "float16": "f2",
        "bfloat16": "u2",
        "int64": "i8",
        "int32": "i4",
        "int16": "i2",
        "int8": "i1",
        "uint64": "u8",
        "uint32": "u4",
        "uint16": "u2",
        "uint8": "u1",
        "bool": "u1",
    }.items()
}


@dataclass(frozen=True, slots=True)
class StorageReference:
    """What a pickle says about a storage: its key, its elements, and which part of it is meant."""

    key: str
    element: ElementType
    count: int
    view_start: int
    view_count: int

    @property
    def byte_count(self) -> int:
        """Bytes of the whole storage."""
        return self.count * self.element.itemsize


@dataclass(frozen=True, slots=True)
class PickledTensor:
    """What a pickle says about a tensor; offset, size and stride are in elements of `element`."""

    storage: StorageReference
    element: ElementType
    offset: int
    size: tuple[int, ...]
    stride: tuple[int, ...]


def decode_storage(data: bytes, element: ElementType, byte_order: str) -> np.ndarray:
    """Interpret the bytes of a storage.

    Args:
        data: all bytes of the storage.
        element: the type of the elements.
        byte_order: "<" for little endian or ">" for big endian.

    Returns:
        A one-dimensional array in the machine's byte order. Bytes that do not fill an element are left out.
    """
    count = len(data) // element.itemsize
    stored = np.frombuffer(data, np.dtype(element.code).newbyteorder(byte_order), count)
    native = stored.astype(stored.dtype.newbyteorder("="), copy=False)
    if element.name == "bool":
        return native != 0  # any byte may be in the file, NumPy's bool knows two
    if element.name == "bfloat16":
        return (native.astype(np.uint32) << 16).view(np.float32)  # the upper half of a float32
    return native


def tensor_array(tensor: PickledTensor, elements: np.ndarray) -> np.ndarray:
    """Return the tensor as a read-only view of its storage.

    Args:
        tensor: the description from the pickle.
        elements: the whole storage, from `decode_storage`.

    Raises:
        ValueError: the tensor reaches outside its storage.
    """
    if math.prod(tensor.size) == 0:
        array = np.empty(tensor.size, elements.dtype)
        array.flags.writeable = False
        return array
    elements = _viewed_part(tensor, elements)
    # Checked here, in elements; NumPy's constructor checks the same again, in bytes.
    last = tensor.offset + sum((size - 1) * stride for size, stride in zip(tensor.size, tensor.stride, strict=True))
    if last >= len(elements):
        raise ValueError(f"a tensor of size {tensor.size} ends at element {last} of a storage of {len(elements)}")
    if math.prod(tensor.size) > max(len(elements), MAXIMUM_EXPANDED_ELEMENTS):
        raise ValueError(
            f"a tensor of size {tensor.size} repeats the {len(elements)} elements of its storage too often"
        )
    itemsize = elements.dtype.itemsize
    strides = tuple(stride * itemsize for stride in tensor.stride)
    array = np.ndarray(tensor.size, elements.dtype, elements, tensor.offset * itemsize, strides)
    array.flags.writeable = False
    return array


def _viewed_part(tensor: PickledTensor, elements: np.ndarray) -> np.ndarray:
    storage = tensor.storage
    start = storage.view_start * storage.element.itemsize // tensor.element.itemsize
    return elements[start : start + storage.view_count * storage.element.itemsize // tensor.element.itemsize]
