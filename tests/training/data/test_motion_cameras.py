"""Cameras around motion capture."""

from __future__ import annotations

import numpy as np
import pytest
from helpers.bvh_files import swinging, write_bvh

from gfla_tf.pose.capture import read_capture
from gfla_tf.pose.skeletons import get_skeleton
from training.data.motion_cameras import DIRECTIONS, SIDE, photograph, random_camera
from training.data.render.camera import Camera, look_rotation

JOINTS = get_skeleton("openpose-18").joints


@pytest.fixture(scope="module")
def walk(tmp_path_factory):
    """Somebody who walks towards +z."""
    path = write_bvh(tmp_path_factory.mktemp("bvh") / "a.bvh", swinging(30))
    return read_capture(path).joints()


def from_side(degrees):
    rotation = look_rotation(np.radians(degrees), 0.0)
    return Camera(np.array([0, 100, 20.0]) - 500 * rotation[2], rotation, 1000.0, (499.5, 499.5), SIDE, SIDE)


def confidence(walk, degrees):
    return dict(zip(JOINTS, photograph(walk, from_side(degrees))[0, :, 2].tolist(), strict=True))


def test_convention_seen_from_the_front_left_is_on_the_right(walk):
    keypoints = dict(zip(JOINTS, photograph(walk, from_side(0))[0], strict=True))
    assert keypoints["left_shoulder"][0] > keypoints["right_shoulder"][0]
    assert keypoints["nose"][1] < keypoints["left_hip"][1] < keypoints["left_ankle"][1]


def test_the_face_is_hidden_from_behind(walk):
    front, back = confidence(walk, 0), confidence(walk, 180)
    assert front["nose"] == front["left_eye"] == 1
    assert back["nose"] == back["left_eye"] == back["right_eye"] == 0.5
    left = confidence(walk, 90)
    assert (left["left_ear"], left["right_ear"]) == (1, 0.5)


def test_the_trunk_hides_the_other_arm(walk):
    left, front = confidence(walk, 90), confidence(walk, 0)
    assert (left["left_elbow"], left["right_elbow"]) == (1, 0.5)
    assert front["left_elbow"] == front["right_elbow"] == front["left_hip"] == 1


def test_joints_outside_of_the_picture_keep_their_place(walk):
    moved = walk + np.float32([0, 260, 0])
    keypoints = photograph(moved, from_side(0))
    assert (keypoints[:, JOINTS.index("nose"), 2] == 0).all()
    assert (keypoints[:, JOINTS.index("nose"), 1] < 0).all()
    assert (keypoints[:, JOINTS.index("left_ankle"), 2] > 0).all()


def test_random_cameras_stand_around_and_see_the_person(walk):
    random = np.random.default_rng(0)
    azimuths, inside, heights = [], [], []
    for number in range(80):
        camera = random_camera(walk, number % DIRECTIONS, random)
        away = camera.position - walk.mean(axis=(0, 1))
        azimuths.append(np.degrees(np.arctan2(away[0], away[2])) % 360)
        keypoints = photograph(walk, camera)
        inside.append((keypoints[..., 2] > 0).mean())
        heights.append(np.ptp(keypoints[..., 1]) / SIDE)
    turned = (np.array(azimuths) - 90 * (np.arange(80) % DIRECTIONS) + 180) % 360 - 180
    assert 15 < np.abs(turned).mean() < 30
    assert np.abs(turned).max() < 60  # 45 and what the sideways place adds
    assert np.mean(np.array(inside) == 1) > 0.8
    assert 0 < np.mean(np.array(inside) < 1) < 0.25
    assert min(heights) > 0.25
