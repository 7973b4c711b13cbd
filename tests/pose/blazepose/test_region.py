"""Rotated squares of a photo, with places worked out by hand on non-square photos."""

import math

import numpy as np
import pytest

from gfla_tf.pose.blazepose.region import Region, body_region, crop_region, paste_region, whole_picture

pytest.importorskip("cv2")


def test_convention_corners_of_an_upright_region():
    region = Region(center_x=30, center_y=20, side=10)
    corners = region.to_photo(np.array([[0, 0], [1, 0], [0, 1], [0.5, 0.5]]))
    np.testing.assert_allclose(corners, [[25, 15], [35, 15], [25, 25], [30, 20]])


def test_convention_positive_rotation_turns_the_region_clockwise():
    region = Region(center_x=30, center_y=20, side=10, rotation=math.pi / 2)
    corners = region.to_photo(np.array([[0, 0], [1, 0], [0.5, 0]]))
    np.testing.assert_allclose(corners, [[35, 15], [35, 25], [35, 20]], atol=1e-9)  # its top looks to the right


def test_from_photo_undoes_to_photo():
    region = Region(12.5, -3.0, 41.0, 0.7)
    points = np.random.default_rng(0).uniform(-1, 2, (50, 2))
    np.testing.assert_allclose(region.from_photo(region.to_photo(points)), points, atol=1e-9)


def test_convention_crop_pixels_lie_at_index_over_size():
    region = Region(center_x=30, center_y=20, side=10)
    np.testing.assert_allclose(region.matrix(5) @ [0, 0, 1], [25, 15])
    np.testing.assert_allclose(region.matrix(5) @ [1, 4, 1], [27, 23])


def test_convention_the_whole_picture_is_the_letterbox_square():
    assert whole_picture(width=400, height=100) == Region(200, 50, 400, 0)
    assert whole_picture(width=100, height=400) == Region(50, 200, 400, 0)


@pytest.mark.parametrize(
    ("scale", "rotation"),
    [((50, 20), 0), ((80, 50), math.pi / 2), ((20, 50), -math.pi / 2), ((71.2132, 28.7868), math.pi / 4)],
)
def test_convention_the_head_of_a_body_region_is_up(scale, rotation):
    region = body_region(np.array([50, 50]), np.array(scale))
    assert (region.center_x, region.center_y) == (50, 50)
    assert region.side == pytest.approx(2 * 30 * 1.25, abs=1e-3)
    assert region.rotation == pytest.approx(rotation, abs=1e-5)
    np.testing.assert_allclose(region.from_photo(np.array(scale, float)), [0.5, 0.1], atol=1e-5)


def test_rotation_of_an_upside_down_body_is_half_a_turn():
    assert abs(body_region(np.array([50, 50]), np.array([50, 80])).rotation) == pytest.approx(math.pi)


def test_crop_reads_the_photo_at_the_right_places():
    x, y = np.meshgrid(np.arange(60.0), np.arange(40.0))
    photo = np.stack([x, y], axis=-1).astype(np.float32)
    region = Region(center_x=30, center_y=20, side=16, rotation=0.5)
    crop = crop_region(photo, region, size=8)
    columns, rows = np.meshgrid(np.arange(8) / 8, np.arange(8) / 8)
    np.testing.assert_allclose(crop, region.to_photo(np.stack([columns, rows], axis=-1)), atol=0.05)


def test_crop_beyond_the_photo_is_the_given_value_or_the_border():
    photo = np.full((20, 40, 3), 0.25, np.float32)
    photo[:, 0] = 0.75
    region = Region(center_x=0, center_y=10, side=16)
    assert crop_region(photo, region, 8, outside=-1.0)[4, 0].tolist() == [-1, -1, -1]
    assert crop_region(photo, region, 8)[4, 0].tolist() == [0.75, 0.75, 0.75]
    assert crop_region(photo, region, 8, outside=-1.0)[4, 7].tolist() == [0.25, 0.25, 0.25]


@pytest.mark.parametrize("region", [Region(-500, -500, 20), Region(900, 10, 20, 1.0), Region(20, 10, 1e6)])
def test_far_away_and_enormous_regions_do_not_crash(region):
    photo = np.zeros((20, 40, 3), np.float32)
    assert crop_region(photo, region, 8).shape == (8, 8, 3)
    assert paste_region(np.ones((8, 8), np.float32), region, width=40, height=20).shape == (20, 40)


@pytest.mark.parametrize("shape", [(3, 40000), (40000, 3)])
def test_paste_into_very_long_photos(shape):
    pasted = paste_region(np.ones((8, 8), np.float32), Region(shape[1] / 2, shape[0] / 2, 40000), shape[1], shape[0])
    assert pasted.shape == shape
    assert pasted[shape[0] // 2, shape[1] // 2] == 1


def test_convention_paste_puts_a_dot_back_to_its_place():
    crop = np.zeros((16, 16), np.float32)
    crop[2, 12] = 1  # row 2, column 12
    upright = paste_region(crop, Region(center_x=30, center_y=20, side=16), width=60, height=40)
    assert np.argwhere(upright == 1).tolist() == [[14, 34]]
    assert upright.sum() == 1
    lying = paste_region(crop, Region(center_x=30, center_y=20, side=16, rotation=math.pi / 2), width=60, height=40)
    assert np.argwhere(lying > 0.9).tolist() == [[24, 36]]


def test_paste_undoes_crop():
    x, y = np.meshgrid(np.arange(60), np.arange(40))
    photo = np.exp(-((x - 34) ** 2 + 2 * (y - 22) ** 2) / 40).astype(np.float32)
    region = Region(center_x=30, center_y=20, side=36, rotation=-0.8)
    pasted = paste_region(crop_region(photo[..., np.newaxis], region, 128), region, width=60, height=40)
    np.testing.assert_allclose(pasted[14:31, 26:43], photo[14:31, 26:43], atol=0.03)


def test_convention_magnified_follows_the_pixels_of_a_shrunk_photo():
    # Pixel 1 of a photo shrunk three times is the mean of the pixels 3, 4 and 5.
    magnified = Region(center_x=1, center_y=0, side=10, rotation=0.3).magnified(3)
    assert magnified == Region(center_x=4, center_y=1, side=30, rotation=0.3)
