"""What the Keras metrics of picture pairs share: each is the mean, over all pictures seen, of a value a picture."""

from __future__ import annotations

import keras
import tensorflow as tf

__all__ = ["ImageMetric"]


class ImageMetric(keras.metrics.Metric):
    """Mean of `per_image` over all pictures since the last reset; sums are kept in float64.

    `metric.update_state(target_images, images)` batch by batch, then `metric.result()`. Pictures are
    `[batch, height, width, 3]` in [-1, 1]. A mask `[batch, height, width, 1]` in [0, 1] comes with the targets:
    `metric.update_state([target_images, mask], images)`. Sample weights are one number a picture; one of
    weight 0 doesn't count, whatever its value.
    """

    def __init__(self, name: str | None = None, **kwargs):
        super().__init__(name=name or type(self).__name__.lower(), **kwargs)
        self.total = self.add_weight(name="total", shape=(), initializer="zeros", dtype="float64")
        self.weight = self.add_weight(name="weight", shape=(), initializer="zeros", dtype="float64")

    def per_image(self, target_images, images, mask=None) -> tf.Tensor:
        """The metric of each picture, `[batch]`: what confidence intervals are made from."""
        raise NotImplementedError(f"{type(self).__name__} does not say what it measures.")

    def update_state(self, y_true, y_pred, sample_weight=None) -> None:
        target_images, mask = y_true if isinstance(y_true, list | tuple) else (y_true, None)
        values = tf.cast(self.per_image(target_images, y_pred, mask), tf.float64)
        weights = tf.ones_like(values) if sample_weight is None else tf.cast(sample_weight, tf.float64)
        if not weights.shape.is_compatible_with(values.shape):
            raise ValueError(f"One sample weight a picture, {values.shape}, is expected. Received: {weights.shape}.")
        self.total.assign(self.total + tf.reduce_sum(tf.math.multiply_no_nan(values, weights)))
        self.weight.assign(self.weight + tf.reduce_sum(weights))

    def result(self) -> tf.Tensor:
        return tf.math.divide_no_nan(tf.convert_to_tensor(self.total), tf.convert_to_tensor(self.weight))
