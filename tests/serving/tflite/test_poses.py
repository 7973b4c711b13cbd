"""Poses drawn without comparisons are those that the networks were trained with."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from gfla_tf.lite.function import LiteFunction
from gfla_tf.pose.heatmaps import pose_maps
from serving.graphs.skeletons import drawn_pose_maps_tensor
from serving.signatures import TensorField
from serving.tflite.convert import convert
from serving.tflite.graphs import LiteGraph
from serving.tflite.poses import _round, draw_pose
from serving.tflite.verification import find_interpreters

random = np.random.default_rng(0)


def pose(joints: int, missing: int) -> np.ndarray:
    keypoints = np.column_stack(
        [random.uniform(-5, 45, joints), random.uniform(-5, 35, joints), random.uniform(0.01, 1, joints)]
    )
    keypoints[:missing] = 0
    return keypoints[np.newaxis].astype(np.float32)


@pytest.mark.parametrize("missing", [0, 5, 18])
def test_gaussians_are_those_of_the_data_pipeline(missing):
    keypoints = pose(18, missing)
    found = draw_pose(tf.constant(keypoints), 24, 40, "openpose-18", drawn=False)
    np.testing.assert_allclose(found, pose_maps(keypoints, 24, 40), atol=1e-6)


@pytest.mark.parametrize("missing", [0, 4, 17])
def test_drawn_skeletons_are_those_of_the_served_graph(missing):
    keypoints = pose(17, missing)
    found = draw_pose(tf.constant(keypoints), 24, 40, "h36m-17", drawn=True)
    expected = drawn_pose_maps_tensor(tf.constant(keypoints), 24, 40, "h36m-17")
    np.testing.assert_allclose(found, expected, atol=1e-4)


def test_halves_are_rounded_to_even_numbers():
    values = tf.constant([*np.arange(-40, 40) / 8, 16.5 * 255, 16383.5, 16384.5], tf.float32)
    np.testing.assert_array_equal(_round(values), tf.round(values))


def test_lines_are_as_thick_as_those_of_the_served_graph():
    """Halfway, numbers are rounded to even ones; float16, which has no 45th, draws the same."""
    height, width = 384, 320
    graph = LiteGraph(
        "pose",
        "a pose, drawn",
        lambda keypoints: {"pose": draw_pose(keypoints, height, width, "h36m-17", drawn=True)},
        (TensorField("keypoints", "float32", (17, 3), "some joints"),),
        (TensorField("pose", "float32", (height, width, 20), "the pose"),),
    )
    content = convert(graph, "float16")
    converted = [LiteFunction(content, interpreter_class=interpreter) for interpreter in find_interpreters().values()]
    for extent in (0, 67, 67.5, 68, 112, 112.5, 113, 157, 157.5, 158, 900):
        keypoints = np.ones((1, 17, 3), np.float32)
        keypoints[0, 0, 1] += extent
        expected = drawn_pose_maps_tensor(tf.constant(keypoints), height, width, "h36m-17")
        np.testing.assert_allclose(graph.function(tf.constant(keypoints))["pose"], expected, atol=1e-4)
        for function in converted:
            np.testing.assert_allclose(function(keypoints=keypoints)["pose"], expected, atol=2e-3)


def test_convention_x_runs_along_the_width_and_is_rounded_down():
    keypoints = np.zeros((1, 18, 3), np.float32)
    keypoints[0, 2] = (30.9, 10.9, 0.5)
    maps = draw_pose(tf.constant(keypoints), 24, 40, "openpose-18", drawn=False).numpy()
    assert maps.shape == (1, 24, 40, 18)
    assert np.unravel_index(maps[0, ..., 2].argmax(), (24, 40)) == (10, 30)
    assert maps[0, 10, 30, 2] == 1.0
    assert not maps[..., [0, 1, 3]].any()
