from __future__ import annotations

import numpy as np
import pytest

from gfla_tf.pose.drawing import black_canvas, draw_skeleton, skeleton_image
from gfla_tf.pose.skeletons import SKELETONS, flip_keypoints


def standing_person(height, width):
    """OpenPose-18, facing us: the person's right is on the left side of the picture."""
    x = [50, 50, 35, 30, 25, 65, 70, 75, 40, 40, 40, 60, 60, 60, 47, 53, 44, 56]
    y = [15, 25, 25, 40, 55, 25, 40, 55, 55, 75, 95, 55, 75, 95, 12, 12, 14, 14]
    points = np.stack([np.array(x) * width / 100, np.array(y) * height / 100, np.ones(18)], -1)
    return points.astype(np.float32)


def only(keypoints, *joints):
    kept = np.zeros_like(keypoints)
    kept[list(joints)] = keypoints[list(joints)]
    return kept


def drawn(image):
    """Which pixels are not black."""
    return (image > -1).any(axis=-1)


def test_a_canvas_holds_all_joints_but_those_that_no_picture_reaches():
    keypoints = np.stack([standing_person(200, 300), standing_person(100, 100)])
    canvas, scale = black_canvas(keypoints)
    assert (canvas.shape, scale) == ((190 + 20, 225 + 20, 3), 1.0)
    keypoints[0, 3, :2] = (1e6, 30)
    keypoints[1, 3] = (np.nan, 1e5, 1)
    assert black_canvas(keypoints)[0].shape == canvas.shape
    assert black_canvas(keypoints * 0)[0].shape == (21, 21, 3)


def test_a_canvas_of_a_known_size_is_no_larger_than_can_be_held():
    assert black_canvas(standing_person(200, 300), (40, 50))[0].shape == (40, 50, 3)
    canvas, scale = black_canvas(standing_person(200, 300), (10**6, 8 * 10**6))
    assert (canvas.shape, scale) == ((512, 4096, 3), 4096 / 8e6)
    assert black_canvas(standing_person(200, 300), (1, 10**9))[0].shape == (2, 4096, 3)


def test_convention_coordinates():
    """60 high, 90 wide: a line along row 20 from column 30 to 70, its dots around the ends."""
    keypoints = np.zeros((18, 3), np.float32)
    keypoints[2], keypoints[3] = (30, 20, 1), (70, 20, 1)
    canvas = skeleton_image(keypoints, 60, 90)
    assert canvas.shape == (60, 90, 3)
    rows, columns = np.nonzero(drawn(canvas))
    assert rows.mean() == pytest.approx(20, abs=0.05)
    assert columns.mean() == pytest.approx(50, abs=0.05)
    assert drawn(canvas)[20, 30:71].all()
    assert set(rows) <= {18, 19, 20, 21, 22}
    assert columns.min() >= 28
    assert columns.max() <= 72


def test_right_is_warm_left_is_cool_and_the_middle_is_grey():
    canvas = skeleton_image(standing_person(200, 100), 200, 100)
    red, blue = canvas[..., 0], canvas[..., 2]
    assert (red[:, :46] >= blue[:, :46]).all()
    assert (red[:, :46] > blue[:, :46] + 0.5).any()
    assert (blue[:, 55:] >= red[:, 55:]).all()
    assert (blue[:, 55:] > red[:, 55:] + 0.5).any()
    nose_to_neck = canvas[34:46, 50]
    assert (nose_to_neck > 0).all()
    assert np.ptp(nose_to_neck, axis=-1).max() == 0


def test_mirrored_person_keeps_the_colors_of_the_sides():
    keypoints = only(standing_person(100, 100), 5, 6, 7)
    canvas = skeleton_image(flip_keypoints(keypoints, 100), 100, 100)
    assert drawn(canvas)[:, :40].any()
    assert (canvas[..., 0] >= canvas[..., 2]).all()


@pytest.mark.parametrize("name", SKELETONS)
def test_every_limb_and_joint_of_every_skeleton_is_drawn(name):
    skeleton = SKELETONS[name]
    joints = len(skeleton.joints)
    angles = np.arange(joints) * 2 * np.pi / joints
    keypoints = np.stack([64 + 50 * np.cos(angles), 64 + 50 * np.sin(angles), np.ones(joints)], -1)
    canvas = drawn(skeleton_image(keypoints, 128, 128, name))
    for joint in range(joints):
        x, y = np.rint(keypoints[joint, :2]).astype(int)
        assert canvas[y, x], skeleton.joints[joint]
    for start, end in skeleton.limbs:
        x, y = np.rint((0.6 * keypoints[start] + 0.4 * keypoints[end])[:2]).astype(int)
        assert canvas[y, x], (skeleton.joints[start], skeleton.joints[end])


def test_missing_joints_and_their_limbs_are_left_out():
    keypoints = standing_person(100, 100)
    for missing in ((30, 40, 0), (np.nan, 40, 1), (np.inf, 40, 1)):
        keypoints[3] = missing  # the elbow between the right shoulder and the right wrist
        canvas = drawn(skeleton_image(keypoints, 100, 100))
        assert canvas[55, 25]  # the wrist's dot
        assert not canvas[30:52, 22:34].any()


def test_photo_is_kept_where_nothing_is_drawn():
    photo = np.random.default_rng(0).uniform(-1, 1, (64, 48, 3)).astype(np.float32)
    before = photo.copy()
    result = draw_skeleton(photo, standing_person(64, 48))
    np.testing.assert_array_equal(photo, before)
    assert result.dtype == np.float32
    changed = (result != photo).any(axis=-1)
    touched = drawn(skeleton_image(standing_person(64, 48), 64, 48))
    assert 100 < changed.sum() < 1500
    assert not (changed & ~touched).any()
    assert result.min() >= -1
    assert result.max() <= 1


def test_nobody_to_draw():
    photo = np.random.default_rng(1).uniform(-1, 1, (5, 7, 3)).astype(np.float32)
    np.testing.assert_array_equal(draw_skeleton(photo, np.zeros((18, 3))), photo)
    np.testing.assert_array_equal(skeleton_image(np.zeros((18, 3)), 5, 7), np.full((5, 7, 3), -1))


def test_lines_are_anti_aliased():
    keypoints = np.zeros((18, 3), np.float32)
    keypoints[0], keypoints[1] = (10, 10, 1), (80, 45, 1)
    canvas = skeleton_image(keypoints, 60, 90)
    assert len(np.unique(canvas[..., 0])) > 10


def test_lines_are_placed_between_pixels():
    keypoints = np.zeros((18, 3), np.float32)
    keypoints[0], keypoints[1] = (10, 30.25, 1), (80, 30.25, 1)
    column = skeleton_image(keypoints, 60, 90)[:, 45, 0] + 1
    assert np.average(np.arange(60), weights=column) == pytest.approx(30.25, abs=0.1)


def test_thickness_grows_with_the_image():
    def line_width(size, **options):
        keypoints = only(standing_person(size, size), 0, 1)
        canvas = draw_skeleton(np.full((size, size, 3), -1, np.float32), keypoints, **options)
        return (canvas[round(0.2 * size), :, 0] + 1).sum() / 1.7

    assert line_width(800) > 2.5 * line_width(200)
    assert line_width(200, thickness=9) == pytest.approx(9, abs=3)


def test_coordinates_far_outside():
    keypoints = standing_person(60, 90)
    keypoints[3, :2] = (1e38, -1e38)
    keypoints[4, :2] = (-1e38, 1e38)
    keypoints[6, :2] = (-5000, 20)
    keypoints[9, :2] = (3e9, 3e9)
    canvas = skeleton_image(keypoints, 60, 90)
    assert np.isfinite(canvas).all()
    assert np.abs(canvas).max() <= 1


def test_a_limb_that_crosses_the_image_is_drawn_where_it_crosses():
    keypoints = np.zeros((18, 3), np.float32)
    keypoints[2], keypoints[3] = (-1e7, 20, 1), (1e7, 20, 1)
    canvas = drawn(skeleton_image(keypoints, 60, 90))
    assert canvas[20].all()
    assert not canvas[:17].any()
    assert not canvas[24:].any()


def test_a_limb_outside_leaves_no_mark():
    keypoints = np.zeros((18, 3), np.float32)
    keypoints[2], keypoints[3] = (-300, -20, 1), (500, -20, 1)
    keypoints[5], keypoints[6] = (150, 10, 1), (80, 200, 1)
    assert not drawn(skeleton_image(keypoints, 60, 90)).any()


@pytest.mark.parametrize(
    "image",
    [
        np.zeros((4, 4, 3), np.uint8),
        np.zeros((4, 4), np.float32),
        np.zeros((4, 4, 4)),
        np.zeros((0, 4, 3)),
        np.full((4, 4, 3), np.nan),
    ],
)
def test_images_of_another_kind(image):
    with pytest.raises(ValueError, match=r"image must be floats in \[-1, 1\].*Received"):
        draw_skeleton(image, np.zeros((18, 3)))


@pytest.mark.parametrize("thickness", [0, -1, 1.5, True, "2"])
def test_impossible_thickness(thickness):
    with pytest.raises(ValueError, match=r"thickness must be a whole number of pixels, at least 1. Received"):
        draw_skeleton(np.zeros((4, 4, 3)), np.zeros((18, 3)), thickness=thickness)


def test_other_bad_input():
    with pytest.raises(ValueError, match=r"height and width must be at least 1 pixel. Received: 4 and 0"):
        skeleton_image(np.zeros((18, 3)), 4, 0)
    with pytest.raises(ValueError, match="of one person"):
        skeleton_image(np.zeros((2, 18, 3)), 4, 4)
    with pytest.raises(ValueError, match="Received: shape"):
        skeleton_image(np.zeros((17, 3)), 4, 4)


def test_lines_suit_the_person_not_only_the_picture():
    keypoints = np.zeros((18, 3), np.float32)
    keypoints[1] = [400, 100, 1]
    keypoints[2] = [400, 190, 1]  # neck to right shoulder, 90 pixels: 2 thick, in a picture for lines of 8
    drawn = draw_skeleton(np.full((600, 1000, 3), -1, np.float32), keypoints)
    width = np.count_nonzero(drawn[145, :, 0] > -1)
    assert 2 <= width <= 5
