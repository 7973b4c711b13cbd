"""Resizing in NumPy is TensorFlow's."""

from __future__ import annotations

import numpy as np
import pytest

from gfla_tf.pose import framing
from gfla_tf.pose.resizing import crop_frame, resize_image

random = np.random.default_rng(0)


@pytest.mark.parametrize("size", [(20, 30), (7, 5), (13, 60), (41, 9), (23, 17)])
def test_it_is_antialiased_bicubic_as_in_tensorflow(size):
    image = random.uniform(-1, 1, (23, 17, 3)).astype(np.float32)
    np.testing.assert_allclose(resize_image(image, *size), framing.resize_image(image, *size), atol=1e-5)


def test_convention_pixel_centres_are_halves_of_pixels():
    ramp = np.tile(np.linspace(-0.7, 0.7, 8, dtype=np.float32)[np.newaxis, :, np.newaxis], (2, 1, 3))
    # Twice as wide, the second and third pixel lie a quarter of a pixel to either side of what was the second one.
    wider = resize_image(ramp, 2, 16)[0, :, 0]
    np.testing.assert_allclose(wider[6:10], [0.2 * step - 0.7 for step in (2.75, 3.25, 3.75, 4.25)], atol=1e-3)


@pytest.mark.parametrize(
    ("corner", "size"), [((-4, 5), (20, 22)), ((3, 2), (9, 8)), ((-90, -300), (250, 700)), ((40, -9), (30, 7))]
)
def test_cropping_is_that_of_the_frame_and_goes_beyond_the_picture(corner, size):
    image = random.uniform(-1, 1, (20, 30, 3)).astype(np.float32)
    frame = framing.Frame(*corner, *size)
    np.testing.assert_allclose(crop_frame(frame, image, 16, 12), frame.crop(image, 16, 12), atol=1e-5)


def test_a_frame_far_beyond_memory_shows_the_picture_in_its_place():
    image = np.full((900, 600, 3), -1, np.float32)
    image[300:600, 200:400] = 1
    shown = framing.Frame(-5800, -8700, 12_000, 18_000).crop(image, 60, 40)
    expected = framing.Frame(-290, -435, 600, 900).crop(image[::20, ::20], 60, 40)
    np.testing.assert_allclose(shown, expected, atol=0.01)
    assert expected.max() > -0.5
    # Joints millions of pixels away: what lies beyond the picture must not be counted pixel by pixel.
    wide = framing.Frame(-5_000_000, -5_000_000, 10_000_600, 10_000_900).crop(image, 256, 176)
    np.testing.assert_allclose(wide, np.full((256, 176, 3), -1), atol=0.01)
    with pytest.raises(ValueError, match=r"at most 16777216 pixels a side is expected. Received: 20000000x10\."):
        framing.Frame(0, 0, 20_000_000, 10).crop(image, 60, 40)
    nearly_nothing = framing.Frame(-100_000, -240_000, 320_000, 480_000).crop(image, 24, 16)
    np.testing.assert_allclose(nearly_nothing, np.full((24, 16, 3), -1), atol=0.01)
