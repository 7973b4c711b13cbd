"""Which versions ought to be served: the newest of every model in a folder, or what a models.config says."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from serving.serving_api import serving_messages
from serving.versions import version_folders

__all__ = ["Wanted", "wanted_by_config", "wanted_in"]


@dataclass(frozen=True)
class Wanted:
    """What is to be served of a model.

    Attributes:
        versions: their folders by number, lowest first.
        labels: version by label.
    """

    versions: Mapping[int, Path]
    labels: Mapping[str, int] = field(default_factory=dict)


def wanted_in(root: str | os.PathLike[str]) -> dict[str, Wanted]:
    """The newest version of every model in a folder, by the model's name.

    Raises:
        ValueError: there is no such folder.
    """
    try:
        folders = sorted(Path(root).iterdir())
    except OSError as error:
        raise ValueError(f"A folder of models is expected. Received: {root} ({error.strerror}).") from error
    found = {folder.name: version_folders(folder) for folder in folders if not folder.name.startswith(".")}
    return {name: Wanted(_newest(versions, 1)) for name, versions in found.items() if versions}


def wanted_by_config(root: str | os.PathLike[str], path: str | os.PathLike[str]) -> dict[str, Wanted]:
    """What a file of `python -m serving config` asks for.

    Args:
        root: folder of all models; of a `base_path` only the last part counts, as the file is written for a container.
        path: the file, a `ModelServerConfig` as text.

    Raises:
        ValueError: there is no such file, or it names a model twice.
    """
    from google.protobuf import text_format

    config = serving_messages("config.model_server_config_pb2").ModelServerConfig()
    try:
        text_format.Parse(Path(path).read_text(encoding="utf-8"), config)
    except (text_format.ParseError, UnicodeDecodeError, OSError) as error:
        raise ValueError(f"A list of models as TensorFlow Serving reads it is expected. Received: {error}.") from error
    entries = config.model_config_list.config
    if len({entry.name for entry in entries}) < len(entries):
        raise ValueError(f"Every model may stand in {path} once. Received: one of them twice.")
    return {entry.name: _wanted(Path(root) / PurePosixPath(entry.base_path).name, entry) for entry in entries}


def _wanted(folder: Path, entry) -> Wanted:
    existing = version_folders(folder)
    policy = entry.model_version_policy
    kind = policy.WhichOneof("policy_choice")
    if kind == "specific":
        existing = {version: path for version, path in existing.items() if version in policy.specific.versions}
    elif kind != "all":
        existing = _newest(existing, policy.latest.num_versions or 1)
    return Wanted(existing, dict(entry.version_labels))


def _newest(versions: Mapping[int, Path], count: int) -> dict[int, Path]:
    return dict(list(versions.items())[-count:])
