"""Clean joints from noisy ones with an exported motion model: `gfla_tf.motion` without TensorFlow."""

from __future__ import annotations

import os

import numpy as np

from gfla_tf.lite.model import LiteModel
from gfla_tf.motion.causal import CausalMotionCleaner
from gfla_tf.motion.cleaner import MotionCleaner, WindowModel

__all__ = ["LiteMotionCleaner"]

_GRAPH = "denoise"


class LiteMotionCleaner(MotionCleaner):
    """Cleans recordings, `clean`, and streams of frames, `stream`, as `gfla_tf.motion.MotionCleaner` does.

    Args:
        description: path of an exported motion model's JSON.
        normalization: "person" or "image", as in its training; see `gfla_tf.motion.normalization`.
        threads: of the processor; None leaves it to the interpreter.

    Raises:
        ValueError: it is no such model, or another normalization.
    """

    def __init__(self, description: str | os.PathLike[str], normalization: str = "person", threads: int | None = None):
        model = LiteModel(description, threads)
        if model.network != "motion":
            raise ValueError(f"A motion model is expected. Received: one of kind {model.network}.")
        function = model[_GRAPH]
        (length, _), (window, _) = function.inputs["noisy"][0][1:], function.outputs["clean"][0][1:]

        def denoise(channels: np.ndarray) -> np.ndarray:
            return function(noisy=channels)["clean"]

        super().__init__(WindowModel(denoise, (length - window) // 2, normalization, window))

    def live(self, lookahead: int, image_size: tuple[int, int] | None = None) -> CausalMotionCleaner:
        """Clean frames one by one while somebody is filmed.

        Args:
            lookahead: frames after a frame that are waited for.
            image_size: (height, width) of the pictures in pixels; needed for the normalization "image".
        """
        return CausalMotionCleaner(self.windows, lookahead, image_size=image_size)
