"""What a detector takes for a joint: how far off it is always found, by ridge regression on the ways of the body."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from training.data.motion_detector import JOINT_PARTS
from training.data.motion_noise_tracks import ErrorTrack

__all__ = ["fit_bias"]

# What a recording's own offset, of about 0.8 % of the size, tells about a bias of 5 % or so: few recordings prove none.
RIDGE = (0.008 / 0.05) ** 2


def fit_bias(read: Sequence[ErrorTrack]) -> dict[str, tuple[float, ...]]:
    """Part of the body -> bias, as parts of the ways of `motion_detector.body_ways`; each recording counts alike."""
    return {part: _fit(read, [j for j, name in enumerate(JOINT_PARTS) if name == part]) for part in set(JOINT_PARTS)}


def _fit(read: Sequence[ErrorTrack], joints: list[int]) -> tuple[float, ...]:
    products, targets = RIDGE * np.eye(3), np.zeros(3)
    for track in read:
        for joint in joints:
            known = np.isfinite(track.near[:, joint]).all(axis=-1)
            if known.any():
                ways, error = track.ways[known, joint], track.near[known, joint]
                products += np.einsum("fac,fbc->ab", ways, ways) / known.sum()
                targets += np.einsum("fac,fc->a", ways, error) / known.sum()
    return tuple(np.linalg.solve(products, targets).tolist())
