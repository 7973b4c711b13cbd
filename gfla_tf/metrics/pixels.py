"""L1 and PSNR: how far the pixels are off.

Images are `[batch, height, width, 3]` in [-1, 1]; both metrics are computed in float64. With a mask
`[batch, height, width, 1]` only what it covers counts: means become means weighted by the mask.
"""

from __future__ import annotations

import math

import tensorflow as tf

from gfla_tf.layers.primitives import register
from gfla_tf.metrics.arguments import checked_mask, checked_pair
from gfla_tf.metrics.image_metric import ImageMetric

__all__ = ["L1", "PSNR", "l1", "psnr"]

DATA_RANGE = 2.0  # from the darkest to the brightest value


def l1(target_images, images, mask=None) -> tf.Tensor:
    """Mean absolute difference of each picture.

    Args:
        target_images: the true pictures.
        images: the pictures to judge.
        mask: where pixels count, None for everywhere.

    Returns:
        `[batch]` in [0, 2], float32: on the scale of [-1, 1], which is twice that of pictures in [0, 1]. 0 where the
        mask is empty.

    Raises:
        ValueError: if an argument is not as described.
    """
    target, image = checked_pair(target_images, images, tf.float64)
    return tf.cast(_mean(tf.abs(target - image), mask), tf.float32)


def psnr(target_images, images, mask=None) -> tf.Tensor:
    """Peak signal-to-noise ratio of each picture: 10 log10(4 / mean squared difference), 2 being the range of values.

    Args:
        target_images: the true pictures.
        images: the pictures to judge.
        mask: where pixels count, None for everywhere.

    Returns:
        `[batch]` in decibels, float32; infinite for equal pictures, and where the mask is empty.

    Raises:
        ValueError: if an argument is not as described.
    """
    target, image = checked_pair(target_images, images, tf.float64)
    error = _mean(tf.math.squared_difference(target, image), mask)
    return tf.cast(-10.0 / math.log(10.0) * tf.math.log(error / DATA_RANGE**2), tf.float32)


def _mean(values: tf.Tensor, mask) -> tf.Tensor:
    """Mean of each picture's values, weighted by the mask."""
    if mask is None:
        return tf.reduce_mean(values, axis=[1, 2, 3])
    mask = checked_mask(mask, values)
    values_of_pixels = tf.reduce_mean(values, axis=-1, keepdims=True)
    return tf.math.divide_no_nan(tf.reduce_sum(values_of_pixels * mask, [1, 2, 3]), tf.reduce_sum(mask, [1, 2, 3]))


@register
class L1(ImageMetric):
    """`l1` as a streaming Keras metric."""

    def per_image(self, target_images, images, mask=None) -> tf.Tensor:
        return l1(target_images, images, mask)


@register
class PSNR(ImageMetric):
    """`psnr` as a streaming Keras metric: the mean of the pictures' decibels, infinite once two pictures are equal."""

    def per_image(self, target_images, images, mask=None) -> tf.Tensor:
        return psnr(target_images, images, mask)
