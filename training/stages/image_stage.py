"""Second stage: the whole generator against a discriminator.

Ren et al. 2020: L1 5, correctness 5, adversarial 2, style 500, perceptual 0.5, regularisation 0.0025; Adam 1e-4 with
momenta 0 and 0.999, the discriminator at a tenth of the rate. Discriminator and generator learn from one forward pass,
the discriminator first.
"""

from __future__ import annotations

from collections.abc import Mapping

import keras
import tensorflow as tf

from gfla_tf.losses import PERCEPTUAL_LAYERS, STYLE_LAYERS, Backbone, adversarial, layers_of_network
from gfla_tf.models import ImageDiscriminator
from training.stages.exact_flow import ExactFlowShare, choose_pictures, put_exact_flows
from training.stages.optimization import SafeUpdate, update_average
from training.stages.stage import Stage, build_once
from training.stages.terms import (
    IMAGE_WEIGHTS,
    Features,
    LossWeights,
    features_of,
    flow_terms,
    full_precision_outputs,
    picture_terms,
    reference_features,
)

__all__ = ["ImageStage"]

NO_EXACT_FLOW = ExactFlowShare()


def frozen_copy(generator: keras.Model) -> keras.Model:
    """A network with the same weights that is not trained."""
    copy = type(generator).from_config(generator.get_config())
    copy.build(None)
    copy.set_weights(generator.get_weights())
    copy.trainable = False
    return copy


def compared_layers(backbone: Backbone, layers: tuple[str, ...]) -> tuple[str, ...]:
    """Those of the paper's layers that a backbone gives; ValueError if there is none."""
    found = tuple(layer for layer in layers_of_network(backbone.network, layers) if layer in backbone.wanted)
    if not found:
        raise ValueError(f"A backbone with some of {', '.join(layers)} is expected. Received: {backbone.wanted}.")
    return found


def cut_window(image: tf.Tensor, corner: tf.Tensor, size: tuple[int, int]) -> tf.Tensor:
    """The part of pictures `[..., height, width, 3]` with its (top, left) at `corner` and of (height, width) `size`."""
    top, left = tf.unstack(corner)
    part = image[..., top : top + size[0], left : left + size[1], :]
    return tf.ensure_shape(part, [*image.shape[:-3], *size, 3])


class ImageStage(Stage):
    """Keras model that trains a generator; compile it with `optimizer` and `discriminator_optimizer`.

    Perceptual and style terms compare those of the paper's layers that the backbone gives.

    Args:
        generator: the person generator.
        discriminator: judges pictures; None if the adversarial term has no weight.
        weights: of the terms; the paper's by default.
        kind: of the adversarial loss, see `gfla_tf.losses.adversarial`.
        average_decay: of the generator's moving average, kept in `average`; None keeps none.
        compared_window: (height, width) in pixels of the part of a picture that perceptual and style compare in a
            training step; where it lies is drawn anew each step, alike for the batch. None for whole pictures.
        judged_in_window: whether discriminators, too, see nothing but that part in a training step.
        frozen_flow_steps: of the optimiser, in which the flow estimator does not move yet. The optimiser's statistics
            follow its gradients already.
        flow_rate: the flow estimator's learning rate as a part of the generator's.
        exact_flow_share: of the pictures of a training step, in which texture is fetched by the exact flow instead of
            the estimated one, see `put_exact_flows`. Attention and renderer learn from these what to do with a flow
            that is right.
        **kwargs: those of `Stage`.
    """

    def __init__(
        self,
        generator,
        discriminator: ImageDiscriminator | None = None,
        weights: LossWeights = IMAGE_WEIGHTS,
        kind: str = "lsgan",
        average_decay: float | None = None,
        frozen_flow_steps: int = 0,
        flow_rate: float = 1.0,
        exact_flow_share: ExactFlowShare = NO_EXACT_FLOW,
        compared_window: tuple[int, int] | None = None,
        judged_in_window: bool = False,
        **kwargs,
    ):
        super().__init__(generator, weights, **kwargs)
        if (weights.adversarial > 0) != (discriminator is not None):
            raise ValueError("A discriminator goes together with a weight of the adversarial term. Received: only one.")
        if (weights.correctness or weights.perceptual or weights.style) and self.backbone is None:
            raise ValueError("The terms correctness, perceptual and style need a backbone. Received: None.")
        if frozen_flow_steps < 0:
            raise ValueError(f"frozen_flow_steps must be 0 or more. Received: {frozen_flow_steps}.")
        if not flow_rate >= 0:
            raise ValueError(f"flow_rate must be 0 or more. Received: {flow_rate}.")
        if judged_in_window and compared_window is None:
            raise ValueError("judged_in_window goes with a compared_window. Received: none.")
        self.discriminator = discriminator
        self.kind = kind
        self.average_decay = average_decay
        self.average = None if average_decay is None else frozen_copy(self.generator)
        self.frozen_flow_steps = frozen_flow_steps
        self.flow_rate = flow_rate
        self.exact_flow_share = exact_flow_share
        self.compared_window = None if compared_window is None else tuple(compared_window)
        self.judged_in_window = judged_in_window
        if discriminator is not None:
            build_once(discriminator)
            self.term_metrics["discriminator"] = keras.metrics.Mean(name="discriminator")
            self.add_loss_scale("generator", discriminator)
            self.add_loss_scale("discriminator", discriminator)
        if self.backbone is not None:
            self.compared_layers = {
                name: compared_layers(self.backbone, layers)
                for name, layers in (("perceptual", PERCEPTUAL_LAYERS), ("style", STYLE_LAYERS))
                if getattr(weights, name)
            }

    def compile(self, optimizer, discriminator_optimizer=None, **kwargs) -> None:
        if self.discriminator is not None and discriminator_optimizer is None:
            raise ValueError("A discriminator needs a discriminator_optimizer. Received: None.")
        self.discriminator_optimizer = discriminator_optimizer
        super().compile(optimizer=optimizer, **kwargs)

    def networks(self) -> dict[str, keras.Model]:
        others = {"average": self.average, "discriminator": self.discriminator}
        return {**super().networks(), **{name: network for name, network in others.items() if network is not None}}

    def optimizers_by_name(self) -> dict[str, keras.optimizers.Optimizer]:
        if self.discriminator is None:
            return super().optimizers_by_name()
        return {**super().optimizers_by_name(), "discriminator": self.discriminator_optimizer}

    def trained_variables(self) -> dict[str, list]:
        if self.discriminator is None:
            return super().trained_variables()
        return {**super().trained_variables(), "discriminator": self.discriminator.trainable_variables}

    def call(self, batch: Mapping[str, tf.Tensor]) -> dict:
        return full_precision_outputs(super().call(batch))

    def training_outputs(self, batch: Mapping[str, tf.Tensor]) -> dict:
        """What the generator makes of a batch, some of its pictures by the exact flow; flows are the estimated ones."""
        if not self.exact_flow_share or self.generator.flow_estimator is None:
            return self(batch)
        generator = self.generator
        flows, masks = generator.flow_estimator([batch["source_image"], batch["source_pose"], batch["target_pose"]])
        step = self.optimizer.iterations
        chosen = choose_pictures(batch["index"], step, self.exact_flow_share.at(step))
        mixed = put_exact_flows(flows, batch, generator.attention_levels, chosen)
        image = generator.render(batch["source_image"], batch["target_pose"], mixed, masks)
        return full_precision_outputs({"image": image, "flows": flows, "masks": masks})

    def generator_terms(
        self, batch: Mapping[str, tf.Tensor], outputs: dict, features: Features, window: tf.Tensor | None = None
    ) -> dict:
        """The generator's terms by name, for training and for testing.

        Args:
            batch: see `Stage`.
            outputs: of the generator.
            features: what `reference_features` gives.
            window: (top, left) of the part that is compared, as `compared_window` says; None for whole pictures.
        """
        weights, image = self.loss_weights_by_term, outputs["image"]
        terms = self.compare_pictures(image, batch["target_image"], features.target, window)
        terms.update(flow_terms(weights, self.generator.attention_kernels, outputs, batch, features, self.watched))
        if self.discriminator is not None:
            scores = self.discriminator(self.judged_part(image, window))
            terms["adversarial"] = adversarial(scores, True, self.kind, generator=True)
        return terms

    def judged_part(self, image: tf.Tensor, window: tf.Tensor | None) -> tf.Tensor:
        """What discriminators see of pictures `[..., height, width, 3]`, of which the part at `window` is compared."""
        if window is None or not self.judged_in_window:
            return image
        return cut_window(image, window, self.compared_window)

    def compare_pictures(
        self, image: tf.Tensor, target: tf.Tensor, target_features: Mapping | None, window: tf.Tensor | None = None
    ) -> dict:
        """The terms that compare a generated picture with the true one; arguments as for `generator_terms`."""
        weights = self.loss_weights_by_term
        if not (weights.perceptual or weights.style):
            return picture_terms(weights, image, target)
        maps = image
        if window is not None:
            maps, part = (cut_window(picture, window, self.compared_window) for picture in (image, target))
            target_features = tf.nest.map_structure(tf.stop_gradient, features_of(self.backbone, part))
        return picture_terms(
            weights, image, target, features_of(self.backbone, maps), target_features, self.compared_layers
        )

    def judge_loss(self, judge: keras.Model, real: tf.Tensor, generated: tf.Tensor, training: bool) -> tf.Tensor:
        """A discriminator's loss: half for the real ones taken for real, half for the generated ones for generated."""
        scores = judge(tf.concat([real, tf.stop_gradient(generated)], axis=0), training=training)
        real_scores, generated_scores = tf.split(scores, 2)
        losses = adversarial(real_scores, True, self.kind), adversarial(generated_scores, False, self.kind)
        return (losses[0] + losses[1]) / 2.0

    def train_step(self, batch: Mapping[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        update = self._generator_update()
        features, window = reference_features(self.backbone, batch), self._draw_window(batch["target_image"])
        with tf.GradientTape() as tape:
            outputs = self.training_outputs(batch)
            with tape.stop_recording():
                pair = (self.judged_part(image, window) for image in (batch["target_image"], outputs["image"]))
                judged, judge_skipped = self.train_judge("discriminator", *pair)
            terms = self.generator_terms(batch, outputs, features, window)
            loss = self.loss_weights_by_term.total(terms)
            objective = update.objective(loss)
        skipped = update.apply(tape.gradient(objective, update.variables))
        if self.average is not None:
            update_average(self.average.weights, self.generator.weights, self.average_decay)
        return self.record(**terms, **judged, loss=loss, skipped=tf.maximum(skipped, judge_skipped))

    def _draw_window(self, image: tf.Tensor) -> tf.Tensor | None:
        """(top, left) of this step's window; drawn from the step's number, so that a resumed run draws it again."""
        if self.compared_window is None:
            return None
        room = tf.shape(image)[1:3] - self.compared_window
        step = tf.cast(self.optimizer.iterations, tf.int32)
        share = tf.random.stateless_uniform([2], seed=tf.stack([step, 0]))
        return tf.cast(share * tf.cast(room + 1, tf.float32), tf.int32)

    def _generator_update(self) -> SafeUpdate:
        flow_estimator = self.generator.flow_estimator
        held = [] if flow_estimator is None else flow_estimator.trainable_variables
        return self.make_update("generator", held=held, held_steps=self.frozen_flow_steps, held_rate=self.flow_rate)

    def train_judge(self, name: str, real: tf.Tensor, generated: tf.Tensor) -> tuple[dict[str, tf.Tensor], tf.Tensor]:
        """One step of the discriminator of that name: its loss by name, and 1.0 if it was left out; {}, 0.0 without."""
        judge = self.networks().get(name)
        if judge is None:
            return {}, tf.constant(0.0)
        update = self.make_update(name)
        with tf.GradientTape() as tape:
            loss = self.judge_loss(judge, real, generated, training=True)
            objective = update.objective(loss)
        skipped = update.apply(tape.gradient(objective, update.variables))
        return {name: loss}, skipped

    def test_step(self, batch: Mapping[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        outputs = self(batch)
        terms = self.generator_terms(batch, outputs, reference_features(self.backbone, batch))
        values = {}
        if self.discriminator is not None:
            pair = batch["target_image"], outputs["image"]
            values["discriminator"] = self.judge_loss(self.discriminator, *pair, training=False)
        return self.record(**terms, **values, loss=self.loss_weights_by_term.total(terms))
