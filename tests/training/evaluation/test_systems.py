"""Baselines, models, and how far their flows are off."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from gfla_tf.models.model_files import build_model, save_model
from gfla_tf.models.presets import PRESETS
from gfla_tf.pose.framing import resize_image
from training.data.truth import level_truth
from training.evaluation.flow_errors import flow_errors, hidden_flow_errors
from training.evaluation.pairs import PairBatch
from training.evaluation.systems import Baseline, ModelSystem
from training.stages.terms import endpoint_error


def make_batch(flow, visible, height=8, width=16):
    """One pair whose flow and visibility are even."""
    shape = (1, height, width)
    image = np.random.default_rng(0).uniform(-1, 1, (*shape, 3)).astype(np.float32)
    keypoints = np.zeros((1, 18, 3), np.float32)
    flow = np.broadcast_to(np.float32(flow), (*shape, 2)).copy()
    visible = np.broadcast_to(np.float32(visible), (*shape, 1)).copy()
    return PairBatch((0,), image, -image, keypoints, keypoints, np.ones((*shape, 1)), flow, visible)


def test_copy_gives_the_source_and_no_flow(pairs):
    batch = pairs.read([0, 1])
    rendered = Baseline("copy").render(batch)
    assert rendered.image is batch.source_image
    assert {level: flow.shape for level, flow in rendered.flows.items()} == {3: (2, 32, 22, 2), 2: (2, 64, 44, 2)}
    assert not any(flow.any() for flow in rendered.flows.values())


def test_convention_warp_takes_each_pixel_from_where_the_flow_points():
    batch = make_batch([3, -1], 1)
    warped = Baseline("warp").render(batch).image
    np.testing.assert_allclose(warped[0, 5, 6], batch.source_image[0, 4, 9])
    np.testing.assert_allclose(warped[0, 5, 15], batch.source_image[0, 4, 15])  # outside, the border repeats
    assert Baseline("warp").render(batch).flows == {}


def test_warp_completed_takes_from_the_target_what_is_hidden():
    batch = make_batch([3, 0], 1)
    batch.visible[:, :, 8:] = 0
    image = Baseline("warp-completed").render(batch).image
    np.testing.assert_array_equal(image[:, :, :8], batch.source_image[:, :, 3:11])
    np.testing.assert_array_equal(image[:, :, 8:], batch.target_image[:, :, 8:])


def test_baselines_are_refused():
    with pytest.raises(
        ValueError, match="--baseline must be one of copy, warp, warp-completed, truth. Received: wrap."
    ):
        Baseline("wrap")
    with pytest.raises(ValueError, match="--baseline warp needs exact flow"):
        Baseline("warp", has_flow=False)


def test_convention_flow_errors_are_in_pixels_of_the_level():
    """The exact flow is (8, -6) pixels of an 8x16 picture: (2, -1.5) at a quarter."""
    batch = make_batch([8, -6], 1)
    zero, exact = np.zeros((1, 2, 4, 2)), np.tile([2, -1.5], (1, 2, 4, 1))
    np.testing.assert_allclose(flow_errors(batch, 2, zero), [2.5])
    np.testing.assert_allclose(flow_errors(batch, 2, exact), [0])
    # A network that works at 16x16 has a grid of 4x4 there: (2, -3) in its own pixels is right.
    np.testing.assert_allclose(flow_errors(batch, 2, np.zeros((1, 4, 4, 2))), [2.5])
    np.testing.assert_allclose(flow_errors(batch, 2, np.tile([2, -3], (1, 4, 4, 1))), [0])
    np.testing.assert_allclose(flow_errors(batch, 2, np.tile([2, -1], (1, 4, 4, 1))), [1])


def test_only_what_is_visible_counts_in_flow_errors():
    batch = make_batch([4, 0], 1)
    flow = np.ones((1, 2, 4, 2)) * [1, 0]
    flow[:, :, 2:] = 100
    batch.visible[:, :, 8:] = 0
    np.testing.assert_allclose(flow_errors(batch, 2, flow), [0])
    batch.visible[:, :4, 8:12] = 1  # one of five positions
    np.testing.assert_allclose(flow_errors(batch, 2, flow), [np.hypot(99, 100) / 5])
    assert np.isnan(flow_errors(make_batch([4, 0], 0), 2, flow)).all()


def test_only_what_is_hidden_in_the_picture_counts_in_hidden_flow_errors():
    batch = make_batch([4, 0], 1)
    flow = np.ones((1, 2, 4, 2)) * [1, 0]
    flow[:, :, 2] = [4, 4]
    flow[:, :, 3] = 100
    assert np.isnan(hidden_flow_errors(batch, 2, flow)).all()  # everything is visible
    batch.visible[:, :, 8:] = 0  # of which the last four columns lead out of the picture
    batch.person_mask[:] = 1
    np.testing.assert_allclose(hidden_flow_errors(batch, 2, flow), [5])
    batch.person_mask[:, :, 8:12] = 0
    assert np.isnan(hidden_flow_errors(batch, 2, flow)).all()  # what is left is background


def test_flow_errors_are_those_of_training(pairs):
    """What `flow` trains and reports, but for pictures of which hardly anything is visible."""
    batch = pairs.read([0, 1])
    flow = np.random.default_rng(0).normal(0, 3, (2, 32, 22, 2)).astype(np.float32)
    truth = [level_truth(batch.flow[pair], batch.visible[pair], 32, 22) for pair in (0, 1)]
    expected = endpoint_error(tf.constant(flow), *(tf.stack(values) for values in zip(*truth, strict=True)))
    np.testing.assert_allclose(flow_errors(batch, 3, flow).mean(), expected, rtol=1e-5)


def test_convention_a_model_sees_its_own_size_and_is_compared_in_the_pairs_size(pairs, model, monkeypatch):
    batch, call, seen = pairs.read([0, 1]), model._call, []
    monkeypatch.setattr(model, "_call", lambda *inputs: seen.extend(inputs) or call(*inputs))
    rendered = model.render(batch)
    assert [tuple(one.shape) for one in seen] == [(2, 64, 32, 3), (2, 64, 32, 18), (2, 64, 32, 18)]
    assert rendered.image.shape == (2, 256, 176, 3)
    assert {level: flow.shape for level, flow in rendered.flows.items()} == {2: (2, 16, 8, 2)}
    # The right shoulder, at x 68, y 69 of 176x256.
    assert np.unravel_index(np.argmax(seen[2][0, ..., 2]), (64, 32)) == (69 // 4, int(68 * 32 / 176))
    small = np.asarray(resize_image(batch.source_image[0], 64, 32))
    np.testing.assert_allclose(seen[0][0], small, atol=1e-5)


def test_convention_the_finest_mask_is_in_the_pairs_size(pairs, model, monkeypatch):
    batch, call, made = pairs.read([0, 1]), model._call, []
    monkeypatch.setattr(model, "_call", lambda *inputs: made.append(call(*inputs)) or made[-1])
    model.render(batch)
    mask = model.finest_mask(batch)
    assert mask.shape == (2, 256, 176, 1)
    assert mask.std() > 0
    # The network sees 64x32: at a quarter, a pixel is 16x22 of the pair's.
    rendered = made[0]["masks"][-1].numpy()
    np.testing.assert_allclose(mask, np.kron(rendered, np.ones((1, 16, 22, 1))), atol=1e-6)


def test_a_picture_does_not_depend_on_its_batch(pairs, model):
    together = model.render(pairs.read([0, 1])).image
    np.testing.assert_allclose(model.render(pairs.read([1])).image, together[1:], atol=1e-3)


def test_a_models_identity_is_its_weights(model, make_model):
    same, other = (ModelSystem("mine", make_model(seed)).identity for seed in (0, 1))
    assert same == model.identity
    assert other["weights"] != model.identity["weights"]
    assert other["config"] == model.identity["config"]


def test_a_model_goes_through_a_pose_in_between(pairs, model, make_model):
    stepped = ModelSystem("stepped", make_model(), intermediate_poses=1)
    assert {**model.identity, "intermediate_poses": 1} == stepped.identity
    rendered = stepped.render(pairs.read([0]))
    assert rendered.image.shape == (1, 256, 176, 3)
    assert np.abs(rendered.image - model.render(pairs.read([0])).image).max() > 1e-3


def test_models_are_refused(tmp_path):
    with pytest.raises(ValueError, match="^mine: a model's folder is expected. Received: nowhere"):
        ModelSystem("mine", "nowhere")
    save_model(build_model(PRESETS["image-discriminator-market"]), tmp_path)
    with pytest.raises(ValueError, match="^mine: a person generator is expected. Received: image-disc"):
        ModelSystem("mine", tmp_path)


def test_a_folder_named_like_a_preset_is_the_folder(tmp_path, monkeypatch, model):
    save_model(model.model, tmp_path / "person-demo")
    monkeypatch.chdir(tmp_path)
    found = ModelSystem("mine", "person-demo").model
    assert found.preset == model.model.preset
    np.testing.assert_array_equal(found.get_weights()[0], model.model.get_weights()[0])
