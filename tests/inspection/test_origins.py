"""Where pixels came from, worked by hand."""

from __future__ import annotations

import numpy as np
import pytest

from gfla_tf.inspection.attention import AttentionMaps
from gfla_tf.inspection.origins import entropy, expected_origins, source_use, tap_offsets, trace, winning_taps

SIZE = (8, 16)  # of the picture: level 2 is 2 x 4, its pixels 4 x 4


@pytest.fixture
def maps():
    """Position (column 2, row 1) looks one pixel to the left; all weight is on the middle tap, but there on two."""
    weights, flow = np.zeros((2, 4, 9), np.float32), np.zeros((2, 4, 2), np.float32)
    weights[..., 4] = 1
    flow[1, 2] = (-1, 0)
    weights[1, 2] = [0, 0.25, 0, 0, 0, 0.75, 0, 0, 0]  # above, and to the right
    return AttentionMaps(2, "source", weights, flow, np.full((2, 4, 1), 0.5, np.float32))


def test_convention_taps_are_row_major():
    np.testing.assert_array_equal(tap_offsets(3)[[0, 1, 4, 5, 8]], [(-1, -1), (0, -1), (0, 0), (1, 0), (1, 1)])


def test_convention_a_pixel_is_followed_through_flow_and_taps(maps):
    origin = trace(maps, 10, 5, SIZE)
    assert (origin.position, origin.cell, origin.mask, origin.name) == ((2, 1), (4.0, 4.0), 0.5, "1/4")
    # Level position (2 - 1, 1) has its centre at (1.5 * 4 - 0.5, 1.5 * 4 - 0.5).
    assert origin.center == (5.5, 5.5)
    np.testing.assert_allclose(origin.taps[1], (5.5, 1.5))
    np.testing.assert_allclose(origin.taps[5], (9.5, 5.5))
    np.testing.assert_allclose(origin.taps[7], (5.5, 5.5))  # below the last row: the border repeats
    np.testing.assert_allclose(origin.mean, (0.25 * 5.5 + 0.75 * 9.5, 0.25 * 1.5 + 0.75 * 5.5))


@pytest.mark.parametrize(
    ("pixel", "position"), [((0, 0), (0, 0)), ((3, 3), (0, 0)), ((4, 4), (1, 1)), ((15, 7), (3, 1))]
)
def test_convention_pixels_belong_to_blocks(maps, pixel, position):
    assert trace(maps, *pixel, SIZE).position == position


@pytest.mark.parametrize("pixel", [(-1, 0), (16, 0), (0, 8)])
def test_pixels_outside_are_refused(maps, pixel):
    with pytest.raises(ValueError, match="inside 16x8 .* is expected. Received: "):
        trace(maps, *pixel, SIZE)


def test_maps_over_all_positions(maps):
    np.testing.assert_allclose(expected_origins(maps, SIZE)[1, 2], trace(maps, 10, 5, SIZE).mean)
    np.testing.assert_allclose(expected_origins(maps, SIZE)[0, 3], (13.5, 1.5))
    np.testing.assert_array_equal(winning_taps(maps)[1, 2], (1, 0))
    np.testing.assert_array_equal(winning_taps(maps)[0, 0], (0, 0))
    expected = -(0.25 * np.log(0.25) + 0.75 * np.log(0.75)) / np.log(9)
    np.testing.assert_allclose(entropy(maps)[1, 2], expected, rtol=1e-4)
    assert entropy(maps)[0, 0] < 1e-6


def test_even_weights_have_entropy_one():
    even = AttentionMaps(2, "source", np.full((1, 1, 25), 0.04), np.zeros((1, 1, 2)))
    np.testing.assert_allclose(entropy(even), 1)


def test_use_adds_up_weights_and_masks(maps):
    # Every position takes itself, half of it; (2, 1) instead takes a quarter from (1, 0), the rest from (2, 1).
    use = np.full((2, 4), 0.5)
    use[1, 2] = 0.75 * 0.5
    use[0, 1] += 0.25 * 0.5
    np.testing.assert_allclose(source_use(maps, SIZE), use)
