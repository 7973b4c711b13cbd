"""The list of models that TensorFlow Serving is started with (`--model_config_file`): versions to keep, and labels.

Two labels let clients ask for a meaning instead of a number: `stable` is what everybody gets, `canary` the version that
is being tried. A label may only be given to a version that is loaded; so a new version is first listed, then labelled.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from serving.serving_api import serving_messages
from serving.versions import existing_versions

__all__ = ["CANARY", "STABLE", "make_config", "models_in", "write_config"]

STABLE, CANARY = "stable", "canary"
KEPT_VERSIONS = 2  # the newest ones, so that one can go back


def models_in(root: str | os.PathLike[str]) -> dict[str, list[int]]:
    """The models in a folder of models and their versions, lowest first."""
    folders = sorted(Path(root).iterdir()) if Path(root).is_dir() else []
    found = {folder.name: existing_versions(folder) for folder in folders}
    return {name: versions for name, versions in found.items() if versions}


def make_config(
    models: Mapping[str, list[int]],
    base: str = "/models",
    stable: Mapping[str, int] | None = None,
    canary: Mapping[str, int] | None = None,
) -> str:
    """The text of the file.

    Args:
        models: versions by model, as `models_in` gives them.
        base: folder of all models as the server sees it.
        stable: version of a model that is labelled so; by default the newest that is not the canary.
        canary: version of a model that is labelled so; none by default.

    Returns:
        A `ModelServerConfig` as text.

    Raises:
        ValueError: no model, or a model or version that is not there.
    """
    from google.protobuf import text_format

    stable, canary = dict(stable or {}), dict(canary or {})
    if not models:
        raise ValueError("A folder with a model NAME/VERSION or more is expected. Received: none there.")
    for name, version in (*stable.items(), *canary.items()):
        if version not in models.get(name, ()):
            raise ValueError(f"A version of {_listed(models)} is expected. Received: {name}={version}.")
    config = serving_messages("config.model_server_config_pb2").ModelServerConfig()
    for name, versions in models.items():
        labels = _labels(versions, stable.get(name), canary.get(name))
        _add_model(config.model_config_list.config.add(), name, base, versions, labels)
    return text_format.MessageToString(config)


def write_config(path: str | os.PathLike[str], text: str) -> None:
    """Write the file as a whole: a server may read it at any moment."""
    from gfla_tf.outputs import whole_file

    with whole_file(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def _labels(versions: list[int], stable: int | None, canary: int | None) -> dict[str, int]:
    others = [version for version in versions if version != canary]
    labels = {STABLE: (others or versions)[-1] if stable is None else stable}
    return labels if canary is None else {**labels, CANARY: canary}


def _add_model(entry, name: str, base: str, versions: list[int], labels: Mapping[str, int]) -> None:
    entry.name, entry.base_path, entry.model_platform = name, f"{base.rstrip('/')}/{name}", "tensorflow"
    for label, version in labels.items():
        entry.version_labels[label] = version
    kept = sorted({*versions[-KEPT_VERSIONS:], *labels.values()})
    entry.model_version_policy.specific.versions.extend(kept)


def _listed(models: Mapping[str, list[int]]) -> str:
    return ", ".join(f"{name}={'|'.join(map(str, versions))}" for name, versions in models.items())
