"""The judge of an evaluation: goes through all pairs with a system, batch by batch in constant memory.

What systems draw is rounded to 8 bits before it is judged, as a PNG file would hold it, so that a model and the folder
of pictures that it wrote score the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path

import numpy as np

from gfla_tf.image_io import from_uint8, to_uint8
from gfla_tf.metrics import FeatureStatistics, frechet_distance
from gfla_tf.progress import Progress
from training.evaluation.columns import FRECHET
from training.evaluation.fingerprint import fingerprint
from training.evaluation.pairs import EvaluationPairs, PairBatch
from training.evaluation.protocols import Protocol
from training.evaluation.real_set import find_real_set
from training.evaluation.results import SystemScores
from training.evaluation.scores import FRECHET_NETWORK, Scorer
from training.evaluation.systems import Rendered, System

__all__ = ["BATCH_SIZE", "Judge", "rendered_as_stored"]

BATCH_SIZE = 4  # pairs: fixed, because a score's last digits depend on it


class Judge:
    """Scores systems on the same pairs.

    Args:
        protocol: how.
        pairs: on what.
        cache: folder for the statistics of real pictures.
        frechet: whether to take the Frechet distance where the protocol has one.

    Attributes:
        protocol: as given.
        pairs: as given.
        fingerprint: of everything that scores depend on besides the system.

    Raises:
        ValueError: weights or pictures are missing or can't be read.
    """

    def __init__(self, protocol: Protocol, pairs: EvaluationPairs, cache: Path, frechet: bool = True) -> None:
        self.protocol, self.pairs = protocol, pairs
        self._scorer, self._cache = Scorer(protocol), cache
        self._real = find_real_set(pairs, protocol) if protocol.frechet and frechet else None
        described = None if self._real is None else self._real.describe()
        self.fingerprint = fingerprint(protocol, pairs, self._scorer.networks, described)

    def judge(self, system: System) -> SystemScores:
        """All scores of a system.

        Raises:
            ValueError: its pictures are no images of the targets' size.
        """
        parts, sets = [], {}
        features = None if self._real is None else FeatureStatistics(len(self._real_statistics.mean))
        with Progress(len(self.pairs), "pairs") as progress:
            progress.note = system.name
            for batch in self.pairs.batches(BATCH_SIZE):
                rendered = rendered_as_stored(system, batch)
                parts.append(self._scorer.scores(batch, rendered))
                if features is not None:
                    features.update(self._scorer.frechet_network.pooled(rendered.image))
                progress.add(len(batch.positions))
        if features is not None:
            sets[FRECHET] = frechet_distance(self._real_statistics, features)
        names = tuple(self.pairs.names(position) for position in range(len(self.pairs)))
        return SystemScores(names, _joined(parts), sets)

    @cached_property
    def _real_statistics(self) -> FeatureStatistics:
        network = self._scorer.frechet_network
        return self._real.statistics(network, self._scorer.networks[FRECHET_NETWORK], self._cache)


def _joined(parts: Sequence[dict[str, np.ndarray]]) -> dict[str, np.ndarray]:
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def rendered_as_stored(system: System, batch: PairBatch) -> Rendered:
    """What a system makes of a batch, rounded to 8 bits.

    Raises:
        ValueError: its pictures are no images of the targets' size.
    """
    rendered = system.render(batch)
    finite = np.isfinite(rendered.image).all()
    if rendered.image.shape != batch.target_image.shape or not finite:
        raise ValueError(
            f"{system.name}: finite pictures of shape {batch.target_image.shape} are expected. "
            f"Received: {rendered.image.shape}, {'' if finite else 'not '}finite."
        )
    return replace(rendered, image=from_uint8(to_uint8(rendered.image)))
