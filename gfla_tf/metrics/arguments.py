"""What all image metrics ask of their arguments: pairs of pictures, and a mask that may come with them.

Images are `[batch, height, width, 3]` in [-1, 1], masks `[batch, height, width, 1]` in [0, 1]. Values are looked at
where they are known, outside of graphs; types and shapes everywhere.
"""

from __future__ import annotations

import tensorflow as tf

__all__ = ["check_range", "checked_images", "checked_mask", "checked_pair", "masked"]

TOLERANCE = 1e-3  # by how much values of 16 bits and rounding may leave the range


def checked_images(images, name: str = "images") -> tf.Tensor:
    """Pictures as a tensor of floats.

    Raises:
        ValueError: if they are not floats `[batch, height, width, 3]` in [-1, 1].
    """
    images = tf.convert_to_tensor(images)
    expected = f"{name} must be floats of shape [batch, height, width, 3] in [-1, 1]."
    if not images.dtype.is_floating or images.shape.rank != 4 or images.shape[-1] != 3:
        raise ValueError(f"{expected} Received: {images.dtype.name} of shape {images.shape}.")
    check_range(images, -1.0, 1.0, expected)
    return images


def checked_pair(target_images, images, dtype: tf.DType) -> tuple[tf.Tensor, tf.Tensor]:
    """Two batches of pictures of one shape, cast to a type.

    Raises:
        ValueError: if one is no batch of pictures, or their shapes differ.
    """
    target, image = checked_images(target_images, "target_images"), checked_images(images, "images")
    if not target.shape.is_compatible_with(image.shape):
        raise ValueError(
            f"Pictures of the same number and size are expected. Received: {target.shape} and {image.shape}."
        )
    return tf.cast(target, dtype), tf.cast(image, dtype)


def checked_mask(mask, images: tf.Tensor) -> tf.Tensor:
    """A mask for the pictures, in their type.

    Raises:
        ValueError: if it is not `[batch, height, width, 1]`, as large as the pictures, in [0, 1].
    """
    mask = tf.cast(mask, images.dtype)
    expected = "mask must be of shape [batch, height, width, 1], as large as the pictures, in [0, 1]."
    if mask.shape.rank != 4 or mask.shape[-1] != 1 or not mask.shape[:3].is_compatible_with(images.shape[:3]):
        raise ValueError(f"{expected} Received: {mask.shape} for pictures of {images.shape}.")
    check_range(mask, 0.0, 1.0, expected)
    return mask


def masked(images: tf.Tensor, mask) -> tf.Tensor:
    """Pictures in [-1, 1] times their mask: what is left out becomes 0, a middle grey. A mask of None keeps all."""
    return images if mask is None else images * checked_mask(mask, images)


def check_range(values: tf.Tensor, lowest: float, highest: float, expected: str) -> None:
    """Raise a ValueError that says what was expected where a known value is outside of the range, or no number."""
    if not tf.executing_eagerly() or 0 in values.shape:
        return
    array = values.numpy()
    low, high = float(array.min()), float(array.max())  # NaN if there is one
    if not lowest - TOLERANCE <= low <= high <= highest + TOLERANCE:
        raise ValueError(f"{expected} Received: values from {low:.4g} to {high:.4g}.")
