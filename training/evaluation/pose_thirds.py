"""Scores by how far the wanted pose is from the source's: means and differences over a third of the pairs each.

The distance of two poses is that of `failure_facts.pose_distance`; pairs for which it can't be had are in no third.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from training.evaluation.failure_facts import pose_distance
from training.evaluation.summary import difference, rounded, summarize

__all__ = ["THIRDS", "summarize_thirds"]

THIRDS = ("near", "middle", "far")
FEWEST_PAIRS = 2  # in a third, for intervals


def summarize_thirds(keypoints: np.ndarray, columns: Mapping[str, Mapping[str, np.ndarray]], reference: str) -> dict:
    """Summaries of the pairs with near poses, of those with far ones, and of those between.

    Args:
        keypoints: `[pairs, 2, 18, 3]`, of source and target, in OpenPose's order, of people who are not stretched.
        columns: of each system by its name, column -> `[pairs]`.
        reference: the system that the others are compared with.

    Returns:
        Each of `THIRDS` -> the distances "low" and "high" that it reaches from and to, the number of "pairs", the
        "metrics" of each system and the "differences" of each other one to the reference, as in evaluation.json; empty
        where there are too few pairs.
    """
    distances = np.array([pose_distance(source, target) for source, target in keypoints])
    nearest_first = np.argsort(distances, kind="stable")[: np.isfinite(distances).sum()]  # NaN comes last
    parts = np.array_split(nearest_first, len(THIRDS))
    if min(map(len, parts)) < FEWEST_PAIRS:
        return {}
    return {
        name: _summary(np.sort(part), distances, columns, reference) for name, part in zip(THIRDS, parts, strict=True)
    }


def _summary(
    part: np.ndarray, distances: np.ndarray, columns: Mapping[str, Mapping[str, np.ndarray]], reference: str
) -> dict:
    of_part = {system: {name: values[part] for name, values in one.items()} for system, one in columns.items()}
    return {
        "low": rounded(float(distances[part].min())),
        "high": rounded(float(distances[part].max())),
        "pairs": len(part),
        "metrics": {system: summarize(one) for system, one in of_part.items()},
        "differences": {
            system: difference(one, of_part[reference]) for system, one in of_part.items() if system != reference
        },
    }
