"""The windows that a configuration asks for: from Human3.6M's joints, or from motion capture."""

from __future__ import annotations

import os

from gfla_tf.models import MotionExtractor
from gfla_tf.remote import as_path
from training.configs import MotionConfig
from training.data.human36m import RECEPTIVE_FIELD, Human36mWindows
from training.data.motion_windows import MotionCaptureWindows

__all__ = ["open_windows"]


def open_windows(
    config: MotionConfig, folder: str | os.PathLike[str], split: str, network: MotionExtractor
) -> Human36mWindows | MotionCaptureWindows:
    """The windows of a split.

    Args:
        config: says how they are made.
        folder: with Human3.6M's two files (`data_2d_h36m_gt.npz` and a detector's), or else with .bvh files.
        split: "train" or "test".
        network: that is to see them.

    Raises:
        ValueError: the folder holds neither, something is wrong with it, or the network wants to see more frames.
    """
    if network.receptive_field > RECEPTIVE_FIELD:
        raise ValueError(
            f"A receptive field of at most {RECEPTIVE_FIELD} frames is expected. Received: {network.receptive_field}."
        )
    if any(as_path(folder).glob("data_2d_h36m_*.npz")):
        return Human36mWindows(folder, split, config.human36m_settings())
    return MotionCaptureWindows(folder, split, config.capture_settings())
