"""Prepare, check, show and render datasets.

No dataset is downloaded, since none may be handed on: training/data/README.md says where to ask for each, and how the
folders must look.
"""

from __future__ import annotations

from gfla_tf.commands.table import Table

__all__ = ["COMMANDS"]

COMMANDS: Table = {
    "prepare": ("bring a downloaded dataset into the layout that the loaders read", "training.data.prepare"),
    "check": ("say what a folder holds, and what is missing or damaged", "training.data.check"),
    "show": ("draw random pairs or frames with their skeletons on one sheet", "training.data.show"),
    "walk": ("write recordings of made-up walks", "training.data.motion_walk"),
    "noise": ("measure how the pose estimator errs on rendered clips", "training.data.motion_noise_fit"),
    "render": ("render a synthetic dataset of clothed people", "training.data.render.command"),
}
