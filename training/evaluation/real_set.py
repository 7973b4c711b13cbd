"""The real pictures that results are compared with as a set: all pictures of the training split.

Their features take long and never change, so they are kept in a file, which is named after the content of the pictures
and of the network, and after the versions of TensorFlow and of this package's way to evaluate: others have other names.
While they are computed the file holds how far they are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import tensorflow as tf

from gfla_tf.kept_arrays import read_kept_arrays
from gfla_tf.outputs import whole_file
from gfla_tf.progress import Progress
from training.data.images import read_picture
from training.data.layouts import IMAGE_EXTENSIONS, find_pairs
from training.evaluation.fingerprint import VERSION
from training.evaluation.hashes import files_sha256, json_sha256
from training.evaluation.pairs import EvaluationPairs
from training.evaluation.protocols import Protocol
from training.evaluation.set_features import SetFeatures, SetNetwork
from training.sources import check_picture_size

__all__ = ["RealSet", "find_real_set"]

SPLIT = "train"
SAVED_EVERY = 1024  # pictures
BATCH_SIZE = 4


@dataclass(frozen=True)
class RealSet:
    """Real pictures.

    Attributes:
        files: paths, in order.
        sha256: of their names and contents.
        picture_size: (height, width) in pixels, to which they are brought.
        resize: the rule for that.
    """

    files: tuple[Path, ...]
    sha256: str
    picture_size: tuple[int, int]
    resize: str

    def describe(self) -> dict:
        """What belongs into a fingerprint."""
        return {"split": SPLIT, "pictures": len(self.files), "sha256": self.sha256}

    def features(self, network: SetNetwork, cache: Path) -> SetFeatures:
        """The network's features, from the cache as far as they are there.

        Args:
            network: gives the features.
            cache: folder, made if it is not there.
        """
        reader = [VERSION, tf.__version__]  # decodes and resizes the pictures, and runs the network
        key = json_sha256([*reader, self.describe(), self.picture_size, self.resize, network.name, network.sha256])
        cache.mkdir(parents=True, exist_ok=True)
        file, total = cache / f"real-{key[:32]}.npz", len(self.files)
        features = _read(file, total) or SetFeatures(total, self._describe(network, self.files[:1]).shape[1])
        with Progress(total, "real pictures") as progress:
            progress.add(features.statistics.count, worked=False)
            for start in range(features.statistics.count, total, SAVED_EVERY):
                piece = self.files[start : start + SAVED_EVERY]
                for first in range(0, len(piece), BATCH_SIZE):
                    features.update(self._describe(network, piece[first : first + BATCH_SIZE]))
                    progress.add(len(piece[first : first + BATCH_SIZE]))
                _write(file, features)
        return features

    def _describe(self, network: SetNetwork, files: Sequence[Path]) -> np.ndarray:
        return network.describe(self._pictures(files))[0]

    def _pictures(self, files: Sequence[Path]) -> tf.Tensor:
        try:
            read = [read_picture(tf.constant(str(file)), *self.picture_size, self.resize) for file in files]
        except tf.errors.OpError as error:
            raise ValueError(f"Readable pictures are expected. Received: {', '.join(map(str, files))}.") from error
        return tf.stack([image for image, _ in read])


def find_real_set(pairs: EvaluationPairs, protocol: Protocol) -> RealSet:
    """All pictures of the training split of the dataset that the pairs are from.

    Raises:
        ValueError: there are fewer than 2, or they have other proportions than the annotations.
    """
    layout = find_pairs(pairs.layout.folder, SPLIT, protocol.kind)
    check_picture_size(layout)
    folder = layout.pictures
    files = tuple(sorted(path for path in folder.iterdir() if path.suffix.lower() in IMAGE_EXTENSIONS))
    if len(files) < 2:
        raise ValueError(f"{folder}: the training split's pictures are expected. Received: {len(files)}.")
    return RealSet(files, files_sha256({path.name: path for path in files}), pairs.picture_size, protocol.resize)


def _read(file: Path, total: int) -> SetFeatures | None:
    """Features as far as they were written; None where they were not, or the file is damaged."""
    arrays = read_kept_arrays(file)
    return None if arrays is None else SetFeatures.from_arrays(total, arrays)


def _write(file: Path, features: SetFeatures) -> None:
    with whole_file(file) as temporary:
        np.savez(temporary, **features.arrays())
