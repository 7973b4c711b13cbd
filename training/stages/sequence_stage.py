"""The sequence generator, taught on clips: each frame from the one that it generated before.

Ren et al. 2020, section 3.2.2: the terms of the image stage, as means over frames, for the flows to both sources; an
image discriminator judges one frame of several, drawn at random, and a temporal discriminator all of them. A clip is
gone through a few frames at a time, a window. For each window generator and discriminators take a step, with gradients
from the same weights; the last frame generated is where the next window begins.

A batch is a dict of `training.data.clips`: reference_image `[clips, height, width, 3]`, reference_pose `[clips, height,
width, channels]`, target_images and target_poses `[clips, frames, ...]`; target_masks and exact flows where they are
needed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import keras
import tensorflow as tf

from gfla_tf.losses import adversarial
from gfla_tf.models import SequenceGenerator, TemporalDiscriminator
from training.stages.image_stage import ImageStage
from training.stages.optimization import SafeUpdate, update_average
from training.stages.sequence_terms import (
    SEQUENCE_WEIGHTS,
    SequenceWeights,
    as_clips,
    as_pictures,
    both_features,
    both_flow_terms,
    is_truth,
)
from training.stages.stage import build_once
from training.stages.terms import Features, features_of
from training.stages.unrolling import render_window

__all__ = ["SequenceStage"]

TEMPORAL = "temporal_discriminator"
SETTLED_SIDE, SETTLING_STEPS = 64, 20


class SequenceStage(ImageStage):
    """Keras model that trains a sequence generator.

    Compile it with `optimizer`, and with `discriminator_optimizer` and `temporal_optimizer` for the discriminators that
    it has. Optimisers take a step for each window, several in a step of `fit`.

    Args:
        generator: the sequence generator.
        discriminator: judges single frames; None if the adversarial term has no weight.
        temporal_discriminator: judges windows; None if the temporal term has no weight.
        weights: of the terms; the paper's by default.
        window: frames that are gone through at once; clips must have a multiple of it.
        person_mask: compare and judge the person only: outside of target_masks, the true frame stands in.
        recompute: keep only what comes out of each frame, and compute the rest again for the gradients: less memory,
            but longer.
        **kwargs: those of `ImageStage`.
    """

    def __init__(
        self,
        generator: SequenceGenerator,
        discriminator=None,
        temporal_discriminator: TemporalDiscriminator | None = None,
        weights: SequenceWeights = SEQUENCE_WEIGHTS,
        window: int = TemporalDiscriminator.frames,
        person_mask: bool = False,
        recompute: bool = False,
        **kwargs,
    ):
        if not isinstance(generator, SequenceGenerator):
            raise ValueError(f"A sequence generator is expected. Received: {type(generator).__name__}.")
        super().__init__(generator, discriminator, weights, **kwargs)
        if (weights.temporal > 0) != (temporal_discriminator is not None):
            raise ValueError("A temporal discriminator goes with a weight of the temporal term. Received: only one.")
        if window < 1:
            raise ValueError(f"window must be at least 1 frame. Received: {window}.")
        if temporal_discriminator is not None and window != temporal_discriminator.frames:
            raise ValueError(
                f"window must be the temporal discriminator's {temporal_discriminator.frames} frames. "
                f"Received: {window}."
            )
        self.temporal_discriminator = temporal_discriminator
        self.window, self.person_mask, self.recompute = window, person_mask, recompute
        if discriminator is not None:
            _settle(discriminator, tf.zeros([1, SETTLED_SIDE, SETTLED_SIDE, 3]))
        if temporal_discriminator is not None:
            build_once(temporal_discriminator)
            _settle(temporal_discriminator, tf.zeros([1, window, SETTLED_SIDE, SETTLED_SIDE, 3]))
            self.term_metrics[TEMPORAL] = keras.metrics.Mean(name=TEMPORAL)
            self.add_loss_scale("generator", temporal_discriminator)
            self.add_loss_scale(TEMPORAL, temporal_discriminator)
        # Traced once, though a step goes through several windows.
        self._traced_gradients = tf.function(self.window_gradients, autograph=False)

    def compile(self, optimizer, discriminator_optimizer=None, temporal_optimizer=None, **kwargs) -> None:
        if self.temporal_discriminator is not None and temporal_optimizer is None:
            raise ValueError("A temporal discriminator needs a temporal_optimizer. Received: None.")
        self.temporal_optimizer = temporal_optimizer
        super().compile(optimizer, discriminator_optimizer, **kwargs)

    def networks(self) -> dict[str, keras.Model]:
        return self._with_temporal(super().networks(), lambda: self.temporal_discriminator)

    def optimizers_by_name(self) -> dict[str, keras.optimizers.Optimizer]:
        return self._with_temporal(super().optimizers_by_name(), lambda: self.temporal_optimizer)

    def trained_variables(self) -> dict[str, list]:
        variables = super().trained_variables()
        return self._with_temporal(variables, lambda: self.temporal_discriminator.trainable_variables)

    def _with_temporal(self, entries: dict, entry) -> dict:
        return entries if self.temporal_discriminator is None else {**entries, TEMPORAL: entry()}

    def call(self, batch: Mapping[str, tf.Tensor]) -> tf.Tensor:
        """What the generator (its moving average if there is one) makes of a batch, `[clips, frames, ..., 3]`."""
        generator = self.generator if self.average is None else self.average
        inputs = (batch[name] for name in ("reference_image", "reference_pose", "target_poses"))
        return tf.cast(generator.generate(*inputs), tf.float32)

    def windows(self, batch: Mapping[str, tf.Tensor]) -> Iterator[dict[str, tf.Tensor]]:
        """Cut a batch: what belongs to frames has `window` of them; "before_image" is the true frame before these."""
        frames = batch["target_images"].shape[1]
        if not frames or frames % self.window:
            raise ValueError(f"Clips of a multiple of {self.window} frames are expected. Received: {frames}.")
        timed = [name for name in batch if name.startswith("target_") or is_truth(name)]
        constant = {name: batch[name] for name in ("reference_image", "reference_pose")}
        for start in range(0, frames, self.window):
            before = batch["target_images"][:, start - 1] if start else batch["reference_image"]
            cut = {name: batch[name][:, start : start + self.window] for name in timed}
            yield {**constant, "before_image": before, **cut}

    def window_terms(
        self, window: Mapping[str, tf.Tensor], outputs: Mapping, judged: tf.Tensor, part: tf.Tensor | None = None
    ) -> dict[str, tf.Tensor]:
        """The generator's terms by name, for training and for testing.

        Args:
            window: of `windows`.
            outputs: of `unrolling.render_window`.
            judged: number of the frame that the image discriminator looks at.
            part: (top, left) of the part that is compared, as `compared_window` says; None for whole pictures.
        """
        targets = as_pictures(window["target_images"])
        image, features = self._shown(window, outputs["image"]), self._true_features(window, targets)
        maps = features["previous"].target if features else None
        terms = self.compare_pictures(image, targets, maps, part)
        truth = {name: as_pictures(value) for name, value in window.items() if is_truth(name)}
        kernels = self.generator.attention_kernels
        terms |= both_flow_terms(self.loss_weights_by_term, kernels, outputs, truth, features, self.watched)
        clips = self.judged_part(as_clips(image, self.window), part)
        if self.discriminator is not None:
            terms["adversarial"] = adversarial(self.discriminator(clips[:, judged]), True, self.kind, generator=True)
        if self.temporal_discriminator is not None:
            terms["temporal"] = adversarial(self.temporal_discriminator(clips), True, self.kind, generator=True)
        return terms

    def _shown(self, window: Mapping[str, tf.Tensor], image: tf.Tensor) -> tf.Tensor:
        """The generated frames as they are compared and judged."""
        if not self.person_mask:
            return image
        mask, target = (as_pictures(window[name]) for name in ("target_masks", "target_images"))
        return mask * image + (1.0 - mask) * target

    def _judged_clips(
        self, window: Mapping[str, tf.Tensor], frames: tf.Tensor, part: tf.Tensor | None = None
    ) -> list[tf.Tensor]:
        """What the discriminators are to tell apart, `[clips, window, height, width, 3]` each."""
        shown = as_clips(self._shown(window, as_pictures(frames)), self.window)
        return [self.judged_part(clips, part) for clips in (window["target_images"], shown)]

    def _true_features(self, window: Mapping[str, tf.Tensor], targets: tf.Tensor) -> dict[str, Features]:
        if self.backbone is None:
            return {}
        pictures = (window["reference_image"], window["before_image"], targets)
        maps = [tf.nest.map_structure(tf.stop_gradient, features_of(self.backbone, image)) for image in pictures]
        return both_features(*maps, self.window)

    def window_gradients(
        self, window: Mapping[str, tf.Tensor], image: tf.Tensor, pose: tf.Tensor, judged: tf.Tensor, part
    ) -> tuple[list, dict[str, tf.Tensor], tf.Tensor]:
        """The generator's gradients for a window, its terms and its frames `[clips, window, height, width, 3]`."""
        update = self._generator_update()
        with tf.GradientTape() as tape:
            outputs = render_window(self.generator, window, image, pose, self.recompute)
            terms = self.window_terms(window, outputs, judged, part)
            objective = update.objective(self.loss_weights_by_term.total(terms))
        return tape.gradient(objective, update.variables), terms, as_clips(outputs["image"], self.window)

    def train_step(self, batch: Mapping[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        image, pose, results = batch["reference_image"], batch["reference_pose"], []
        for window in self.windows(batch):
            judged, part = self._draw_frame(), self._draw_window(image)
            gradients, terms, frames = self._traced_gradients(window, image, pose, judged, part)
            losses, judge_skipped = self._train_judges(window, frames, judged, part)
            skipped = self._generator_update().apply(gradients)
            if self.average is not None:
                update_average(self.average.weights, self.generator.weights, self.average_decay)
            image, pose = frames[:, -1], window["target_poses"][:, -1]
            loss = self.loss_weights_by_term.total(terms)
            results.append({**terms, **losses, "loss": loss, "skipped": tf.maximum(skipped, judge_skipped)})
        return self.record(**_mean(results))

    def _train_judges(
        self, window: Mapping[str, tf.Tensor], frames: tf.Tensor, judged: tf.Tensor, part: tf.Tensor | None
    ) -> tuple[dict[str, tf.Tensor], tf.Tensor]:
        """One step of each discriminator: losses by name, and 1.0 if one was left out."""
        real, shown = self._judged_clips(window, frames, part)
        losses, skipped = self.train_judge("discriminator", real[:, judged], shown[:, judged])
        temporal_losses, temporal_skipped = self.train_judge(TEMPORAL, real, shown)
        return {**losses, **temporal_losses}, tf.maximum(skipped, temporal_skipped)

    def _draw_frame(self) -> tf.Tensor:
        """The frame of a window to judge; drawn from the optimiser's count, so that a resumed run draws it again."""
        step = tf.cast(self.optimizer.iterations, tf.int32)
        return tf.random.stateless_uniform([], tf.stack([step, 1]), maxval=self.window, dtype=tf.int32)

    def _generator_update(self) -> SafeUpdate:
        estimators = (self.generator.previous_flow_estimator, self.generator.reference_flow_estimator)
        held = [variable for estimator in estimators for variable in estimator.trainable_variables]
        return self.make_update("generator", held=held, held_steps=self.frozen_flow_steps, held_rate=self.flow_rate)

    def test_step(self, batch: Mapping[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        image, pose, results = batch["reference_image"], batch["reference_pose"], []
        middle = tf.constant(self.window // 2)
        for window in self.windows(batch):
            outputs = render_window(self.generator, window, image, pose)
            terms = self.window_terms(window, outputs, middle)
            frames = as_clips(outputs["image"], self.window)
            losses = self._judge_losses(window, frames, middle)
            image, pose = frames[:, -1], window["target_poses"][:, -1]
            results.append({**terms, **losses, "loss": self.loss_weights_by_term.total(terms)})
        return self.record(**_mean(results))

    def _judge_losses(
        self, window: Mapping[str, tf.Tensor], frames: tf.Tensor, judged: tf.Tensor
    ) -> dict[str, tf.Tensor]:
        """The losses of the discriminators by name, in testing."""
        real, shown = self._judged_clips(window, frames)
        pairs = {"discriminator": (real[:, judged], shown[:, judged]), TEMPORAL: (real, shown)}
        networks = self.networks()
        return {
            name: self.judge_loss(networks[name], *pair, training=False)
            for name, pair in pairs.items()
            if name in networks
        }


def _settle(judge: keras.Model, anything: tf.Tensor) -> None:
    """Let a fresh discriminator's spectral norms find their values: it judges before it takes its first step."""
    for _ in range(SETTLING_STEPS):
        judge(anything, training=True)


def _mean(results: list[dict[str, tf.Tensor]]) -> dict[str, tf.Tensor]:
    """The means of numbers by name."""
    return {name: tf.add_n([result[name] for result in results]) / len(results) for name in results[0]}
