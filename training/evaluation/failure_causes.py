"""Causes of errors: which pairs have them, and how much of the error they explain.

A pair has a cause where a fact of `failure_facts` reaches a threshold. Its *first* cause is the one of them whose fact
stands highest among all pairs, so that each pair is in one group; pairs without any are "no known cause".

What a cause explains is said in three ways, none of which proves that it is to blame: causes come together.
* The mean error of pairs with it minus that of pairs without, with a bootstrap interval, where there are enough pairs
  on either side for one (see `gfla_tf.metrics.intervals`).
* Its share: by how much the mean over all pairs would fall if pairs with it were like those without. It takes errors
  with a true zero: the negative of a score of which more is better has no share.
* The part of the error's variance that a straight line over its fact, and over all facts together, accounts for: the
  adjusted R^2, which leaves out what any line accounts for by chance.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from gfla_tf.metrics.intervals import Interval, difference_interval

__all__ = [
    "CAUSES",
    "NO_CAUSE",
    "Cause",
    "Explained",
    "explain",
    "first_causes",
    "present_causes",
    "variance_explained",
]

NO_CAUSE = "none"
FEWEST_PAIRS = 8  # with a cause, and without it: intervals of fewer hold the true difference too rarely
PAIRS_A_COLUMN = 3  # fewest; a line through fewer pairs says nothing about others


@dataclass(frozen=True)
class Cause:
    """A row of the table below.

    Attributes:
        name: the fact's.
        title: for people.
        threshold: of the fact, from which on a pair has the cause.
        meaning: in a few words.
    """

    name: str
    title: str
    threshold: float
    meaning: str


CAUSES: Mapping[str, Cause] = {
    cause.name: cause
    for cause in (
        Cause("occlusion", "Occlusion", 0.6, "so much of the target's person is hidden in the source"),
        Cause("turn", "Turned around", 1.0, "turn of the person, 2 from front to back"),
        Cause("far_pose", "Far pose", 0.65, "distance of the poses, in sizes of the person"),
        Cause("missing_joints", "Missing joints", 0.15, "so many joints below the head are missing"),
        Cause("out_of_frame", "Out of frame", 0.1, "so much of the target's person is outside of the source's picture"),
    )
}


@dataclass(frozen=True)
class Explained:
    """What a cause explains.

    Attributes:
        count: pairs with it.
        with_it: their mean error.
        without: the mean error of the other pairs whose fact is known.
        difference: of the two; None where either side has fewer than `FEWEST_PAIRS` pairs.
        share: of the mean error over all pairs, that would go if pairs with it were like those without; NaN where
            either side has fewer than two pairs, or the mean is not above 0.
        variance: part of the error's variance that a straight line over the fact accounts for, see
            `variance_explained`.
    """

    count: int
    with_it: float
    without: float
    difference: Interval | None
    share: float
    variance: float


def present_causes(facts: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Cause -> `[pairs]` of bools: whether a pair has it; an unknown fact is no cause."""
    return {name: np.nan_to_num(facts[name], nan=-np.inf) >= cause.threshold for name, cause in CAUSES.items()}


def first_causes(facts: Mapping[str, np.ndarray]) -> list[str]:
    """The first cause of each pair, or `NO_CAUSE`, see the module's text."""
    present = present_causes(facts)
    ranks = np.stack([np.where(present[name], _rank(facts[name]), -1.0) for name in CAUSES])
    names = list(CAUSES)
    return [names[best] if ranks[best, pair] >= 0 else NO_CAUSE for pair, best in enumerate(ranks.argmax(axis=0))]


def explain(error: np.ndarray, facts: Mapping[str, np.ndarray]) -> dict[str, Explained]:
    """What each cause explains.

    Args:
        error: `[pairs]`, finite, more being worse.
        facts: of `failure_facts.measure`.

    Returns:
        Cause -> what it explains, in the order of `CAUSES`.
    """
    present = present_causes(facts)
    return {name: _explained(error, facts[name], present[name]) for name in CAUSES}


def variance_explained(error: np.ndarray, facts: Mapping[str, np.ndarray]) -> float:
    """Part of the error's variance that the best linear function of the facts accounts for: adjusted R^2 in [0, 1].

    R^2 alone grows with every fact, also of noise, to 1 where pairs are few. Facts that are not known of a pair count
    as their mean. NaN where no fact is known, the errors are all the same, or there are fewer than `PAIRS_A_COLUMN`
    pairs for each independent column, that of the constant included.
    """
    columns = [_filled(values) for values in facts.values() if np.isfinite(values).any()]
    # Of the same error everywhere, the standard deviation may be above 0 by rounding.
    if not columns or np.ptp(error) <= np.finfo(np.float64).eps * np.abs(error).max():
        return float("nan")
    design = np.column_stack([np.ones(len(error)), *columns])
    solution, _, rank, _ = np.linalg.lstsq(design, error, rcond=None)
    if len(error) < PAIRS_A_COLUMN * rank:
        return float("nan")
    left = (error - design @ solution).var() / error.var() * (len(error) - 1) / (len(error) - rank)
    return max(0.0, float(1 - left))


def _explained(error: np.ndarray, fact: np.ndarray, present: np.ndarray) -> Explained:
    having, others = error[present], error[~present & np.isfinite(fact)]
    means = [float(values.mean()) if len(values) else float("nan") for values in (having, others)]
    variance = variance_explained(error, {"": fact})
    fewest, whole, share = min(len(having), len(others)), float(error.mean()), float("nan")
    if fewest >= 2 and whole > 0:
        share = len(having) / len(error) * (means[0] - means[1]) / whole
    difference = difference_interval(having, others) if fewest >= FEWEST_PAIRS else None
    return Explained(len(having), *means, difference, share, variance)


def _filled(values: np.ndarray) -> np.ndarray:
    return np.where(np.isfinite(values), values, np.nanmean(values))


def _rank(values: np.ndarray) -> np.ndarray:
    """The share of pairs whose fact is at most as high, in [0, 1]."""
    known = np.sort(values[np.isfinite(values)])
    return np.searchsorted(known, np.nan_to_num(values, nan=-np.inf), side="right") / max(len(known), 1)
