"""How far flows are from the exact flow, where it is known what is right.

The end-point error of a picture is the mean length of (flow - exact flow) over the positions of a level, weighted by
how much of a position is visible in the source; not a number where nothing is visible. The error of what is hidden is
the same over the person's points that lie in the source's picture, but behind something: the exact flow leads to where
they would be seen if nothing were in front of them.

Convention: level L is the grid of height / 2^L x width / 2^L positions of the *compared* picture, and errors are in
pixels of it. A model that works in another size has another grid; its flow is scaled to that unit and compared on its
own grid.
"""

from __future__ import annotations

import numpy as np
import tensorflow as tf

from training.data.truth import hidden_points, level_truth
from training.evaluation.pairs import PairBatch

__all__ = ["flow_errors", "hidden_flow_errors"]


def flow_errors(batch: PairBatch, level: int, flow: np.ndarray) -> np.ndarray:
    """The error of each picture, `[batch]` in pixels of the level.

    Args:
        batch: pairs with exact flow.
        level: of the flow: 2 = a quarter of the network's picture, 3 = an eighth.
        flow: `[batch, h, w, 2]`, (dx, dy) in pixels of its own grid.
    """
    return _errors(batch.flow, batch.visible, level, flow)


def hidden_flow_errors(batch: PairBatch, level: int, flow: np.ndarray) -> np.ndarray:
    """The error where the source hides what the target shows, `[batch]`; arguments as those of `flow_errors`."""
    outside = (batch.person_mask == 0).astype(np.float32)
    hidden = [hidden_points(*map(tf.constant, one)) for one in zip(batch.flow, batch.visible, outside, strict=True)]
    return _errors(batch.flow, np.stack(hidden), level, flow)


def _errors(exact_flows: np.ndarray, counted: np.ndarray, level: int, flow: np.ndarray) -> np.ndarray:
    """The error of each picture over what counts, `[batch, height, width, 1]`, 0 or 1."""
    rows, columns = flow.shape[1:3]
    height, width = exact_flows.shape[1:3]
    unit = np.array([width / columns, height / rows]) / 2**level
    errors = []
    for predicted, exact_flow, counts in zip(flow, exact_flows, counted, strict=True):
        exact, share = level_truth(tf.constant(exact_flow), tf.constant(counts), rows, columns)
        lengths = np.linalg.norm((predicted - exact.numpy()) * unit, axis=-1, keepdims=True)
        errors.append(_weighted_mean(lengths, share.numpy()))
    return np.array(errors)


def _weighted_mean(values: np.ndarray, weights: np.ndarray) -> float:
    total = weights.sum(dtype=np.float64)
    return float((values * weights).sum(dtype=np.float64) / total) if total else float("nan")
