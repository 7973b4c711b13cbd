"""How long a detector's accidents last, by trying: with which durations the made-up detector's are as long as the real.

A run is the frames, one after the other, in which a joint is far off, swapped or missed, as `ErrorTrack` sees it, in a
made-up detection of the same exact joints as well as in the real one. So it does not matter that runs end, too, where a
joint comes out of its hiding place, or that errors waver around the bound of what is called far.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np

from training.data.motion_detector import LIMB_PAIRS, detect
from training.data.motion_noise import DetectorNoise
from training.data.motion_noise_tracks import ErrorTrack

__all__ = ["fit_durations"]

LONGEST = 3.0  # seconds
TRIED = 9
NAMES = ("far_duration", "swapped_duration", "missed_duration")


def fit_durations(
    noise: DetectorNoise, read: Sequence[ErrorTrack], exact: Sequence[np.ndarray], frames_per_second: float
) -> DetectorNoise:
    """The noise with durations that suit.

    Args:
        noise: all but the durations.
        read: real detections.
        exact: their exact joints, `[frames, 18, 3]`.
        frames_per_second: of the recordings.
    """
    wanted = _lengths(read)
    tried = np.geomspace(1 / frames_per_second, LONGEST, TRIED)
    lengths = []
    for number, seconds in enumerate(tried):
        chance = np.random.default_rng(number)
        made_up = replace(noise, **dict.fromkeys(NAMES, float(seconds)))
        found = [detect(joints, chance, made_up, frames_per_second) for joints in exact]
        lengths.append(_lengths([ErrorTrack(*pair, frames_per_second) for pair in zip(found, exact, strict=True)]))
    columns = np.maximum.accumulate(np.array(lengths), axis=0).T
    fitted = [float(np.interp(length, column, tried)) for length, column in zip(wanted, columns, strict=True)]
    return replace(noise, **dict(zip(NAMES, fitted, strict=True)))


def _lengths(read: Iterable[ErrorTrack]) -> list[float]:
    """How long runs are in frames: far off, swapped, missed; 1 where there are none."""
    read = list(read)
    swaps = [track.swapped[limbs][:, np.newaxis] for track in read for limbs in LIMB_PAIRS]
    missed = [track.there & ~track.found for track in read]
    return [_mean_run(flags) for flags in ([track.far for track in read], swaps, missed)]


def _mean_run(flags: Iterable[np.ndarray]) -> float:
    """How many frames the run is long that a frame belongs to, on average, in the columns of bool `[frames, n]`."""
    lengths = [np.zeros(0)]
    for columns in flags:
        closed = np.pad(columns.T, ((0, 0), (1, 1))).astype(np.int8).ravel()
        changes = np.diff(closed)
        lengths.append(np.flatnonzero(changes < 0) - np.flatnonzero(changes > 0))
    lengths = np.concatenate(lengths)
    return float((lengths**2).sum() / lengths.sum()) if lengths.size else 1.0
