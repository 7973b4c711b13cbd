"""Parts of the body, and what it costs to take one's texture from another."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from gfla_tf.losses import RegionCrossing, region_crossing, region_maps
from gfla_tf.losses.body_regions import REGIONS
from gfla_tf.pose.skeletons import get_skeleton

NAMES = list(REGIONS)
JOINTS = get_skeleton("openpose-18").joints


def pose(**places) -> np.ndarray:
    keypoints = np.zeros((1, len(JOINTS), 3), np.float32)
    for name, place in places.items():
        keypoints[0, JOINTS.index(name)] = (*place, 1)
    return keypoints


def test_convention_a_level_sees_the_picture_from_pixel_centres():
    """The thigh from (x, y) = (7.5, 3.5) to (7.5, 43.5) in 48x32 pixels lies, at a quarter, in column 1.5."""
    maps = region_maps(pose(left_hip=(7.5, 3.5), left_knee=(7.5, 43.5)), (48, 32), (12, 8), JOINTS).numpy()
    assert maps.shape == (1, 12, 8, len(REGIONS))
    thigh = maps[0, :, :, NAMES.index("upper legs")]
    radius = 0.04 * 12
    np.testing.assert_allclose(thigh[5], np.exp(-np.square(np.arange(8) - 1.5) / (2 * radius**2)), rtol=1e-4, atol=1e-9)
    # From row 0.5 to row 10.5: rows 0 and 11 are half a pixel beyond the ends.
    np.testing.assert_allclose(thigh[0, 1], np.exp(-(0.5**2 + 0.5**2) / (2 * radius**2)), rtol=1e-3)
    others = [number for number, name in enumerate(NAMES) if name != "upper legs"]
    assert maps[..., others].max() == 0


def test_a_missing_end_is_no_limb():
    keypoints = pose(left_hip=(7.5, 3.5), left_knee=(7.5, 43.5))
    keypoints[0, JOINTS.index("left_knee"), 2] = 0
    assert np.max(region_maps(keypoints, (48, 32), (12, 8), JOINTS)) == 0


def test_left_and_right_are_one_region():
    left = region_maps(pose(left_elbow=(4, 9), left_wrist=(11, 9)), (48, 32), (12, 8), JOINTS)
    right = region_maps(pose(right_elbow=(4, 9), right_wrist=(11, 9)), (48, 32), (12, 8), JOINTS)
    np.testing.assert_array_equal(left, right)


@pytest.mark.parametrize("skeleton", ["openpose-18", "openpose-25", "coco-17", "h36m-17", "blazepose-33"])
def test_every_skeleton_has_all_regions(skeleton):
    joints = get_skeleton(skeleton).joints
    random = np.random.default_rng(0).uniform(0, 30, (1, len(joints), 2))
    keypoints = np.concatenate([random, np.ones((1, len(joints), 1))], axis=-1)
    assert (np.max(region_maps(keypoints, (48, 32), (48, 32), joints), axis=(0, 1, 2)) > 0.5).all()


def test_a_region_without_limbs_is_nowhere():
    keypoints = np.array([[[4, 9, 1], [11, 9, 1]]], np.float32)
    maps = region_maps(keypoints, (48, 32), (12, 8), ["left_elbow", "left_wrist"]).numpy()
    assert maps.shape == (1, 12, 8, len(REGIONS))
    assert [name for name, highest in zip(NAMES, maps.max(axis=(0, 1, 2)), strict=True) if highest] == ["lower arms"]


def stripes() -> np.ndarray:
    """Regions of 4x6 places: the first of two in columns 0 and 1, the second in 2 and 3, nobody in 4 and 5."""
    regions = np.zeros((1, 4, 6, 2), np.float32)
    regions[:, :, :2, 0] = 1
    regions[:, :, 2:4, 1] = 1
    return regions


def constant(dx: float, dy: float = 0.0) -> np.ndarray:
    return np.full((1, 4, 6, 2), (dx, dy), np.float32)


@pytest.mark.parametrize(
    ("dx", "expected"),
    [
        (0, 0.0),
        (2, 0.5),  # the first is led to the second, the second to nobody
        (-2, 0.5),  # the second is led to the first, the first stays, as the border repeats
        (1, 0.25),  # one column of four is led to the other region, one to nobody
        (4, 0.0),  # all are led to nobody
    ],
)
def test_convention_costs_of_a_shift(dx, expected):
    assert float(region_crossing(stripes(), stripes(), constant(dx))) == pytest.approx(expected, abs=1e-5)


def test_places_on_two_regions_may_lead_to_places_on_the_same_two():
    shoulder = np.full((1, 4, 6, 2), 0.7, np.float32)
    assert float(region_crossing(shoulder, shoulder, constant(0.4))) == pytest.approx(0, abs=1e-5)


def test_nobody_costs_nothing():
    nobody = np.zeros((1, 4, 6, 2), np.float32)
    assert float(region_crossing(nobody, stripes(), constant(1))) == 0
    assert float(region_crossing(stripes(), nobody, constant(1))) == pytest.approx(0, abs=1e-5)


def test_the_gradient_leads_back_to_the_own_region():
    flow = tf.constant(constant(0.75))
    with tf.GradientTape() as tape:
        tape.watch(flow)
        cost = region_crossing(stripes(), stripes(), flow)
    gradient = tape.gradient(cost, flow).numpy()
    assert np.isfinite(gradient).all()
    assert (gradient[0, :, 1, 0] > 0).all()  # to the right is worse
    assert np.abs(gradient[..., 1]).max() < 1e-6


def test_the_keras_loss_takes_both_regions_as_truth():
    both = np.concatenate([stripes(), stripes()], axis=-1)
    assert float(RegionCrossing()(both, constant(2))) == pytest.approx(0.5, abs=1e-5)


def test_errors():
    with pytest.raises(ValueError, match=r"Regions \[batch, height, width, regions\], alike, and a flow"):
        region_crossing(stripes(), stripes()[..., :1], constant(0))
    for flow in (constant(0)[:, :2], constant(0)[:, :, :3], np.repeat(constant(0), 2, axis=0)):
        with pytest.raises(ValueError, match="of the same batch and size are expected"):
            region_crossing(stripes(), stripes(), flow)
    with pytest.raises(ValueError, match="of the same batch and size are expected"):
        region_crossing(stripes(), np.repeat(stripes(), 2, axis=0), constant(0))
    with pytest.raises(ValueError, match=r"Keypoints \[batch, 18, 3\] are expected. Received: \(1, 17, 3\)"):
        region_maps(pose()[:, 1:], (48, 32), (12, 8), JOINTS)
