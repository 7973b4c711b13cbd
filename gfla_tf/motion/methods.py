"""The ways to take a detector's noise from joints over time, by name.

Keypoints are `[frames, 17, 3]` = (x, y, confidence) in pixels, Human3.6M's joints, confidence 0 = missing.
"""

from __future__ import annotations

import os
from collections.abc import Callable

import numpy as np

__all__ = ["METHODS", "Cleaner", "check_method", "make_cleaner"]

METHODS = ("network", "savitzky-golay", "one-euro", "fill")
Cleaner = Callable[[np.ndarray, "tuple[int, int] | None"], np.ndarray]


def check_method(method: str) -> str:
    """Return the name of a method, or raise a ValueError that says which there are."""
    if method not in METHODS:
        raise ValueError(f"method must be one of {', '.join(METHODS)}. Received: {method!r}.")
    return method


def make_cleaner(
    method: str,
    frames_per_second: float = 30.0,
    model: str | os.PathLike[str] = "motion-demo",
    weights: str | os.PathLike[str] | None = None,
    normalization: str = "person",
    lookahead: int | None = None,
) -> Cleaner:
    """A function that cleans recordings.

    Args:
        method: one of `METHODS`: the network, a classical filter, or only filling in what is missing.
        frames_per_second: of the recordings; one-euro needs to know.
        model: published model, preset or model folder of the network.
        weights: safetensors file for the network, or "stand-in"; needed for a preset that no published model has the
            name of.
        normalization: "person" or "image", as in the network's training.
        lookahead: frames that the network may wait for, as if live; None for the whole recording at once.

    Returns:
        A function of keypoints and the pictures' (height, width) in pixels or None, which gives float32 keypoints.

    Raises:
        ValueError: another method, weights that are missing or do not fit, or a look-ahead that is out of range.
    """
    from gfla_tf.motion import filters

    check_method(method)
    if method == "savitzky-golay":
        return lambda keypoints, size: filters.savitzky_golay(keypoints)
    if method == "one-euro":
        return lambda keypoints, size: filters.one_euro(keypoints, frames_per_second)
    if method == "fill":
        return lambda keypoints, size: filters.fill_only(keypoints)
    return _network(model, weights, normalization, lookahead)


def _network(model, weights, normalization: str, lookahead: int | None) -> Cleaner:
    from gfla_tf.models.model_files import STAND_IN, load_model
    from gfla_tf.models.presets import PRESETS
    from gfla_tf.motion.causal import CausalMotionCleaner
    from gfla_tf.motion.cleaner import MotionCleaner, WindowModel
    from gfla_tf.progress import show_progress
    from gfla_tf.published import find_model

    folder = find_model(model, weights)
    if weights is None and folder in PRESETS:
        raise ValueError(
            f"The preset {folder} comes without weights. Give a safetensors file as weights or a trained model's "
            f'folder as model; "{STAND_IN}" as weights tries everything with a network that has learned nothing; the '
            f"methods {', '.join(METHODS[1:])} need none."
        )
    network = load_model(folder, weights)
    if (kind := network.preset.network) != "motion":
        raise ValueError(f"A model of a motion preset is expected. Received: {model}, one of kind {kind}.")
    if lookahead is None:
        return MotionCleaner(network, normalization).clean

    windows = WindowModel.of_network(network, normalization)
    CausalMotionCleaner(windows, lookahead)  # finds a wrong look-ahead before there are keypoints

    def live(keypoints: np.ndarray, size: tuple[int, int] | None) -> np.ndarray:
        cleaner = CausalMotionCleaner(windows, lookahead, image_size=size)
        return cleaner.clean(show_progress(keypoints, len(keypoints), "frames cleaned"))

    return live
