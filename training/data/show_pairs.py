"""The rows of a sheet for datasets of picture pairs.

Panels have one height and the proportions of the pictures that the annotations are in, so that DeepFashion's people
look as they are, and not squeezed.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from gfla_tf.image_io import read_image
from gfla_tf.pose.drawing import draw_skeleton
from gfla_tf.pose.framing import resize_image
from gfla_tf.pose.heatmaps import rescale_keypoints
from gfla_tf.sheets import mask_to_gray, warp_by_flow
from training.data.layouts import PairLayout, find_pairs
from training.data.pairs_csv import picture_path, read_annotated_pairs
from training.data.truth import read_truth, truth_path

__all__ = ["pair_panels"]

HEIGHT = 256


def pair_panels(folder: Path, split: str, rows: int, random: np.random.Generator) -> list[dict[str, np.ndarray]]:
    """Draw pairs.

    Args:
        folder: of the dataset.
        split: "train" or "test".
        rows: number of pairs.
        random: draws them among the pairs that the loaders use.

    Returns:
        For each pair its panels by title, `[256, width, 3]` in [-1, 1].

    Raises:
        ValueError: the dataset is not usable, or a file cannot be read.
    """
    layout = find_pairs(folder, split)
    annotated = read_annotated_pairs(layout.pairs, layout.annotations)
    drawn = random.permutation(len(annotated.pairs))[:rows]
    return [
        _panels(layout, [annotated.names[picture] for picture in pair], annotated.keypoints[pair])
        for pair in annotated.pairs[drawn]
    ]


def _panels(layout: PairLayout, names: list[str], keypoints: np.ndarray) -> dict[str, np.ndarray]:
    """Panels of the pair of that names, with keypoints `[2, 18, 3]` in the annotated pictures' pixels."""
    height, width = layout.annotation_size
    size = HEIGHT, round(HEIGHT * width / height)
    keypoints = rescale_keypoints(keypoints, layout.annotation_size, size)
    pictures = [read_image(picture_path(layout.pictures, name)) for name in names]
    panels = {}
    for role, picture, person in zip(("source", "target"), pictures, keypoints, strict=True):
        shown = resize_image(picture, *size)
        panels[role] = shown
        panels[f"{role} pose"] = draw_skeleton(shown, person)
    return panels | _truth_panels(layout, names, pictures[0], size)


def _truth_panels(
    layout: PairLayout, names: list[str], source: np.ndarray, size: tuple[int, int]
) -> dict[str, np.ndarray]:
    if layout.truth is None:
        return {}
    flow, visible = read_truth(truth_path(layout.truth, *names))
    if visible.shape[:2] != source.shape[:2]:
        raise ValueError(f"Exact flow of the picture's size {source.shape[:2]} is expected. Received: {flow.shape}.")
    warped = np.where(visible > 0, warp_by_flow(source, flow), -1)
    return {
        "warped by exact flow": resize_image(warped, *size),
        "visible in source": resize_image(mask_to_gray(visible), *size),
    }
