"""Confidence intervals by the bootstrap: how sure is a mean over pictures, or the difference between two models?

Pictures are drawn with replacement as often as there are pictures, and the mean is taken; the middle part of many such
means is the interval (percentile bootstrap). Two models that were judged on the same pictures are compared by the
pictures' differences, which vary less than the scores themselves: hard pictures are hard for both.

Of few pictures the intervals are too narrow: in simulations with normally distributed values, those of 95 % confidence
held the true mean in 50 % of all cases for 2 values, 84 % for 5, 90 % for 10 and 94 % for 30.

Reference: Efron and Tibshirani, "An introduction to the bootstrap", 1993, chapter 13.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

__all__ = ["Interval", "difference_interval", "mean_interval", "paired_difference_interval"]

DRAWS_AT_A_TIME = 2**22  # 32 MB of indices


class Interval(NamedTuple):
    """A mean and its confidence interval."""

    mean: float
    low: float
    high: float


def mean_interval(values, confidence: float = 0.95, resamples: int = 10_000, seed: int = 0) -> Interval:
    """Mean of one value a picture.

    Args:
        values: `[pictures]`, at least 2, finite.
        confidence: in (0, 1), the part of the means of resamples that the interval holds.
        resamples: how many means are drawn.
        seed: of the draws: the same seed and number of values give the same interval.

    Raises:
        ValueError: if an argument is not as described.
    """
    values = _checked_values(values)
    tail = _tail(confidence, resamples)
    low, high = np.quantile(_resampled_means(values, resamples, seed), [tail, 1 - tail])
    return Interval(float(values.mean()), float(low), float(high))


def paired_difference_interval(
    first, second, confidence: float = 0.95, resamples: int = 10_000, seed: int = 0
) -> Interval:
    """Mean of first - second, two models' values of the same pictures in the same order.

    Where 0 is outside of the interval, the models differ at that confidence.

    Args:
        first: `[pictures]`, one value a picture.
        second: the other model's.
        confidence: see `mean_interval`.
        resamples: see `mean_interval`.
        seed: see `mean_interval`.

    Raises:
        ValueError: if an argument is not as described.
    """
    first, second = _checked_values(first), _checked_values(second)
    if len(first) != len(second):
        raise ValueError(f"Two values of every picture are expected. Received: {len(first)} and {len(second)} values.")
    return mean_interval(first - second, confidence, resamples, seed)


def difference_interval(first, second, confidence: float = 0.95, resamples: int = 10_000, seed: int = 0) -> Interval:
    """Mean of first minus mean of second, values of different pictures: both sides are drawn anew, one by itself.

    Args:
        first: one value a picture.
        second: likewise, of other pictures, as many as there are.
        confidence: see `mean_interval`.
        resamples: see `mean_interval`.
        seed: see `mean_interval`.

    Raises:
        ValueError: if an argument is not as described.
    """
    first, second = _checked_values(first), _checked_values(second)
    tail = _tail(confidence, resamples)
    # Seeds of their own, or groups of one size would be drawn alike.
    means = [_resampled_means(values, resamples, 2 * seed + side) for side, values in enumerate((first, second))]
    low, high = np.quantile(means[0] - means[1], [tail, 1 - tail])
    return Interval(float(first.mean() - second.mean()), float(low), float(high))


def _tail(confidence: float, resamples: int) -> float:
    """The part of the means on each side of the interval."""
    if not 0 < confidence < 1 or resamples < 1:
        raise ValueError(
            "confidence in (0, 1) and at least 1 resample are expected. "
            f"Received: confidence {confidence} and {resamples} resamples."
        )
    return (1 - confidence) / 2


def _checked_values(values) -> np.ndarray:
    values = np.asarray(values, np.float64)
    if values.ndim != 1 or len(values) < 2 or not np.isfinite(values).all():
        finite = "finite" if np.isfinite(values).all() else "not finite"
        raise ValueError(f"At least 2 finite values, one a picture, are expected. Received: {values.shape}, {finite}.")
    return values


def _resampled_means(values: np.ndarray, resamples: int, seed: int) -> np.ndarray:
    generator, at_a_time = np.random.default_rng(seed), max(1, DRAWS_AT_A_TIME // len(values))
    means = [
        values[generator.integers(len(values), size=(min(at_a_time, resamples - start), len(values)))].mean(axis=1)
        for start in range(0, resamples, at_a_time)
    ]
    return np.concatenate(means)
