from __future__ import annotations

from unittest import mock

import numpy as np
import pytest
import tensorflow as tf
from helpers.tiny_models import SHALLOW, TINY, tiny

from gfla_tf.models.source_encoder import SourceEncoder

NAMES = ("sequence", "face")
SIZE = (64, 32)
TIME = 3


@pytest.fixture(scope="module", params=NAMES)
def name(request) -> str:
    return request.param


@pytest.fixture(scope="module")
def model(name):
    return tiny(name, **SHALLOW)


@pytest.fixture
def eager_functions():
    tf.config.run_functions_eagerly(True)
    yield
    tf.config.run_functions_eagerly(False)


def clip(model, batch: int = 2, time: int = TIME):
    """Reference image, reference pose and target poses."""
    random = np.random.default_rng(0)
    shapes = [(batch, *SIZE, 3), (batch, *SIZE, model.pose_channels), (batch, time, *SIZE, model.pose_channels)]
    return [random.uniform(-1, 1, shape).astype(np.float32) for shape in shapes]


def step_by_step(model, reference_image, reference_pose, target_poses) -> np.ndarray:
    """The frames, with the state carried by the caller."""
    image, pose, frames = reference_image, reference_pose, []
    for target_pose in np.moveaxis(target_poses, 1, 0):
        image = model([reference_image, reference_pose, image, pose, target_pose])["image"]
        pose = target_pose
        frames.append(np.asarray(image))
    return np.stack(frames, axis=1)


def test_all_at_once_equals_step_by_step(model):
    inputs = clip(model)
    frames = model.generate(*inputs)
    assert frames.shape == (2, TIME, *SIZE, 3)
    np.testing.assert_allclose(frames, step_by_step(model, *inputs), atol=1e-4)


@pytest.mark.usefixtures("eager_functions")
def test_steps_through_the_state_equal_all_at_once(model):
    reference_image, reference_pose, target_poses = clip(model)
    whole = model.generate(reference_image, reference_pose, target_poses)
    state = model.start(reference_image, reference_pose)
    for index in range(TIME):
        outputs, state = model.step(state, target_poses[:, index])
        np.testing.assert_allclose(outputs["image"], whole[:, index], atol=1e-4)
        np.testing.assert_array_equal(state.previous_image, outputs["image"])
        np.testing.assert_array_equal(state.previous_pose, target_poses[:, index])


def test_the_reference_is_encoded_once_a_clip(model):
    reference_image, reference_pose, target_poses = clip(model)
    with mock.patch.object(SourceEncoder, "call", autospec=True, side_effect=SourceEncoder.call) as encode:
        state = model.start(reference_image, reference_pose)
        assert encode.call_count == 1
        model.step(state, target_poses[:, 0])
    assert encode.call_args_list[1].args[0] is model.previous_encoder
    assert encode.call_count == 2


@pytest.mark.usefixtures("eager_functions")
def test_one_at_a_time_equals_all_at_once(model):
    reference_image, reference_pose, target_poses = clip(model)
    whole = model.generate(reference_image, reference_pose, target_poses)
    state = {}
    for index in range(TIME):
        part = model.generate(reference_image, reference_pose, target_poses[:, index : index + 1], **state)
        np.testing.assert_allclose(part[:, 0], whole[:, index], atol=1e-5)
        state = {"previous_image": part[:, 0], "previous_pose": target_poses[:, index]}


def test_clips_of_unknown_length_and_size(model, name):
    signature = [
        tf.TensorSpec([None, None, None, 3]),
        tf.TensorSpec([None, None, None, model.pose_channels]),
        tf.TensorSpec([None, None, None, None, model.pose_channels]),
    ]
    compiled = tf.function(model.generate, input_signature=signature)
    for batch, time in ((1, 2), (2, 3)):
        inputs = clip(model, batch, time)
        np.testing.assert_allclose(compiled(*inputs), step_by_step(model, *inputs), atol=1e-4)


def test_the_previous_frame_matters(model):
    inputs = TINY["sequence" if model.pose_channels == 20 else "face"].inputs(1, SIZE)
    other = [*inputs[:2], -inputs[2], *inputs[3:]]
    assert np.abs(model(inputs)["image"] - model(other)["image"]).max() > 1e-2


def test_previous_comes_before_reference(model, name):
    reference_image, reference_pose, previous_image, previous_pose, target_pose = TINY[name].inputs(1, SIZE)
    outputs = model([reference_image, reference_pose, previous_image, previous_pose, target_pose])
    assert len(outputs["flows"]) == len(outputs["masks"]) == 2
    if name == "sequence":
        flows, masks = model.previous_flow_estimator([previous_image, previous_pose, target_pose])
        np.testing.assert_array_equal(outputs["flows"][0], flows[0])
        np.testing.assert_array_equal(outputs["masks"][0], masks[0])
        flows, _ = model.reference_flow_estimator([reference_image, reference_pose, target_pose])
        np.testing.assert_array_equal(outputs["flows"][1], flows[0])
    else:
        joined = [target_pose, previous_image, previous_pose, reference_image, reference_pose]
        flows, masks = model.flow_estimator(joined)
        np.testing.assert_array_equal(np.concatenate(outputs["flows"], axis=-1), flows[0])
        np.testing.assert_array_equal(np.concatenate(outputs["masks"], axis=-1), masks[0])


def test_wrong_inputs_of_a_step(model, name):
    inputs = TINY[name].inputs(1, SIZE)
    names = r"\[reference_image, reference_pose, previous_image, previous_pose, target_pose\]"
    with pytest.raises(ValueError, match=rf"A list of 5 inputs is expected: {names}. Received: 4 inputs"):
        model(inputs[:4])
    with pytest.raises(ValueError, match=r"previous_pose must have shape .*Received: \(1, 64, 32, 3\)"):
        model([*inputs[:3], inputs[0], inputs[4]])
    with pytest.raises(ValueError, match=r"multiples of 16. Received: \(1, 62, 32, 3\)"):
        model([value[:, :62] for value in inputs])


def test_wrong_clips(model):
    reference_image, reference_pose, target_poses = clip(model)
    channels = model.pose_channels
    shape = rf"target_poses must have shape \[batch, time, height, width, {channels}\] with one frame or more"
    with pytest.raises(ValueError, match=shape + rf". Received: \(2, 64, 32, {channels}\)"):
        model.generate(reference_image, reference_pose, target_poses[:, 0])
    with pytest.raises(ValueError, match=shape + rf". Received: \(2, 0, 64, 32, {channels}\)"):
        model.generate(reference_image, reference_pose, target_poses[:, :0])
    with pytest.raises(ValueError, match="previous_image and previous_pose go together. Received: only one of them"):
        model.generate(reference_image, reference_pose, target_poses, previous_image=reference_image)
    with pytest.raises(ValueError, match=r"must agree in batch, height and width. Received: \(1, 64, 32, 3\)"):
        model.generate(reference_image[:1], reference_pose, target_poses)
    with pytest.raises(ValueError, match="previous_image and previous_pose go together. Received: only one of them"):
        model.start(reference_image, reference_pose, previous_pose=reference_pose)
    with pytest.raises(ValueError, match=r"must agree in batch, height and width. Received: .*\(1, 64, 32, "):
        model.step(model.start(reference_image, reference_pose), target_poses[:1, 0])
    with pytest.raises(ValueError, match=r"reference_image must have shape .*Received: \(2, 64, 32, 2\)"):
        model.generate(reference_image[..., :2], reference_pose, target_poses)
