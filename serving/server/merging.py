"""Several requests as one batch, and its answer taken apart again: TensorFlow Serving's rules."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from serving.exchange import Arrays
from serving.statuses import Code, ServingError

__all__ = ["batch_size", "merge", "split"]


def batch_size(inputs: Arrays) -> int:
    """How many pictures a request is about: the first axis of all its inputs.

    Raises:
        ServingError: INVALID_ARGUMENT, an input has no axis, or another length.
    """
    if not all(array.ndim for array in inputs.values()):
        raise ServingError(Code.INVALID_ARGUMENT, "With batching, inputs must have at least one dimension.")
    sizes = {array.shape[0] for array in inputs.values()}
    if len(sizes) != 1 or 0 in sizes:
        raise ServingError(
            Code.INVALID_ARGUMENT,
            f"All inputs must have the same batch of one or more. Received: {', '.join(map(str, sorted(sizes)))}.",
        )
    return sizes.pop()


def merge(requests: Sequence[Arrays], size: int) -> Arrays:
    """The requests one after the other, then the first entry as often as it takes to fill a batch of that size.

    Raises:
        ServingError: FAILED_PRECONDITION: they differ in more than the first axis.
    """
    return {name: _merged(name, [inputs[name] for inputs in requests], size) for name in requests[0]}


def _merged(name: str, arrays: list[np.ndarray], size: int) -> np.ndarray:
    if len({array.shape[1:] for array in arrays}) > 1:
        raise ServingError(
            Code.FAILED_PRECONDITION,
            f"Tensors with name '{name}' from different tasks have different shapes and padding is turned off.",
        )
    missing = size - sum(map(len, arrays))
    return np.concatenate([*arrays, *[arrays[0][:1]] * missing])


def split(outputs: Arrays, sizes: Sequence[int], size: int) -> list[Arrays]:
    """The answers to requests of these sizes, from that to a batch of `size`.

    Raises:
        ServingError: FAILED_PRECONDITION: an output does not have the batch as its first axis.
    """
    for name, array in outputs.items():
        if not array.ndim:
            raise ServingError(Code.FAILED_PRECONDITION, f"Batched output tensor {name} has 0 dimensions")
        if array.shape[0] != size:
            raise ServingError(
                Code.FAILED_PRECONDITION,
                f"Batched output tensor {name}'s 0th dimension does not equal the sum of the 0th dimension sizes of "
                "the input tensors",
            )
    ends = np.cumsum(sizes)
    return [
        {name: array[end - count : end] for name, array in outputs.items()}
        for end, count in zip(ends, sizes, strict=True)
    ]
