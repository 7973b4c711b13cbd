"""Motion extraction for any skeleton."""

from __future__ import annotations

import numpy as np
import pytest
from helpers.animations import walking

from gfla_tf.animation.cleaning import clean_keypoints
from gfla_tf.motion.filters import fill_only
from gfla_tf.pose.skeletons import get_skeleton

FRAMES = 30


def as_it_is(keypoints: np.ndarray, size) -> np.ndarray:
    return keypoints


def fill(keypoints: np.ndarray, size) -> np.ndarray:
    return fill_only(keypoints)


def moved(keypoints: np.ndarray, size) -> np.ndarray:
    """Everything 3 pixels to the right and 1 up."""
    return (fill_only(keypoints) + [3, -1, 0]).astype(np.float32)


def number(skeleton: str, joint: str) -> int:
    return get_skeleton(skeleton).joints.index(joint)


@pytest.mark.parametrize("skeleton", ["h36m-17", "openpose-18"])
def test_what_is_clean_stays_as_it_is(skeleton):
    keypoints = walking(FRAMES, skeleton)
    np.testing.assert_allclose(clean_keypoints(keypoints, skeleton, as_it_is), keypoints, atol=1e-4)


def test_all_joints_move_with_the_cleaned_ones():
    """Eyes and ears, too, of which Human3.6M knows nothing."""
    keypoints = walking(FRAMES, "openpose-18")
    clean = clean_keypoints(keypoints, "openpose-18", moved)
    np.testing.assert_allclose(clean, keypoints + [3, -1, 0], atol=1e-4)


@pytest.mark.parametrize("skeleton", ["h36m-17", "openpose-18"])
def test_a_hidden_wrist_goes_along_with_the_body(skeleton):
    keypoints = walking(FRAMES, skeleton, speed=4.0)
    wrist = number(skeleton, "left_wrist")
    hidden = keypoints.copy()
    hidden[:20, wrist] = 0
    clean = clean_keypoints(hidden, skeleton, fill)
    np.testing.assert_allclose(clean, keypoints, atol=1e-3)
    # What cleaning would do by itself: leave it where it is seen first, 80 pixels away.
    assert fill_only(hidden)[0, wrist, 0] - keypoints[0, wrist, 0] > 79 if skeleton == "h36m-17" else True


def test_a_joint_that_is_not_seen_for_long_stays_missing():
    keypoints = walking(100)
    keypoints[20:, 13] = 0
    clean = clean_keypoints(keypoints, "h36m-17", as_it_is)
    np.testing.assert_array_equal(clean[:, 13, 2] > 0, np.arange(100) < 20 + 40)


@pytest.mark.parametrize("skeleton", ["h36m-17", "openpose-18"])
def test_a_back_has_no_nose_and_a_slip_of_the_detector_no_matter(skeleton):
    keypoints = walking(FRAMES, skeleton)
    nose = number(skeleton, "nose")
    keypoints[15:, nose] = 0
    keypoints[[4, 5], nose] = 0  # between frames that have it
    keypoints[25, nose] = [200, 100, 1]  # between frames that do not
    clean = clean_keypoints(keypoints, skeleton, fill)
    np.testing.assert_array_equal(clean[:, nose, 2] > 0, np.arange(FRAMES) < 15)


def test_frames_without_anybody():
    keypoints = walking(6)
    keypoints[[0, 3, 4]] = 0
    clean = clean_keypoints(keypoints, "h36m-17", lambda body, size: np.where(keypoints[..., 2:] > 0, body, 0))
    np.testing.assert_allclose(clean, keypoints[[1, 1, 2, 2, 2, 5]])
    assert not clean_keypoints(np.zeros((3, 17, 3), np.float32), "h36m-17", fill).any()


def test_the_size_of_the_pictures_is_handed_on():
    sizes = []
    clean_keypoints(walking(2), "h36m-17", lambda body, size: sizes.append(size) or body, (300, 400))
    assert sizes == [(300, 400)]
