"""The restated networks give what the models give, and say what goes in and out."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf
from helpers.tiny_models import tiny

from gfla_tf.layers.primitives import norms_as_of_unknown_batches
from gfla_tf.models.presets import Preset
from gfla_tf.pose.heatmaps import pose_maps
from serving.graphs.skeletons import drawn_pose_maps_tensor
from serving.tflite.graphs import graphs_of, picture_size

random = np.random.default_rng(0)
HEIGHT, WIDTH = 64, 48


def image() -> np.ndarray:
    return random.uniform(-1, 1, (1, HEIGHT, WIDTH, 3)).astype(np.float32)


def pose(joints: int) -> np.ndarray:
    keypoints = np.column_stack([random.uniform(0, WIDTH, joints), random.uniform(0, HEIGHT, joints), np.ones(joints)])
    keypoints[3] = 0
    return keypoints[np.newaxis].astype(np.float32)


def run(graph, **arrays: np.ndarray) -> dict[str, tf.Tensor]:
    shapes = {field.name: (field.dtype, (1, *field.shape)) for field in graph.inputs}
    assert {name: (np.asarray(array).dtype.name, array.shape) for name, array in arrays.items()} == shapes
    outputs = graph.function(**{name: tf.constant(array) for name, array in arrays.items()})
    found = {name: (tensor.dtype.name, tuple(tensor.shape)) for name, tensor in outputs.items()}
    assert found == {field.name: (field.dtype, (1, *field.shape)) for field in graph.outputs}
    return outputs


def test_a_person_graph_gives_the_models_picture_flow_and_mask(person_model):
    (graph,) = graphs_of(person_model)
    photo, source, target = image(), pose(18), pose(18)
    outputs = run(graph, source_image=photo, source_keypoints=source, target_keypoints=target)
    with norms_as_of_unknown_batches():  # which round like the restated ones
        expected = person_model([photo, pose_maps(source, HEIGHT, WIDTH), pose_maps(target, HEIGHT, WIDTH)])
    np.testing.assert_allclose(outputs["image"], expected["image"], atol=1e-4)
    np.testing.assert_allclose(outputs["flow"], expected["flows"][-1], atol=1e-4)
    np.testing.assert_allclose(outputs["mask"], expected["masks"][-1], atol=1e-4)


def test_reference_and_steps_give_the_models_clip(sequence_model):
    reference, step = graphs_of(sequence_model)
    photo, source, targets = image(), pose(17), [pose(17), pose(17)]
    draw = lambda keypoints: drawn_pose_maps_tensor(tf.constant(keypoints), HEIGHT, WIDTH, "h36m-17")  # noqa: E731
    state = sequence_model.start(photo, draw(source))
    constant = {
        name: array.numpy() for name, array in run(reference, reference_image=photo, reference_keypoints=source).items()
    }
    previous, previous_pose = photo, constant["reference_pose"]
    for target in targets:
        expected, state = sequence_model.step(state, draw(target))
        last = {"reference_image": photo, "previous_image": previous, "previous_pose": previous_pose}
        outputs = run(step, target_keypoints=target, **last, **constant)
        previous, previous_pose = outputs["image"].numpy(), outputs["pose"].numpy()
        np.testing.assert_allclose(previous, expected["image"], atol=2e-4)


def test_a_motion_graph_gives_the_models_motion(motion_model):
    (graph,) = graphs_of(motion_model)
    noisy = random.uniform(-1, 1, (1, 110, 34)).astype(np.float32)
    np.testing.assert_allclose(run(graph, noisy=noisy)["clean"], motion_model(noisy), atol=1e-4)


def test_motion_models_that_correct_and_smooth_and_have_no_clip_vector():
    model = tiny("motion", residual=True, smoothing=9, adaptive=False)
    model.preset = Preset("small", "motion", skeleton="h36m-17")
    noisy = random.uniform(-1, 1, (1, 110, 34)).astype(np.float32)
    (graph,) = graphs_of(model)
    np.testing.assert_allclose(run(graph, noisy=noisy)["clean"], model(noisy), atol=1e-4)


@pytest.mark.parametrize("strength", [0.005, 0.02, 1])
def test_motion_models_that_smooth_more_where_joints_are_calm(strength):
    """Hardly moving, moving, and wild: each takes another part of the two smoothed ways."""
    model = tiny("motion", residual=True, smoothing=3, calm_smoothing=9)
    model.preset = Preset("small", "motion", skeleton="h36m-17")
    noisy = random.normal(0, strength, (1, 110, 34)).astype(np.float32)
    (graph,) = graphs_of(model)
    np.testing.assert_allclose(run(graph, noisy=noisy)["clean"], model(noisy), atol=1e-5)


def test_convention_bytes_are_0_to_255_for_minus_1_to_1(person_model):
    floats, integers = graphs_of(person_model)[0], graphs_of(person_model, pixels="uint8")[0]
    photo = random.integers(0, 256, (1, HEIGHT, WIDTH, 3)).astype(np.uint8)
    poses = {"source_keypoints": pose(18), "target_keypoints": pose(18)}
    found = run(integers, source_image=photo, **poses)["image"].numpy()
    expected = run(floats, source_image=photo.astype(np.float32) / 127.5 - 1, **poses)["image"].numpy()
    np.testing.assert_allclose(found, (expected + 1) * 127.5, atol=0.51)


def test_sizes_keep_the_presets_proportions_in_whole_multiples():
    preset = Preset("a", "person", height=192, width=128)
    assert picture_size(preset, 32) == (192, 128)
    assert picture_size(preset, 32, 128) == (128, 96)
    assert picture_size(preset, 32, 256) == (256, 160)
    with pytest.raises(ValueError, match=r"size must be a multiple of 32 pixels\. Received: 200\."):
        picture_size(preset, 32, 200)
    with pytest.raises(ValueError, match=r"size must be a multiple of 32 pixels\. Received: 0\."):
        picture_size(preset, 32, 0)


def test_a_size_is_not_for_motion(motion_model):
    with pytest.raises(ValueError, match="A size is for models that render pictures. Received: 128"):
        graphs_of(motion_model, 128)


def test_other_models_and_pixels_are_refused(person_model):
    with pytest.raises(ValueError, match="A model of a person, sequence, motion preset is expected"):
        graphs_of(tiny("person"))
    with pytest.raises(ValueError, match=r"pixels must be one of float32, uint8\. Received: 'int8'\."):
        graphs_of(person_model, pixels="int8")
