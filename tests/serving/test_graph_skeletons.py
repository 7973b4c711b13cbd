"""Drawn skeletons inside the graph: nearly what OpenCV draws."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from gfla_tf.pose.drawn_maps import drawn_pose_maps
from gfla_tf.pose.skeletons import SKELETONS
from serving.graphs.skeletons import drawn_pose_maps_tensor, skeleton_colors_tensor

# A standing body, in parts of its height around its hips.
STANDING = [
    *[(0, 0), (-0.1, 0), (-0.1, 0.25), (-0.1, 0.5), (0.1, 0), (0.1, 0.25), (0.1, 0.5), (0, -0.13), (0, -0.26)],
    *[(0, -0.33), (0, -0.4), (0.15, -0.25), (0.25, -0.1), (0.3, 0.05), (-0.15, -0.25), (-0.25, -0.1), (-0.3, 0.05)],
]


def standing_people(height: int, width: int, count: int = 4) -> np.ndarray:
    random = np.random.default_rng(0)
    sizes = height * random.uniform(0.4, 1.0, (count, 1, 1))
    points = STANDING * sizes + [width / 2, height / 2] + 0.02 * height * random.normal(size=(count, 17, 2))
    known = random.uniform(size=(count, 17, 1)) > 0.1
    return np.concatenate([points, known], axis=-1).astype(np.float32)


@pytest.mark.parametrize(("height", "width"), [(192, 128), (64, 96)])
def test_nearly_what_opencv_draws(height, width):
    people = standing_people(height, width)
    expected = drawn_pose_maps(people, height, width)
    drawn = drawn_pose_maps_tensor(tf.constant(people), height, width, "h36m-17").numpy()
    np.testing.assert_allclose(drawn[..., :17], expected[..., :17], atol=1e-6)
    difference = np.abs(drawn - expected)[..., 17:]
    painted = expected[..., 17:].max(axis=-1) > 0
    assert painted.mean() > 0.02
    assert difference.mean() < 0.006
    assert difference[painted].mean() < 0.06


def test_convention_a_line_and_its_ends():
    """The spine from (8, 2) to (8, 14) on 16 rows and 24 columns: columns of x = 8, grey; its dots over it."""
    keypoints = np.zeros((1, 17, 3), np.float32)
    joints = SKELETONS["h36m-17"].joints
    keypoints[0, joints.index("mid_hip")] = 8, 14, 1
    keypoints[0, joints.index("spine")] = 8, 2, 1
    colors = skeleton_colors_tensor(tf.constant(keypoints), 16, 24, "h36m-17").numpy()[0]
    assert colors.shape == (16, 24, 3)
    np.testing.assert_allclose(colors[2:15, 8], 215 / 255, atol=1e-5)
    np.testing.assert_allclose(colors[8, 9], 215 / 255 * np.exp(-1 / 0.6), atol=1e-5)
    assert np.all(colors[:, :4] < 1e-3)
    assert np.all(colors[:, 13:] < 1e-3)


def test_missing_joints_are_not_drawn():
    keypoints = standing_people(64, 64, 2)
    keypoints[0, :, 2] = 0
    keypoints[1, :, 0] = np.nan
    np.testing.assert_array_equal(skeleton_colors_tensor(tf.constant(keypoints), 64, 64, "h36m-17"), 0)


def test_later_shapes_cover_earlier_ones():
    """All joints in one place: the last one drawn, the right wrist, is seen."""
    keypoints = np.tile(np.float32([20, 12, 1]), (1, 17, 1))
    colors = skeleton_colors_tensor(tf.constant(keypoints), 32, 32, "h36m-17").numpy()[0]
    expected = drawn_pose_maps(keypoints, 32, 32)[0, 12, 20, 17:]
    np.testing.assert_allclose(colors[12, 20], expected, atol=1e-5)
