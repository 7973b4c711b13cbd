"""First stage: the flow estimator alone, taught to find where the target's content lies in the source.

Ren et al. 2020: sampling correctness 20, affine regularisation 0.01, Adam 1e-4, momenta 0 and 0.999. Where a dataset
carries the exact flow and visibility, "endpoint" and "mask" may be weighted, too.
"""

from __future__ import annotations

from collections.abc import Mapping

import tensorflow as tf

from training.stages.stage import Stage
from training.stages.terms import FLOW_WEIGHTS, LossWeights, flow_terms, full_precision_outputs, reference_features

__all__ = ["FlowStage"]


class FlowStage(Stage):
    """Keras model that trains `generator.flow_estimator`; compile it with one optimiser.

    Args: those of `Stage`; weights default to the paper's.
    """

    def __init__(self, generator, weights: LossWeights = FLOW_WEIGHTS, **kwargs):
        if generator.flow_estimator is None:
            raise ValueError("Stage flow trains a flow estimator. Received: a generator without one.")
        super().__init__(generator, weights, **kwargs)
        if weights.correctness and self.backbone is None:
            raise ValueError("The correctness term needs a backbone. Received: None.")

    def trained_variables(self) -> dict[str, list]:
        return {"generator": self.generator.flow_estimator.trainable_variables}

    def call(self, batch: Mapping[str, tf.Tensor]) -> dict:
        poses = [batch["source_pose"], batch["target_pose"]]
        flows, masks = self.generator.flow_estimator([batch["source_image"], *poses])
        return full_precision_outputs({"flows": flows, "masks": masks})

    def compute_terms(self, batch: Mapping[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        """The terms of the loss by name, for training and for testing."""
        backbone = self.backbone if self.loss_weights_by_term.correctness else None
        features = reference_features(backbone, batch)
        kernels = self.generator.attention_kernels
        return flow_terms(self.loss_weights_by_term, kernels, self(batch), batch, features, self.watched)

    def train_step(self, batch: Mapping[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        update = self.make_update("generator")
        with tf.GradientTape() as tape:
            terms = self.compute_terms(batch)
            loss = self.loss_weights_by_term.total(terms)
            objective = update.objective(loss)
        skipped = update.apply(tape.gradient(objective, update.variables))
        return self.record(**terms, loss=loss, skipped=skipped)

    def test_step(self, batch: Mapping[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        terms = self.compute_terms(batch)
        return self.record(**terms, loss=self.loss_weights_by_term.total(terms))
