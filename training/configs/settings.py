"""Configurations from names, files and `field=value` settings, and back into files.

A file is a JSON object of fields of a stage's configuration, such as the config.json of a run; what it leaves out has
the default. Settings are `field=value` with values in JSON (`steps=2000`, `image_size=[128,64]`, `clip_norm=null`);
what is no JSON is taken as text (`decay=cosine`). Fields inside of others have a dot: `weights.l1=3`,
`network.widths=[16,32]`.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import asdict, fields, is_dataclass
from typing import Any

from gfla_tf.json_files import read_json, write_json
from training.configs.common import RunConfig
from training.configs.motion import MotionConfig
from training.configs.readers import check_names
from training.configs.schema import TrainingConfig
from training.configs.sequence import SequenceConfig
from training.configs.table import CONFIGS

__all__ = ["config_differences", "config_names", "load_config", "read_config", "write_config"]

_KINDS = {stage: kind for kind in (TrainingConfig, SequenceConfig, MotionConfig) for stage in kind.STAGES}


def config_names(stage: str) -> list[str]:
    """The named configurations that have a stage."""
    return [name for name, stages in CONFIGS.items() if stage in stages]


def load_config(stage: str, name_or_file: str | os.PathLike[str], settings: Iterable[str] = ()) -> RunConfig:
    """The configuration of a stage.

    Args:
        stage: of training, such as "flow", "image" or "motion".
        name_or_file: a name of `CONFIGS`, or a JSON file.
        settings: `field=value`, applied in their order.

    Raises:
        ValueError: no such name, file, field or value; the message names the nearest field.
    """
    name = os.fspath(name_or_file)
    if name in config_names(stage):
        values = _shallow(CONFIGS[name][stage])
    elif name.endswith(".json") or os.path.isfile(name):
        values = {**read_json(name), "stage": stage}
    else:
        raise ValueError(f"--config must be {', '.join(config_names(stage))} or a JSON file. Received: {name}.")
    parts = _kind_of(values).PARTS
    for setting in settings:
        _apply(values, setting, parts)
    if values["stage"] != stage:
        raise ValueError(f"The stage is {stage}, which --set does not change. Received: {values['stage']!r}.")
    return _from_values(values)


def _shallow(config: RunConfig) -> dict[str, Any]:
    return {entry.name: getattr(config, entry.name) for entry in fields(config)}


def read_config(path: str | os.PathLike[str]) -> RunConfig:
    """The configuration in a run's file; ValueError if it is none."""
    return _from_values(read_json(path))


def write_config(config: RunConfig, path: str | os.PathLike[str]) -> None:
    """Write a configuration as JSON; ValueError if it can't be written."""
    write_json(path, asdict(config))


def config_differences(first: RunConfig, second: RunConfig, ignore: Iterable[str] = ()) -> list[str]:
    """Lines `field: value of the first, value of the second` of all fields that differ, but those to ignore.

    Both are of one kind.
    """
    pairs = [(entry.name, getattr(first, entry.name), getattr(second, entry.name)) for entry in fields(first)]
    return [f"{name}: {_brief(one)}, {_brief(two)}" for name, one, two in pairs if one != two and name not in ignore]


def _brief(value: Any) -> str:
    if is_dataclass(value):
        value = {name: weight for name, weight in vars(value).items() if weight}
    return repr(value)


def _apply(values: dict[str, Any], setting: str, parts: tuple[str, ...]) -> None:
    """Put a `field=value` into the values; `parts` are the fields with fields of their own."""
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
    elif name in parts:
        part = values.get(name, {})
        part = asdict(part) if is_dataclass(part) else part
        if not isinstance(part, Mapping):
            raise ValueError(f"{name} must be an object to have a field {inner}. Received: {part!r}.")
        values[name] = {**part, inner: value}
    else:
        known = f"{', '.join(parts[:-1])} and {parts[-1]}"
        raise ValueError(f"Only {known} have fields of their own. Received: {path}.")


def _from_values(values: Mapping[str, Any]) -> RunConfig:
    kind = _kind_of(values)
    check_names(values, [entry.name for entry in fields(kind)], "A configuration")
    read = {name: kind.READERS[name](name, value) if name in kind.READERS else value for name, value in values.items()}
    try:
        return kind(**read)
    except TypeError as error:
        raise ValueError(f"A configuration does not suit: {error}.") from error


def _kind_of(values: Mapping[str, Any]) -> type[RunConfig]:
    stage = values.get("stage")
    if stage not in _KINDS:
        raise ValueError(f"stage must be one of {', '.join(_KINDS)}. Received: {stage!r}.")
    return _KINDS[stage]
