"""The Frechet distance: closed forms, an independent computation, singular covariances, accumulation."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.linalg

from gfla_tf.metrics import FeatureStatistics, frechet_distance

RNG = np.random.default_rng(3)
FIRST = RNG.normal(size=(200, 12)) @ RNG.normal(size=(12, 12)) + RNG.normal(size=12)
SECOND = RNG.normal(size=(150, 12)) @ RNG.normal(size=(12, 12))


def statistics(mean, covariance, count=100):
    result = FeatureStatistics(len(mean))
    result.count, result.mean = count, np.asarray(mean, float)
    result.scatter = np.asarray(covariance, float) * (count - 1)
    return result


def distance(first, second):
    return frechet_distance(FeatureStatistics.of(first), FeatureStatistics.of(second))


def test_one_feature_by_hand():
    # (1 - 4)^2 + (2 - 5)^2, with deviations 2 and 5
    assert frechet_distance(statistics([1], [[4]]), statistics([4], [[25]])) == pytest.approx(18)


def test_independent_features_by_hand():
    first, second = statistics([0, 0], np.diag([1, 9])), statistics([1, 2], np.diag([4, 0]))
    assert frechet_distance(first, second) == pytest.approx(1 + 4 + (1 - 2) ** 2 + (3 - 0) ** 2)


def test_equals_the_formula_with_a_matrix_root():
    one, other = np.cov(FIRST, rowvar=False), np.cov(SECOND, rowvar=False)
    root = np.real(scipy.linalg.sqrtm(one @ other))
    means = np.sum((FIRST.mean(axis=0) - SECOND.mean(axis=0)) ** 2)
    assert distance(FIRST, SECOND) == pytest.approx(means + np.trace(one + other - 2 * root), rel=1e-9)


def test_fewer_pictures_than_features():
    """Singular covariances; the trace of the root is then known from the pictures themselves."""
    first, second = RNG.normal(size=(6, 40)), RNG.normal(size=(9, 40)) * 2
    one, other = (values - values.mean(axis=0) for values in (first, second))
    overlap = np.linalg.svd(one @ other.T / np.sqrt(5 * 8), compute_uv=False).sum()
    means = np.sum((first.mean(axis=0) - second.mean(axis=0)) ** 2)
    expected = means + np.sum(one**2) / 5 + np.sum(other**2) / 8 - 2 * overlap
    assert distance(first, second) == pytest.approx(expected, rel=1e-9)
    assert distance(first, first) < 1e-9


def test_equal_sets():
    assert distance(FIRST, FIRST) < 1e-9
    assert distance(np.ones((5, 3)), np.ones((7, 3))) == 0


def test_symmetric():
    assert distance(FIRST, SECOND) == pytest.approx(distance(SECOND, FIRST), rel=1e-10)


@pytest.mark.parametrize("offset", [0.0, 1e6])
def test_batches_and_workers_give_what_all_at_once_gives(offset):
    features = FIRST + offset
    first, second = FeatureStatistics(12), FeatureStatistics(12)
    for start in range(0, 100, 30):
        first.update(features[start : min(start + 30, 100)])
    merged = first.merge(second.update(features[100:])).merge(FeatureStatistics(12)).update(features[:0])
    assert merged.count == 200
    np.testing.assert_allclose(merged.mean, features.mean(axis=0), rtol=1e-12)
    np.testing.assert_allclose(merged.covariance(), np.cov(FIRST, rowvar=False), rtol=1e-7, atol=1e-7)


def test_features_of_32_bits_are_summed_in_64():
    features = (FIRST + 1000).astype(np.float32)
    expected = np.cov(features.astype(np.float64), rowvar=False)
    np.testing.assert_allclose(FeatureStatistics.of(features).covariance(), expected, rtol=1e-10)


def test_errors():
    with pytest.raises(ValueError, match=r"Finite features of shape \[pictures, 12\] .* Received: \(2, 11\), finite"):
        FeatureStatistics(12).update(np.zeros((2, 11)))
    with pytest.raises(ValueError, match=r"Received: \(2, 12\), not finite"):
        FeatureStatistics(12).update(np.full((2, 12), np.nan))
    with pytest.raises(ValueError, match=r"A covariance needs at least 2 pictures. Received: 1"):
        distance(FIRST, SECOND[:1])
    with pytest.raises(ValueError, match=r"the same features are expected. Received: 12 and 3"):
        distance(FIRST, SECOND[:, :3])
    with pytest.raises(ValueError, match=r"12 features are expected. Received: 3"):
        FeatureStatistics(12).merge(FeatureStatistics(3))
    with pytest.raises(ValueError, match=r"At least one feature is expected. Received: 0"):
        FeatureStatistics(0)
