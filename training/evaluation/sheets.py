"""Sheets of results for people to look at: source, wanted pose, target, and what systems made of them.

Panels have the height of the compared pictures and the proportions of the pictures that the annotations are in. Each
has its pair's number above it: its position, by which it is found in scores.csv, unless others are given.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from gfla_tf.pose.drawing import draw_skeleton
from gfla_tf.pose.framing import resize_image
from gfla_tf.sheets import contact_sheet
from training.evaluation.pairs import EvaluationPairs, PairBatch

__all__ = ["SHEET_WIDTH", "Results", "draw_sheet", "random_positions"]

SHEET_WIDTH = 1600  # pixels, about: so many pairs stand side by side

Results = Callable[[PairBatch], dict[str, np.ndarray]]  # title -> images of the batch


def random_positions(available: int, count: int, seed: int = 0) -> list[int]:
    """`count` of so many positions, drawn at random and sorted."""
    return sorted(np.random.default_rng(seed).permutation(available)[:count].tolist())


def draw_sheet(
    pairs: EvaluationPairs, positions: Sequence[int], results: Results, numbers: Sequence[int] | None = None
) -> np.ndarray:
    """Draw the pairs at some positions.

    Args:
        pairs: the evaluation's.
        positions: which, in the order of the sheet; at least one.
        results: makes the pictures of one pair, by title.
        numbers: position -> the pair's number; None for positions.

    Returns:
        float32 image `[height, width, 3]` in [-1, 1].
    """
    panels, count = {}, 0
    for position in positions:
        batch = pairs.read([position])
        row = _panels(batch, results(batch), pairs)
        count = len(row)
        number = position if numbers is None else numbers[position]
        panels |= {f"{number} {title}": panel for title, panel in row.items()}
    width = next(iter(panels.values())).shape[1] * count
    return contact_sheet(panels, columns=count * max(1, SHEET_WIDTH // width))


def _panels(batch: PairBatch, results: dict[str, np.ndarray], pairs: EvaluationPairs) -> dict[str, np.ndarray]:
    """The panels of one pair, by title."""
    target = batch.target_image[0]
    panels = {
        "source": batch.source_image[0],
        "pose": draw_skeleton(np.full_like(target, -1), batch.target_keypoints[0]),
        "target": target,
        **{title: images[0] for title, images in results.items()},
    }
    height = pairs.picture_size[0]
    true_height, true_width = pairs.layout.annotation_size
    width = round(height * true_width / true_height)
    return {title: resize_image(panel, height, width) for title, panel in panels.items()}
