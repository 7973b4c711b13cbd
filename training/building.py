"""From a configuration to a compiled stage: networks, first weights, backbone, optimisers."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import keras
import tensorflow as tf

from gfla_tf.losses import PERCEPTUAL_LAYERS, STYLE_LAYERS, Backbone, load_backbone
from gfla_tf.models import PersonGenerator
from gfla_tf.models.presets import PRESETS, WEIGHTS_FILE, build_model
from gfla_tf.weights import load_state, read_any_state, read_state
from training.configs import MotionConfig, RunConfig, TrainingConfig, config_differences, read_config
from training.runs import RunFolder
from training.schedule import RunRate
from training.stages import FlowStage, ImageStage, MotionStage
from training.stages.stage import Stage
from training.stages.terms import CORRECTNESS_LAYERS, layers_of_network

__all__ = ["build_generator", "build_stage", "load_first_weights", "set_precision"]

_FLOW_PREFIX = "flow_net."


def set_precision(config: RunConfig) -> None:
    """Set what TensorFlow has for the whole process: determinism, oneDNN's bfloat16, and the seed of first weights."""
    keras.utils.set_random_seed(config.seed)
    if config.deterministic:
        tf.config.experimental.enable_op_determinism()
    if config.precision == "onednn_bfloat16":
        tf.config.optimizer.set_experimental_options({"auto_mixed_precision_onednn_bfloat16": True})


def _dtype(config: RunConfig) -> str:
    return config.precision if config.precision.startswith("mixed") else "float32"


def build_generator(config: RunConfig) -> keras.Model:
    """The network with fresh weights: a person generator or a motion extractor."""
    return build_model(PRESETS[config.preset], **config.network, dtype=_dtype(config))


def _set_gain(generator: PersonGenerator, gain: float) -> None:
    """Bring the orthogonal first weights of source encoder and renderer to a gain, but not those of attention.

    Attention starts as it does anyway: with nearly equal weights for all taps.
    """
    attentions = {id(variable) for layer in generator.texture_renderer.attentions for variable in layer.weights}
    for part in (generator.source_encoder, generator.texture_renderer):
        for variable in part.trainable_weights:
            if len(variable.shape) == 4 and id(variable) not in attentions:
                matrix = tf.reshape(variable, [-1, variable.shape[-1]])
                variable.assign(variable * (gain / tf.linalg.norm(matrix, ord=2, axis=[0, 1])))


def build_stage(config: RunConfig, generator: keras.Model, watched: Sequence[str] = ()) -> Stage:
    """The compiled stage around a network.

    Args:
        config: of the run.
        generator: to train, of `build_generator`.
        watched: see `Stage`.

    Raises:
        ValueError: the backbone's weights are not there or do not fit.
    """
    if isinstance(config, MotionConfig):
        stage = MotionStage(generator, config.weights, config.seed, clip_norm=config.clip_norm)
        stage.compile(optimizer=_make_optimizer(config), jit_compile=config.xla)
        return stage
    common = {"backbone": _build_backbone(config, generator), "clip_norm": config.clip_norm, "watched": watched}
    if config.stage == "flow":
        stage = FlowStage(generator, config.weights, **common)
        stage.compile(optimizer=_make_optimizer(config), jit_compile=config.xla)
        return stage
    if config.initial_gain is not None:
        _set_gain(generator, config.initial_gain)
    discriminator = None
    if config.weights.adversarial:
        discriminator = build_model(PRESETS[config.discriminator], dtype=_dtype(config))
    stage = ImageStage(
        generator,
        discriminator,
        config.weights,
        kind=config.adversarial_kind,
        average_decay=config.average_decay,
        frozen_flow_steps=config.frozen_flow_steps,
        compared_window=config.compared_window,
        **common,
    )
    if stage.average is not None:
        stage.average.preset = generator.preset
    second = None if discriminator is None else _make_optimizer(config, config.discriminator_rate)
    stage.compile(optimizer=_make_optimizer(config), discriminator_optimizer=second, jit_compile=config.xla)
    return stage


def _make_optimizer(config: RunConfig, factor: float = 1.0) -> keras.optimizers.Optimizer:
    rate = RunRate(factor * config.learning_rate, config.steps, config.decay, config.warmup_steps)
    return keras.optimizers.Adam(rate, beta_1=config.beta_1, beta_2=config.beta_2)


def _build_backbone(config: TrainingConfig, generator: PersonGenerator) -> Backbone | None:
    """The backbone with the layers that the terms with a weight read."""
    if not config.needs_backbone:
        return None
    layers = [CORRECTNESS_LAYERS[level] for level in generator.attention_levels] if config.weights.correctness else []
    for weight, wanted in ((config.weights.perceptual, PERCEPTUAL_LAYERS), (config.weights.style, STYLE_LAYERS)):
        compared = layers_of_network(config.backbone, wanted) if weight else ()
        layers += [layer for layer in compared if int(layer[len("relu")]) <= config.backbone_blocks]
    return load_backbone(
        config.backbone,
        tuple(dict.fromkeys(layers)),
        config.backbone_weights,
        config.backbone_preprocessing,
        dtype=_dtype(config),
    )


def load_first_weights(
    stage: Stage, config: RunConfig, run: str | os.PathLike[str], start: str | os.PathLike[str] | None
) -> str:
    """Fill the networks of a new run: from `start`, or stage image's flow estimator from the run's stage flow.

    Args:
        stage: to fill.
        config: of the run.
        run: the run's folder.
        start: a stage's folder of another run, a model's folder, or a weights file; None for none.

    Returns:
        A sentence that says where the weights are from.

    Raises:
        ValueError: the weights are not there or do not fit.
    """
    if start is not None:
        return _load_start(stage, Path(start))
    before = RunFolder(run, "flow")
    if config.stage != "image":
        return "fresh weights"
    if not (before.model / WEIGHTS_FILE).is_file():
        return f"fresh weights; the flow estimator, too, as there is no {before.model}"
    differences = config_differences(read_config(before.config_file), config, _all_but("preset", "network"))
    if differences:
        raise ValueError(f"{before.path} has trained another network (field: there, here): {'; '.join(differences)}.")
    state = read_state(before.model / WEIGHTS_FILE)
    flow = {name: value for name, value in state.items() if name.startswith(_FLOW_PREFIX)}
    load_state(stage.generator, flow, strict=False)
    _start_average(stage)
    return f"the flow estimator from {before.model}, the rest fresh"


def _all_but(*names: str) -> list[str]:
    return [name for name in TrainingConfig.__dataclass_fields__ if name not in names]


def _load_start(stage: Stage, start: Path) -> str:
    generator = start / "model" if (start / "model").is_dir() else start
    path = generator / WEIGHTS_FILE if generator.is_dir() else generator
    if not path.is_file():
        raise ValueError(
            f"First weights, a stage of a run, a model's folder or a file, are expected. Received: {path}."
        )
    load_state(stage.generator, read_any_state(path), source=str(path))
    _start_average(stage)
    judge = start / "discriminator" / WEIGHTS_FILE
    if "discriminator" in stage.networks() and judge.is_file():
        load_state(stage.discriminator, read_any_state(judge), source=str(judge))
        return f"generator and discriminator from {start}"
    return f"the generator from {path}"


def _start_average(stage: Stage) -> None:
    average = stage.networks().get("average")
    if average is not None:
        average.set_weights(stage.generator.get_weights())
