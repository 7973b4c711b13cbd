"""The Inception score: are pictures like one of a network's classes each, and like many of them together?

    exp(mean over pictures of KL(p(class | picture) || p(class))), p(class) = the mean of p(class | picture)

between 1 and the number of classes, more is taken for better. It never looks at a real picture, so that a model can
have a high score and draw nothing of what was asked for: it is reported because tables have it; rank by others.

Reference: Salimans et al., "Improved techniques for training GANs", NeurIPS 2016. There, the mean of the scores of ten
parts of the pictures is taken; here, the score of all of them, which is somewhat higher.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

__all__ = ["InceptionScore"]

TOLERANCE = 1e-3


class InceptionScore:
    """The score of pictures, batch by batch in constant memory, in float64.

    Attributes:
        count: how many pictures were seen.
    """

    def __init__(self) -> None:
        self.count = 0
        self._sums, self._negative_entropy = np.zeros(1), 0.0

    def update(self, probabilities) -> InceptionScore:
        """Add pictures, and return the object itself.

        Args:
            probabilities: `[pictures, classes]`, of sum 1.

        Raises:
            ValueError: if they are none.
        """
        probabilities = np.asarray(probabilities, np.float64)
        sums = probabilities.sum(axis=-1)
        if probabilities.ndim != 2 or probabilities.min(initial=0) < 0 or not np.allclose(sums, 1, atol=TOLERANCE):
            raise ValueError(f"Probabilities [pictures, classes] are expected. Received: {probabilities.shape}.")
        probabilities = probabilities / sums[:, np.newaxis]
        self.count += len(probabilities)
        self._sums = self._sums + probabilities.sum(axis=0)
        self._negative_entropy += float(_times_log(probabilities).sum())
        return self

    def arrays(self) -> dict[str, np.ndarray]:
        """Everything, to be written to a file."""
        return {"count": np.array(self.count), "sums": self._sums, "entropy": np.array(self._negative_entropy)}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, np.ndarray]) -> InceptionScore:
        """The same again, from what `arrays` gave.

        Raises:
            KeyError: if one is missing.
        """
        score = cls()
        score.count, score._sums = int(arrays["count"]), np.array(arrays["sums"], np.float64)
        score._negative_entropy = float(arrays["entropy"])
        return score

    def result(self) -> float:
        """The score.

        Raises:
            ValueError: if there was no picture.
        """
        if not self.count:
            raise ValueError("An Inception score needs at least 1 picture. Received: 0.")
        return float(np.exp(self._negative_entropy / self.count - _times_log(self._sums / self.count).sum()))


def _times_log(values: np.ndarray) -> np.ndarray:
    """Each value p as p log p, 0 for 0."""
    return values * np.log(np.where(values > 0, values, 1))
