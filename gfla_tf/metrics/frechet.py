"""The Frechet distance between two sets of pictures, each described by mean and covariance of its features.

    |m1 - m2|^2 + tr C1 + tr C2 - 2 tr (C1 C2)^(1/2)

With the pooled features of the Inception network of 2015 it is called FID; here features may come from anywhere, and
distances on other features are not comparable with FID. It falls with the number of pictures: compare sets of the same
size only. On the means of VGG16's relu5_3, 512 features:

    network = load_feature_network("vgg16")
    real = FeatureStatistics(512)
    for images in batches:
        real.update(network.pooled(images))
    frechet_distance(real, generated)

The trace of the root is the sum of the singular values of F1' F2, where C1 = F1 F1' and C2 = F2 F2': the roots of the
eigenvalues of the symmetric F1' C2 F1, but found without squaring first. So covariances may be singular, as they are
with fewer pictures than features, and nothing complex appears.

References: Heusel et al., "GANs trained by a two time-scale update rule converge to a local Nash equilibrium", NeurIPS
2017; accumulation: Chan, Golub and LeVeque, "Updating formulae and a pairwise algorithm for computing sample
variances", 1979.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

__all__ = ["FeatureStatistics", "frechet_distance"]


class FeatureStatistics:
    """Mean and covariance of features, batch by batch in constant memory, in float64.

    Deviations from the mean are summed, never squares of the features themselves, so a large common mean costs no
    accuracy.

    Attributes:
        count: how many pictures were seen.
        mean: `[features]`.
        scatter: `[features, features]`, the sum of products of deviations from the mean.

    Args:
        size: number of features of a picture.
    """

    def __init__(self, size: int):
        if size < 1:
            raise ValueError(f"At least one feature is expected. Received: {size}.")
        self.count = 0
        self.mean = np.zeros(size)
        self.scatter = np.zeros((size, size))

    @classmethod
    def of(cls, features) -> FeatureStatistics:
        """The statistics of one array `[pictures, features]`."""
        features = np.asarray(features)
        return cls(features.shape[-1] if features.ndim else 0).update(features)

    def update(self, features) -> FeatureStatistics:
        """Add pictures, and return the object itself.

        Args:
            features: `[pictures, features]`, finite.

        Raises:
            ValueError: if the features are not as described.
        """
        features = np.asarray(features, np.float64)
        if features.ndim != 2 or features.shape[1] != len(self.mean) or not np.isfinite(features).all():
            finite = "finite" if np.isfinite(features).all() else "not finite"
            raise ValueError(
                f"Finite features of shape [pictures, {len(self.mean)}] are expected. "
                f"Received: {features.shape}, {finite}."
            )
        if len(features):
            mean = features.mean(axis=0)
            self._add(len(features), mean, (features - mean).T @ (features - mean))
        return self

    def arrays(self) -> dict[str, np.ndarray]:
        """Everything, to be written to a file: count, mean and scatter."""
        return {"count": np.array(self.count), "mean": self.mean, "scatter": self.scatter}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, np.ndarray]) -> FeatureStatistics:
        """The same again, from what `arrays` gave.

        Raises:
            KeyError: if one is missing.
        """
        statistics = cls(len(arrays["mean"]))
        statistics.count, statistics.mean = int(arrays["count"]), np.array(arrays["mean"], np.float64)
        statistics.scatter = np.array(arrays["scatter"], np.float64)
        return statistics

    def merge(self, other: FeatureStatistics) -> FeatureStatistics:
        """Add the pictures of other statistics, for example another worker's, and return the object itself."""
        if len(other.mean) != len(self.mean):
            raise ValueError(f"{len(self.mean)} features are expected. Received: {len(other.mean)}.")
        if other.count:
            self._add(other.count, other.mean, other.scatter)
        return self

    def _add(self, count: int, mean: np.ndarray, scatter: np.ndarray) -> None:
        total, step = self.count + count, mean - self.mean
        self.scatter += scatter + np.outer(step, step) * (self.count * count / total)
        self.mean += step * (count / total)
        self.count = total

    def covariance(self) -> np.ndarray:
        """Covariance of the sample, `[features, features]`, divided by count - 1.

        Raises:
            ValueError: if fewer than 2 pictures were seen.
        """
        if self.count < 2:
            raise ValueError(f"A covariance needs at least 2 pictures. Received: {self.count}.")
        return self.scatter / (self.count - 1)


def frechet_distance(first: FeatureStatistics, second: FeatureStatistics) -> float:
    """The module's formula, at least 0.

    Args:
        first: statistics of at least 2 pictures.
        second: likewise, of as many features.

    Raises:
        ValueError: if the numbers of features differ, or pictures are too few.
    """
    if len(first.mean) != len(second.mean):
        raise ValueError(
            f"Statistics of the same features are expected. Received: {len(first.mean)} and {len(second.mean)}."
        )
    one, other = first.covariance(), second.covariance()
    overlap = np.linalg.svd(_factor(one).T @ _factor(other), compute_uv=False).sum()
    distance = np.sum((first.mean - second.mean) ** 2) + np.trace(one) + np.trace(other) - 2 * overlap
    return max(0.0, float(distance))


def _factor(covariance: np.ndarray) -> np.ndarray:
    """F `[features, rank]` with F F' the covariance; eigenvalues that may be nothing but rounding count as 0."""
    values, vectors = np.linalg.eigh(covariance)
    real = values > len(values) * np.finfo(np.float64).eps * np.abs(values).max()
    return vectors[:, real] * np.sqrt(values[real])
