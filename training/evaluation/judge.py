"""The judge of an evaluation: goes through all pairs with a system, batch by batch in constant memory.

What systems draw is rounded to 8 bits before it is judged, as a PNG file would hold it, so that a model and the folder
of pictures that it wrote score the same.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np

from gfla_tf.image_io import from_uint8, to_uint8
from gfla_tf.metrics import load_inception
from gfla_tf.progress import Progress
from training.evaluation.fingerprint import fingerprint
from training.evaluation.hashes import file_sha256
from training.evaluation.pairs import EvaluationPairs, PairBatch
from training.evaluation.protocols import Protocol
from training.evaluation.real_set import find_real_set
from training.evaluation.results import SystemScores
from training.evaluation.scores import FRECHET_NETWORK, Scorer
from training.evaluation.set_features import SetComparison, SetNetwork, of_features, of_inception
from training.evaluation.sheets import draw_sheet
from training.evaluation.systems import Rendered, System
from training.evaluation.unfinished import Tally, Unfinished

__all__ = ["BATCH_SIZE", "Judge", "SetChoice", "rendered_as_stored"]

BATCH_SIZE = 4  # pairs: fixed, because a score's last digits depend on it
SAVED_EVERY = 256  # pairs, whole batches


@dataclass(frozen=True)
class SetChoice:
    """Which numbers of whole sets are wanted.

    Attributes:
        frechet: whether to take those that the protocol has.
        inception: (variant, file of weights) of each Inception to take FID, KID and the Inception score on.
    """

    frechet: bool = True
    inception: tuple[tuple[str, str], ...] = ()


class Judge:
    """Scores systems on the same pairs.

    Args:
        protocol: how.
        pairs: on what.
        cache: folder for the features of real pictures.
        sets: which numbers of whole sets are wanted.

    Attributes:
        protocol: as given.
        data: the pairs.
        fingerprint: of everything that scores depend on besides the system.
        draw_sheet: draws pairs with their results, see `training.evaluation.sheets`.

    Raises:
        ValueError: weights or pictures are missing or can't be read.
    """

    draw_sheet = staticmethod(draw_sheet)

    def __init__(self, protocol: Protocol, pairs: EvaluationPairs, cache: Path, sets: SetChoice | None = None) -> None:
        self.protocol, self.data = protocol, pairs
        self._scorer, self._cache = Scorer(protocol, pairs.layout.annotation_size), cache
        self._networks = _set_networks(self._scorer, sets or SetChoice())
        self._real = find_real_set(pairs, protocol) if self._networks else None
        described = None if self._real is None else self._real.describe()
        hashes = self._scorer.networks | {network.name: network.sha256 for network in self._networks}
        self.fingerprint = fingerprint(protocol, pairs.describe(), hashes, described)

    def judge(self, system: System, unfinished: Unfinished | None = None) -> SystemScores:
        """All scores of a system.

        Args:
            system: what is judged.
            unfinished: holds how far it was judged before, and how far it is now; None to judge it in one go.

        Raises:
            ValueError: its pictures are no images of the targets' size.
        """
        pairs, comparisons = self.data, {}
        for network, real in self._real_features:
            comparisons[network.name] = SetComparison(network, real, len(pairs))
        tally = Tally(comparisons, SAVED_EVERY, unfinished)
        with Progress(len(pairs), "pairs") as progress:
            progress.note = system.name
            progress.add(tally.count, worked=False)
            for batch in pairs.batches(BATCH_SIZE, tally.count):
                rendered = rendered_as_stored(system, batch)
                scores = self._scorer.scores(batch, rendered)  # before comparisons: they share features
                for comparison in comparisons.values():
                    comparison.update(rendered.image)
                tally.add(scores)
                progress.add(len(batch.positions))
        sets = {name: value for comparison in comparisons.values() for name, value in comparison.scores().items()}
        names = tuple(pairs.names(position) for position in range(len(pairs)))
        return SystemScores(names, tally.columns(), sets)

    @cached_property
    def _real_features(self) -> list[tuple]:
        return [(network, self._real.features(network, self._cache)) for network in self._networks]


def _set_networks(scorer: Scorer, sets: SetChoice) -> list[SetNetwork]:
    networks = []
    if scorer.protocol.frechet and sets.frechet:
        networks.append(of_features(FRECHET_NETWORK, scorer.networks[FRECHET_NETWORK], scorer.frechet_features))
    for variant, weights in sets.inception:
        networks.append(of_inception(file_sha256(weights), load_inception(variant, weights)))
    return networks


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
