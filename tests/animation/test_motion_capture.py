"""Motion capture seen by somebody."""

from __future__ import annotations

import numpy as np
import pytest
from helpers.bvh_files import swinging, write_bvh

from gfla_tf.animation.motion_capture import MARGIN, read_motion_capture
from gfla_tf.motion.filling import person_size
from gfla_tf.pose.skeletons import convert_keypoints, get_skeleton

JOINTS = get_skeleton("openpose-18").joints


def joint(keypoints: np.ndarray, name: str) -> np.ndarray:
    return keypoints[..., JOINTS.index(name), :]


def box_of_one(keypoints: np.ndarray) -> np.ndarray:
    """The places, with the box of all of them from 0 to 1."""
    points = keypoints[..., :2].astype(np.float64)
    return (points - points.min(axis=(0, 1))) / np.ptp(points, axis=(0, 1))


@pytest.mark.parametrize("turn", [0.0, 70.0, -150.0])
def test_convention_facing_the_viewer_the_left_hand_is_right(tmp_path, turn):
    """However the person stands in the file; y points down, and the size is that of a standing body of 400 pixels."""
    path = write_bvh(tmp_path / "a.bvh", swinging(3, turn))
    keypoints, (height, width) = read_motion_capture(path, "openpose-18", 60.0)
    first = keypoints[0]
    assert joint(first, "left_shoulder")[0] > joint(first, "right_shoulder")[0] + 20
    assert joint(first, "nose")[1] < joint(first, "neck")[1] < joint(first, "left_ankle")[1]
    assert person_size(convert_keypoints(keypoints, "openpose-18", "h36m-17")[..., :2]) == pytest.approx(400, rel=1e-3)
    np.testing.assert_allclose(keypoints[keypoints[..., 2] > 0, :2].min(axis=0), MARGIN, atol=1e-3)
    assert (keypoints[..., :2].max(axis=(0, 1)) + MARGIN < [width, height]).all()


def test_convention_turned_to_the_left(tmp_path):
    """Who faces the viewer and turns to their left by 90 degrees looks to the viewer's right."""
    path = write_bvh(tmp_path / "a.bvh", swinging(3))
    keypoints, _ = read_motion_capture(path, "openpose-18", 60.0, turn=90.0)
    first = keypoints[0]
    assert joint(first, "nose")[0] > joint(first, "neck")[0] + 5
    assert joint(first, "left_shoulder")[0] == pytest.approx(joint(first, "right_shoulder")[0], abs=0.1)
    assert joint(keypoints[2], "neck")[0] > joint(first, "neck")[0]  # walks to where they look


def test_a_back_has_no_face(tmp_path):
    path = write_bvh(tmp_path / "a.bvh", swinging(1))
    front, _ = read_motion_capture(path, "openpose-18")
    back, _ = read_motion_capture(path, "openpose-18", turn=180.0)
    hidden = {name for name, confidence in zip(JOINTS, back[0, :, 2], strict=True) if not confidence}
    assert hidden == {"nose", "left_eye", "right_eye"}
    assert (front[0, :, 2] == 1).all()  # both ears, too
    assert (joint(back[0], "nose") == 0).all()


def test_any_rate(tmp_path):
    path = write_bvh(tmp_path / "a.bvh", swinging(61))  # a second, 60 frames in it
    keypoints, _ = read_motion_capture(path, "h36m-17", 30.0)
    assert keypoints.shape == (31, 17, 3)
    every, _ = read_motion_capture(path, "h36m-17", 60.0)
    np.testing.assert_allclose(box_of_one(keypoints), box_of_one(every[::2]), atol=1e-5)
