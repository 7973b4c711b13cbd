"""Pose maps with the drawn skeleton behind them."""

from __future__ import annotations

import numpy as np
import pytest
from helpers.animations import standing

from gfla_tf.pose.drawing import skeleton_image
from gfla_tf.pose.drawn_maps import drawn_pose_maps, skeleton_colors
from gfla_tf.pose.heatmaps import pose_maps


def test_convention_joints_first_then_red_green_blue():
    people = np.stack([standing(20, 60, 50, "h36m-17"), standing(30, 60, 40, "h36m-17")])
    maps = drawn_pose_maps(people, 64, 48, sigma=3.0)
    assert (maps.shape, maps.dtype) == ((2, 64, 48, 20), np.float32)
    np.testing.assert_array_equal(maps[..., :17], pose_maps(people, 64, 48, 3.0))
    drawn = (skeleton_image(people[1], 64, 48, "h36m-17") + 1) / 2
    np.testing.assert_allclose(maps[1, ..., 17:], drawn, atol=1e-6)
    assert maps.min() == 0
    assert maps[..., 17:].max() > 0.9


def test_nobody_is_all_zeros():
    assert not drawn_pose_maps(np.zeros((1, 17, 3)), 32, 16).any()
    assert skeleton_colors(np.zeros((1, 18, 3)), 32, 16, "openpose-18").dtype == np.uint8


def test_keypoints_of_another_skeleton():
    with pytest.raises(ValueError, match=r"\[..., 17, 3\] \(h36m-17\)"):
        drawn_pose_maps(np.zeros((1, 18, 3)), 32, 16)
