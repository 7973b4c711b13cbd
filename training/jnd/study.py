"""A study: what each rater sees.

A rater sees some pictures of every model, in an order of the rater's own, real and generated one in random order, and
between them *checks*: a real picture beside one whose tiles are mixed up, where nobody who looks can be wrong. All of
it follows from the study and the rater's name, so that a rater who was interrupted can go on.

Raters know pictures by *tokens*, which tell nothing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from training.jnd.comparisons import Comparison

__all__ = ["Study", "StudySettings", "Trial"]


@dataclass(frozen=True)
class StudySettings:
    """How raters are asked.

    Attributes:
        milliseconds: how long each picture is shown, at least 50.
        pictures: of each model that a rater sees; fewer where there are fewer. At least 1.
        checks: of attention that a rater gets, 0 or more.
        seed: of all draws, 0 or more.
    """

    milliseconds: int = 1000
    pictures: int = 20
    checks: int = 4
    seed: int = 0

    def __post_init__(self) -> None:
        if self.milliseconds < 50 or self.pictures < 1 or self.checks < 0:
            raise ValueError(
                "At least 50 milliseconds, 1 picture and 0 checks are expected. "
                f"Received: {self.milliseconds}, {self.pictures}, {self.checks}."
            )
        if self.seed < 0:
            raise ValueError(f"A seed of 0 or more is expected. Received: {self.seed}.")


@dataclass(frozen=True)
class Trial:
    """What a rater sees once.

    Attributes:
        number: of the trial among the rater's, from 0.
        comparison: what is compared.
        tokens: of the first and the second picture.
        real: which of them is real, 0 or 1.
    """

    number: int
    comparison: Comparison
    tokens: tuple[str, str]
    real: int


class Study:
    """See the module's text.

    Args:
        comparisons: of all models.
        checks: comparisons that check attention; at least one if the settings want any.
        settings: how raters are asked.

    Attributes:
        settings: as given.
        models: names, in order.
        files: token -> picture, of all that may be shown.
    """

    def __init__(
        self, comparisons: Sequence[Comparison], checks: Sequence[Comparison], settings: StudySettings
    ) -> None:
        self.settings, self._checks = settings, list(checks)
        self._by_model: dict[str, list[Comparison]] = {}
        for comparison in comparisons:
            self._by_model.setdefault(comparison.model, []).append(comparison)
        self.models = tuple(self._by_model)
        self.files = {
            self._token(comparison, role): getattr(comparison, role)
            for comparison in (*comparisons, *checks)
            for role in ("real", "generated")
        }

    def trials(self, rater: str) -> list[Trial]:
        """All trials of a rater, in order."""
        random = np.random.default_rng([self.settings.seed, _number(rater)])
        seen = [
            comparisons[place]
            for comparisons in self._by_model.values()
            for place in random.permutation(len(comparisons))[: self.settings.pictures]
        ]
        order = [seen[place] for place in random.permutation(len(seen))]
        for number in range(self.settings.checks):  # evenly among the others
            place = (number + 1) * len(order) // (self.settings.checks + 1)
            order.insert(place, self._checks[random.integers(len(self._checks))])
        return [self._trial(number, one, int(random.integers(2))) for number, one in enumerate(order)]

    def _trial(self, number: int, comparison: Comparison, real: int) -> Trial:
        tokens = [self._token(comparison, role) for role in ("generated", "real")]
        return Trial(number, comparison, (tokens[1 - real], tokens[real]), real)

    def _token(self, comparison: Comparison, role: str) -> str:
        # Of the comparison, not of the file: a real picture that is seen twice does not give itself away.
        text = "\n".join([str(self.settings.seed), comparison.model, comparison.name, role])
        return hashlib.sha256(text.encode()).hexdigest()[:24]


def _number(text: str) -> int:
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")
