"""Pixels to the network's channels and back."""

from __future__ import annotations

import numpy as np
import pytest

from gfla_tf.motion.filling import fill_missing
from gfla_tf.motion.normalization import image_frame, joint_frame, normalize_joints, person_frame
from gfla_tf.motion.windows import cut_window, find_reach, prepare_window


def wild(frames=6, seed=0):
    random = np.random.default_rng(seed)
    return random.uniform((0, 0, 0.5), (640, 480, 1), (frames, 17, 3)).astype(np.float32)


def test_convention_image_frame_on_a_wide_picture():
    joints = np.zeros((17, 2), np.float32)
    joints[1], joints[16] = (1000, 500), (250, 400)
    channels = normalize_joints(joints, height=500, width=1000)
    assert channels.dtype == np.float32
    # 17 y, then 17 x.
    np.testing.assert_allclose(channels[[0, 1, 16]], [-1, 1, 0.6], atol=1e-6)
    np.testing.assert_allclose(channels[[17, 18, 33]], [-1, 1, -0.5], atol=1e-6)


def test_convention_person_frame_is_the_median_and_half_the_size():
    keypoints = np.zeros((1, 17, 3), np.float32)
    keypoints[0, :, 2] = 1
    keypoints[0, :, 0] = 300
    keypoints[0, :, 1] = 100
    keypoints[0, [2, 5], 1] = 100 + 0.245 * 200  # knees: thighs of somebody 200 pixels tall
    frame = person_frame(fill_missing(keypoints))
    # Most limbs have no length here, so this size is the larger side of the box: 49 pixels.
    assert frame.center == (300, 100)
    assert frame.unit == pytest.approx((24.5, 24.5), abs=1e-3)


def test_back_to_pixels():
    points = wild()[..., :2]
    for frame in (image_frame(480, 640), person_frame(fill_missing(wild()))):
        np.testing.assert_allclose(frame.points(frame.channels(points)), points, atol=1e-3)


def test_person_frame_follows_the_person():
    keypoints = wild()
    moved = keypoints.copy()
    moved[..., :2] = moved[..., :2] * 2.5 + [100, -300]
    channels, _, frame = prepare_window(keypoints)
    channels_moved, _, frame_moved = prepare_window(moved)
    np.testing.assert_allclose(channels, channels_moved, atol=1e-5)
    np.testing.assert_allclose(frame_moved.unit, np.multiply(frame.unit, 2.5), rtol=1e-5)


def test_guessed_joints_do_not_move_the_frame():
    keypoints = wild()
    keypoints[:, 16] = 0
    before = person_frame(fill_missing(keypoints))
    far = fill_missing(keypoints)
    far[:, 16, :2] = 1e6
    assert person_frame(far) == before


def test_wrong_names_and_sizes():
    with pytest.raises(ValueError, match="one of person, image. Received: 'frame'"):
        joint_frame(wild(), "frame")
    with pytest.raises(ValueError, match=r"The picture's size \(height, width\) is needed.*Received: None"):
        joint_frame(wild(), "image")


def test_windows_repeat_the_end_frames():
    assert cut_window(np.arange(5), -2, 4).tolist() == [0, 0, 0, 1]
    assert cut_window(np.arange(5), 3, 4).tolist() == [3, 4, 4, 4]


def test_reach_is_what_the_network_sees_around_a_frame():
    keypoints = np.zeros((9, 17, 3), np.float32)
    keypoints[3, 4] = (1, 1, 1)
    reach = find_reach(keypoints, margin=2)
    assert reach.shape == (5, 17)
    # Frames 2 ... 6 of the window; frame 3 is within two frames of 2, 3, 4 and 5.
    assert reach[:, 4].tolist() == [True, True, True, True, False]
    assert not np.delete(reach, 4, axis=1).any()
