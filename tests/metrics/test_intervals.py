"""Bootstrap intervals: against the normal distribution, coverage, pairing, seeds."""

from __future__ import annotations

import numpy as np
import pytest

from gfla_tf.metrics import difference_interval, mean_interval, paired_difference_interval
from gfla_tf.metrics import intervals as intervals_module

VALUES = np.random.default_rng(0).normal(5, 2, 400)


def test_as_wide_as_for_a_normal_mean():
    interval = mean_interval(VALUES)
    half = 1.96 * VALUES.std() / 20
    assert interval.mean == pytest.approx(VALUES.mean())
    np.testing.assert_allclose([interval.low, interval.high], VALUES.mean() + half * np.array([-1, 1]), atol=0.02)


def test_two_values_by_hand():
    # Means of two draws from {0, 1}: 0, 1/2, 1 with probabilities 1/4, 1/2, 1/4.
    assert mean_interval([0.0, 1.0], confidence=0.4) == (0.5, 0.5, 0.5)
    assert mean_interval([0.0, 1.0], confidence=0.6) == (0.5, 0.0, 1.0)


def test_holds_the_true_mean_as_often_as_it_says():
    generator = np.random.default_rng(1)
    intervals = [mean_interval(generator.exponential(1, 60), 0.8, 400, seed) for seed in range(400)]
    hits = np.mean([interval.low <= 1 <= interval.high for interval in intervals])
    assert 0.72 < hits < 0.86


def test_pairs_are_compared_with_each_other():
    second = VALUES - 0.1 + np.random.default_rng(2).normal(0, 0.05, 400)
    interval = paired_difference_interval(VALUES, second)
    assert 0.09 < interval.low < interval.mean < interval.high < 0.11
    assert interval == mean_interval(VALUES - second)
    reverse = paired_difference_interval(second, VALUES)
    assert (reverse.mean, reverse.low, reverse.high) == pytest.approx((-interval.mean, -interval.high, -interval.low))


def test_seeds():
    assert mean_interval(VALUES, resamples=50) == mean_interval(VALUES, resamples=50)
    assert mean_interval(VALUES, resamples=50) != mean_interval(VALUES, resamples=50, seed=1)


def test_difference_of_groups_is_as_wide_as_for_normal_means():
    first, second = VALUES + 1, VALUES[:100]
    interval = difference_interval(first, second)
    half = 1.96 * np.sqrt(first.var() / 400 + second.var() / 100)
    assert interval.mean == pytest.approx(first.mean() - second.mean())
    expected = interval.mean + half * np.array([-1, 1])
    np.testing.assert_allclose([interval.low, interval.high], expected, atol=0.04)


def test_groups_are_drawn_by_themselves():
    # Drawn alike, equal groups would never differ.
    interval = difference_interval(VALUES, VALUES)
    assert interval.mean == 0
    assert interval.low < -0.1 < 0.1 < interval.high


def test_drawn_in_parts(monkeypatch):
    monkeypatch.setattr(intervals_module, "DRAWS_AT_A_TIME", 1000)
    assert len(intervals_module._resampled_means(VALUES, 7, seed=0)) == 7
    assert mean_interval(VALUES, resamples=501).low == pytest.approx(VALUES.mean() - 0.196, abs=0.04)


def test_errors():
    with pytest.raises(ValueError, match=r"At least 2 finite values, .* Received: \(1,\), finite"):
        mean_interval([1.0])
    with pytest.raises(ValueError, match=r"Received: \(2,\), not finite"):
        mean_interval([1.0, np.inf])
    with pytest.raises(ValueError, match="Received: 400 and 399 values"):
        paired_difference_interval(VALUES, VALUES[1:])
    with pytest.raises(ValueError, match=r"Received: confidence 0.95 and 0 resamples"):
        difference_interval(VALUES, VALUES[1:], resamples=0)
    with pytest.raises(ValueError, match=r"confidence in \(0, 1\) .* Received: confidence 95 and 10000 resamples"):
        mean_interval(VALUES, 95)
