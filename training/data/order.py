"""Which element comes when, and with which randomness: functions of (seed, epoch) that remember nothing.

Everything comes from the bits of NumPy's PCG64 seeded with whole numbers, which NumPy keeps the same in all versions
(unlike `Generator.permutation`), so an order is the same on every machine.
"""

from __future__ import annotations

import numpy as np

__all__ = ["element_seeds", "epoch_order", "replacement_order", "worker_share"]

# What the bits are for; part of the seed, so that order and augmentation are independent.
_ORDER, _AUGMENTATION, _REPLACEMENT = range(3)


def _random_bits(count: int, *seed: int) -> np.ndarray:
    return np.random.PCG64(np.random.SeedSequence(seed)).random_raw(count)


def epoch_order(count: int, seed: int, epoch: int, shuffle: bool = True) -> np.ndarray:
    """Return the numbers 0 ... count - 1, int64, in the order of an epoch."""
    if not shuffle:
        return np.arange(count, dtype=np.int64)
    return np.argsort(_random_bits(count, seed, epoch, _ORDER), kind="stable").astype(np.int64)


def element_seeds(count: int, seed: int, epoch: int) -> np.ndarray:
    """Return int32 `[count, 2]`: what an element's augmentation is drawn from, in this epoch, by element number."""
    return _random_bits(count, seed, epoch, _AUGMENTATION).astype("<u8").view("<i4").reshape(count, 2)


def replacement_order(count: int, seed: int, epoch: int, index: int) -> np.ndarray:
    """Return all element numbers, int64, in the order in which they are tried in place of an unreadable one."""
    return np.argsort(_random_bits(count, seed, epoch, _REPLACEMENT, index), kind="stable").astype(np.int64)


def worker_share(order: np.ndarray, batch_size: int, worker: int, workers: int) -> np.ndarray:
    """Return the part of an epoch's order that one of several workers loads.

    Of the global batch g, the positions g * workers * batch_size and following, it is the `worker`-th batch_size. What
    is left over at the end is left out.

    Args:
        order: `[elements]`.
        batch_size: of one worker.
        worker: from 0 to workers - 1.
        workers: how many there are.
    """
    global_batches = len(order) // (batch_size * workers)
    shares = order[: global_batches * workers * batch_size].reshape(global_batches, workers, batch_size)
    return shares[:, worker].reshape(-1)
