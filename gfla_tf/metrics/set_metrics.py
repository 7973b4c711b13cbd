"""Distances between two sets of pictures as streaming Keras metrics, on features, in memory that does not grow.

`metric.update_state(real_features, features)` batch by batch, both `[pictures, features]`, then `metric.result()`. All
is kept and computed in float64.

* `StreamingFrechetDistance` keeps counts, means and scatters, as `FeatureStatistics` does, and gives what
  `frechet_distance` gives, whatever the batches.
* `StreamingKernelDistance` is the mean of `kernel_distance` of the batches. Each is unbiased, so the mean is; the
  larger the batches, the less it varies. A batch of n pictures weighs n - 1: one picture alone says nothing.
"""

from __future__ import annotations

import keras
import numpy as np
import tensorflow as tf

from gfla_tf.layers.primitives import register

__all__ = ["StreamingFrechetDistance", "StreamingKernelDistance"]

SIDES = ("real", "generated")


class _SetMetric(keras.metrics.Metric):
    """What both share: features are looked at, sample weights are refused, states of any shape are reset."""

    def __init__(self, name: str, **kwargs):
        super().__init__(name=name, **kwargs)

    def reset_state(self) -> None:
        for variable in self.variables:
            variable.assign(tf.zeros(variable.shape, variable.dtype))

    def _checked(self, features, sample_weight=None) -> tf.Tensor:
        """Features as float64.

        Raises:
            ValueError: they are none, or there are sample weights.
        """
        if sample_weight is not None:
            raise ValueError(f"{type(self).__name__} takes no sample weights. Received: some.")
        features = tf.cast(features, tf.float64)
        if features.shape.rank != 2:
            raise ValueError(f"Features [pictures, features] are expected. Received: {features.shape}.")
        if tf.executing_eagerly() and not np.isfinite(features.numpy()).all():
            raise ValueError("Finite features are expected. Received: others.")
        return features


@register
class StreamingFrechetDistance(_SetMetric):
    """`frechet_distance` as a streaming Keras metric; not a number before both sets have 2 pictures.

    A result takes two eigendecompositions and a singular value decomposition of `[size, size]`, and `evaluate` asks for
    one after every batch.

    Args:
        size: number of features of a picture.
        name: of the metric.
        **kwargs: dtype, as every Keras metric has it.
    """

    def __init__(self, size: int, name: str = "frechet_distance", **kwargs):
        super().__init__(name=name, **kwargs)
        if size < 1:
            raise ValueError(f"At least one feature is expected. Received: {size}.")
        self.size = size
        shapes = {"count": (), "mean": (size,), "scatter": (size, size)}
        self._sides = [{part: self._zeros(f"{side}_{part}", shape) for part, shape in shapes.items()} for side in SIDES]

    def _zeros(self, name: str, shape: tuple[int, ...]):
        return self.add_weight(name=name, shape=shape, initializer="zeros", dtype="float64")

    def update_state(self, y_true, y_pred, sample_weight=None) -> None:
        sets = [self._checked(features, sample_weight) for features in (y_true, y_pred)]
        if any(features.shape[1] not in (None, self.size) for features in sets):
            raise ValueError(f"{self.size} features are expected. Received: {sets[0].shape} and {sets[1].shape}.")
        for side, features in zip(self._sides, sets, strict=True):
            _update(side, features)

    def result(self) -> tf.Tensor:
        (count, mean, one), (other_count, other_mean, other) = (_covariance(side) for side in self._sides)
        overlap = tf.reduce_sum(tf.linalg.svd(tf.matmul(_factor(one), _factor(other), True), compute_uv=False))
        distance = tf.reduce_sum((mean - other_mean) ** 2) + tf.linalg.trace(one) + tf.linalg.trace(other) - 2 * overlap
        enough = tf.minimum(count, other_count) > 1
        return tf.where(enough, tf.maximum(distance, 0), tf.constant(np.nan, tf.float64))

    def get_config(self) -> dict:
        return {**super().get_config(), "size": self.size}


def _update(side: dict, features: tf.Tensor) -> None:
    """Add pictures to a count, a mean and a scatter, as `FeatureStatistics` does."""
    count, mean, scatter = (tf.convert_to_tensor(side[part]) for part in ("count", "mean", "scatter"))
    new = tf.cast(tf.shape(features)[0], tf.float64)
    new_mean = tf.math.divide_no_nan(tf.reduce_sum(features, axis=0), new)
    deviations, step, total = features - new_mean, new_mean - mean, count + new
    between = tf.tensordot(step, step, axes=0) * tf.math.divide_no_nan(count * new, total)
    side["scatter"].assign(scatter + tf.matmul(deviations, deviations, transpose_a=True) + between)
    side["mean"].assign(mean + step * tf.math.divide_no_nan(new, total))
    side["count"].assign(total)


def _covariance(side: dict) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    """Count, mean and covariance of the sample."""
    count, mean, scatter = (tf.convert_to_tensor(side[part]) for part in ("count", "mean", "scatter"))
    return count, mean, scatter / tf.maximum(count - 1, 1)


def _factor(covariance: tf.Tensor) -> tf.Tensor:
    """F with F F' the covariance; eigenvalues that may be nothing but rounding count as 0."""
    values, vectors = tf.linalg.eigh(covariance)
    limit = covariance.shape[0] * np.finfo(np.float64).eps * tf.reduce_max(tf.abs(values))
    return vectors * tf.sqrt(tf.where(values > limit, values, 0))


@register
class StreamingKernelDistance(_SetMetric):
    """Mean of the batches' `kernel_distance`, see the module's text; 0 before there were 2 pictures.

    Args:
        name: of the metric.
        **kwargs: dtype, as every Keras metric has it.
    """

    def __init__(self, name: str = "kernel_distance", **kwargs):
        super().__init__(name=name, **kwargs)
        self.total = self.add_weight(name="total", shape=(), initializer="zeros", dtype="float64")
        self.weight = self.add_weight(name="weight", shape=(), initializer="zeros", dtype="float64")

    def update_state(self, y_true, y_pred, sample_weight=None) -> None:
        first, second = (self._checked(features, sample_weight) for features in (y_true, y_pred))
        if not first.shape[1:].is_compatible_with(second.shape[1:]):
            raise ValueError(f"The same features are expected. Received: {first.shape} and {second.shape}.")
        weight = tf.cast(tf.minimum(tf.shape(first)[0], tf.shape(second)[0]) - 1, tf.float64)
        weight = tf.maximum(weight, 0)
        between = _mean(_kernel(first, second))
        distance = _mean_within(first) + _mean_within(second) - 2 * between
        self.total.assign(self.total + weight * distance)
        self.weight.assign(self.weight + weight)

    def result(self) -> tf.Tensor:
        return tf.math.divide_no_nan(tf.convert_to_tensor(self.total), tf.convert_to_tensor(self.weight))


def _kernel(first: tf.Tensor, second: tf.Tensor) -> tf.Tensor:
    size = tf.cast(tf.shape(first)[1], tf.float64)
    return (tf.matmul(first, second, transpose_b=True) / size + 1) ** 3


def _mean(kernel: tf.Tensor) -> tf.Tensor:
    """The mean, 0 of nothing."""
    return tf.math.divide_no_nan(tf.reduce_sum(kernel), tf.cast(tf.size(kernel), tf.float64))


def _mean_within(features: tf.Tensor) -> tf.Tensor:
    """Mean of the kernel over all pairs of different pictures of a set, 0 where there are none."""
    kernel, count = _kernel(features, features), tf.cast(tf.shape(features)[0], tf.float64)
    return tf.math.divide_no_nan(tf.reduce_sum(kernel) - tf.linalg.trace(kernel), count * (count - 1))
