"""The person's mask: literal pixels, the way to pictures of other sizes, closing, missing joints."""

from __future__ import annotations

import numpy as np
import pytest

from gfla_tf.metrics import person_mask
from gfla_tf.pose.skeletons import SKELETONS

JOINTS = SKELETONS["openpose-18"].joints


def keypoints_at(**points):
    """One person of whom only some joints are there."""
    keypoints = np.zeros((1, 18, 3), np.float32)
    for name, (x, y) in points.items():
        keypoints[0, JOINTS.index(name)] = (x, y, 1)
    return keypoints


def drawn(height=128, width=64, **points):
    return person_mask(keypoints_at(**points), height, width)[0, ..., 0]


def box(mask):
    """First and last row, first and last column."""
    rows, columns = np.nonzero(mask)
    return rows.min(), rows.max(), columns.min(), columns.max()


def test_convention_a_joint():
    mask = drawn(right_wrist=(20, 30))
    expected = np.ones((7, 7))
    expected[[0, 0, -1, -1], [0, -1, 0, -1]] = 0  # the only ones of distance 4 and more: sqrt(18)
    np.testing.assert_array_equal(mask[27:34, 17:24], expected)
    assert mask.sum() == 45
    assert mask.dtype == np.float32


def test_convention_pictures_of_another_size():
    """Canvas pixel (x, y) = (20, 30) covers columns 60 to 62 and rows 60 and 61 of a picture of 256 x 192."""
    mask = drawn(256, 192, right_wrist=(61, 60.5))
    assert box(mask) == (54, 67, 51, 71)
    np.testing.assert_array_equal(mask, np.kron(drawn(right_wrist=(20, 30)), np.ones((2, 3))))
    assert drawn(256, 176, right_wrist=(61, 60.5)).shape == (256, 176)
    assert box(drawn(64, 64, right_wrist=(20, 14.75)))[:2] == (13, 16)  # every second row, 27 to 33


def test_a_limb():
    mask = drawn(right_elbow=(30, 40), right_wrist=(30, 60))
    assert box(mask) == (37, 63, 27, 33)
    assert mask.sum() == 27 * 7 - 4


def test_a_limb_needs_both_joints_and_joints_without_a_limb_stay_apart():
    assert drawn(right_elbow=(30, 40)).sum() == 45
    assert drawn(right_elbow=(30, 40), left_wrist=(30, 60)).sum() == 90


@pytest.mark.parametrize(("gap", "filled"), [(4, True), (5, False)])
def test_closing_fills_gaps_narrower_than_its_element(gap, filled):
    mask = drawn(right_wrist=(20, 30), left_wrist=(27 + gap, 30))
    assert mask[30, 24 : 24 + gap].all() == filled
    assert mask[30, 24 : 24 + gap].any() == filled


def test_the_torso_is_filled_but_for_a_gap_between_the_hips():
    body = {"neck": (32, 20), "right_shoulder": (20, 20), "left_shoulder": (44, 20)}
    hips = {"right_hip": (23, 55), "left_hip": (41, 55)}
    mask = drawn(**body, **hips)
    assert mask[17:40, 24:41].all()
    assert mask[22:55, 24:41].mean() > 0.9
    assert not mask[:, :15].any()
    assert drawn(**body)[30:].sum() == 0


def test_the_border_neither_draws_nor_erases():
    mask = drawn(right_wrist=(0, 127))
    assert box(mask) == (124, 127, 0, 3)
    assert mask.sum() == 15  # a quarter of the joint, its middle row and column included


def test_missing_and_faraway_joints_leave_nothing():
    assert drawn().sum() == 0
    assert drawn(right_wrist=(1e30, -1e30)).sum() == 0
    assert drawn(right_wrist=(np.nan, 5)).sum() == 0
    unsure = keypoints_at(right_wrist=(20, 30)) * [1, 1, 0]
    assert person_mask(unsure, 128, 64).sum() == 0


def test_every_person_of_a_batch_has_a_mask():
    people = np.concatenate([keypoints_at(), keypoints_at(right_wrist=(20, 30))])
    masks = person_mask(people, 128, 64)
    assert masks.shape == (2, 128, 64, 1)
    np.testing.assert_array_equal(masks.sum(axis=(1, 2, 3)), [0, 45])
    assert person_mask(people[:0], 20, 10).shape == (0, 20, 10, 1)


def test_other_skeletons_are_converted():
    names = SKELETONS["coco-17"].joints
    keypoints = np.zeros((1, 17, 3), np.float32)
    keypoints[0, names.index("left_shoulder")] = (44, 20, 1)
    keypoints[0, names.index("right_shoulder")] = (20, 20, 1)
    expected = drawn(left_shoulder=(44, 20), right_shoulder=(20, 20), neck=(32, 20))
    np.testing.assert_array_equal(person_mask(keypoints, 128, 64, "coco-17")[0, ..., 0], expected)


def test_errors():
    with pytest.raises(ValueError, match=r"\[batch, joints, 3\] are expected. Received: \(18, 3\)"):
        person_mask(keypoints_at()[0], 128, 64)
    with pytest.raises(ValueError, match="at least 1 pixel. Received: 128 and 0"):
        person_mask(keypoints_at(), 128, 0)
    with pytest.raises(ValueError, match=r"openpose-18\). Received: shape \(1, 17, 3\)"):
        person_mask(keypoints_at()[:, :17], 128, 64)
