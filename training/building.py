"""From a configuration to a compiled stage: networks, first weights, backbone, optimisers."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import keras
import tensorflow as tf

from gfla_tf.losses import PERCEPTUAL_LAYERS, STYLE_LAYERS, Backbone, layers_of_network, load_backbone
from gfla_tf.models import PersonGenerator
from gfla_tf.models.generator import Generator
from gfla_tf.models.model_files import CONFIG_FILE, WEIGHTS_FILE, build_model, read_preset
from gfla_tf.models.presets import PRESETS
from gfla_tf.weights import load_state, read_any_state, read_state
from training.centred_attention import centre_attention, is_one_tap_state, start_from_one_tap
from training.configs import (
    MotionConfig,
    RunConfig,
    SequenceConfig,
    TrainingConfig,
    read_config,
)
from training.runs import RunFolder
from training.schedule import RunRate
from training.stages import FlowStage, ImageStage, MotionStage, SequenceStage
from training.stages.exact_flow import ExactFlowShare
from training.stages.stage import Stage
from training.stages.terms import CORRECTNESS_LAYERS
from training.warm_start import is_person_state, start_from_person

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
    """The network with fresh weights: a person or sequence generator, or a motion extractor."""
    return build_model(PRESETS[config.preset], **config.network, dtype=_dtype(config))


def _set_gain(generator: PersonGenerator, gain: float) -> None:
    """Bring the orthogonal first weights of source encoder and renderer to a gain, but not those of attention.

    Attention starts as it does anyway: with nearly equal weights for all taps, or at the centre.
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
    settings = {
        "discriminator": _build_judge(config, config.discriminator, config.weights.adversarial),
        "weights": config.weights,
        "kind": config.adversarial_kind,
        "average_decay": config.average_decay,
        "frozen_flow_steps": config.frozen_flow_steps * config.updates,
        "flow_rate": config.flow_rate,
        "exact_flow_share": ExactFlowShare(*config.exact_flow_share, config.steps * config.updates),
        "compared_window": config.compared_window,
        "judged_in_window": config.judged_in_window,
        **common,
    }
    if isinstance(config, SequenceConfig):
        stage = _build_sequence_stage(config, generator, settings)
    else:
        if config.initial_gain is not None:
            _set_gain(generator, config.initial_gain)
        if config.initial_centre is not None:
            centre_attention(generator, config.initial_centre)
        stage = ImageStage(generator, **settings)
        second = _judge_optimizer(config, stage.discriminator)
        stage.compile(optimizer=_make_optimizer(config), discriminator_optimizer=second, jit_compile=config.xla)
    if stage.average is not None:
        stage.average.preset = generator.preset
    return stage


def _build_sequence_stage(config: SequenceConfig, generator: keras.Model, settings: dict) -> SequenceStage:
    temporal = _build_judge(config, "temporal-discriminator", config.weights.temporal)
    stage = SequenceStage(
        generator,
        temporal_discriminator=temporal,
        window=config.window,
        person_mask=config.person_mask,
        recompute=config.recompute,
        **settings,
    )
    stage.compile(
        optimizer=_make_optimizer(config),
        discriminator_optimizer=_judge_optimizer(config, stage.discriminator),
        temporal_optimizer=_judge_optimizer(config, temporal),
        jit_compile=config.xla,
    )
    return stage


def _build_judge(config: TrainingConfig, preset: str, weight: float) -> keras.Model | None:
    """A discriminator with fresh weights; None if its term has no weight."""
    return build_model(PRESETS[preset], dtype=_dtype(config)) if weight else None


def _judge_optimizer(config: TrainingConfig, judge: keras.Model | None) -> keras.optimizers.Optimizer | None:
    return None if judge is None else _make_optimizer(config, config.discriminator_rate)


def _make_optimizer(config: RunConfig, factor: float = 1.0) -> keras.optimizers.Optimizer:
    steps, warmup_steps = (count * config.updates for count in (config.steps, config.warmup_steps))
    rate = RunRate(factor * config.learning_rate, steps, config.decay, warmup_steps)
    return keras.optimizers.Adam(rate, beta_1=config.beta_1, beta_2=config.beta_2)


def _build_backbone(config: TrainingConfig, generator: Generator) -> Backbone | None:
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
        start: a stage's folder of another run, a model's folder, or a weights file; None for none. A person generator
            fills both branches of a sequence generator, see `warm_start`; one with patches of one tap everything but
            the attention of a generator with `initial_centre`, see `centred_attention`.

    Returns:
        A sentence that says where the weights are from.

    Raises:
        ValueError: the weights are not there or do not fit.
    """
    if start is not None:
        return _load_start(stage, config, Path(start))
    before = RunFolder(run, "flow")
    if config.stage != "image":
        return "fresh weights"
    if stage.generator.flow_estimator is None:
        return "fresh weights; there is no flow estimator"
    if not (before.model / WEIGHTS_FILE).is_file():
        return f"fresh weights; the flow estimator, too, as there is no {before.model}"
    there, here = _flow_settings(read_config(before.config_file)), _flow_settings(config)
    differences = [f"{name}: {there[name]}, {here[name]}" for name in here if there[name] != here[name]]
    if differences:
        message = "has trained another flow estimator (setting: there, here)"
        raise ValueError(f"{before.path} {message}: {'; '.join(differences)}.")
    state = read_state(before.model / WEIGHTS_FILE)
    flow = {name: value for name, value in state.items() if name.startswith(_FLOW_PREFIX)}
    load_state(stage.generator, flow, strict=False)
    _start_average(stage)
    return f"the flow estimator from {before.model}, the rest fresh"


def _flow_settings(config: TrainingConfig) -> dict[str, object]:
    """What a person generator's flow estimator is made by; the rest of the network may differ, as in ablations."""
    settings = {**PRESETS[config.preset].config, **config.network}
    shared = {name: value for name, value in settings.items() if name in Generator.config_names}
    network = Generator(**shared)  # without its parts: what is not given has its default
    return {"flow_widths": network.flow_widths, "attention levels": list(network.attention_levels)}


def _load_start(stage: Stage, config: RunConfig, start: Path) -> str:
    generator = start / "model" if (start / "model").is_dir() else start
    path = generator / WEIGHTS_FILE if generator.is_dir() else generator
    if not path.is_file():
        raise ValueError(
            f"First weights, a stage of a run, a model's folder or a file, are expected. Received: {path}."
        )
    if path.parent == generator:
        _check_kind(stage, generator)
    said = _fill_generator(stage, config, path)
    _start_average(stage)
    for name in ("discriminator", "temporal_discriminator"):
        judge = start / name / WEIGHTS_FILE
        if name in stage.networks() and judge.is_file():
            load_state(stage.networks()[name], read_any_state(judge), source=str(judge))
            said += f"; the {name} from {judge.parent}"
    return said


def _check_kind(stage: Stage, folder: Path) -> None:
    """ValueError if a model's folder holds a network that the stage's does not begin as."""
    if not (folder / CONFIG_FILE).is_file():
        return
    wanted, kind = stage.generator.preset.network, read_preset(str(folder / CONFIG_FILE)).network
    if kind != wanted and (wanted, kind) != ("sequence", "person"):
        raise ValueError(f"First weights of a {wanted} model are expected. Received: {folder}, a model of kind {kind}.")


def _fill_generator(stage: Stage, config: RunConfig, path: Path) -> str:
    state = read_any_state(path)
    if config.stage == "image" and config.initial_centre is not None and is_one_tap_state(state):
        start_from_one_tap(stage.generator, state, str(path))
        return f"the generator from {path}, but local attention, which begins at the centres of its patches"
    if not isinstance(stage, SequenceStage) or not is_person_state(state):
        load_state(stage.generator, state, source=str(path))
        return f"the generator from {path}"
    file = path.with_name(CONFIG_FILE)
    preset = read_preset(str(file)) if file.is_file() else None
    kept = start_from_person(stage.generator, state, preset, str(path))
    return f"both branches from the person generator {path}, in part or not at all {', '.join(kept)}"


def _start_average(stage: Stage) -> None:
    average = stage.networks().get("average")
    if average is not None:
        average.set_weights(stage.generator.get_weights())
