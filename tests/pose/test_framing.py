"""Frames: where a person lies in a picture, and the way into the network's picture and back."""

from __future__ import annotations

import numpy as np
import pytest

from gfla_tf.pose.framing import Frame, fit_frame, resize_image, whole_frame


def test_convention_keypoints_keep_their_place_on_pixel_edges():
    # A frame of 4 x 2 pixels at (10, 20), shown at 8 x 6: one pixel becomes 2 wide and 3 high.
    frame = Frame(left=10, top=20, width=4, height=2)
    keypoints = np.array([[10, 20, 1], [13, 21, 0.5], [9.5, 19.5, 1], [7, 8, 0]], np.float32)
    moved = frame.keypoints_into(keypoints, height=6, width=8)
    expected = [[0.5, 1.0, 1], [6.5, 4.0, 0.5], [-0.5, -0.5, 1], [0, 0, 0]]
    np.testing.assert_allclose(moved, expected, atol=1e-6)


def test_convention_crop_takes_columns_from_left_and_rows_from_top():
    image = np.zeros((5, 7, 3), np.float32)
    image[2, 4] = 0.5
    crop = Frame(left=3, top=1, width=3, height=2).crop(image, height=2, width=3)
    assert crop.shape == (2, 3, 3)
    assert crop[1, 1, 0] == 0.5
    assert np.count_nonzero(crop[..., 0]) == 1


def test_crop_repeats_the_border_pixel_outside_of_the_picture():
    image = np.linspace(-1, 1, 2 * 3 * 3, dtype=np.float32).reshape(2, 3, 3)
    crop = Frame(left=-2, top=-1, width=6, height=4).crop(image, height=4, width=6)
    np.testing.assert_array_equal(crop[1:3, 2:5], image)
    np.testing.assert_array_equal(crop[0, 2:5], image[0])
    np.testing.assert_array_equal(crop[3, 2:5], image[1])
    np.testing.assert_array_equal(crop[:, 0], crop[:, 2])
    np.testing.assert_array_equal(crop[:, 5], crop[:, 4])


def test_a_mark_and_its_keypoint_move_together():
    image = np.full((90, 60, 3), -1, np.float32)
    image[38:43, 23:28] = 1  # centred on (25, 40)
    frame = Frame(left=5, top=10, width=44, height=64)
    crop = frame.crop(image, height=128, width=64)
    brightness = np.clip(crop[..., 0] + 1, 0, None)
    rows, columns = np.mgrid[:128, :64]
    center = [np.sum(columns * brightness), np.sum(rows * brightness)] / np.sum(brightness)
    moved = frame.keypoints_into(np.array([[25, 40, 1]], np.float32), height=128, width=64)
    np.testing.assert_allclose(moved[0, :2], center, atol=0.05)


def test_fit_frame_has_the_aspect_and_room_around_all_joints():
    keypoints = np.zeros((18, 3), np.float32)
    keypoints[:4] = [[100, 50, 1], [120, 90, 0.2], [90, 250, 1], [5, 5, 0]]
    frame = fit_frame(keypoints, aspect=176 / 256)
    assert frame.width / frame.height == pytest.approx(176 / 256, abs=0.01)
    assert frame.left < 90 - 15
    assert frame.left + frame.width > 120 + 15
    # 200 pixels from top to bottom: 15 % above, 10 % below.
    assert (frame.top, frame.height) == (20, 250)


def test_fit_frame_widens_for_a_person_lying_down():
    keypoints = np.array([[0, 100, 1], [300, 120, 1]], np.float32)
    frame = fit_frame(keypoints, aspect=0.5)
    assert frame.width == 360
    assert frame.height == 720
    assert frame.top < 100 < 120 < frame.top + frame.height


@pytest.mark.parametrize("present", [0, 1])
def test_fit_frame_needs_two_joints(present):
    keypoints = np.zeros((18, 3), np.float32)
    keypoints[:present] = 1
    with pytest.raises(ValueError, match=f"At least two joints are needed to frame a person. Received: {present}"):
        fit_frame(keypoints, 1.0)


def test_paste_puts_the_content_back_and_leaves_the_rest():
    image = np.zeros((40, 50, 3), np.float32)
    before = image.copy()
    content = np.full((64, 32, 3), 1, np.float32)
    pasted = Frame(left=10, top=5, width=20, height=30).paste(image, content)
    np.testing.assert_array_equal(image, before)
    assert pasted[20, 20, 0] == pytest.approx(1)
    assert 0 < pasted[5, 20, 0] < 1  # soft border
    outside = np.ones((40, 50), bool)
    outside[5:35, 10:30] = False
    assert not pasted[outside].any()


def test_paste_covers_shoes():
    standing = np.array([[100, 40, 1], [80, 240, 1], [120, 240, 1]], np.float32)
    pasted = fit_frame(standing, aspect=0.7).paste(np.zeros((300, 200, 3), np.float32), np.ones((10, 7, 3), np.float32))
    shoes = slice(240, 240 + round(0.07 * 200))  # they reach so far below the ankles
    assert pasted[shoes, 80:121].min() > 0.99


def test_paste_of_a_frame_that_leaves_the_picture():
    image = np.zeros((10, 12, 3), np.float32)
    pasted = Frame(left=-5, top=-6, width=10, height=12).paste(image, np.ones((4, 4, 3), np.float32))
    assert pasted[0, 0, 0] == pytest.approx(1)
    assert pasted[6:].max() == 0
    np.testing.assert_array_equal(Frame(20, 20, 5, 5).paste(image, np.ones((4, 4, 3), np.float32)), image)


def test_crop_then_paste_gives_the_picture_back():
    rows, columns = np.mgrid[:48, :64]
    image = np.stack([np.sin(rows / 9), np.cos(columns / 7), np.sin((rows + columns) / 11)], -1).astype(np.float32)
    frame = Frame(left=8, top=4, width=32, height=40)
    pasted = frame.paste(image, frame.crop(image, 80, 64))
    assert np.abs(pasted - image).max() < 0.02


def test_resize_is_antialiased_and_stays_in_range():
    stripes = np.tile(np.array([[-1.0], [1.0]], np.float32), (16, 64))[..., np.newaxis].repeat(3, -1)
    assert np.abs(resize_image(stripes, 8, 16)[2:-2]).max() < 1e-6
    edge = np.full((8, 8, 3), -1, np.float32)
    edge[:, 4:] = 1
    enlarged = resize_image(edge, 32, 32)
    assert enlarged.min() == -1
    assert enlarged.max() == 1


def test_whole_frame_changes_nothing():
    image = np.random.default_rng(0).uniform(-1, 1, (6, 9, 3)).astype(np.float32)
    np.testing.assert_array_equal(whole_frame(6, 9).crop(image, 6, 9), image)
