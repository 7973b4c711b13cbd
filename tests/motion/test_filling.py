"""Joints that a detector missed, and the person's size."""

from __future__ import annotations

import numpy as np
import pytest

from gfla_tf.motion.filling import fill_missing, interpolate, person_size
from gfla_tf.pose.skeletons import get_skeleton

JOINTS = get_skeleton("h36m-17").joints
RIGHT_WRIST, RIGHT_ELBOW, HEAD, NOSE = (JOINTS.index(name) for name in ("right_wrist", "right_elbow", "head", "nose"))


def standing(frames=1, height=100.0):
    """Somebody 100 pixels tall whose ground is at y = 200, from the side: all x are 50."""
    heights = {"hip": 0.53, "knee": 0.285, "ankle": 0.039, "spine": 0.674, "thorax": 0.818, "shoulder": 0.818}
    heights |= {"elbow": 0.63, "wrist": 0.485, "nose": 0.91, "head": 0.936}
    y = np.array([200 - height * heights[name.split("_")[-1]] for name in JOINTS])
    person = np.stack([np.full(17, 50.0), y, np.full(17, 0.9)], axis=-1)
    return np.tile(person, (frames, 1, 1)).astype(np.float32)


def test_nothing_to_fill():
    keypoints = np.random.default_rng(0).uniform(1, 9, (4, 17, 3)).astype(np.float32)
    np.testing.assert_array_equal(fill_missing(keypoints), keypoints)


def test_gaps_are_straight_lines_in_time_and_ends_are_held():
    keypoints = standing(7)
    keypoints[:, RIGHT_WRIST] = 0
    keypoints[1, RIGHT_WRIST] = (10, 20, 0.8)
    keypoints[5, RIGHT_WRIST] = (30, 12, 0.4)
    filled = fill_missing(keypoints)[:, RIGHT_WRIST]
    np.testing.assert_allclose(filled[:, 0], [10, 10, 15, 20, 25, 30, 30])
    np.testing.assert_allclose(filled[:, 1], [20, 20, 18, 16, 14, 12, 12])
    np.testing.assert_allclose(filled[:, 2], [0.8, 0.8, 0.7, 0.6, 0.5, 0.4, 0.4], rtol=1e-6)


def test_interpolation_leaves_what_it_is_given_alone():
    joint = np.array([[1, 2, 1], [5, 5, 0], [3, 6, 0.5]], np.float32)
    before = joint.copy()
    filled = interpolate(joint, joint[:, 2] > 0)
    np.testing.assert_allclose(filled, [[1, 2, 1], [2, 4, 0.75], [3, 6, 0.5]])
    interpolate(joint, np.ones(3, bool))[:] = 0
    np.testing.assert_array_equal(joint, before)


def test_convention_a_joint_that_is_never_seen_hangs_below_its_neighbour():
    keypoints = standing(3)
    keypoints[:, RIGHT_WRIST] = 0
    keypoints[:, RIGHT_ELBOW, 0] = (50, 60, 70)
    filled = fill_missing(keypoints)[:, RIGHT_WRIST]
    np.testing.assert_allclose(filled[:, 0], [50, 60, 70])
    # 14.5 % of a person 100 pixels tall below the elbow, which is at 200 - 63; pixels count downwards.
    np.testing.assert_allclose(filled[:, 1], 137 + 14.5, atol=0.1)
    np.testing.assert_array_equal(filled[:, 2], 0)


def test_a_whole_body_is_guessed_from_the_head():
    keypoints = standing(2)
    expected = keypoints.copy()
    keypoints[:, [joint for joint in range(17) if joint not in (HEAD, NOSE)]] = 0
    filled = fill_missing(keypoints)
    assert np.isfinite(filled).all()
    below = filled[:, :, 1] - filled[:, [NOSE], 1]
    assert (below[:, : JOINTS.index("nose")] > 0).all()
    np.testing.assert_array_equal(filled[:, NOSE], expected[:, NOSE])


@pytest.mark.parametrize("missing", [0.0, np.nan])
def test_nobody_anywhere(missing):
    keypoints = np.full((3, 17, 3), missing, np.float32)
    np.testing.assert_array_equal(fill_missing(keypoints), 0)


def test_coordinates_that_are_no_numbers_are_missing():
    keypoints = standing(3)
    keypoints[1, RIGHT_WRIST, 0] = np.inf
    np.testing.assert_allclose(fill_missing(keypoints)[1, RIGHT_WRIST, 0], 50)


def test_size_of_a_standing_person_and_of_parts_of_one():
    points = standing(5, height=80.0)[..., :2].astype(np.float64)
    assert person_size(points) == pytest.approx(80)
    upper = np.array(["hip" not in name and "knee" not in name and "ankle" not in name for name in JOINTS])
    assert person_size(points, upper) == pytest.approx(80)


def test_size_is_that_of_frames_in_which_limbs_are_long():
    points = standing(20)[..., :2].astype(np.float64)
    points[:10] = points[:10, :1]  # seen from above: nothing has a length
    assert person_size(points) == pytest.approx(100)


def test_size_without_limbs():
    points = np.zeros((2, 17, 2))
    assert person_size(points) == 1
    known = np.zeros(17, bool)
    known[[0, 1]] = True  # both hips: no upright limb
    points[:, 1] = (6, 8)
    assert person_size(points, known) == 8


def test_size_with_joints_that_come_and_go():
    points = np.tile(standing(1)[..., :2].astype(np.float64), (9, 1, 1))
    known = np.ones((9, 17), bool)
    known[3:, RIGHT_WRIST] = False
    points[3:, RIGHT_WRIST] = 1e6
    assert person_size(points, known) == pytest.approx(100)


def test_another_shape():
    with pytest.raises(ValueError, match=r"\[\.\.\., 17, 3\].*Received: shape \(4, 18, 3\)"):
        fill_missing(np.zeros((4, 18, 3)))
    with pytest.raises(ValueError, match=r"\[frames, 17, 3\] are expected. Received: shape \(17, 3\)"):
        fill_missing(np.zeros((17, 3)))
