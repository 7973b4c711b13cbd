"""Everything that the pickle of a PyTorch state dict may refer to, and what stands in for it here.

A pickled tensor is a call of `torch._utils._rebuild_tensor_v2(storage, offset, size, stride, ...)`, and its storage a
persistent id `("storage", type, key, location, count[, part])`, the data being kept outside the pickle. The functions
of PyTorch are replaced by the ones below, which check their arguments and record them as `PickledTensor` and
`StorageReference`. They see what a stranger wrote: any argument may have any type.

Where a tensor was stored (`location`), whether it was trained (`requires_grad`) and its hooks are dropped.
"""

from __future__ import annotations

from gfla_tf.torch_checkpoint.tensors import ELEMENT_TYPES, ElementType, PickledTensor, StorageReference
from gfla_tf.torch_checkpoint.unpickler import Builder

__all__ = ["ALLOWED_GLOBALS", "storage_reference"]

MAXIMUM_AXES = 32  # what every NumPy can handle


def storage_reference(identifier: object) -> StorageReference:
    """Read the persistent id of a storage.

    Args:
        identifier: `("storage", type, key, location, count)`, in old files with a sixth entry: None or the part of the
            storage that is meant, `(key of the part, start, count)`. Counts are in elements.

    Raises:
        ValueError: the id is of another form, or a number in it is negative or too large.
    """
    if not isinstance(identifier, tuple) or len(identifier) not in (5, 6) or identifier[0] != "storage":
        raise ValueError("expected references to storages only, as a saved `model.state_dict()` has. Received: another")
    _, element, key, _, count, *views = identifier
    if not isinstance(element, ElementType) or not isinstance(key, str):
        raise ValueError("expected the type and the key of a storage. Received: other values")
    view = views[0] if views and views[0] is not None else (key, 0, count)
    if not isinstance(view, tuple) or len(view) != 3:
        raise ValueError("expected (key, start, count) of a part of a storage. Received: another value")
    count, start, view_count = _checked_counts((count, *view[1:]))
    if start + view_count > count:
        raise ValueError(f"a part of storage {key[:50]!r} lies outside of it")
    return StorageReference(key, element, count, start, view_count)


def _checked_counts(values: object) -> tuple[int, ...]:
    # The length comes first: a pickle can refer to one long tuple again and again.
    if not isinstance(values, tuple) or len(values) > MAXIMUM_AXES:
        raise ValueError(f"expected a tuple of at most {MAXIMUM_AXES} sizes or strides. Received: another value")
    if not all(type(value) is int and 0 <= value < 2**48 for value in values):
        raise ValueError("expected counts, offsets, sizes and strides from 0 to 2**48. Received: other values")
    return values


def _pickled_tensor(storage: object, offset: object, size: object, stride: object, element: object) -> PickledTensor:
    if not isinstance(storage, StorageReference) or not isinstance(element, ElementType):
        raise ValueError("expected a storage and an element type to build a tensor from. Received: other values")
    (offset,), size, stride = _checked_counts((offset,)), _checked_counts(size), _checked_counts(stride)
    if len(size) != len(stride):
        raise ValueError(f"expected as many strides as sizes. Received: {len(stride)} strides for {len(size)} sizes")
    return PickledTensor(storage, element, offset, size, stride)


def _rebuild_tensor(storage: object, offset: object, size: object, stride: object) -> PickledTensor:
    return _pickled_tensor(storage, offset, size, stride, getattr(storage, "element", None))


def _rebuild_tensor_v2(
    storage: object,
    offset: object,
    size: object,
    stride: object,
    requires_grad: object,
    hooks: object,
    metadata: object = None,
) -> PickledTensor:
    _refuse_metadata(metadata)
    return _rebuild_tensor(storage, offset, size, stride)


def _rebuild_tensor_v3(
    storage: object,
    offset: object,
    size: object,
    stride: object,
    requires_grad: object,
    hooks: object,
    dtype: object,
    metadata: object = None,
) -> PickledTensor:
    _refuse_metadata(metadata)
    return _pickled_tensor(storage, offset, size, stride, dtype)


def _refuse_metadata(metadata: object) -> None:
    if metadata:  # marks a tensor whose elements are to be negated or conjugated when read
        raise ValueError("expected a plain tensor. Received: one that is stored negated or conjugated")


def _rebuild_parameter(tensor: object, requires_grad: object, hooks: object) -> PickledTensor:
    if not isinstance(tensor, PickledTensor):
        raise ValueError("expected a tensor in a parameter. Received: another value")
    return tensor


def _rebuild_parameter_with_state(
    tensor: object, requires_grad: object, hooks: object, attributes: object
) -> PickledTensor:
    return _rebuild_parameter(tensor, requires_grad, hooks)


def _ordered_dict(pairs: object = None) -> dict[str, object]:
    """A dict, which keeps its order: empty, its items being set one by one afterwards, or, by Python 2, of pairs."""
    if pairs is None:
        return {}
    if not isinstance(pairs, list) or not all(_is_pair(pair) for pair in pairs):
        raise ValueError("expected a list of pairs of a name and a value to make a dict of. Received: another value")
    items = dict(pairs)
    pairs.clear()  # a pickle can refer to one long list again and again
    return items


def _is_pair(pair: object) -> bool:
    return isinstance(pair, (list, tuple)) and len(pair) == 2 and isinstance(pair[0], str)


def _device(kind: object, index: object = None) -> str:
    if not isinstance(kind, str):
        raise ValueError("expected the name of a device. Received: another value")
    return kind


_STORAGE_TYPES = {
    "torch.DoubleStorage": "float64",
    "torch.FloatStorage": "float32",
    "torch.HalfStorage": "float16",
    "torch.BFloat16Storage": "bfloat16",
    "torch.LongStorage": "int64",
    "torch.IntStorage": "int32",
    "torch.ShortStorage": "int16",
    "torch.CharStorage": "int8",
    "torch.ByteStorage": "uint8",
    "torch.BoolStorage": "bool",
    "torch.storage.UntypedStorage": "uint8",
}
_FUNCTIONS = {
    "collections.OrderedDict": _ordered_dict,
    "torch._utils._rebuild_tensor": _rebuild_tensor,
    "torch._utils._rebuild_tensor_v2": _rebuild_tensor_v2,
    "torch._utils._rebuild_tensor_v3": _rebuild_tensor_v3,
    "torch._utils._rebuild_parameter": _rebuild_parameter,
    "torch._utils._rebuild_parameter_with_state": _rebuild_parameter_with_state,
    "torch.Size": _checked_counts,
    "torch.device": _device,
}

#: Everything a checkpoint may refer to, by full name.
ALLOWED_GLOBALS: dict[str, object] = {
    **{name: Builder(name, function) for name, function in _FUNCTIONS.items()},
    **{name: ELEMENT_TYPES[element] for name, element in _STORAGE_TYPES.items()},
    **{f"torch.{name}": element for name, element in ELEMENT_TYPES.items()},
}
