"""Poses between poses."""

from __future__ import annotations

import numpy as np
import pytest

from gfla_tf.pose.between import poses_between

FIRST = np.array([[0, 10, 1], [4, 4, 0.5], [7, 7, 1], [0, 0, 0]], np.float32)
LAST = np.array([[30, -20, 0.8], [4, 8, 1], [0, 0, 0], [9, 9, 1]], np.float32)


def test_convention_joints_move_evenly_along_lines():
    poses = poses_between(FIRST, LAST, 2)
    assert len(poses) == 4
    np.testing.assert_array_equal(poses[0], FIRST)
    np.testing.assert_array_equal(poses[-1], LAST)
    np.testing.assert_allclose(poses[1][:2], [[10, 0, 0.8], [4, 16 / 3, 0.5]], atol=1e-5)
    np.testing.assert_allclose(poses[2][:2], [[20, -10, 0.8], [4, 20 / 3, 0.5]], atol=1e-5)


def test_joints_that_either_lacks_are_missing_in_between():
    assert not poses_between(FIRST, LAST, 1)[1][2:].any()
    unknown = np.array([[np.nan, 3, 0]], np.float32)
    assert not poses_between(unknown, LAST[:1], 1)[1].any()


def test_none_in_between():
    assert len(poses_between(FIRST, LAST, 0)) == 2


def test_errors():
    with pytest.raises(ValueError, match=r"of one shape are expected. Received: \(4, 3\), \(3, 3\)"):
        poses_between(FIRST, LAST[:3], 1)
    with pytest.raises(ValueError, match="a whole number from 0. Received: -1"):
        poses_between(FIRST, LAST, -1)
