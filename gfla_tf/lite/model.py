"""An exported model: the JSON that says what it is, and the `.tflite` files that it names.

Fields of the JSON that are used here: `network` ("person", "sequence" or "motion"), `skeleton`, `height`, `width`,
`frame_aspect` (width / height of the part of a photo that is squeezed into the network's picture), `pixels` ("float32"
or "uint8") and `files`, which maps graphs to file names in the same folder.
"""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np

from gfla_tf.image_io import from_uint8, to_uint8
from gfla_tf.json_files import read_json
from gfla_tf.lite.function import LiteFunction

__all__ = ["LiteModel"]

_FIELDS = ("network", "skeleton", "height", "width", "frame_aspect", "pixels", "files")


class LiteModel:
    """A model's files, ready to run.

    Args:
        description: path of the JSON.
        threads: of the processor; None leaves it to the interpreter.

    Attributes:
        network: "person", "sequence" or "motion".
        skeleton: of the keypoints.
        size: (height, width) of the network's picture in pixels.
        frame_aspect: width / height of what is squeezed into it.

    Raises:
        ValueError: the JSON or a file cannot be read.
    """

    def __init__(self, description: str | os.PathLike[str], threads: int | None = None):
        path = Path(description)
        facts = read_json(path, "the JSON of an exported model")
        if missing := [name for name in _FIELDS if name not in facts]:
            raise ValueError(f"{path} must have the fields {', '.join(_FIELDS)}. Received: none of {missing}.")
        self.network, self.skeleton = facts["network"], facts["skeleton"]
        self.size = facts["height"], facts["width"]
        self.frame_aspect, self._pixels = facts["frame_aspect"], facts["pixels"]
        self._functions = {graph: LiteFunction(path.with_name(file), threads) for graph, file in facts["files"].items()}

    def __getitem__(self, graph: str) -> LiteFunction:
        """A graph by name, as a function of named arrays."""
        return self._functions[graph]

    def to_pixels(self, image: np.ndarray) -> np.ndarray:
        """An image `[height, width, 3]` in [-1, 1] as the files want it, with a batch of 1."""
        image = np.asarray(image, np.float32)[np.newaxis]
        return to_uint8(image) if self._pixels == "uint8" else image

    def from_pixels(self, image: np.ndarray) -> np.ndarray:
        """An image of the files, `[1, height, width, 3]`, as `[height, width, 3]` in [-1, 1]."""
        return from_uint8(image[0]) if self._pixels == "uint8" else image[0]

    @staticmethod
    def keypoints(keypoints: np.ndarray) -> np.ndarray:
        """Keypoints `[joints, 3]` with a batch of 1; what is missing or no number becomes (0, 0, 0)."""
        keypoints = np.asarray(keypoints, np.float32)
        known = (keypoints[:, 2:] > 0) & np.isfinite(keypoints).all(axis=-1, keepdims=True)
        return np.where(known, keypoints, np.float32(0))[np.newaxis]
