"""The server's list of models, versions and labels, as the server's own messages read it."""

from __future__ import annotations

import pytest
from google.protobuf import text_format

from serving.__main__ import main
from serving.models_config import make_config, models_in
from serving.serving_api import serving_messages


def parse(text: str):
    return text_format.Parse(text, serving_messages("config.model_server_config_pb2").ModelServerConfig())


def entries(text: str) -> dict:
    return {entry.name: entry for entry in parse(text).model_config_list.config}


@pytest.fixture
def root(tmp_path):
    for folder in ("person/1", "person/2", "person/10", "motion/1", "empty", "person/.writing-1"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "models.config").write_text("")
    return tmp_path


def test_models_in_a_folder(root):
    assert models_in(root) == {"motion": [1], "person": [1, 2, 10]}
    assert models_in(root / "nowhere") == {}


def test_the_newest_is_stable(root):
    found = entries(make_config(models_in(root)))
    assert list(found) == ["motion", "person"]
    person = found["person"]
    assert (person.base_path, person.model_platform) == ("/models/person", "tensorflow")
    assert list(person.model_version_policy.specific.versions) == [2, 10]
    assert dict(person.version_labels) == {"stable": 10}


def test_a_canary_beside_the_stable_version(root):
    person = entries(make_config(models_in(root), "/data/", {"person": 1}, {"person": 10}))["person"]
    assert person.base_path == "/data/person"
    assert list(person.model_version_policy.specific.versions) == [1, 2, 10]
    assert dict(person.version_labels) == {"stable": 1, "canary": 10}


def test_the_newest_is_tried(root):
    found = entries(make_config(models_in(root), canary={"person": 10, "motion": 1}))
    assert dict(found["person"].version_labels) == {"stable": 2, "canary": 10}
    assert dict(found["motion"].version_labels) == {"stable": 1, "canary": 1}


def test_version_0_can_be_stable():
    person = entries(make_config({"person": [0, 1]}, stable={"person": 0}))["person"]
    assert dict(person.version_labels) == {"stable": 0}


@pytest.mark.parametrize("labels", [{"person": 3}, {"nobody": 1}])
def test_versions_that_are_not_there(root, labels):
    with pytest.raises(ValueError, match=r"A version of motion=1, person=1\|2\|10 is expected. Received: "):
        make_config(models_in(root), stable=labels)


def test_no_models():
    with pytest.raises(ValueError, match="A folder with a model NAME/VERSION or more is expected"):
        make_config({})


def test_command(root, capsys):
    output = root / "models.config"
    assert main(["config", str(root), "--output", str(output), "--stable", "person=2", "--canary", "person=10"]) == 0
    assert dict(entries(output.read_text())["person"].version_labels) == {"stable": 2, "canary": 10}
    assert capsys.readouterr().out == "motion: versions 1\nperson: versions 1, 2, 10\n"


@pytest.mark.parametrize("option", ["person", "person=x", "=1", "person=9"])
def test_command_with_a_wrong_version(root, capsys, option):
    assert main(["config", str(root), "--output", str(root / "models.config"), "--stable", option]) == 2
    assert "is expected" in capsys.readouterr().err
    assert (root / "models.config").read_text() == ""


def test_command_with_two_versions_of_one_label(root, capsys):
    options = ["--canary", "motion=1", "--canary", "person=2", "--canary", "person=10"]
    assert main(["config", str(root), "--output", str(root / "models.config"), *options]) == 2
    expected = "--canary is expected once for a model. Received: motion=1, person=2, person=10."
    assert capsys.readouterr().err == f"python -m serving config: error: {expected}\n"
    assert (root / "models.config").read_text() == ""
