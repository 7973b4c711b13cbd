"""Driver, joints and result in a row."""

from __future__ import annotations

import numpy as np
from helpers.animations import walking

from gfla_tf.animation.driving import Driving
from gfla_tf.animation.side_by_side import GAP, side_by_side
from gfla_tf.motion.video import write_video
from gfla_tf.sheets import LABEL_HEIGHT

RESULTS = [np.full((60, 40, 3), value, np.float32) for value in (0.2, 0.4, 0.6)]


def panel(row: np.ndarray, left: int, width: int) -> np.ndarray:
    return row[LABEL_HEIGHT : LABEL_HEIGHT + 60, left : left + width]


def test_four_panels_of_a_video(tmp_path):
    write_video(tmp_path / "a.mp4", [np.full((240, 320, 3), 0.5, np.float32)] * 2, 10.0)
    keypoints = walking(3)
    driving = Driving(keypoints, "h36m-17", 10.0, (240, 320), video=tmp_path / "a.mp4")
    rows = list(side_by_side(driving, keypoints + np.float32([100, 0, 0]), RESULTS))
    assert len(rows) == 3  # the video's last frame stays
    assert all(row.shape == (LABEL_HEIGHT + 60, 3 * (80 + GAP) + 40, 3) for row in rows)
    for row, result in zip(rows, RESULTS, strict=True):
        np.testing.assert_allclose(panel(row, 0, 80), 0.5, atol=0.05)
        np.testing.assert_array_equal(panel(row, 3 * (80 + GAP), 40), result)
    found, clean = (np.argwhere(drawn(panel(rows[0], start, 80), back)) for start, back in ((84, -0.25), (168, -1)))
    # Quarters of the joints' places: x from 88 to 112, and 100 more after cleaning.
    assert 20 <= found[:, 1].min() <= found[:, 1].max() <= 30
    assert 45 <= clean[:, 1].min() <= clean[:, 1].max() <= 55


def drawn(image: np.ndarray, background: float) -> np.ndarray:
    return np.abs(image - background).max(axis=-1) > 0.3


def test_three_panels_of_keypoints():
    keypoints = walking(3)
    (row, *_) = side_by_side(Driving(keypoints, "h36m-17"), keypoints, RESULTS)
    width = round((int(keypoints[..., 0].max()) + 20) * 60 / (int(keypoints[..., 1].max()) + 20))
    assert row.shape[1] in (2 * (width + GAP) + 40, 2 * (width + GAP) + 41)
    assert drawn(panel(row, 0, width), -1).any()


def test_a_wild_joint_does_not_blow_up_the_panels():
    keypoints = walking(3)
    expected = next(side_by_side(Driving(keypoints, "h36m-17"), keypoints, RESULTS))
    wild = keypoints.copy()
    wild[2, 4, :2] = 1e6
    row = next(side_by_side(Driving(wild, "h36m-17"), keypoints, RESULTS))
    np.testing.assert_array_equal(row, expected)
