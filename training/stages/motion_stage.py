"""The motion extractor, taught to give clean joints for noisy ones.

Ren et al. 2020, section 3.2.1, Eq. 12: the mean distance of the joints to where they are, over joints and frames; Adam
1e-4. A batch is a dict of `training.data.motion_windows` or `training.data.human36m`: noisy `[batch, frames + 80, 34]`
and clean `[batch, frames, 34]`, 17 y, then 17 x, in the units of the windows (person: halves of the body's height). An
extractor with a shorter receptive field than 81 frames sees the middle of the noisy ones.

Beyond the paper, `acceleration` is the mean length of the error's second difference over time: an error that stays the
same, or changes steadily, costs nothing; one that trembles does.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import tensorflow as tf

from gfla_tf.models import MotionExtractor
from training.stages.stage import Stage
from training.stages.terms import check_weights

__all__ = ["MotionStage", "MotionWeights", "acceleration_error", "joint_error"]

EPSILON = 1e-12  # under the root, whose slope at 0 has no bound


def joint_error(joints: tf.Tensor, clean: tf.Tensor) -> tf.Tensor:
    """Mean per-joint position error, in the units of the joints.

    Args:
        joints: `[batch, frames, 2 * joints]`, all y, then all x.
        clean: likewise, where they are.
    """
    return _mean_length(joints - clean)


def acceleration_error(joints: tf.Tensor, clean: tf.Tensor) -> tf.Tensor:
    """Mean per-joint length of the error's second difference, in the units of the joints a frame a frame.

    Args:
        joints: `[batch, frames, 2 * joints]`, all y, then all x; at least 3 frames.
        clean: likewise, where they are.
    """
    error = joints - clean
    return _mean_length(error[:, 2:] - 2 * error[:, 1:-1] + error[:, :-2])


def _mean_length(vectors: tf.Tensor) -> tf.Tensor:
    y, x = tf.split(vectors, 2, axis=-1)
    return tf.reduce_mean(tf.sqrt(tf.square(y) + tf.square(x) + EPSILON))


@dataclass(frozen=True)
class MotionWeights:
    """What each term counts.

    Attributes:
        mpjpe: mean per-joint position error, the paper's loss.
        acceleration: see the top of the module.
    """

    mpjpe: float = 1.0
    acceleration: float = 0.0

    def __post_init__(self):
        check_weights(vars(self))

    def total(self, terms: Mapping[str, tf.Tensor]) -> tf.Tensor:
        """The weighted sum of terms by name."""
        return tf.add_n([weight * terms[name] for name, weight in vars(self).items() if weight])


class MotionStage(Stage):
    """Keras model that trains a motion extractor; compile it with one optimiser.

    Logs: `mpjpe` and `acceleration`, whose weighted sum is the loss, and the same of the joints that went in,
    `noisy_mpjpe` and `noisy_acceleration`: what is to be beaten.

    Args:
        extractor: the motion extractor to train.
        weights: of the terms; the paper's by default.
        seed: of the channels that are dropped; which ones is a function of it, the step and the replica.
        **kwargs: those of `Stage`.
    """

    def __init__(self, extractor: MotionExtractor, weights: MotionWeights | None = None, seed: int = 0, **kwargs):
        if not isinstance(extractor, MotionExtractor):
            raise ValueError(f"A motion extractor is expected. Received: {type(extractor).__name__}.")
        super().__init__(extractor, weights or MotionWeights(), **kwargs)
        self.seed = seed

    def term_names(self) -> list[str]:
        return ["mpjpe", "acceleration", "noisy_mpjpe", "noisy_acceleration"]

    def call(self, batch: Mapping[str, tf.Tensor], training: bool = False, seed: tf.Tensor | None = None) -> tf.Tensor:
        """The clean joints of a batch, `[batch, frames, 34]`."""
        noisy = self._middle(batch, self.generator.receptive_field - 1)
        return tf.cast(self.generator(noisy, training=training, seed=seed), tf.float32)

    def _middle(self, batch: Mapping[str, tf.Tensor], more: int) -> tf.Tensor:
        """The noisy joints of the window and so many frames around it, half on either side."""
        noisy, frames = batch["noisy"], batch["clean"].shape[1]
        beyond = (noisy.shape[1] - frames - more) // 2
        return noisy[:, beyond : noisy.shape[1] - beyond]

    def compute_terms(
        self, batch: Mapping[str, tf.Tensor], training: bool, seed: tf.Tensor | None = None
    ) -> dict[str, tf.Tensor]:
        """The errors of what comes out and of what goes in, for training and for testing."""
        terms = {}
        for name, joints in (("", self(batch, training=training, seed=seed)), ("noisy_", self._middle(batch, 0))):
            terms[f"{name}mpjpe"] = joint_error(joints, batch["clean"])
            terms[f"{name}acceleration"] = acceleration_error(joints, batch["clean"])
        return terms

    def _dropout_seed(self) -> tf.Tensor:
        step = tf.cast(self.optimizer.iterations, tf.int32)
        replica = tf.distribute.get_replica_context().replica_id_in_sync_group
        return tf.random.fold_in(tf.stack([tf.constant(self.seed, tf.int32), step]), tf.cast(replica, tf.int32))

    def train_step(self, batch: Mapping[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        update = self.make_update("generator")
        with tf.GradientTape() as tape:
            terms = self.compute_terms(batch, training=True, seed=self._dropout_seed())
            loss = self.loss_weights_by_term.total(terms)
            objective = update.objective(loss)
        skipped = update.apply(tape.gradient(objective, update.variables))
        return self.record(**terms, loss=loss, skipped=skipped)

    def test_step(self, batch: Mapping[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        terms = self.compute_terms(batch, training=False)
        return self.record(**terms, loss=self.loss_weights_by_term.total(terms))
