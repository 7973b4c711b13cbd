"""The columns of a table of scores: how metrics are called, and which way is better."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np

__all__ = ["FRECHET", "Column", "find_column", "flow_column"]

FRECHET = "frechet_vgg16"

_FLOW = re.compile(r"flow_error_level(\d+)")


@dataclass(frozen=True)
class Column:
    """One metric, or one metric of one level.

    Attributes:
        name: in files.
        title: for people.
        higher_is_better: whether more is better.
        meaning: what it is, in a few words.
    """

    name: str
    title: str
    higher_is_better: bool
    meaning: str

    @property
    def arrow(self) -> str:
        """Which way is better."""
        return "↑" if self.higher_is_better else "↓"

    def best_first(self, values: np.ndarray) -> np.ndarray:
        """Positions of values from the best to the worst, equal ones in their order."""
        return np.argsort(-values if self.higher_is_better else values, kind="stable")


_COLUMNS = {
    column.name: column
    for column in (
        Column("lpips_vgg16", "LPIPS (VGG16)", False, "perceptual distance by VGG16, version 0.1"),
        Column("lpips_alexnet", "LPIPS (AlexNet)", False, "perceptual distance by AlexNet, version 0.1"),
        Column("mask_lpips_alexnet", "mask-LPIPS (AlexNet)", False, "perceptual distance, grey around the person"),
        Column("ssim", "SSIM", True, "structural similarity"),
        Column("mask_ssim", "mask-SSIM", True, "structural similarity, grey around the person"),
        Column("psnr", "PSNR", True, "peak signal-to-noise ratio in decibels"),
        Column("l1", "L1", False, "mean absolute difference in [-1, 1]"),
        Column(
            "l1_person",
            "L1 in the person",
            False,
            "the same inside the target's person mask",
        ),
        Column(FRECHET, "Frechet (VGG16)", False, "distance of the set of results to the training pictures"),
    )
}


def flow_column(level: int) -> str:
    """Name of the end-point error's column at a level."""
    return f"flow_error_level{level}"


def find_column(name: str) -> Column:
    """The column of that name.

    Raises:
        ValueError: there is none.
    """
    if match := _FLOW.fullmatch(name):
        side = 2 ** int(match[1])
        meaning = f"end-point error where the source shows it, in pixels of 1/{side} of the picture"
        return Column(name, f"Flow error 1/{side}", False, meaning)
    if name not in _COLUMNS:
        raise ValueError(f"A column is one of {', '.join(_COLUMNS)} or {flow_column(2)}. Received: {name}.")
    return _COLUMNS[name]
