"""What the stages share: the network that learns, the backbone, metrics named after the terms, and how a step is run.

A stage runs alike on Keras 2.15 and 3, alone and under a `tf.distribute` strategy in whose scope it was made (with all
of its networks and optimisers). Every replica computes the terms of its part of the batch; gradients and terms are
averaged over replicas, so that the parts together do what one replica would do with the whole batch.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

import keras
import tensorflow as tf

from gfla_tf.losses import Backbone
from gfla_tf.ops.native import native_graphs
from training.stages.loss_scale import LossScale
from training.stages.optimization import SafeUpdate, mean_over_replicas
from training.stages.terms import TRUTH_TERMS, LossWeights

if TYPE_CHECKING:
    from training.stages.motion_stage import MotionWeights

__all__ = ["Stage", "build_once"]


def build_once(network: keras.Model) -> keras.Model:
    """Make a network's weights unless it has them: what is to be trained must be there before the first step."""
    if not network.built:
        network.build(None)
    return network


class Stage(keras.Model):
    """Base of the stages: `fit` and `evaluate` a network on batches of a dataset.

    A batch is a dict; that of pairs of pictures: source_image, target_image `[batch, height, width, 3]` in [-1, 1];
    source_pose, target_pose `[batch, height, width, joints]` in [0, 1]; and, for terms that need the truth,
    flow_level2, visible_level2, ... Those of clips and of motion are described in the stages that read them.
    Networks may compute in bfloat16 or float16 (`dtype="mixed_bfloat16"`); terms are float32 always.

    Args:
        generator: the network to train: a person or sequence generator, or a motion extractor.
        weights: of the loss's terms; each kind of network has its own.
        backbone: frozen feature network; needed by some terms.
        clip_norm: largest global norm of the gradients; None for no clipping.
        watched: terms without a weight, of endpoint and mask, that are measured all the same.
        loss_scaling: whether gradients are computed with a dynamic `LossScale`; None: where a network is in float16.
    """

    def __init__(
        self,
        generator: keras.Model,
        weights: LossWeights | MotionWeights,
        backbone: Backbone | None = None,
        clip_norm: float | None = None,
        watched: Sequence[str] = (),
        loss_scaling: bool | None = None,
        **kwargs,
    ):
        super().__init__(**{"dtype": "float32", **kwargs})
        if unknown := [name for name in watched if name not in TRUTH_TERMS]:
            raise ValueError(f"watched must be some of {', '.join(TRUTH_TERMS)}. Received: {', '.join(unknown)}.")
        self.generator = build_once(generator)
        self.loss_weights_by_term = weights
        self.backbone = backbone
        self.clip_norm = clip_norm
        self.watched = tuple(watched)
        self.loss_scaling = loss_scaling
        self.loss_scales: dict[str, LossScale] = {}
        self.add_loss_scale("generator", generator, backbone)
        self.term_metrics: dict[str, keras.metrics.Metric] = {}
        for name in (*self.term_names(), "loss", "skipped"):
            self.term_metrics[name] = keras.metrics.Mean(name=name)

    def add_loss_scale(self, name: str, *networks: keras.Model | None) -> None:
        """Give what is trained under that name a loss scale, if it needs one for gradients through the networks."""
        needed = any(network is not None and network.compute_dtype == "float16" for network in networks)
        if name not in self.loss_scales and (needed if self.loss_scaling is None else self.loss_scaling):
            self.loss_scales[name] = LossScale()

    def networks(self) -> dict[str, keras.Model]:
        """The networks whose weights belong into a checkpoint, by name."""
        return {"generator": self.generator}

    def optimizers_by_name(self) -> dict[str, keras.optimizers.Optimizer]:
        """The compiled optimisers, by the name of the network that each moves."""
        return {"generator": self.optimizer}

    def trained_variables(self) -> dict[str, list]:
        """What each of the optimisers moves, by the same names."""
        return {"generator": self.generator.trainable_variables}

    def extra_variables(self) -> dict[str, tf.Variable]:
        """What a checkpoint holds beside networks and optimisers, by name: the loss scales of float16."""
        scales = {f"{name}_loss_scale": entry.scale for name, entry in self.loss_scales.items()}
        return {**scales, **{f"{name}_good_steps": entry.good_steps for name, entry in self.loss_scales.items()}}

    def build_optimizers(self) -> None:
        """Make the optimisers' variables, so that a checkpoint can be read into them; `compile` does it."""
        variables = self.trained_variables()
        for name, optimizer in self.optimizers_by_name().items():
            # Keras 3's and Keras 2's word for it.
            if not (getattr(optimizer, "built", False) or getattr(optimizer, "_built", False)):
                optimizer.build(variables[name])

    def make_update(self, name: str, **settings) -> SafeUpdate:
        """How the optimiser of that name takes its steps."""
        optimizer, variables = self.optimizers_by_name()[name], self.trained_variables()[name]
        return SafeUpdate(optimizer, variables, self.clip_norm, self.loss_scales.get(name), **settings)

    def compile(self, optimizer, jit_compile: bool = False, **kwargs) -> None:
        """Set the optimiser, and make its variables; XLA only where it is asked for (Keras 3 would choose)."""
        if kwargs.get("steps_per_execution", 1) != 1:
            raise ValueError(f"steps_per_execution must be 1. Received: {kwargs['steps_per_execution']}.")
        super().compile(optimizer=optimizer, jit_compile=jit_compile, **kwargs)
        self.build_optimizers()

    @property
    def metrics(self) -> list[keras.metrics.Metric]:
        return list(self.term_metrics.values())

    def term_names(self) -> list[str]:
        """Names of the terms that have a weight or are watched."""
        weights = vars(self.loss_weights_by_term)
        return [name for name, weight in weights.items() if weight or name in self.watched]

    def build(self, input_shape=None) -> None:
        """Nothing of its own to make: the networks come built."""
        self.built = True

    def call(self, batch: Mapping[str, tf.Tensor]) -> dict:
        """What a person generator makes of a batch; other stages have their own."""
        return self.generator([batch["source_image"], batch["source_pose"], batch["target_pose"]])

    def record(self, **values: tf.Tensor) -> dict[str, tf.Tensor]:
        """Take values into the metrics; return the means so far by name, over all replicas."""
        means = tf.unstack(mean_over_replicas(tf.stack([tf.cast(value, tf.float32) for value in values.values()])))
        for name, mean in zip(values, means, strict=True):
            self.term_metrics[name].update_state(mean)
        return {name: metric.result() for name, metric in self.term_metrics.items()}

    def make_train_function(self, force: bool = False) -> Callable:
        """What `fit` calls for every step."""
        if self.train_function is None or force:
            self.train_function = self._make_function(self.train_step)
        return self.train_function

    def make_test_function(self, force: bool = False) -> Callable:
        """What `evaluate` calls for every step."""
        if self.test_function is None or force:
            self.test_function = self._make_function(self.test_step)
        return self.test_function

    def _make_function(self, step: Callable) -> Callable:
        """One code path for both Keras versions; Keras 3's own takes the mean of numbers over an axis of workers."""
        strategy = self.distribute_strategy
        if self.jit_compile:
            step = tf.function(step, jit_compile=True, autograph=False)

        def run(iterator) -> dict[str, tf.Tensor]:
            with native_graphs():
                logs = strategy.run(step, args=(iterator.get_next(),))
            # `record` gives all replicas the same numbers.
            return {name: strategy.experimental_local_results(value)[0] for name, value in logs.items()}

        return run if self.run_eagerly else tf.function(run, autograph=False)

    def _maybe_symbolic_build(self, iterator=None, data_batch=None) -> None:
        """Keras 3 would trace a step with the whole distributed batch to make variables; they are all there."""
