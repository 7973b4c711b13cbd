"""Configurations from names, files and `field=value` settings, and back into files.

A file is a JSON object of fields of `TrainingConfig`, such as the config.json of a run; what it leaves out has the
default. Settings are `field=value` with values in JSON (`steps=2000`, `image_size=[128,64]`, `clip_norm=null`); what is
no JSON is taken as text (`decay=cosine`). Fields inside of others have a dot: `weights.l1=3`, `network.widths=[16,32]`.
"""

from __future__ import annotations

import difflib
import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

from gfla_tf.models.presets import config_from_json
from gfla_tf.outputs import whole_file
from training.configs.schema import TrainingConfig
from training.configs.table import CONFIGS
from training.stages.terms import LossWeights

__all__ = ["config_differences", "load_config", "read_config", "write_config"]

_FIELDS = tuple(entry.name for entry in fields(TrainingConfig))
_WEIGHTS = tuple(entry.name for entry in fields(LossWeights))


def load_config(stage: str, name_or_file: str | os.PathLike[str], settings: Iterable[str] = ()) -> TrainingConfig:
    """The configuration of a stage.

    Args:
        stage: "flow" or "image".
        name_or_file: a name of `CONFIGS`, or a JSON file.
        settings: `field=value`, applied in their order.

    Raises:
        ValueError: no such name, file, field or value; the message names the nearest field.
    """
    name = os.fspath(name_or_file)
    if name in CONFIGS:
        values = asdict(CONFIGS[name][stage])
    elif name.endswith(".json") or os.path.isfile(name):
        values = {**_read(name), "stage": stage}
    else:
        raise ValueError(f"--config must be {', '.join(CONFIGS)} or a JSON file. Received: {name}.")
    for setting in settings:
        _apply(values, setting)
    return _from_values(values)


def read_config(path: str | os.PathLike[str]) -> TrainingConfig:
    """The configuration in a run's file; ValueError if it is none."""
    return _from_values(_read(path))


def write_config(config: TrainingConfig, path: str | os.PathLike[str]) -> None:
    """Write a configuration as JSON; ValueError if it can't be written."""
    with whole_file(path) as temporary:
        temporary.write_text(json.dumps(asdict(config), indent=2) + "\n", encoding="utf-8")


def config_differences(first: TrainingConfig, second: TrainingConfig, ignore: Iterable[str] = ()) -> list[str]:
    """Lines `field: value of the first, value of the second` of all fields that differ, but those to ignore."""
    names = [name for name in _FIELDS if name not in ignore and getattr(first, name) != getattr(second, name)]
    return [f"{name}: {_brief(getattr(first, name))}, {_brief(getattr(second, name))}" for name in names]


def _brief(value: Any) -> str:
    if isinstance(value, LossWeights):
        value = {name: weight for name, weight in vars(value).items() if weight}
    return repr(value)


def _read(path: str | os.PathLike[str]) -> dict[str, Any]:
    try:
        values = json.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ValueError(f"{path}: a JSON file of a configuration is expected. Received: {error}.") from error
    if not isinstance(values, dict):
        raise ValueError(f"{path}: a JSON object is expected. Received: {type(values).__name__}.")
    return values


def _apply(values: dict[str, Any], setting: str) -> None:
    """Put a `field=value` into the values."""
    path, equals, text = setting.partition("=")
    if not equals:
        raise ValueError(f"--set expects field=value. Received: {setting}.")
    try:
        value = json.loads(text)
    except ValueError:
        value = text
    name, dot, inner = path.strip().partition(".")
    if not dot:
        values[name] = value
    elif name in ("weights", "network"):
        part = values.get(name, {})
        values[name] = {**(part if isinstance(part, dict) else asdict(part)), inner: value}
    else:
        raise ValueError(f"Only weights and network have fields of their own. Received: {path}.")


def _from_values(values: Mapping[str, Any]) -> TrainingConfig:
    _check_names(values, _FIELDS, "A configuration")
    values = dict(values)
    weights = values.get("weights")
    if isinstance(weights, Mapping):
        _check_names(weights, _WEIGHTS, "weights")
        values["weights"] = _as_weights(weights)
    elif weights is not None and not isinstance(weights, LossWeights):
        raise ValueError(f"weights must be an object of {', '.join(_WEIGHTS)}. Received: {weights!r}.")
    for name in ("image_size", "compared_window"):
        if values.get(name) is not None:
            values[name] = _as_size(name, values[name])
    values["network"] = _as_network(values.get("network", {}))
    try:
        return TrainingConfig(**values)
    except TypeError as error:
        raise ValueError(f"A configuration does not suit: {error}.") from error


def _check_names(values: Mapping[str, Any], known: tuple[str, ...], what: str) -> None:
    for name in values:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            hint = f" Did you mean {near[0]}?" if near else f" Known are {', '.join(known)}."
            raise ValueError(f"{what} has no field {name}.{hint}")


def _as_weights(weights: Mapping[str, Any]) -> LossWeights:
    wrong = [f"{name}={value!r}" for name, value in weights.items() if type(value) not in (int, float)]
    if wrong:
        raise ValueError(f"weights must be numbers. Received: {', '.join(wrong)}.")
    return LossWeights(**weights)


def _as_size(name: str, value: Any) -> tuple[int, int]:
    if not isinstance(value, (list, tuple)) or len(value) != 2 or any(type(side) is not int for side in value):
        raise ValueError(f"{name} must be [height, width] in pixels. Received: {value!r}.")
    return tuple(value)


def _as_network(value: Any) -> dict[str, Any]:
    if not isinstance(value, Mapping):
        raise ValueError(f"network must be an object of the network's arguments. Received: {value!r}.")
    return config_from_json(dict(value))
