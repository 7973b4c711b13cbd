from __future__ import annotations

import json

import numpy as np
import pytest
from helpers.tiny_models import TINY_WIDTHS

from gfla_tf.models import PersonGenerator
from gfla_tf.models.model_files import build_model, load_model, save_model
from gfla_tf.models.presets import Preset
from gfla_tf.weights import read_state, write_state

TINY_PRESET = Preset("tiny", "person", "for tests", {**TINY_WIDTHS, "pose_channels": 18}, height=64, width=32)


@pytest.fixture(scope="module")
def model() -> PersonGenerator:
    return build_model(TINY_PRESET)


@pytest.fixture(scope="module")
def folder(model, tmp_path_factory):
    folder = tmp_path_factory.mktemp("models") / "tiny"
    save_model(model, folder)
    return folder


def random_inputs() -> list[np.ndarray]:
    random = np.random.default_rng(0)
    return [random.uniform(-1, 1, (1, 64, 32, channels)).astype(np.float32) for channels in (3, 18, 18)]


@pytest.mark.parametrize("precision", ["float32", "float16"])
def test_save_and_load(model, precision, tmp_path):
    save_model(model, tmp_path / "a" / "folder", precision)
    assert sorted(file.name for file in (tmp_path / "a" / "folder").iterdir()) == ["config.json", "weights.safetensors"]
    loaded = load_model(tmp_path / "a" / "folder")
    assert loaded.preset == TINY_PRESET
    assert loaded.get_config() | {"name": ""} == model.get_config() | {"name": ""}
    for value, expected in zip(loaded.get_weights(), model.get_weights(), strict=True):
        np.testing.assert_array_equal(value, expected.astype(precision).astype(np.float32))


def test_loaded_model_computes_the_same(model, folder):
    for value, expected in zip(
        load_model(str(folder))(random_inputs())["flows"], model(random_inputs())["flows"], strict=True
    ):
        np.testing.assert_array_equal(value, expected)


def test_weights_of_another_file(folder, tmp_path):
    path = tmp_path / "zeros.safetensors"
    write_state(
        path, {name: np.zeros_like(value) for name, value in read_state(folder / "weights.safetensors").items()}
    )
    assert all(np.all(value == 0.0) for value in load_model(folder, weights=path).get_weights())


def test_further_arguments_of_the_constructor(folder):
    model = load_model(folder, implementation="reference", dtype="mixed_bfloat16")
    assert model.implementation == "reference"
    assert model.dtype_policy.name == "mixed_bfloat16"


def test_fresh_weights_differ_from_each_other():
    kernels = [build_model(TINY_PRESET).source_encoder.stack.blocks[0].conv1.kernel.numpy() for _ in range(2)]
    assert not np.array_equal(*kernels)


def test_stand_in_weights_are_always_the_same(folder):
    first, second = (load_model(folder, weights="stand-in") for _ in range(2))
    for value, expected in zip(first.get_weights(), second.get_weights(), strict=True):
        np.testing.assert_array_equal(value, expected)
    scales = first.source_encoder.stack.blocks[0].norm1.gamma.numpy()
    assert not np.array_equal(scales, np.ones(3))


def test_unknown_preset(tmp_path):
    message = "A folder or one of the presets person-fashion, person-market, .* is expected. Received: 'person'"
    with pytest.raises(ValueError, match=message):
        load_model("person")
    with pytest.raises(ValueError, match=r"one of the presets .* Received: '.*missing'"):
        load_model(tmp_path / "missing")


def test_folder_without_config(tmp_path):
    with pytest.raises(ValueError, match=r"config\.json: a model's config\.json is .* Received: no such file\.$"):
        load_model(tmp_path)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"name": "a", "network": "person", "colour": 1, "batch": 2}', "Received: unknown fields batch, colour"),
        ('{"name": "a"', "Received: no JSON .Expecting ',' delimiter"),
        ('{"name": "a", "network": "gan"}', "network must be one of .* Received: 'gan'"),
        ('{"network": "person"}', "missing 1 required positional argument: 'name'"),
        ('["name", "network"]', "Received: "),
        ('{"name": "a", "network": "person", "config": 5}', "Received: "),
        ('{"name": "a", "network": "person", "config": {"attention_kernels": {"coarse": 3}}}', "'coarse'"),
    ],
)
def test_wrong_config_file(text, message, tmp_path):
    (tmp_path / "config.json").write_text(text)
    with pytest.raises(ValueError, match=r"config\.json\W.* a model's config\.json .*" + message):
        load_model(tmp_path)


def test_folder_without_weights(folder, tmp_path):
    (tmp_path / "config.json").write_bytes((folder / "config.json").read_bytes())
    with pytest.raises(ValueError, match=r"A safetensors file is expected. Received: .*weights\.safetensors"):
        load_model(tmp_path)


def test_attention_at_a_level_that_is_not_there():
    with pytest.raises(ValueError, match="attention_kernels must be at levels 1 to 3. Received: {4: 3}"):
        build_model(Preset("mine", "person", config={**TINY_WIDTHS, "attention_kernels": {4: 3}}))


def test_wrong_weights_are_said_in_one_line(folder, tmp_path):
    state = read_state(folder / "weights.safetensors")
    del state["source.block0.model.2.bias"]
    state["source.block0.model.0.weight"] = np.ones(4, np.float32)
    state["source.block9.model.2.bias"] = np.ones((2, 3), np.float32)
    path = tmp_path / "wrong.safetensors"
    write_state(path, state)
    with pytest.raises(ValueError, match=r"wrong\.safetensors does not fit PersonGenerator") as error:
        load_model(folder, weights=path)
    assert str(error.value).endswith(
        "missing: source.block0.model.2.bias [8]; unexpected: source.block9.model.2.bias [2, 3]; "
        "wrong shape: source.block0.model.0.weight is [4], expected [3]."
    )


def test_models_without_preset_are_not_saved(tmp_path):
    with pytest.raises(ValueError, match="A model of load_model or build_model is expected. Received: PersonGenerator"):
        save_model(PersonGenerator(**TINY_WIDTHS), tmp_path / "folder")
    assert not (tmp_path / "folder").exists()


def test_wrong_precision(model, tmp_path):
    with pytest.raises(ValueError, match="precision must be one of float32, float16. Received: 'int8'"):
        save_model(model, tmp_path, precision="int8")
    assert not list(tmp_path.iterdir())


def test_config_file_says_what_the_model_is(folder):
    config = json.loads((folder / "config.json").read_text())
    assert (config["name"], config["network"], config["height"], config["width"]) == ("tiny", "person", 64, 32)
    assert config["config"]["widths"] == [8, 8, 16]


def test_settings_given_at_loading_are_saved_with_the_model(tmp_path):
    model = load_model("person-market", widths=(4, 4, 8), flow_widths=(4, 4, 4, 8, 8), implementation="reference")
    assert model.preset.config["widths"] == (4, 4, 8)
    assert "implementation" not in model.preset.config
    save_model(model, tmp_path)
    again = load_model(tmp_path)
    for ours, theirs in zip(again.get_weights(), model.get_weights(), strict=True):
        np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize("config", [{"widths": 5}, {"wings": 2}])
def test_settings_that_a_network_does_not_take(config):
    with pytest.raises(ValueError, match="do not suit a person network"):
        build_model(Preset("odd", "person", config=config))
