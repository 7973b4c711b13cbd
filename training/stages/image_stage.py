"""Second stage: the whole generator against a discriminator.

Ren et al. 2020: L1 5, correctness 5, adversarial 2, style 500, perceptual 0.5, regularisation 0.0025; Adam 1e-4 with
momenta 0 and 0.999, the discriminator at a tenth of the rate. Discriminator and generator learn from one forward pass,
the discriminator first.
"""

from __future__ import annotations

from collections.abc import Mapping

import keras
import tensorflow as tf

from gfla_tf.losses import PERCEPTUAL_LAYERS, STYLE_LAYERS, adversarial
from gfla_tf.models import ImageDiscriminator
from training.stages.optimization import SafeUpdate, update_average
from training.stages.stage import Stage, build_once
from training.stages.terms import IMAGE_WEIGHTS, LossWeights, features_of, flow_terms, layers_of_network, picture_terms

__all__ = ["ImageStage"]


class ImageStage(Stage):
    """Keras model that trains a generator; compile it with `optimizer` and `discriminator_optimizer`.

    Args:
        generator: the person generator.
        discriminator: judges pictures; None if the adversarial term has no weight.
        weights: of the terms; the paper's by default.
        kind: of the adversarial loss, see `gfla_tf.losses.adversarial`.
        average_decay: of the generator's moving average, kept in `average`; None keeps none.
        **kwargs: those of `Stage`.
    """

    def __init__(
        self,
        generator,
        discriminator: ImageDiscriminator | None = None,
        weights: LossWeights = IMAGE_WEIGHTS,
        kind: str = "lsgan",
        average_decay: float | None = None,
        **kwargs,
    ):
        super().__init__(generator, weights, **kwargs)
        if (weights.adversarial > 0) != (discriminator is not None):
            raise ValueError("A discriminator goes together with a weight of the adversarial term. Received: only one.")
        if (weights.correctness or weights.perceptual or weights.style) and self.backbone is None:
            raise ValueError("The terms correctness, perceptual and style need a backbone. Received: None.")
        self.discriminator = discriminator
        self.kind = kind
        self.average_decay = average_decay
        self.average = None
        if average_decay is not None:
            self.average = type(generator).from_config(generator.get_config())
            self.average.build(None)
            self.average.set_weights(generator.get_weights())
            self.average.trainable = False
        if discriminator is not None:
            build_once(discriminator)
            self.term_metrics["discriminator"] = keras.metrics.Mean(name="discriminator")
        if self.backbone is not None:
            network = self.backbone.network
            self.compared_layers = {
                "perceptual": layers_of_network(network, PERCEPTUAL_LAYERS),
                "style": layers_of_network(network, STYLE_LAYERS),
            }

    def compile(self, optimizer, discriminator_optimizer=None, **kwargs) -> None:
        super().compile(optimizer=optimizer, **kwargs)
        self.discriminator_optimizer = discriminator_optimizer
        if self.discriminator is not None and discriminator_optimizer is None:
            raise ValueError("A discriminator needs a discriminator_optimizer. Received: None.")

    def generator_terms(self, batch: Mapping[str, tf.Tensor], outputs: dict) -> dict[str, tf.Tensor]:
        """The generator's terms by name, for training and for testing."""
        weights, image, target = self.loss_weights_by_term, outputs["image"], batch["target_image"]
        source_features = target_features = features = layers = None
        if self.backbone is not None:
            layers = self.compared_layers
            source_features, target_features, features = features_of(
                self.backbone, batch["source_image"], target, image
            )
        terms = picture_terms(weights, image, target, features, target_features, layers)
        kernels = self.generator.attention_kernels
        terms.update(
            flow_terms(weights, kernels, outputs["flows"], outputs["masks"], batch, source_features, target_features)
        )
        if self.discriminator is not None:
            terms["adversarial"] = adversarial(self.discriminator(image), True, self.kind, generator=True)
        return terms

    def discriminator_loss(self, real: tf.Tensor, generated: tf.Tensor, training: bool) -> tf.Tensor:
        """Half for real pictures taken for real, half for generated ones taken for generated."""
        scores = self.discriminator(tf.concat([real, tf.stop_gradient(generated)], axis=0), training=training)
        real_scores, generated_scores = tf.split(scores, 2)
        losses = adversarial(real_scores, True, self.kind), adversarial(generated_scores, False, self.kind)
        return (losses[0] + losses[1]) / 2.0

    def train_step(self, batch: Mapping[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        variables = self.generator.trainable_variables
        with tf.GradientTape() as tape:
            outputs = self(batch)
            with tape.stop_recording():
                values = self.train_discriminator(batch["target_image"], outputs["image"])
            terms = self.generator_terms(batch, outputs)
            loss = self.loss_weights_by_term.total(terms)
        skipped = SafeUpdate(variables, self.clip_norm).apply(self.optimizer, tape.gradient(loss, variables))
        if self.average is not None:
            update_average(self.average.weights, self.generator.weights, self.average_decay)
        return self.record(**terms, **values, loss=loss, skipped=skipped)

    def train_discriminator(self, real: tf.Tensor, generated: tf.Tensor) -> dict[str, tf.Tensor]:
        """One step of the discriminator; its loss by name, or nothing without one."""
        if self.discriminator is None:
            return {}
        variables = self.discriminator.trainable_variables
        with tf.GradientTape() as tape:
            loss = self.discriminator_loss(real, generated, training=True)
        SafeUpdate(variables, self.clip_norm).apply(self.discriminator_optimizer, tape.gradient(loss, variables))
        return {"discriminator": loss}

    def test_step(self, batch: Mapping[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        outputs = self(batch)
        terms = self.generator_terms(batch, outputs)
        values = {}
        if self.discriminator is not None:
            values["discriminator"] = self.discriminator_loss(batch["target_image"], outputs["image"], training=False)
        return self.record(**terms, **values, loss=self.loss_weights_by_term.total(terms))
