"""KID: against loops, unbiased on Gaussians whose distance is known, blocks."""

from __future__ import annotations

import numpy as np
import pytest

from gfla_tf.metrics import kernel_distance, kernel_distance_of_blocks


def slow(first, second):
    def kernel(a, b):
        return (np.dot(a, b) / len(a) + 1) ** 3

    def within(features):
        pairs = [(i, j) for i in range(len(features)) for j in range(len(features)) if i != j]
        return np.mean([kernel(features[i], features[j]) for i, j in pairs])

    return within(first) + within(second) - 2 * np.mean([kernel(a, b) for a in first for b in second])


def estimates(size, shift, repeats=4000):
    """Of two Gaussians of one feature, deviation 1, means 0 and `shift`."""
    generator = np.random.default_rng(4)
    return np.array(
        [
            kernel_distance(generator.normal(size=(size, 1)), generator.normal(shift, size=(size, 1)))
            for _ in range(repeats)
        ]
    )


def test_equals_loops():
    generator = np.random.default_rng(5)
    first, second = generator.normal(size=(7, 4)), generator.normal(1, 2, size=(5, 4))
    assert kernel_distance(first, second) == pytest.approx(slow(first, second), rel=1e-12)


@pytest.mark.parametrize("size", [3, 12])
def test_unbiased_for_few_pictures(size):
    """(ab + 1)^3 compares the moments: 3 (0 - 1)^2 + 3 (1 - 2)^2 + (0 - 4)^2 = 22 for means 0 and 1."""
    for shift, expected in ((0.0, 0.0), (1.0, 22.0)):
        values = estimates(size, shift)
        assert abs(values.mean() - expected) < 4 * values.std() / np.sqrt(len(values))
    assert estimates(size, 0.0, 50).min() < 0


def test_equal_sets():
    """Each picture meets itself in the other set only: never above 0, and less the more pictures there are."""
    features = np.random.default_rng(6).normal(size=(400, 3))
    small, large = kernel_distance(features[:40], features[:40]), kernel_distance(features, features)
    assert small < large < 0
    assert large > -0.1
    assert kernel_distance(np.ones((3, 2)), np.ones((4, 2))) == 0


def test_blocks():
    generator = np.random.default_rng(7)
    first, second = generator.normal(size=(90, 1)), generator.normal(1, size=(80, 1))
    whole = kernel_distance(first, second)
    result = kernel_distance_of_blocks(first, second, blocks=300, block_size=20)
    assert abs(result.mean - whole) < 4 * result.deviation / np.sqrt(300)
    assert kernel_distance_of_blocks(first, second, 300, 60).deviation < result.deviation
    assert result == kernel_distance_of_blocks(first, second, 300, 20)
    assert result != kernel_distance_of_blocks(first, second, 300, 20, seed=1)


def test_one_block_of_all_is_the_whole():
    generator = np.random.default_rng(8)
    first, second = generator.normal(size=(2, 9, 3))
    mean, deviation = kernel_distance_of_blocks(first, second, 2, 9)
    assert mean == pytest.approx(kernel_distance(first, second))
    assert deviation == pytest.approx(0, abs=1e-12)


def test_errors():
    features = np.zeros((10, 3))
    with pytest.raises(ValueError, match=r"of at least 2 pictures, are expected. Received: \(1, 3\), finite"):
        kernel_distance(features[:1], features)
    with pytest.raises(ValueError, match=r"Received: \(10, 3\), not finite"):
        kernel_distance(features, features + np.inf)
    with pytest.raises(ValueError, match=r"The same features are expected. Received: 3 and 2"):
        kernel_distance(features, features[:, :2])
    with pytest.raises(
        ValueError, match=r"At least 2 blocks of 2 to 10 pictures are expected. Received: 100 blocks of 11"
    ):
        kernel_distance_of_blocks(features, features, block_size=11)
