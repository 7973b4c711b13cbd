"""Comparing sets: the features of all results of a system, taken together, with those of the real pictures.

A network describes each picture by features. Of a set, their mean and covariance are kept, and the features themselves
of at most 5,000 pictures, evenly spread over the set, for the kernel distance, which is taken of 100 random blocks of
1,000 of them (or as many as the smaller set has). So memory does not grow with the number of pictures.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from gfla_tf.metrics import (
    FeatureStatistics,
    Inception,
    InceptionScore,
    frechet_distance,
    kernel_distance_of_blocks,
)

__all__ = ["SetComparison", "SetFeatures", "SetNetwork", "of_features", "of_inception"]

SAMPLE = 5_000
BLOCK_SIZE, BLOCKS = 1_000, 100
INCEPTION_SCORE = "inception score "  # before its names among others

Description = tuple[np.ndarray, np.ndarray | None]


@dataclass(frozen=True)
class SetNetwork:
    """A network that describes pictures.

    Attributes:
        name: in fingerprints.
        sha256: of its weights.
        columns: names of the Frechet distance, the kernel distance and, where it has classes, the Inception score.
        describe: gives for images `[batch, height, width, 3]` features and, if it has classes, their probabilities.
    """

    name: str
    sha256: str
    columns: tuple[str, ...]
    describe: Callable[[np.ndarray], Description]


def of_features(name: str, sha256: str, features: Callable[[np.ndarray], np.ndarray]) -> SetNetwork:
    """One of LPIPS' networks, as a function from images to its features `[batch, channels]`."""
    return SetNetwork(name, sha256, (f"frechet_{name}", f"kernel_{name}"), lambda images: (features(images), None))


def of_inception(sha256: str, network: Inception) -> SetNetwork:
    """An Inception."""
    ending = "" if network.variant == "2015" else f"_{network.variant}"
    columns = tuple(f"{column}{ending}" for column in ("fid", "kid", "inception_score"))
    return SetNetwork(f"inception {network.variant}", sha256, columns, lambda images: tuple(network(images)))


class SetFeatures:
    """What is kept of a set's features.

    Args:
        total: number of pictures that will come.
        size: number of features.

    Attributes:
        statistics: mean and covariance.
        sample: `[at most 5,000, size]`, features of evenly spread pictures, as far as they have come.
    """

    def __init__(self, total: int, size: int) -> None:
        self.statistics = FeatureStatistics(size)
        self._chosen = np.linspace(0, total - 1, min(total, SAMPLE)).round().astype(np.int64)
        self._sample = np.zeros((len(self._chosen), size), np.float32)

    @property
    def sample(self) -> np.ndarray:
        return self._sample[: self._reached()]

    def _reached(self) -> int:
        """How many of the chosen pictures have come."""
        return int(np.searchsorted(self._chosen, self.statistics.count))

    def update(self, features: np.ndarray) -> None:
        """Add the features `[pictures, size]` of the next pictures."""
        first, reached = self.statistics.count, self._reached()
        self.statistics.update(features)
        self._sample[reached : self._reached()] = features[self._chosen[reached : self._reached()] - first]

    def arrays(self) -> dict[str, np.ndarray]:
        """Everything, to be written to a file."""
        return {**self.statistics.arrays(), "sample": self.sample}

    @classmethod
    def from_arrays(cls, total: int, arrays) -> SetFeatures:
        """The same again; KeyError or ValueError where arrays are others."""
        features = cls(total, len(arrays["mean"]))
        features.statistics = FeatureStatistics.from_arrays(arrays)
        features._sample[: features._reached()] = arrays["sample"]
        return features


class SetComparison:
    """The results of a system, as one network compares them with the real pictures.

    Args:
        network: which.
        real: features of the real pictures.
        total: number of results that will come.
    """

    def __init__(self, network: SetNetwork, real: SetFeatures, total: int) -> None:
        self._network, self._real, self._total = network, real, total
        self._results = SetFeatures(total, len(real.statistics.mean))
        self._inception_score = InceptionScore()

    def update(self, images: np.ndarray) -> None:
        """Add results."""
        features, probabilities = self._network.describe(images)
        self._results.update(features)
        if probabilities is not None:
            self._inception_score.update(probabilities)

    def arrays(self) -> dict[str, np.ndarray]:
        """What is kept of the results so far, to be written to a file."""
        score = {f"{INCEPTION_SCORE}{name}": array for name, array in self._inception_score.arrays().items()}
        return self._results.arrays() | score

    def restore(self, arrays: Mapping[str, np.ndarray]) -> None:
        """Go on from what `arrays` gave."""
        self._results = SetFeatures.from_arrays(self._total, arrays)
        score = {name: array for name, array in arrays.items() if name.startswith(INCEPTION_SCORE)}
        self._inception_score = InceptionScore.from_arrays(
            {name.removeprefix(INCEPTION_SCORE): array for name, array in score.items()}
        )

    def scores(self) -> dict[str, float]:
        """Column -> number."""
        pair = self._real.sample, self._results.sample
        kernel = kernel_distance_of_blocks(*pair, blocks=BLOCKS, block_size=min(BLOCK_SIZE, *map(len, pair)))
        values = [frechet_distance(self._real.statistics, self._results.statistics), kernel.mean]
        if self._inception_score.count:
            values.append(self._inception_score.result())
        return dict(zip(self._network.columns, values, strict=True))
