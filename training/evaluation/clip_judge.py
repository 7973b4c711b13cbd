"""The judge of clips: goes through all clips with a system, one at a time.

A picture's metric becomes the mean over a clip's frames; flicker and AED are numbers of a clip; FVD and FID-Video are
numbers of all clips of a system together.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from gfla_tf.metrics import FeatureStatistics, I3d, VideoFeatures, feature_distance, flicker, frechet_distance
from gfla_tf.metrics.i3d import i3d_shapes
from gfla_tf.metrics.i3d_weights import read_i3d_state
from gfla_tf.progress import Progress
from training.evaluation.clip_sheets import draw_clip_sheet
from training.evaluation.clips import Clip, EvaluationClips
from training.evaluation.columns import AED, FID_VIDEO, FLICKER, FVD
from training.evaluation.fingerprint import fingerprint
from training.evaluation.hashes import arrays_sha256
from training.evaluation.judge import BATCH_SIZE, rendered_as_stored
from training.evaluation.protocols import Protocol
from training.evaluation.results import SystemScores
from training.evaluation.scores import Scorer
from training.evaluation.systems import Rendered, System
from training.evaluation.unfinished import Tally, Unfinished

__all__ = ["ClipJudge"]

SAVED_EVERY = 8  # clips


class ClipJudge:
    """Scores systems on the same clips.

    Args:
        protocol: how.
        clips: on what.
        videos: whether to take AED, FVD and FID-Video, if the protocol has them; they need the weights of I3D.

    Attributes:
        protocol: as given.
        data: the clips.
        fingerprint: of everything that scores depend on besides the system.
        draw_sheet: draws clips with their results, see `clip_sheets`.

    Raises:
        ValueError: weights are missing or can't be read.
    """

    draw_sheet = staticmethod(draw_clip_sheet)

    def __init__(self, protocol: Protocol, clips: EvaluationClips, videos: bool = True) -> None:
        self.protocol, self.data = protocol, clips
        self._scorer, hashes = Scorer(protocol, clips.true_size), {}
        self._i3d, self._true_features = None, {}
        if protocol.frechet and videos:
            state = read_i3d_state()
            self._i3d = I3d(state)
            hashes["i3d"] = arrays_sha256({name: state[name] for name in i3d_shapes()})
        self.fingerprint = fingerprint(protocol, clips.describe(), self._scorer.networks | hashes)

    def judge(self, system: System, unfinished: Unfinished | None = None) -> SystemScores:
        """All scores of a system.

        Args:
            system: what is judged.
            unfinished: holds how far it was judged before, and how far it is now; None to judge it in one go.

        Raises:
            ValueError: its frames are no images of the true frames' size.
        """
        sets = _VideoSets()
        tally = Tally({"videos": sets}, SAVED_EVERY, unfinished)
        with Progress(len(self.data), "clips") as progress:
            progress.note = system.name
            progress.add(tally.count, worked=False)
            for position in range(tally.count, len(self.data)):
                clip = self.data.read([position])
                rendered = rendered_as_stored(system, clip)
                scores = self._frame_scores(clip, rendered) | self._video_scores(clip, rendered, sets)
                tally.add({name: np.array([value]) for name, value in scores.items()})
                progress.add()
        names = tuple(self.data.names(position) for position in range(len(self.data)))
        return SystemScores(names, tally.columns(), sets.scores())

    def _frame_scores(self, clip: Clip, rendered: Rendered) -> dict[str, float]:
        """Means over the frames; of those that have a number."""
        starts = range(0, len(rendered.image), BATCH_SIZE)
        parts = [
            self._scorer.scores(piece, Rendered(rendered.image[start : start + BATCH_SIZE]))
            for start, piece in zip(starts, clip.pieces(BATCH_SIZE), strict=True)
        ]
        return {name: _mean(np.concatenate([part[name] for part in parts])) for name in parts[0]}

    def _video_scores(self, clip: Clip, rendered: Rendered, sets: _VideoSets) -> dict[str, float]:
        """Numbers of the clip as a whole; its features go to the sets."""
        scores, video = {}, rendered.image[np.newaxis]
        if clip.step_flow is not None:
            scores[FLICKER] = float(flicker(video, clip.step_flow[np.newaxis], clip.step_visible[np.newaxis])[0])
        if self._i3d is not None:
            (position,) = clip.positions
            if position not in self._true_features:
                self._true_features[position] = self._i3d(clip.target_image[np.newaxis])
            true, made = self._true_features[position], self._i3d(video)
            scores[AED] = float(feature_distance(true.pooled, made.pooled)[0])
            sets.add(true, made)
        return scores


class _VideoSets:
    """Features of true and generated clips, added up."""

    def __init__(self) -> None:
        self._statistics: dict[str, tuple[FeatureStatistics, FeatureStatistics]] = {}

    def add(self, true: VideoFeatures, made: VideoFeatures) -> None:
        for column, pair in ((FVD, (true.logits, made.logits)), (FID_VIDEO, (true.pooled, made.pooled))):
            size = pair[0].shape[1]
            kept = self._statistics.setdefault(column, (FeatureStatistics(size), FeatureStatistics(size)))
            for statistics, features in zip(kept, pair, strict=True):
                statistics.update(features)

    def arrays(self) -> dict[str, np.ndarray]:
        """Everything, to be written to a file."""
        return {
            f"{column} {place} {name}": array
            for column, pair in self._statistics.items()
            for place, statistics in enumerate(pair)
            for name, array in statistics.arrays().items()
        }

    def restore(self, arrays: Mapping[str, np.ndarray]) -> None:
        """Go on from what `arrays` gave."""
        for column in dict.fromkeys(name.split()[0] for name in arrays):
            self._statistics[column] = tuple(
                FeatureStatistics.from_arrays(
                    {name: arrays[f"{column} {place} {name}"] for name in ("count", "mean", "scatter")}
                )
                for place in range(2)
            )

    def scores(self) -> dict[str, float]:
        """Nothing where there are fewer than two clips."""
        return {name: frechet_distance(*pair) for name, pair in self._statistics.items() if pair[0].count > 1}


def _mean(values: np.ndarray) -> float:
    """The mean of those that are defined; NaN if none is."""
    defined = values[~np.isnan(values)]
    return float(defined.mean()) if len(defined) else float("nan")
