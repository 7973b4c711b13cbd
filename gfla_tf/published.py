"""The models that come with the library: one folder each, with weights.safetensors, config.json and a model card.

In the repository they lie in `saved_models`, beside the package; a wheel holds them as `gfla_tf/saved_models`.
`gfla_tf.load_model` takes such a folder.
"""

from __future__ import annotations

import os
from pathlib import Path

__all__ = ["find_model", "published_model", "published_models"]

_PACKAGE = Path(__file__).resolve().parent
_FOLDERS = (_PACKAGE / "saved_models", _PACKAGE.parent / "saved_models")
_NEEDED = ("config.json", "weights.safetensors")


def published_models() -> dict[str, Path]:
    """The folders of the models that are there, by name."""
    folders = [folder for place in _FOLDERS if place.is_dir() for folder in sorted(place.iterdir())]
    complete = [folder for folder in folders if all((folder / name).is_file() for name in _NEEDED)]
    return {folder.name: folder for folder in complete}


def published_model(name: str) -> Path:
    """The folder of a model that comes with the library.

    Raises:
        ValueError: there is none of that name.
    """
    models = published_models()
    if name not in models:
        raise ValueError(f"A model of {', '.join(models) or '(none are installed)'} is expected. Received: {name!r}.")
    return models[name]


def find_model(preset_or_folder: str | os.PathLike[str], weights: object = None) -> str:
    """What `gfla_tf.load_model` is to be given: the published model where a name means one.

    Args:
        preset_or_folder: a published model's name, a preset's name or a folder.
        weights: those that the user gives; with them, a name is a preset's.

    Returns:
        The published model's folder if there is one of that name and no weights are given, else the first argument.
    """
    name = os.fspath(preset_or_folder)
    return os.fspath(published_models().get(name, name)) if weights is None else name
