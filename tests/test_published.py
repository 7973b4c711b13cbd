"""The models that come with the library are found in a checkout and in an installed package."""

from __future__ import annotations

import configparser
from pathlib import Path

import pytest

import gfla_tf
from gfla_tf import published

ROOT = Path(gfla_tf.__file__).parent.parent
SETTINGS = ROOT / "setup.cfg"


@pytest.fixture
def installed(tmp_path, monkeypatch):
    """Two models in the package, one of them without weights, and a third beside it."""
    places = tmp_path / "gfla_tf" / "saved_models", tmp_path / "saved_models"
    for folder in (places[0] / "walker", places[0] / "unfinished", places[1] / "dancer"):
        folder.mkdir(parents=True)
        (folder / "config.json").write_text("{}")
        if folder.name != "unfinished":
            (folder / "weights.safetensors").write_bytes(b"")
    monkeypatch.setattr(published, "_FOLDERS", places)
    return tmp_path


def test_models_of_the_package_and_of_the_checkout(installed):
    assert published.published_model("walker") == installed / "gfla_tf/saved_models/walker"
    assert published.published_model("dancer") == installed / "saved_models/dancer"


def test_an_unknown_name_lists_what_there_is(installed):
    with pytest.raises(ValueError, match=r"walker, dancer is expected. Received: 'unfinished'"):
        published.published_model("unfinished")


def test_nothing_installed(tmp_path, monkeypatch):
    monkeypatch.setattr(published, "_FOLDERS", (tmp_path / "nowhere",))
    with pytest.raises(ValueError, match="none are installed"):
        published.published_model("walker")


def test_a_name_means_the_published_model_unless_weights_are_given(installed):
    assert published.find_model("dancer") == str(installed / "saved_models/dancer")
    assert published.find_model("dancer", "own.safetensors") == "dancer"
    assert published.find_model("my/folder") == "my/folder"


@pytest.mark.skipif(not SETTINGS.is_file(), reason="needs the checkout")
def test_a_wheel_holds_every_package_and_the_models():
    settings = configparser.ConfigParser()
    settings.read(SETTINGS)
    packages = settings["options"]["packages"].split()
    found = [path.parent.relative_to(ROOT) for path in (ROOT / "gfla_tf").rglob("__init__.py")]
    assert sorted(packages) == sorted([".".join(path.parts) for path in found] + ["gfla_tf.saved_models"])
    assert settings["options"]["package_dir"].split() == ["gfla_tf.saved_models", "=", "saved_models"]
