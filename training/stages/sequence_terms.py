"""The terms of the sequence stage: those of a picture for every frame, and the flows to both sources.

Frames of a clip and clips of a batch are one batch of pictures here, `[clips * frames, ...]`, clip by clip: every term
is a mean over pictures, so that means over frames (Ren et al. 2020, Eq. 18) come by themselves.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import tensorflow as tf

from training.data.clip_truth import SOURCES
from training.stages.terms import IMAGE_WEIGHTS, Features, LossWeights, flow_terms

__all__ = ["SEQUENCE_WEIGHTS", "SequenceWeights", "as_clips", "as_pictures", "both_flow_terms", "both_features"]
__all__ += ["is_truth"]


@dataclass(frozen=True)
class SequenceWeights(LossWeights):
    """What each term counts: those of `LossWeights`, where terms of flows are sums over both sources, and one more.

    Attributes:
        temporal: the temporal discriminator's verdict.
    """

    temporal: float = 0.0

    def __post_init__(self):
        super().__post_init__()
        if self.hidden or self.regions:
            raise ValueError(
                "Clips have no terms hidden and regions. "
                f"Received: weights of hidden, {self.hidden}, and regions, {self.regions}."
            )


SEQUENCE_WEIGHTS = SequenceWeights(**vars(IMAGE_WEIGHTS), temporal=IMAGE_WEIGHTS.adversarial)


def as_pictures(clips: tf.Tensor) -> tf.Tensor:
    """`[clips, frames, ...]` as `[clips * frames, ...]`."""
    rest = clips.shape[2:]
    return tf.ensure_shape(tf.reshape(clips, tf.concat([[-1], tf.shape(clips)[2:]], axis=0)), [None, *rest])


def as_clips(pictures: tf.Tensor, frames: int) -> tf.Tensor:
    """`[clips * frames, ...]` as `[clips, frames, ...]`."""
    shape = tf.concat([[-1, frames], tf.shape(pictures)[1:]], axis=0)
    return tf.ensure_shape(tf.reshape(pictures, shape), [None, frames, *pictures.shape[1:]])


def is_truth(name: str) -> bool:
    """Whether a batch's entry is about exact flow: previous_flow_level2, reference_visible_level3, ..."""
    return name.startswith(SOURCES) and "_level" in name


def both_features(
    reference: Mapping[str, tf.Tensor], before: Mapping[str, tf.Tensor], targets: Mapping[str, tf.Tensor], frames: int
) -> dict[str, Features]:
    """What the flows to both sources are judged by: the previous flow by the true previous frame.

    Args:
        reference: a backbone's maps by layer of the reference image, `[clips, h, w, c]`.
        before: likewise of the true frame before the first one.
        targets: likewise of the frames, `[clips * frames, h, w, c]`.
        frames: of a clip.

    Returns:
        By the source's name, maps `[clips * frames, h, w, c]` of the source and of the frames.
    """
    previous, repeated = {}, {}
    for layer, maps in targets.items():
        shifted = [before[layer][:, tf.newaxis], as_clips(maps, frames)[:, :-1]]
        previous[layer] = as_pictures(tf.concat(shifted, axis=1))
        repeated[layer] = tf.repeat(reference[layer], frames, axis=0)
    return {"previous": Features(previous, targets), "reference": Features(repeated, targets)}


def both_flow_terms(
    weights: LossWeights,
    kernels: Mapping[int, int],
    outputs: Mapping[str, list[tf.Tensor]],
    truth: Mapping[str, tf.Tensor],
    features: Mapping[str, Features],
    watched: Collection[str] = (),
) -> dict[str, tf.Tensor]:
    """`terms.flow_terms` summed over both sources.

    Args:
        weights: which terms are wanted.
        kernels: level -> side of local attention's patches, coarsest first, as the generator has them.
        outputs: "flows" and "masks" of the sequence generator, previous before reference within a level.
        truth: "previous_flow_level2" `[clips * frames, h, w, 2]` and so on, where terms need it.
        features: of `both_features`; empty where no term needs any.
        watched: see `flow_terms`.
    """
    sums: dict[str, tf.Tensor] = {}
    for number, source in enumerate(SOURCES):
        own = {name: outputs[name][number :: len(SOURCES)] for name in ("flows", "masks")}
        exact = {name.removeprefix(f"{source}_"): value for name, value in truth.items() if name.startswith(source)}
        terms = flow_terms(weights, kernels, own, exact, features.get(source, Features()), watched)
        sums = {name: sums.get(name, 0.0) + value for name, value in terms.items()}
    return sums
