"""Checks at the entrance of the models: one message for every wrong input."""

from __future__ import annotations

import tensorflow as tf

__all__ = ["check_inputs", "check_map"]


def check_map(name: str, tensor: tf.Tensor, channels: int, multiple: int) -> None:
    """Raise a ValueError unless `tensor` is float `[batch, height, width, channels]`, its sides fitting multiples."""
    shape = tensor.shape
    fits = shape.rank == 4 and shape[-1] == channels
    fits = fits and all(length is None or (length > 0 and length % multiple == 0) for length in shape[1:3])
    if not fits:
        raise ValueError(
            f"{name} must have shape [batch, height, width, {channels}], height and width multiples of {multiple}. "
            f"Received: {shape}."
        )
    if not tensor.dtype.is_floating:
        raise ValueError(f"{name} must hold floats. Received: {tensor.dtype.name}.")


def check_inputs(inputs, names_and_channels: dict[str, int], multiple: int) -> list[tf.Tensor]:
    """The model's inputs as tensors, after checking their number, channels, sides and that they agree in size.

    Args:
        inputs: list or tuple of maps, in the order of `names_and_channels`.
        names_and_channels: for each input its name in messages and its channels.
        multiple: height and width must be multiples of it.

    Returns:
        The inputs as a list of tensors.

    Raises:
        ValueError: if an input is missing or of a wrong shape.
    """
    names = ", ".join(names_and_channels)
    if not isinstance(inputs, (list, tuple)) or len(inputs) != len(names_and_channels):
        received = f"{len(inputs)} inputs" if isinstance(inputs, (list, tuple)) else type(inputs).__name__
        raise ValueError(f"A list of {len(names_and_channels)} inputs is expected: [{names}]. Received: {received}.")
    tensors = [tf.convert_to_tensor(value) for value in inputs]
    for (name, channels), tensor in zip(names_and_channels.items(), tensors, strict=True):
        check_map(name, tensor, channels, multiple)
    first = tensors[0].shape[:3]
    if not all(first.is_compatible_with(tensor.shape[:3]) for tensor in tensors):
        shapes = ", ".join(str(tensor.shape) for tensor in tensors)
        raise ValueError(f"{names} must agree in batch, height and width. Received: {shapes}.")
    return tensors
