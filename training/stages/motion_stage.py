"""The motion extractor, taught to give clean joints for noisy ones.

Ren et al. 2020, section 3.2.1, Eq. 12: the mean distance of the joints to where they are, over joints and frames; Adam
1e-4. A batch is a dict of `training.data.motion_windows` or `training.data.human36m`: noisy `[batch, frames + 80, 34]`
and clean `[batch, frames, 34]`, 17 y, then 17 x, in the units of the windows (person: halves of the body's height).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import tensorflow as tf

from gfla_tf.models import MotionExtractor
from training.stages.stage import Stage

__all__ = ["MotionStage", "joint_error"]

EPSILON = 1e-12  # under the root, whose slope at 0 has no bound


def joint_error(joints: tf.Tensor, clean: tf.Tensor) -> tf.Tensor:
    """Mean per-joint position error, in the units of the joints.

    Args:
        joints: `[batch, frames, 2 * joints]`, all y, then all x.
        clean: likewise, where they are.
    """
    y, x = tf.split(joints - clean, 2, axis=-1)
    return tf.reduce_mean(tf.sqrt(tf.square(y) + tf.square(x) + EPSILON))


@dataclass(frozen=True)
class _Weights:
    """The one term of the loss."""

    mpjpe: float = 1.0


class MotionStage(Stage):
    """Keras model that trains a motion extractor; compile it with one optimiser.

    Logs: `mpjpe`, which is the loss, and `noisy_mpjpe`, the error of the joints that went in: what is to be beaten.

    Args:
        extractor: the motion extractor to train.
        clip_norm: largest global norm of the gradients; None for no clipping.
    """

    def __init__(self, extractor: MotionExtractor, clip_norm: float | None = None, **kwargs):
        if not isinstance(extractor, MotionExtractor):
            raise ValueError(f"A motion extractor is expected. Received: {type(extractor).__name__}.")
        super().__init__(extractor, _Weights(), clip_norm=clip_norm, **kwargs)

    def term_names(self) -> list[str]:
        return ["mpjpe", "noisy_mpjpe"]

    def call(self, batch: Mapping[str, tf.Tensor], training: bool = False) -> tf.Tensor:
        """The clean joints of a batch, `[batch, frames, 34]`."""
        return tf.cast(self.generator(batch["noisy"], training=training), tf.float32)

    def compute_terms(self, batch: Mapping[str, tf.Tensor], training: bool) -> dict[str, tf.Tensor]:
        """The error of what comes out and of what goes in, for training and for testing."""
        margin = self.generator.receptive_field // 2
        return {
            "mpjpe": joint_error(self(batch, training=training), batch["clean"]),
            "noisy_mpjpe": joint_error(batch["noisy"][:, margin:-margin], batch["clean"]),
        }

    def train_step(self, batch: Mapping[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        update = self.make_update("generator")
        with tf.GradientTape() as tape:
            terms = self.compute_terms(batch, training=True)
            objective = update.objective(terms["mpjpe"])
        skipped = update.apply(tape.gradient(objective, update.variables))
        return self.record(**terms, loss=terms["mpjpe"], skipped=skipped)

    def test_step(self, batch: Mapping[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        terms = self.compute_terms(batch, training=False)
        return self.record(**terms, loss=terms["mpjpe"])
