"""Bilinear sampling by the compiled resampler of TensorFlow Addons, where that is installed.

TensorFlow Addons ended with TensorFlow 2.15 and Python 3.11. Its resampler takes absolute positions and reads zeros
outside of a map; conventions here are those of `gfla_tf.ops.warp`, the border repeated.
"""

from __future__ import annotations

import functools
import warnings
from types import ModuleType

import tensorflow as tf

__all__ = ["addons_sample", "load_addons"]


@functools.cache
def load_addons() -> ModuleType:
    """The package `tensorflow_addons`.

    Raises:
        ValueError: it is not installed, or does not load beside this TensorFlow.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it announces its end
            import tensorflow_addons
    except (ImportError, tf.errors.OpError) as error:
        raise ValueError(
            "Implementation 'addons' needs TensorFlow Addons, which there is for TensorFlow 2.15, Python up to 3.11: "
            f'pip install "gfla-tf[addons]". Received: TensorFlow {tf.__version__} and {error}.'
        ) from error
    return tensorflow_addons


def addons_sample(source: tf.Tensor, x: tf.Tensor, y: tf.Tensor) -> tf.Tensor:
    """Read a map at positions.

    Args:
        source: `[batch, source_height, source_width, channels]`, a border of one pixel included: positions on the last
            pixel have a neighbour then, as their derivatives expect it.
        x: `[batch, height, width]`, in pixels of the map within the border.
        y: likewise.

    Returns:
        `[batch, height, width, channels]`, of the source's dtype.
    """
    dtype = tf.float64 if source.dtype == tf.float64 else tf.float32
    height, width = tf.unstack(tf.cast(tf.shape(source)[1:3], dtype))
    # Half a pixel outside, both neighbours hold the border's value: clamping there changes nothing.
    x = tf.clip_by_value(tf.cast(x, dtype) + 1.0, 0.5, width - 1.5)
    y = tf.clip_by_value(tf.cast(y, dtype) + 1.0, 0.5, height - 1.5)
    sampled = load_addons().image.resampler(tf.cast(source, dtype), tf.stack([x, y], axis=-1))
    return tf.cast(tf.ensure_shape(sampled, [source.shape[0], *x.shape[1:], source.shape[-1]]), source.dtype)
