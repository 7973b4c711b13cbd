"""Flows through poses in between."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf
from helpers.tiny_models import tiny

from gfla_tf.models.intermediate_poses import compose_flows, render_through

HEIGHT, WIDTH = 32, 64
random = np.random.default_rng(4)


@pytest.fixture(scope="module")
def model():
    return tiny("person")


@pytest.fixture(scope="module")
def inputs(model):
    image = random.uniform(-1, 1, (2, HEIGHT, WIDTH, 3)).astype(np.float32)
    poses = random.uniform(0, 1, (3, 2, HEIGHT, WIDTH, model.pose_channels)).astype(np.float32)
    return image, list(poses)


def test_convention_the_second_flow_is_read_where_the_first_one_leads():
    """Position (x, y) = (1, 2) goes 2 to the right; from (3, 2) it goes 5 down."""
    flow, before = np.zeros((2, 1, 4, 6, 2), np.float32)
    flow[0, 2, 1] = 2, 0
    before[0, 2, 3] = 0, 5
    composed = compose_flows(tf.constant(flow), tf.constant(before)).numpy()
    assert composed[0, 2, 1].tolist() == [2, 5]
    assert composed[0, 2, 3].tolist() == [0, 5]
    composed[0, 2, [1, 3]] = 0
    assert not composed.any()


def test_without_poses_in_between_it_is_the_generator(model, inputs):
    image, poses = inputs
    straight = model([image, poses[0], poses[-1]])
    found = render_through(model, tf.constant(image), [poses[0], poses[-1]])
    for name in ("image", "flows", "masks"):
        for one, other in zip(tf.nest.flatten(straight[name]), tf.nest.flatten(found[name]), strict=True):
            np.testing.assert_allclose(one, other, atol=1e-6)


def test_two_steps_by_hand(model, inputs):
    image, poses = inputs
    first = model([image, poses[0], poses[1]])
    flows, masks = model.flow_estimator([first["image"], poses[1], poses[2]])
    found = render_through(model, tf.constant(image), poses)
    for level, (step, before) in enumerate(zip(flows, first["flows"], strict=True)):
        np.testing.assert_allclose(found["flows"][level], compose_flows(step, before), atol=1e-5)
        assert np.max(found["masks"][level] - masks[level]) <= 1e-6
    expected = model.render(image, poses[2], found["flows"], found["masks"])
    np.testing.assert_allclose(found["image"], expected, atol=1e-6)
    assert np.abs(found["image"] - model([image, poses[0], poses[2]])["image"]).max() > 1e-5


def test_errors(model, inputs):
    image, poses = inputs
    with pytest.raises(ValueError, match="The source's and the target's pose, .* are expected. Received: 1 poses"):
        render_through(model, image, poses[:1])
    still = tiny("person", attention_kernels={})
    with pytest.raises(ValueError, match=r"a generator with attention.* Received: 3 poses and attention .* \[\]"):
        render_through(still, image, poses)
