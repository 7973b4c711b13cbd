"""A sequence generator that begins as a person generator."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from helpers.animations import HEIGHT, PERSON, SEQUENCE, WIDTH, make_model, photo, standing

from gfla_tf.models.model_files import build_model
from gfla_tf.pose.drawn_maps import drawn_pose_maps
from gfla_tf.pose.heatmaps import pose_maps
from gfla_tf.pose.skeletons import get_skeleton
from gfla_tf.weights import load_state, state_of
from training.warm_start import is_person_state, start_from_person

# Openpose's and Human3.6M's places of some joints.
PAIRS = {"nose": (0, 9), "neck": (1, 8), "right_wrist": (4, 16), "left_ankle": (13, 6)}
EYES_AND_EARS = [14, 15, 16, 17]


@pytest.fixture(scope="module")
def person() -> dict[str, np.ndarray]:
    return state_of(make_model(PERSON))


@pytest.fixture(scope="module")
def started(person):
    """The state before, after, and what kept its first weights."""
    generator = build_model(SEQUENCE)
    before = state_of(generator)
    kept = start_from_person(generator, person, PERSON)
    return before, state_of(generator), kept


def test_both_branches_begin_as_the_person(started, person):
    _, state, _ = started
    for branch in ("previous", "reference"):
        for name in ("encoder0.model.2.weight", "block0.model.2.weight"):
            np.testing.assert_array_equal(state[f"source_{branch}.{name}"], person[f"source.{name}"])
        name = "decoder0.model.2.weight"
        np.testing.assert_array_equal(state[f"flow_net_{branch}.{name}"], person[f"flow_net.{name}"])
        name = "fully_connect_layer.0.weight"
        attention = f"target.attn_{branch[0]}0.{name}"
        np.testing.assert_array_equal(state[attention], person[f"target.attn0.{name}"])
    (name,) = [name for name in person if name.startswith("target.outconv.") and name.endswith("weight")]
    np.testing.assert_array_equal(state[name], person[name])


def test_convention_channels_follow_their_joints(started, person):
    before, state, kept = started
    names = get_skeleton("openpose-18").joints, get_skeleton("h36m-17").joints
    for joint, (there, here) in PAIRS.items():
        same = joint if joint != "neck" else "thorax"
        assert (names[0][there], names[1][here]) == (joint, same)
        name = "target.block0.model.2.weight"
        added = person[name][:, EYES_AND_EARS].sum(axis=1) if joint == "nose" else 0.0
        np.testing.assert_allclose(state[name][:, here], person[name][:, there] + added, rtol=1e-6, atol=1e-7)
        ours, theirs = state[f"flow_net_previous.{name[7:]}"], person[f"flow_net.{name[7:]}"]
        for own_start, start in ((3, 3), (3 + 20, 3 + 18)):
            added = theirs[:, [start + number for number in EYES_AND_EARS]].sum(axis=1) if joint == "nose" else 0.0
            np.testing.assert_allclose(
                ours[:, own_start + here], theirs[:, start + there] + added, rtol=1e-6, atol=1e-7
            )
        norm = "flow_net_reference.block0.model.0.weight"
        assert state[norm][23 + here] == person["flow_net.block0.model.0.weight"][21 + there]
    np.testing.assert_array_equal(ours[:, :3], theirs[:, :3])
    spine, red = 7, 17
    norm = "target.block0.model.0.weight"
    for channel in (spine, red):
        assert not state[name][:, channel].any()
        assert state[norm][channel] == before[norm][channel]
    poses = [f"block0.model.{part}" for part in ("0.weight", "0.bias", "2.weight")]
    readers = ("target", "flow_net_previous", "flow_net_reference")
    assert kept == sorted(f"{reader}.{part}" for reader in readers for part in poses)


@pytest.mark.parametrize("norm", [True, False])
def test_the_first_picture_is_the_persons(norm):
    settings = {"renderer_norm": norm}
    presets = [replace(preset, config={**preset.config, **settings}) for preset in (PERSON, SEQUENCE)]
    network, generator = make_model(presets[0]), build_model(presets[1])
    state = state_of(network)
    for name, channels in (("target", EYES_AND_EARS), ("flow_net", [s + n for s in (3, 21) for n in EYES_AND_EARS])):
        state[f"{name}.block0.model.2.weight"][:, channels] = 0.0  # nothing that only the person generator sees
    load_state(network, state)
    start_from_person(generator, state, presets[0])
    image = photo(HEIGHT, WIDTH)[np.newaxis]
    shifts = (0.0, 3.0)
    keypoints = {
        skeleton: np.stack([standing(WIDTH / 2 + shift, 60, 56, skeleton) for shift in shifts])
        for skeleton in ("openpose-18", "h36m-17")
    }
    source, target = pose_maps(keypoints["openpose-18"], HEIGHT, WIDTH, sigma=3.0)[:, np.newaxis]
    reference, wanted = drawn_pose_maps(keypoints["h36m-17"], HEIGHT, WIDTH, sigma=3.0)[:, np.newaxis]
    expected = network([image, source, target])["image"].numpy()
    found = generator([image, reference, image, reference, wanted])["image"].numpy()
    assert expected.std() > 0.05
    np.testing.assert_allclose(found, expected, atol=1e-3 if norm else 1e-5)


def test_every_other_tensor_is_taken_over(started):
    before, state, kept = started
    random = [name for name, value in before.items() if value.ndim == 4 and name not in kept]
    assert random
    assert not any(np.array_equal(before[name], state[name]) for name in random)


def test_which_states_are_a_persons(person, started):
    assert is_person_state(person)
    assert not is_person_state(started[1])


def test_a_default_that_is_given_is_no_other_setting(started, person):
    defaults = {"attention_reduction": "mean", "source_norm": True, "renderer_norm": True}
    given = replace(PERSON, config={**PERSON.config, **defaults})
    assert start_from_person(build_model(SEQUENCE), person, given) == started[2]


def test_networks_that_do_not_suit(person):
    generator = build_model(SEQUENCE)
    with pytest.raises(ValueError, match=r"a.safetensors: .* Received: attention_reduction=mean here, sum there"):
        other = replace(PERSON, config={**PERSON.config, "attention_reduction": "sum"})
        start_from_person(generator, person, other, "a.safetensors")
    with pytest.raises(ValueError, match="weights of a person generator are expected. Received: none that fits"):
        start_from_person(generator, {"source.block0.model.2.weight": np.zeros((3, 3, 4, 4))})
