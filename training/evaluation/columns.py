"""The columns of a table of scores: how metrics are called, and which way is better."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np

__all__ = ["AED", "FID_VIDEO", "FLICKER", "FVD", "Column", "find_column", "flow_column"]
__all__ += ["hidden_flow_column", "ssim_column"]

FLICKER, AED, FVD, FID_VIDEO = "flicker", "aed_i3d", "fvd_i3d", "fid_video_i3d"

_SSIM = re.compile(r"ssim_((?:gaussian|uniform)-[0-9.]+(?:-padded)?)")
_FLOW = re.compile(r"(hidden_)?flow_error_level(\d+)")


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
        """Positions of values from the best to the worst, equal ones in their order; of NaN only if all are NaN."""
        order = np.argsort(-values if self.higher_is_better else values, kind="stable")
        return order[: np.sum(~np.isnan(values)) or None]  # NaN comes last


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
        Column("pckh", "PCKh", True, "share of wanted joints found again within half a head of their place"),
        Column("pose_distance", "Joint distance", False, "of wanted joints found again from their place, in pixels"),
        Column(FLICKER, "Flicker", False, "change from frame to frame that is no motion, in [0, 2]"),
        Column(AED, "AED (I3D)", False, "distance of a clip's I3D features to the true clip's"),
        Column(FVD, "FVD", False, "Frechet distance of the clips to the true ones on I3D's logits"),
        Column(FID_VIDEO, "FID-Video (I3D)", False, "the same on I3D's pooled features"),
        Column("frechet_vgg16", "Frechet (VGG16)", False, "distance of the set of results to the training pictures"),
        Column("kernel_vgg16", "Kernel distance (VGG16)", False, "the same by a kernel, unbiased for few pictures"),
        Column("fid", "FID", False, "Frechet distance to the training pictures, on the Inception of 2015"),
        Column("kid", "KID", False, "kernel distance to the training pictures, on the Inception of 2015"),
        Column("inception_score", "Inception score", True, "by the Inception of 2015; does not look at real pictures"),
        Column("fid_torchvision", "FID (torchvision)", False, "the same on torchvision's Inception"),
        Column("kid_torchvision", "KID (torchvision)", False, "the same on torchvision's Inception"),
        Column(
            "inception_score_torchvision", "Inception score (torchvision)", True, "the same by torchvision's Inception"
        ),
    )
}


def flow_column(level: int) -> str:
    """Name of the end-point error's column at a level."""
    return f"flow_error_level{level}"


def hidden_flow_column(level: int) -> str:
    """Name of the column of the end-point error of what the source hides."""
    return f"hidden_{flow_column(level)}"


def ssim_column(variant: str) -> str:
    """Name of the column of SSIM by a window that is not the protocol's, see `gfla_tf.metrics.ssim`."""
    return f"ssim_{variant}"


def find_column(name: str) -> Column:
    """The column of that name.

    Raises:
        ValueError: there is none.
    """
    if match := _FLOW.fullmatch(name):
        verb, side = "hides" if match[1] else "shows", 2 ** int(match[2])
        meaning = f"end-point error where the source {verb} it, in pixels of 1/{side} of the picture"
        return Column(name, f"{'Hidden flow' if match[1] else 'Flow'} error 1/{side}", False, meaning)
    if match := _SSIM.fullmatch(name):
        return Column(name, f"SSIM ({match[1]})", True, f"the same by the window {match[1]}, range of the result")
    if name not in _COLUMNS:
        raise ValueError(f"A column is one of {', '.join(_COLUMNS)} or {flow_column(2)}. Received: {name}.")
    return _COLUMNS[name]
