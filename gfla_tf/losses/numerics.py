"""What all losses do with numbers: compute in full precision, and average per picture.

A Keras loss gives one value a picture, so that sample weights and reductions mean what they always mean; the pure
function is the mean of the same values.
"""

from __future__ import annotations

import tensorflow as tf

__all__ = ["full_precision", "mean_per_picture"]


def full_precision(values) -> tf.Tensor:
    """A tensor in at least float32: float16 and bfloat16 are cast, float64 stays.

    Under mixed precision features come in 16 bits, of which sums over a whole map overflow or lose what is compared.
    """
    tensor = tf.convert_to_tensor(values)
    return tf.cast(tensor, tf.float32) if tensor.dtype in (tf.float16, tf.bfloat16) else tensor


def mean_per_picture(values: tf.Tensor) -> tf.Tensor:
    """Mean over all axes but the first, `[batch]`."""
    return tf.reduce_mean(values, axis=range(1, values.shape.rank))
