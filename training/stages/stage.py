"""What the stages share: the generator, the backbone, metrics named after the terms, and skipped steps."""

from __future__ import annotations

from collections.abc import Mapping

import keras
import tensorflow as tf

from gfla_tf.losses import Backbone
from gfla_tf.models import PersonGenerator
from training.stages.terms import LossWeights

__all__ = ["Stage", "build_once"]


def build_once(network: keras.Model) -> keras.Model:
    """Make a network's weights unless it has them: what is to be trained must be there before the first step."""
    if not network.built:
        network.build(None)
    return network


class Stage(keras.Model):
    """Base of the stages: `fit` and `evaluate` on batches of a fashion-style dataset.

    A batch is a dict: source_image, target_image `[batch, height, width, 3]` in [-1, 1]; source_pose, target_pose
    `[batch, height, width, joints]` in [0, 1]; and, for terms that need the truth, flow_level2, visible_level2, ...

    Args:
        generator: the person generator to train.
        weights: of the loss's terms.
        backbone: frozen feature network; needed by some terms.
        clip_norm: largest global norm of the gradients; None for no clipping.
    """

    def __init__(
        self,
        generator: PersonGenerator,
        weights: LossWeights,
        backbone: Backbone | None = None,
        clip_norm: float | None = None,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.generator = build_once(generator)
        self.loss_weights_by_term = weights
        self.backbone = backbone
        self.clip_norm = clip_norm
        self.term_metrics: dict[str, keras.metrics.Metric] = {}
        for name in (*self.term_names(), "loss", "skipped"):
            self.term_metrics[name] = keras.metrics.Mean(name=name)

    @property
    def metrics(self) -> list[keras.metrics.Metric]:
        return list(self.term_metrics.values())

    def term_names(self) -> list[str]:
        """Names of the terms whose weight is not 0."""
        weights = vars(self.loss_weights_by_term)
        return [name for name, weight in weights.items() if weight]

    def build(self, input_shape=None) -> None:
        """Nothing of its own to make: the networks come built."""
        self.built = True

    def call(self, batch: Mapping[str, tf.Tensor]) -> dict:
        """What the generator makes of a batch."""
        return self.generator([batch["source_image"], batch["source_pose"], batch["target_pose"]])

    def record(self, **values: tf.Tensor) -> dict[str, tf.Tensor]:
        """Take values into the metrics; return the means so far by name."""
        for name, value in values.items():
            self.term_metrics[name].update_state(value)
        return {name: metric.result() for name, metric in self.term_metrics.items()}
