"""Texture fetched by the exact flow while the flow estimator is still wrong: teacher forcing.

An estimated flow that is some pixels off makes the mean colour of a print the best guess, which a renderer then learns
to give. From exact ones it learns to carry prints over.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import tensorflow as tf

__all__ = ["ExactFlowShare", "choose_pictures", "put_exact_flows"]

_GOLDEN = 0.6180339887498949  # its multiples are spread evenly over the circle


@dataclass(frozen=True)
class ExactFlowShare:
    """How many of a step's pictures are textured by the exact flow: a share that changes evenly from step to step.

    Attributes:
        first: the share at the first step, in [0, 1].
        last: likewise after `steps` steps, and ever after.
        steps: of the optimiser, at least 1.
    """

    first: float = 0.0
    last: float = 0.0
    steps: int = 1

    def __post_init__(self) -> None:
        if not (0 <= self.first <= 1 and 0 <= self.last <= 1 and self.steps >= 1):
            raise ValueError(f"Shares in [0, 1] and at least 1 step are expected. Received: {self}.")

    def __bool__(self) -> bool:
        return bool(self.first or self.last)

    def at(self, step: tf.Tensor) -> tf.Tensor:
        """The share at a step, a float64 scalar."""
        progress = tf.minimum(tf.cast(step, tf.float64) / self.steps, 1.0)
        return self.first + (self.last - self.first) * progress


def choose_pictures(index: tf.Tensor, step: tf.Tensor, share: float | tf.Tensor) -> tf.Tensor:
    """Which pictures of a batch are in the share: bool `[batch]`.

    It follows from the number of the pair and of the step alone, so that a resumed run, and a batch that several
    workers share, choose the same. Each pair is chosen in that share of the steps.

    Args:
        index: int64 `[batch]`, numbers of the pairs.
        step: integer scalar.
        share: in [0, 1]; float64 if it is a tensor.
    """
    place = tf.cast(index, tf.float64) * _GOLDEN + tf.cast(step, tf.float64) * _GOLDEN**2
    return place - tf.floor(place) < share


def put_exact_flows(
    flows: Sequence[tf.Tensor], batch: Mapping[str, tf.Tensor], levels: Sequence[int], chosen: tf.Tensor
) -> list[tf.Tensor]:
    """The flows with the exact ones in their place in the chosen pictures.

    A position of a level covers several pixels; what most of it shows counts: points of the person that the source
    shows, or hides (there the exact flow leads to what is in front), or background in both pictures, which does not
    move. Where most of it shows something that the source has nowhere, the estimated flow stays.

    Args:
        flows: one `[batch, h, w, 2]` a level, in pixels of the level.
        batch: holds flow_levelN, visible_levelN, hidden_flow_levelN, hidden_levelN and background_levelN, as
            `training.data.fashion` gives.
        levels: of the flows.
        chosen: bool `[batch]`.
    """
    mixed = []
    for flow, level in zip(flows, levels, strict=True):
        visible, hidden, still = (batch[f"{name}_level{level}"] for name in ("visible", "hidden", "background"))
        moving = tf.where(visible >= hidden, batch[f"flow_level{level}"], batch[f"hidden_flow_level{level}"])
        exact = tf.where(visible + hidden >= still, moving, 0.0)
        known = visible + hidden + still > 0.5
        exact = tf.cast(exact, flow.dtype)
        mixed.append(tf.where(known & chosen[:, tf.newaxis, tf.newaxis, tf.newaxis], exact, flow))
    return mixed
