"""PCKh and mean distance: by hand, joints that are missing, the order of wrong poses."""

from __future__ import annotations

import numpy as np
import pytest

from gfla_tf.metrics import pose_accuracy
from gfla_tf.pose.skeletons import SKELETONS

JOINTS = SKELETONS["openpose-18"].joints


def person(**points):
    """Joints by name, the others missing."""
    keypoints = np.zeros((1, 18, 3), np.float32)
    for name, point in points.items():
        keypoints[0, JOINTS.index(name)] = (*point, 1)
    return keypoints


STANDING = person(nose=(30, 10), neck=(30, 30), right_knee=(26, 80), left_knee=(34, 80))


def moved(**steps):
    keypoints = STANDING.copy()
    for name, step in steps.items():
        keypoints[0, JOINTS.index(name), :2] += step
    return keypoints


def test_by_hand():
    """The head is 20 pixels long: 10 are right, 11 are wrong."""
    pckh, distance = pose_accuracy(STANDING, moved(right_knee=(6, 8), left_knee=(0, 11)))
    assert (pckh[0], distance[0]) == (0.75, (10 + 11) / 4)
    assert [values[0] for values in pose_accuracy(STANDING, STANDING)] == [1, 0]


def test_convention_x_before_y():
    pckh, distance = pose_accuracy(STANDING, moved(neck=(7, 0), nose=(0, -3)))
    assert (pckh[0], distance[0]) == (1, (7 + 3) / 4)


def test_the_head_is_measured_to_the_middle_of_the_face():
    """Without a nose, from behind: the ears' middle is (30, 14), 16 pixels above the neck."""
    target = person(right_ear=(26, 14), left_ear=(34, 14), neck=(30, 30), right_knee=(26, 80))
    found = target.copy()
    found[0, JOINTS.index("right_knee"), 1] += 8
    assert pose_accuracy(target, found).pckh[0] == 1
    found[0, JOINTS.index("right_knee"), 1] += 0.5
    assert pose_accuracy(target, found).pckh[0] == 0.75


def test_joints_that_are_missing():
    found = STANDING.copy()
    found[0, JOINTS.index("right_knee"), 2] = 0
    assert [values[0] for values in pose_accuracy(STANDING, found)] == [0.75, 0]
    nobody = np.zeros_like(STANDING)
    assert pose_accuracy(STANDING, nobody).pckh[0] == 0
    assert np.isnan(pose_accuracy(STANDING, nobody).distance[0])
    assert np.isnan(pose_accuracy(nobody, STANDING).pckh[0])
    more = person(nose=(30, 10), neck=(30, 30))  # what is found beyond the wanted joints does not count
    assert [values[0] for values in pose_accuracy(more, STANDING)] == [1, 0]
    assert np.isnan(pose_accuracy(person(right_knee=(1, 2)), STANDING).pckh[0])  # no head to measure by


@pytest.mark.parametrize("confidence", [0, 1])
def test_joints_at_no_finite_place_are_missing(confidence):
    target, found = STANDING.copy(), STANDING.copy()
    target[0, JOINTS.index("left_eye")] = (np.nan, np.inf, confidence)
    assert [values[0] for values in pose_accuracy(target, STANDING)] == [1, 0]
    found[0, JOINTS.index("right_knee")] = (26, np.nan, confidence)
    assert [values[0] for values in pose_accuracy(target, found)] == [0.75, 0]


def test_worse_poses_score_worse():
    noise = np.random.default_rng(0).normal(size=(8, 18, 2))
    target = np.repeat(np.insert(np.random.default_rng(1).uniform(0, 100, (1, 18, 2)), 2, 1, axis=2), 8, axis=0)
    found = [target + np.insert(step * noise, 2, 0, axis=2) for step in (0, 20, 50, 100)]
    pckh, distance = zip(*((values.mean() for values in pose_accuracy(target, one)) for one in found), strict=True)
    assert np.all(np.diff(pckh) < 0)
    assert np.all(np.diff(distance) > 0)


def test_errors():
    with pytest.raises(ValueError, match=r"of the same pictures are expected. Received: \(1, 18, 3\), \(2, 18, 3\)"):
        pose_accuracy(STANDING, np.repeat(STANDING, 2, axis=0))
