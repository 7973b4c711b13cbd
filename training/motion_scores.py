"""How good cleaned joints are: two figures, and the best that a classical filter can do.

Both are means over all joints of all frames of all tracks that count (`Track.counted`), in percent of the person's size
(the height of the standing body; 1 % of somebody 170 cm tall is 1.7 cm):

* position error (MPJPE): the distance from where the joint is;
* acceleration error: the length of the error's second difference over time, e[t + 1] - 2 e[t] + e[t - 1], where the
  joint counts in all three frames; per frame and frame.

A filter's settings are searched for on the very tracks that are judged by, which favours it: for the smallest position
error; for the smallest acceleration error among those that do not make the position worse; and for the smallest at any
price, which filters get that flatten movement away.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from gfla_tf.motion.filters import one_euro, savitzky_golay
from training.motion_tracks import Track

__all__ = ["FILTERS", "FilterFamily", "Method", "Score", "score", "search"]

Method = Callable[[Track], np.ndarray]  # a track's cleaned joints `[frames, 17, 3]`


class Score(NamedTuple):
    """Attributes: position, acceleration: errors in percent of the person's size."""

    position: float
    acceleration: float


def score(tracks: Sequence[Track], method: Method) -> Score:
    """Judge a method by tracks."""
    lengths, accelerations = [np.zeros(0)], [np.zeros(0)]
    for track in tracks:
        counted = track.counted
        error = (method(track) - track.exact)[..., :2].astype(np.float64) / track.size
        lengths.append(np.linalg.norm(error, axis=-1)[counted])
        changes = np.linalg.norm(error[2:] - 2 * error[1:-1] + error[:-2], axis=-1)
        accelerations.append(changes[counted[2:] & counted[1:-1] & counted[:-2]])
    return Score(*(_percent(np.concatenate(values)) for values in (lengths, accelerations)))


def _percent(values: np.ndarray) -> float:
    return float(100 * values.mean()) if values.size else float("nan")


@dataclass(frozen=True)
class FilterFamily:
    """A filter with the settings that are tried.

    Attributes:
        name: of the filter.
        settings: their names, for people.
        values: the settings to try.
        make: the filter with given settings.
    """

    name: str
    settings: tuple[str, ...]
    values: tuple[tuple[float, ...], ...] = field(repr=False)
    make: Callable[..., Method]

    def describe(self, values: Sequence[float]) -> str:
        """Such as "Savitzky-Golay, window 9, order 2"."""
        return ", ".join([self.name, *(f"{name} {value:g}" for name, value in zip(self.settings, values, strict=True))])


def _smoothed(window: int, order: int) -> Method:
    return lambda track: savitzky_golay(track.found, window, order)


def _low_passed(minimum_cutoff: float, beta: float) -> Method:
    return lambda track: one_euro(track.found, track.frames_per_second, minimum_cutoff, beta)


_WINDOWS = (5, 7, 9, 11, 13, 15, 17, 21, 25, 31)
FILTERS = (
    FilterFamily("Savitzky-Golay", ("window", "order"), tuple(itertools.product(_WINDOWS, (1, 2, 3))), _smoothed),
    FilterFamily(
        "One-Euro",
        ("minimum cutoff", "beta"),
        tuple(itertools.product((0.5, 1.0, 2.0, 4.0, 8.0, 16.0), (0.0, 0.5, 2.0, 8.0, 30.0, 100.0))),
        _low_passed,
    ),
)


def search(tracks: Sequence[Track], family: FilterFamily, harmless: float = math.inf) -> Iterator[tuple[str, Score]]:
    """The filter at its best, by the three rules at the top of this module; settings that win twice come once.

    Args:
        tracks: to judge by.
        family: the settings to try.
        harmless: the position error, in percent, that counts as not worse: that of the joints as found.

    Yields:
        What to call it, and its score.
    """
    found = {values: score(tracks, family.make(*values)) for values in family.values}
    mild = {values: result for values, result in found.items() if result.position <= harmless}
    best = [min(found, key=lambda values: found[values].position)]
    best += [min(group, key=lambda values: found[values].acceleration) for group in (mild, found) if group]
    for values in dict.fromkeys(best):
        yield family.describe(values), found[values]
