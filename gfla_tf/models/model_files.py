"""Models of presets, and models in folders: built, loaded and saved.

`load_model("person-fashion", weights="weights.safetensors")` gives a model of a preset; `load_model("some/folder")` one
from a folder written by `save_model`: `weights.safetensors` and `config.json`.
"""

from __future__ import annotations

import os
from dataclasses import asdict, fields, replace

import keras

from gfla_tf.json_files import read_json, write_json
from gfla_tf.models.presets import NETWORKS, PRESETS, Preset
from gfla_tf.stand_in import stand_in_state
from gfla_tf.weights import load_state, load_weights, parameters, save_weights

__all__ = [
    "CONFIG_FILE",
    "STAND_IN",
    "WEIGHTS_FILE",
    "build_model",
    "config_from_json",
    "load_model",
    "outline_model",
    "read_preset",
    "save_model",
]

STAND_IN = "stand-in"
CONFIG_FILE = "config.json"
KERAS_SETTINGS = ("dtype", "implementation", "name", "trainable")  # how a model is run, not what it is
WEIGHTS_FILE = "weights.safetensors"


def build_model(preset: Preset, **config) -> keras.Model:
    """A network with fresh weights; its preset, with the arguments given here, is kept as `model.preset`.

    Args:
        preset: which network with which settings.
        **config: further arguments of the network's constructor, such as `implementation` or `dtype`.

    Raises:
        ValueError: if the network does not take such settings.
    """
    model = _outline(preset, config)
    model.build(None)
    return model


def _outline(preset: Preset, config: dict) -> keras.Model:
    settings = {**preset.config, **config}
    try:
        model = NETWORKS[preset.network](**settings)
    except (TypeError, AttributeError, ValueError) as error:
        raise ValueError(f"The settings {settings} do not suit a {preset.network} network: {error}.") from error
    kept = {name: value for name, value in settings.items() if name not in KERAS_SETTINGS}
    model.preset = preset if kept == preset.config else replace(preset, config=kept, parameters=0)
    return model


def load_model(preset_or_folder: str | os.PathLike, weights: str | os.PathLike | None = None, **config) -> keras.Model:
    """A model by the name of a preset, or from a folder that `save_model` wrote.

    A preset without weights is an untrained network, also where a published model has its name: that one's folder is
    `gfla_tf.published.published_model(name)`.

    Args:
        preset_or_folder: a name of `PRESETS`, or a folder with config.json and weights.safetensors.
        weights: a safetensors file; "stand-in" for reproducible weights that have learned nothing; by default those of
            the folder, or fresh ones for a preset.
        **config: further arguments of the network's constructor, such as `implementation` or `dtype`.

    Returns:
        A built Keras model; its `preset` attribute tells the frame and the skeleton it works with.

    Raises:
        ValueError: if there is no such preset or folder, or the weights do not fit.
    """
    name = os.fspath(preset_or_folder)
    model = build_model(_find_preset(name), **config)
    if weights is None and name not in PRESETS:
        weights = os.path.join(name, WEIGHTS_FILE)
    if weights == STAND_IN:
        shapes = {key: entry.shape for key, entry in parameters(model).items() if entry.alias_of is None}
        load_state(model, stand_in_state(shapes))
    elif weights is not None:
        load_weights(model, weights)
    return model


def outline_model(preset_or_folder: str | os.PathLike) -> keras.Model:
    """A model without weights, at once: to ask what can be done with it before `load_model` takes its time.

    Raises:
        ValueError: if there is no such preset or folder.
    """
    return _outline(_find_preset(os.fspath(preset_or_folder)), {})


def _find_preset(name: str) -> Preset:
    if name in PRESETS:
        return PRESETS[name]
    if os.path.isdir(name):
        return read_preset(os.path.join(name, CONFIG_FILE))
    raise ValueError(f"A folder or one of the presets {', '.join(PRESETS)} is expected. Received: {name!r}.")


def save_model(model: keras.Model, folder: str | os.PathLike, precision: str = "float32") -> None:
    """Write a model of `load_model` as a folder with weights.safetensors and config.json.

    Args:
        model: a model with a `preset` attribute.
        folder: made if it is not there.
        precision: of the weights, "float32" or "float16".

    Raises:
        ValueError: if the model has no preset, or `precision` is another one.
    """
    preset = getattr(model, "preset", None)
    if not isinstance(preset, Preset):
        raise ValueError(f"A model of load_model or build_model is expected. Received: {type(model).__name__}.")
    os.makedirs(folder, exist_ok=True)
    save_weights(model, os.path.join(folder, WEIGHTS_FILE), precision)
    write_json(os.path.join(folder, CONFIG_FILE), asdict(preset))


def read_preset(path: str) -> Preset:
    """The preset in a model's config.json; ValueError if it is not one."""
    known = {entry.name for entry in fields(Preset)}
    values = read_json(path, "a model's config.json")
    try:
        unknown = sorted(set(values) - known)
        if unknown:
            raise ValueError(f"unknown fields {', '.join(unknown)}")
        values["config"] = config_from_json(values.get("config", {}))
        return Preset(**values)
    except (TypeError, AttributeError, ValueError) as error:
        raise ValueError(
            f"{path} must be a model's config.json with fields of {sorted(known)}. Received: {error}."
        ) from error


def config_from_json(config: dict) -> dict:
    """Undo what JSON does to a constructor's arguments: lists back to tuples, kernels' levels back to numbers."""
    config = {name: tuple(value) if isinstance(value, list) else value for name, value in config.items()}
    if "attention_kernels" in config:
        config["attention_kernels"] = {int(level): size for level, size in config["attention_kernels"].items()}
    return config
