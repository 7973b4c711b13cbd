from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from training.data.affine import AffineRange, affine_matrix, move_keypoints, move_pictures

HEIGHT, WIDTH = 5, 9  # the centre is (4, 2)


def moved_point(x, y, angle=0.0, shift=(0.0, 0.0), scale=1.0):
    matrix = affine_matrix(angle, shift, scale, HEIGHT, WIDTH)
    return move_keypoints([[x, y, 1.0]], matrix).numpy()[0, :2]


def test_convention_centre():
    np.testing.assert_allclose(moved_point(4, 2, angle=37, scale=1.7), [4, 2], atol=1e-5)


def test_convention_positive_angle_turns_clockwise():
    # From the right of the centre to below it.
    np.testing.assert_allclose(moved_point(6, 2, angle=90), [4, 4], atol=1e-5)


def test_convention_shift_goes_right_and_down_after_scaling():
    np.testing.assert_allclose(moved_point(6, 1, shift=(1, 2)), [7, 3], atol=1e-5)
    np.testing.assert_allclose(moved_point(6, 1, shift=(1, 2), scale=2), [9, 2], atol=1e-5)


@pytest.mark.parametrize(
    ("motion", "point", "expected"),
    [
        ({"angle": 90.0}, (6, 2), (4, 4)),
        ({"angle": -90.0}, (5, 2), (4, 1)),
        ({"shift": (-3.0, 1.0)}, (6, 2), (3, 3)),
        ({"angle": 180.0, "shift": (1.0, 0.0)}, (6, 3), (3, 1)),
        ({"scale": 2.0}, (5, 3), (6, 4)),
    ],
)
def test_pictures_go_where_keypoints_go(motion, point, expected):
    picture = np.zeros((1, HEIGHT, WIDTH, 1), np.float32)
    picture[0, point[1], point[0], 0] = 1
    motion = {"angle": 0.0, "shift": (0.0, 0.0), "scale": 1.0} | motion
    moved = move_pictures(picture, affine_matrix(**motion, height=HEIGHT, width=WIDTH), 0.0).numpy()[0, ..., 0]
    assert np.unravel_index(moved.argmax(), moved.shape) == (expected[1], expected[0])
    np.testing.assert_allclose(moved.max(), 1, atol=1e-5)
    np.testing.assert_allclose(moved_point(*point, **motion), expected, atol=1e-5)


def test_between_pixels_it_interpolates():
    picture = np.broadcast_to(np.arange(WIDTH, dtype=np.float32)[:, np.newaxis], (1, HEIGHT, WIDTH, 1))
    moved = move_pictures(tf.constant(picture), affine_matrix(0.0, (0.25, 0.0), 1.0, HEIGHT, WIDTH)).numpy()
    np.testing.assert_allclose(moved[0, 2, 1:, 0], np.arange(1, WIDTH) - 0.25, atol=1e-5)


@pytest.mark.parametrize(("fill", "expected"), [(None, 3.0), (1.0, 1.0), (0.0, 0.0)])
def test_outside_is_the_border_or_the_fill(fill, expected):
    picture = np.full((1, HEIGHT, WIDTH, 1), 3, np.float32)
    moved = move_pictures(picture, affine_matrix(0.0, (4.0, 0.0), 1.0, HEIGHT, WIDTH), fill).numpy()
    assert (moved[0, :, :4] == expected).all()
    assert (moved[0, :, 4:] == 3).all()


def test_missing_joints_stay_missing():
    moved = move_keypoints([[0.0, 0.0, 0.0], [1.0, 1.0, 0.5]], affine_matrix(10.0, (1.0, 1.0), 1.0, HEIGHT, WIDTH))
    assert moved[0].numpy().tolist() == [0, 0, 0]
    assert moved[1, 2] == 0.5


def test_draws_fill_their_range_and_follow_the_seed():
    motion = AffineRange(rotation=5, shift=(20, 3), scale=(0.98, 1.02))
    draws = np.array([np.hstack([part.numpy().ravel() for part in motion.draw([7, seed])]) for seed in range(400)])
    for column, (low, high) in enumerate([(-5, 5), (-20, 20), (-3, 3), (0.98, 1.02)]):
        values = (draws[:, column] - low) / (high - low)
        assert 0 <= values.min() < 0.02
        assert 0.98 < values.max() <= 1
        assert 0.45 < values.mean() < 0.55
    assert np.abs(np.corrcoef(draws.T) - np.eye(4)).max() < 0.2
    np.testing.assert_array_equal(motion.draw([7, 3])[1], draws[3, 1:3])


@pytest.mark.parametrize("bad", [{"rotation": -1}, {"shift": (1, -1)}, {"scale": (0, 1)}, {"scale": (1.1, 1)}])
def test_impossible_ranges_are_refused(bad):
    with pytest.raises(ValueError, match="rotation and shift from 0 and 0 < smallest <= largest scale are expected"):
        AffineRange(**({"rotation": 1, "shift": (1, 1), "scale": (1, 1)} | bad))
