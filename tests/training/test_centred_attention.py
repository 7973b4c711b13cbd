"""Local attention that begins as one bilinear sample."""

from __future__ import annotations

import numpy as np
import pytest

from gfla_tf.models.model_files import save_model
from gfla_tf.weights import state_of
from training.building import build_generator, build_stage, load_first_weights
from training.centred_attention import is_one_tap_state
from training.configs import load_config

ONE_TAP = 'network.attention_kernels={"2": 1}'


def fresh_stage(*settings):
    config = load_config("image", "tiny", settings)
    return config, build_stage(config, build_generator(config))


def save_person(folder, *settings):
    """A network of config tiny that draws more than grey, and whose flow is no longer near zero."""
    generator = fresh_stage("initial_gain=1", *settings)[1].generator
    for head in generator.flow_estimator.flow_heads:
        head.bias.assign([0.6, -1.3])
    save_model(generator, folder)
    return generator


def inputs(seed=0):
    random = np.random.default_rng(seed)
    poses = [random.uniform(0, 1, (2, 64, 32, 18)).astype(np.float32) for _ in range(2)]
    return [random.uniform(-1, 1, (2, 64, 32, 3)).astype(np.float32), *poses]


def test_the_first_picture_is_the_one_tap_networks(tmp_path):
    one_tap = save_person(tmp_path / "model", ONE_TAP)
    assert is_one_tap_state(state_of(one_tap))
    config, stage = fresh_stage("initial_centre=12")
    said = load_first_weights(stage, config, tmp_path, tmp_path / "model")
    assert said.startswith(f"the generator from {tmp_path / 'model'}")
    expected = one_tap(inputs())["image"].numpy()
    for generator in (stage.generator, stage.average):
        np.testing.assert_allclose(generator(inputs())["image"].numpy(), expected, atol=1e-3)
    blurred = fresh_stage()[1].generator
    blurred.set_weights([new if new.shape == old.shape else old for new, old in weights_of(one_tap, blurred)])
    assert np.abs(blurred(inputs())["image"].numpy() - expected).max() > 1e-2


def weights_of(one, other):
    return zip(one.get_weights(), other.get_weights(), strict=True)


def test_a_network_with_patches_is_taken_over_whole(tmp_path):
    trained = save_person(tmp_path / "model")
    assert not is_one_tap_state(state_of(trained))
    config, stage = fresh_stage("initial_centre=12")
    load_first_weights(stage, config, tmp_path, tmp_path / "model")
    for ours, theirs in weights_of(stage.generator, trained):
        np.testing.assert_array_equal(ours, theirs)


def test_weights_lie_at_the_centre():
    attention = fresh_stage("initial_centre=5")[1].generator.texture_renderer.attentions[0]
    random = np.random.default_rng(1)
    maps = [random.normal(size=(1, 8, 4, attention.patch_conv.kernel.shape[2] // 2)).astype(np.float32)] * 2
    weights = attention.attention_weights([*maps, np.zeros((1, 8, 4, 2), np.float32)]).numpy()
    centre = np.exp(5) / (np.exp(5) + 8)
    np.testing.assert_allclose(weights[..., 4], centre, atol=0.01)


WRONG = [
    (["initial_centre=0"], "initial_centre must be above 0. Received: 0"),
    ([], "wrong shape: target.attn0.fully_connect_layer.0.weight"),
    (["initial_centre=5", "network.attention_reduction=mean"], 'attention_reduction="sum" is expected'),
    (["initial_centre=5", "network.widths=[4,6]"], "wrong shape: source.encoder0"),
]


@pytest.mark.parametrize(("settings", "message"), WRONG)
def test_what_does_not_fit_is_said(tmp_path, settings, message):
    save_person(tmp_path / "model", ONE_TAP)
    with pytest.raises(ValueError, match=message):
        load_first_weights(*reversed(fresh_stage(*settings)), tmp_path, tmp_path / "model")
