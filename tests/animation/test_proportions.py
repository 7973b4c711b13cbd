"""The proportions of bodies."""

from __future__ import annotations

import numpy as np
import pytest
from helpers.animations import standing, walking

from gfla_tf.animation.proportions import change_lengths, part_lengths
from gfla_tf.pose.skeletons import get_skeleton

# Of the body in `helpers.animations`, in body heights: the legs are straight, the arms lean outwards by 0.01.
ARM, FOREARM = np.hypot(0.01, 0.19), np.hypot(0.01, 0.145)
LENGTHS = {"upper_arms": ARM, "lower_arms": FOREARM, "upper_legs": 0.245, "lower_legs": 0.245, "hips": 0.06}


@pytest.mark.parametrize("skeleton", ["openpose-18", "h36m-17"])
def test_lengths_of_parts(skeleton):
    lengths = part_lengths(standing(50, 200, 100, skeleton)[np.newaxis], skeleton)
    trunk = 0.29 if skeleton == "openpose-18" else 0.145  # Human3.6M's spine lies halfway
    assert set(lengths) == {*LENGTHS, "trunk", "head", "shoulders"}
    for part, length in {**LENGTHS, "trunk": trunk, "shoulders": 0.11}.items():
        assert lengths[part] == pytest.approx(100 * length, rel=1e-4), part


def test_the_length_that_nine_of_ten_frames_stay_below():
    keypoints = walking(11)
    left, right = (get_skeleton("h36m-17").joints.index(f"{side}_wrist") for side in ("left", "right"))
    elbow = get_skeleton("h36m-17").joints.index("left_elbow")
    keypoints[:, right] = 0
    keypoints[:, left, :2] = keypoints[:, elbow, :2] + np.arange(11)[:, np.newaxis] * [1, 0]
    assert part_lengths(keypoints, "h36m-17")["lower_arms"] == pytest.approx(9)


def test_missing_parts_are_left_out():
    keypoints = standing(50, 200, 100, "h36m-17")[np.newaxis]
    joints = get_skeleton("h36m-17").joints
    keypoints[:, [joints.index(name) for name in ("left_ankle", "right_knee")]] = 0
    lengths = part_lengths(keypoints, "h36m-17")
    assert "lower_legs" not in lengths
    assert lengths["upper_legs"] == pytest.approx(24.5)


@pytest.mark.parametrize("skeleton", ["openpose-18", "h36m-17"])
def test_longer_legs_leave_the_hips_in_place(skeleton):
    keypoints = standing(50, 200, 100, skeleton)[np.newaxis]
    joints = list(get_skeleton(skeleton).joints)
    changed = change_lengths(keypoints, skeleton, {"upper_legs": 2.0})[0]
    difference = changed - keypoints[0]
    for joint, name in enumerate(joints):
        expected = [0, 24.5, 0] if name.endswith(("knee", "ankle")) else [0, 0, 0]
        np.testing.assert_allclose(difference[joint], expected, atol=1e-4, err_msg=name)


def test_a_longer_trunk_carries_everything_above():
    keypoints = standing(50, 200, 100, "openpose-18")[np.newaxis]
    difference = change_lengths(keypoints, "openpose-18", {"trunk": 1.5, "lower_arms": 0.5})[0] - keypoints[0]
    joints = get_skeleton("openpose-18").joints
    for name in ("neck", "nose", "left_eye", "right_ear", "left_shoulder", "right_elbow"):
        np.testing.assert_allclose(difference[joints.index(name)], [0, -14.5, 0], atol=1e-4, err_msg=name)
    np.testing.assert_allclose(difference[joints.index("left_wrist")], [-0.5, -14.5 - 7.25, 0], atol=1e-4)


def test_a_missing_joint_is_stepped_over():
    keypoints = standing(50, 200, 100, "openpose-18")[np.newaxis]
    joints = get_skeleton("openpose-18").joints
    keypoints[:, joints.index("left_knee")] = 0
    changed = change_lengths(keypoints, "openpose-18", {"lower_legs": 2.0})[0]
    np.testing.assert_array_equal(changed[joints.index("left_knee")], 0)
    # From the hip, which is 49 above the ankle.
    np.testing.assert_allclose(changed[joints.index("left_ankle")], [56, 200 - 4 + 49, 1], atol=1e-4)


def test_without_hips_nothing_is_moved_that_hangs_on_nothing():
    keypoints = standing(50, 200, 100, "openpose-18")[np.newaxis]
    joints = get_skeleton("openpose-18").joints
    keypoints[:, [joints.index(f"{side}_hip") for side in ("left", "right")]] = 0
    changed = change_lengths(keypoints, "openpose-18", {"trunk": 2.0, "shoulders": 2.0})[0]
    np.testing.assert_array_equal(changed[joints.index("neck")], keypoints[0, joints.index("neck")])
    np.testing.assert_allclose(changed[joints.index("left_shoulder")], [50 + 22, 118, 1], atol=1e-4)
