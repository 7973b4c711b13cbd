"""KID: the distance of two sets of pictures by a polynomial kernel on their features, unbiased for any number.

With the kernel k(a, b) = (a.b / features + 1)^3, the squared maximum mean discrepancy is

    mean of k over pairs within the first set + the same within the second - 2 mean of k over pairs between the sets

where no picture is paired with itself. Its expectation doesn't depend on how many pictures there are, unlike the
Frechet distance's, and for sets of the same kind it is 0: single values may be negative. On the Inception's features
it is called KID; features may come from anywhere here.

Reference: Binkowski, Sutherland, Arbel and Gretton, "Demystifying MMD GANs", ICLR 2018.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

__all__ = ["KernelDistance", "kernel_distance", "kernel_distance_of_blocks"]


class KernelDistance(NamedTuple):
    """Mean over blocks, and the standard deviation of one block's value (not of the mean)."""

    mean: float
    deviation: float


def kernel_distance(first, second) -> float:
    """The unbiased estimate from all pictures; memory grows with their number squared.

    Args:
        first: features `[pictures, features]`, of at least 2 pictures, finite.
        second: likewise; the number of pictures may differ.

    Raises:
        ValueError: if the features are not as described.
    """
    first, second = _checked(first), _checked(second)
    if first.shape[1] != second.shape[1]:
        raise ValueError(f"The same features are expected. Received: {first.shape[1]} and {second.shape[1]}.")
    between = _kernel(first, second).mean()
    return float(_mean_within(first) + _mean_within(second) - 2 * between)


def kernel_distance_of_blocks(
    first, second, blocks: int = 100, block_size: int = 1000, seed: int = 0
) -> KernelDistance:
    """`kernel_distance` of random blocks of both sets: what is usually published, and small in memory.

    Args:
        first: features `[pictures, features]`, of at least `block_size` pictures.
        second: likewise.
        blocks: how many, at least 2. Each is drawn anew from all pictures, without replacement within it.
        block_size: pictures of each set in a block, at least 2.
        seed: of the draws.

    Raises:
        ValueError: if the features are not as described, or fewer than a block.
    """
    first, second = _checked(first), _checked(second)
    if blocks < 2 or not 2 <= block_size <= min(len(first), len(second)):
        raise ValueError(
            f"At least 2 blocks of 2 to {min(len(first), len(second))} pictures are expected. "
            f"Received: {blocks} blocks of {block_size}."
        )
    generator = np.random.default_rng(seed)
    values = [
        kernel_distance(*(one[generator.choice(len(one), block_size, replace=False)] for one in (first, second)))
        for _ in range(blocks)
    ]
    return KernelDistance(float(np.mean(values)), float(np.std(values, ddof=1)))


def _checked(features) -> np.ndarray:
    features = np.asarray(features, np.float64)
    if features.ndim != 2 or len(features) < 2 or not features.size or not np.isfinite(features).all():
        finite = "finite" if np.isfinite(features).all() else "not finite"
        raise ValueError(
            "Finite features of shape [pictures, features], of at least 2 pictures, are expected. "
            f"Received: {features.shape}, {finite}."
        )
    return features


def _kernel(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    return (first @ second.T / first.shape[1] + 1) ** 3


def _mean_within(features: np.ndarray) -> float:
    """Mean of the kernel over all pairs of different pictures of a set."""
    kernel, count = _kernel(features, features), len(features)
    return (kernel.sum() - np.trace(kernel)) / (count * (count - 1))
