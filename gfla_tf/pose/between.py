"""Poses between two poses, for steps from one to the other."""

from __future__ import annotations

import numpy as np

__all__ = ["poses_between"]


def poses_between(first: np.ndarray, last: np.ndarray, count: int) -> list[np.ndarray]:
    """Two poses with others between them, evenly spaced.

    Each joint moves along a straight line in the picture, with the lower of its two confidences; a joint that is
    missing in either pose is missing in between.

    Args:
        first: keypoints `[..., joints, 3]` = (x, y, confidence) in pixels, confidence 0 = missing.
        last: likewise, of the same shape.
        count: how many between them, from 0.

    Returns:
        count + 2 float32 arrays of that shape, first and last as they are.

    Raises:
        ValueError: different shapes, or a negative count.
    """
    first, last = np.asarray(first, np.float32), np.asarray(last, np.float32)
    if first.shape != last.shape or first.shape[-1:] != (3,):
        raise ValueError(
            f"Keypoints [..., joints, 3] of one shape are expected. Received: {first.shape}, {last.shape}."
        )
    if isinstance(count, bool) or not isinstance(count, (int, np.integer)) or count < 0:
        raise ValueError(f"The number of poses in between must be a whole number from 0. Received: {count!r}.")
    known = (first[..., 2:] > 0) & (last[..., 2:] > 0)
    confidence = np.minimum(first[..., 2:], last[..., 2:])
    between = []
    for number in range(1, count + 1):
        share = np.float32(number / (count + 1))
        places = (1 - share) * first[..., :2] + share * last[..., :2]
        between.append(np.where(known, np.concatenate([places, confidence], axis=-1), np.float32(0)))
    return [first, *between, last]
