"""A recording of a detector's errors, sorted into kinds: what `motion_noise_statistics` counts.

Keypoints are `[frames, 18, 3]` = (x, y, confidence) in pixels, as found and exact (confidence 1 visible, 0.5 hidden, 0
not in the picture).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from training.data.motion_detector import LIMB_PAIRS, body_ways, size_of, velocity

__all__ = ["FAR", "ErrorTrack"]

FAR = 0.08  # of the person's size
_SEPARATE = 0.04  # of the person's size: closer than that, left and right can't be told apart


class ErrorTrack:
    """A recording in units of the person's size and seconds; errors that don't count are NaN.

    Attributes:
        error: `[frames, 18, 2]`, found minus exact, of joints that are found, in the picture and not swapped.
        far: bool `[frames, 18]`, which of these are far off.
        near: `[frames, 18, 2]`, errors of the others.
        ways: `[frames, 18, 3, 2]`, of `motion_detector.body_ways`.
        offset: `[1, 18, 2]`, mean of the near ones without bias; 0 where there are none.
        change: `[frames, 18, 2]`, the near ones without bias and mean.
        speed: `[frames, 18, 2]`, of the exact joints.
        found, there, hidden: bool `[frames, 18]`; hidden joints are in the picture.
        swapped: limbs -> bool `[frames]`, of those frames that can tell.
    """

    def __init__(self, found: np.ndarray, exact: np.ndarray, rate: float):
        found, exact = np.asarray(found, np.float64), np.asarray(exact, np.float64)
        size = size_of(exact)
        self.found, self.there = found[..., 2] > 0, exact[..., 2] > 0
        self.hidden = self.there & (exact[..., 2] < 1)
        self.confidence = found[..., 2]
        self.speed = velocity(exact) * (rate / size)
        counts = (self.found & self.there)[..., np.newaxis]
        self.error = np.where(counts, (found - exact)[..., :2] / size, np.nan)
        self.swapped = {}
        for limbs, pairs in LIMB_PAIRS.items():
            swapped, known = _swapped(found, exact, pairs, size)
            self.swapped[limbs] = swapped[known]
            self.error[np.ix_(swapped, np.ravel(pairs))] = np.nan
        self.far = np.linalg.norm(self.error - _columns(self.error, np.median), axis=-1) > FAR
        self.near = np.where(self.far[..., np.newaxis], np.nan, self.error)
        self.ways = body_ways(exact) / size
        self.explain(np.zeros(self.ways.shape[1:3]))

    def explain(self, bias: np.ndarray) -> None:
        """Take a bias, `[18, 3]` as parts of the ways, out of the near errors, and their mean out of the rest."""
        rest = self.near - np.einsum("fjwc,jw->fjc", self.ways, bias)
        self.offset = _columns(rest, np.mean)
        self.change = rest - self.offset


def _columns(values: np.ndarray, statistic) -> np.ndarray:
    """A statistic of `[frames, 18, 2]` over the frames that are no NaN, `[1, 18, 2]`; 0 where there is none."""
    result = np.zeros((1, *values.shape[1:]))
    for joint in range(values.shape[1]):
        known = np.isfinite(values[:, joint, 0])
        if known.any():
            result[0, joint] = statistic(values[known, joint], axis=0)
    return result


def _swapped(found: np.ndarray, exact: np.ndarray, pairs: Sequence, size: float) -> tuple[np.ndarray, np.ndarray]:
    """In which frames a pair of limbs is swapped, and which frames can tell: both bool `[frames]`.

    Pairs of joints that are both found, in the picture and apart from each other can tell.
    """
    straight, crossed = np.zeros((2, len(found)))
    known = np.zeros(len(found), bool)
    for left, right in pairs:
        both = [left, right]
        apart = np.linalg.norm(exact[:, left, :2] - exact[:, right, :2], axis=-1) > _SEPARATE * size
        tells = apart & (found[:, both, 2] > 0).all(axis=1) & (exact[:, both, 2] > 0).all(axis=1)
        straight += np.where(tells, _distance(found[:, both], exact[:, both]), 0)
        crossed += np.where(tells, _distance(found[:, both], exact[:, both[::-1]]), 0)
        known |= tells
    return known & (crossed < straight / 2), known


def _distance(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Summed over the joints of `[frames, joints, 3]`."""
    return np.linalg.norm((first - second)[..., :2], axis=-1).sum(axis=1)
