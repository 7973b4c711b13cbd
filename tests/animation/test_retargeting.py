"""Somebody's movement on the body of somebody else."""

from __future__ import annotations

import numpy as np
import pytest
from helpers.animations import standing, walking

from gfla_tf.animation.retargeting import fit_retargeting
from gfla_tf.pose.skeletons import get_skeleton

SOURCE = standing(70, 90, 50, "h36m-17")
HIPS = 0
LEFT_KNEE, LEFT_ANKLE = (get_skeleton("h36m-17").joints.index(f"left_{part}") for part in ("knee", "ankle"))


def test_convention_global():
    """A driver of twice the size, hips at (210, 253): 10 pixels right and 20 up are 5 and 10 from the source's hips."""
    driver = standing(210, 306, 100, "h36m-17")
    retargeting = fit_retargeting(driver[np.newaxis], SOURCE, "h36m-17", "global", "still")
    np.testing.assert_allclose(retargeting.scale, [0.5, 0.5], rtol=1e-5)
    moved = retargeting.move(driver[np.newaxis])[0]
    np.testing.assert_allclose(moved, SOURCE, atol=1e-3)
    other = driver + np.float32([10, -20, 0])
    np.testing.assert_allclose(
        retargeting.move(other[np.newaxis])[0] - SOURCE, np.tile([5, -10, 0], (17, 1)), atol=1e-3
    )


def test_limbs_get_the_sources_lengths():
    driver = standing(210, 306, 100, "h36m-17", stride=0.1)
    source = SOURCE.copy()
    source[[LEFT_ANKLE, LEFT_ANKLE - 3], 1] += 2.45  # lower legs longer by a fifth
    retargeting = fit_retargeting(driver[np.newaxis], source, "h36m-17", "limbs", "still")
    moved = retargeting.move(driver[np.newaxis])[0]
    bone, before = moved[LEFT_ANKLE] - moved[LEFT_KNEE], (driver[LEFT_ANKLE] - driver[LEFT_KNEE])
    longest = np.hypot(10, 24.5)  # of the driver, by the stride
    assert np.linalg.norm(bone) == pytest.approx(1.2 * 24.5 / 2, rel=1e-3)
    np.testing.assert_allclose(bone[:2] / np.linalg.norm(bone), before[:2] / longest, atol=1e-4)


def test_limbs_are_changed_only_so_far():
    source = SOURCE.copy()
    source[[12, 15], :2] = source[[11, 14], :2] + 0.5  # arms that point at the camera
    source[[13, 16], :2] = source[[11, 14], :2] + 1
    retargeting = fit_retargeting(standing(210, 306, 100, "h36m-17")[np.newaxis], source, "h36m-17", "limbs")
    assert retargeting.factors["upper_arms"] == retargeting.factors["lower_arms"] == 0.75
    assert retargeting.factors["upper_legs"] == pytest.approx(1, rel=0.02)


def test_the_driver_as_it_is():
    driver = walking(3)
    retargeting = fit_retargeting(driver, SOURCE, "h36m-17", "none", sizes=((400, 200), (200, 300)))
    np.testing.assert_allclose(retargeting.move(driver, retargeting.anchors), driver * [1.5, 0.5, 1], rtol=1e-5)


def test_cameras():
    """Somebody who walks to the right by 2 pixels a frame: a still camera sees it, one that follows does not."""
    driver = walking(91)
    still, follow = (fit_retargeting(driver, SOURCE, "h36m-17", camera=camera) for camera in ("still", "follow"))
    ways = [retargeting.move(driver, retargeting.anchors)[:, HIPS] for retargeting in (still, follow)]
    np.testing.assert_allclose(ways[0][45], SOURCE[HIPS], atol=1e-3)  # in the middle
    np.testing.assert_allclose(ways[0][:, 0], SOURCE[HIPS, 0] + np.arange(-45, 46), atol=1e-3)
    np.testing.assert_allclose(ways[1], np.tile(SOURCE[HIPS], (91, 1)), atol=0.05)  # at the ends, too


def test_a_camera_that_follows_sees_a_jump():
    driver = walking(90, speed=0.0)
    driver[45:50, :, 1] -= 30
    retargeting = fit_retargeting(driver, SOURCE, "h36m-17", camera="follow", frames_per_second=30)
    hips = retargeting.move(driver, retargeting.anchors)[:, HIPS, 1]
    assert hips[47] < hips[0] - 0.5 * 30 * 0.9


def test_factors_are_constant_over_a_clip():
    driver = walking(20)
    retargeting = fit_retargeting(driver, SOURCE, "h36m-17", "limbs")
    alone = np.stack([retargeting.move(driver[frame : frame + 1])[0] for frame in range(20)])
    np.testing.assert_array_equal(alone, retargeting.move(driver))


def test_missing_joints_stay_missing():
    driver = walking(4)
    driver[1, 5] = 0
    moved = fit_retargeting(driver, SOURCE, "h36m-17", "limbs").move(driver)
    np.testing.assert_array_equal(moved[1, 5], 0)
    assert (moved[[0, 2, 3], 5, 2] == 1).all()


def test_upper_bodies_meet_at_the_neck():
    source = SOURCE.copy()
    source[:7] = 0
    thorax = 8
    driver = standing(210, 306, 100, "h36m-17")[np.newaxis]
    moved = fit_retargeting(driver, source, "h36m-17", camera="still").move(driver)[0]
    np.testing.assert_allclose(moved[thorax], source[thorax], atol=1e-3)


def test_wrong_arguments():
    driver = walking(2)
    with pytest.raises(ValueError, match="retarget must be one of none, global, limbs. Received: 'all'"):
        fit_retargeting(driver, SOURCE, "h36m-17", "all")
    with pytest.raises(ValueError, match="camera must be one of follow, still. Received: 'left'"):
        fit_retargeting(driver, SOURCE, "h36m-17", camera="left")
    with pytest.raises(ValueError, match="pictures of a known size. Received: none"):
        fit_retargeting(driver, SOURCE, "h36m-17", "none", sizes=(None, (10, 10)))
    with pytest.raises(ValueError, match="a joint in common are expected"):
        fit_retargeting(driver * [1, 1, 0], SOURCE, "h36m-17")
