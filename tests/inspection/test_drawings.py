"""Maps as pictures, and marks on pictures."""

from __future__ import annotations

import numpy as np

from gfla_tf.inspection.attention import AttentionMaps
from gfla_tf.inspection.canvas import Canvas
from gfla_tf.inspection.drawings import color_wheel, flow_with_legend, heat, nearest, place_colors, sample_places
from gfla_tf.inspection.layout import Panel, Row, lay_out
from gfla_tf.inspection.level_panels import flow_arrows, occlusion_colors

BLACK = np.full((8, 16, 3), -1, np.float32)


def test_convention_the_wheel_shows_where_flows_point():
    wheel = (color_wheel(21) + 1) / 2
    np.testing.assert_allclose(wheel[10, 20], [1, 0, 0], atol=1e-6)  # to the right: red, as `flow_to_color` has it
    np.testing.assert_allclose(wheel[20, 10], [0.5, 1, 0], atol=1e-6)  # downwards
    np.testing.assert_allclose(wheel[10, 10], 1, atol=1e-6)
    np.testing.assert_allclose(wheel[0, 0], 1)


def test_convention_flow_pixels_are_blocks_and_the_legend_is_in_the_corner():
    flow = np.zeros((2, 4, 2), np.float32)
    flow[0, 1] = (3, 0)
    picture = (flow_with_legend(flow, 40, 80) + 1) / 2
    np.testing.assert_allclose(picture[:20, 20:40], np.broadcast_to([1, 0, 0], (20, 20, 3)), atol=1e-6)
    np.testing.assert_allclose(picture[:20, :20], 1, atol=1e-6)
    legend = picture[-2 - 8 : -2, -2 - 8 : -2]
    np.testing.assert_allclose(legend, (color_wheel(8) + 1) / 2, atol=1e-6)


def test_heat_grows_brighter():
    brightness = heat(np.array([[-1.0, 0.0, 0.5, 1.0, 2.0]])).mean(axis=-1)[0]
    assert brightness[0] == brightness[1] < brightness[2] < brightness[3] == brightness[4]


def test_nearest_takes_the_pixel_below_the_centre():
    np.testing.assert_array_equal(nearest(np.arange(6).reshape(1, 6), 1, 3)[0], [1, 3, 5])
    np.testing.assert_array_equal(nearest(np.arange(2).reshape(1, 2), 2, 4), [[0, 0, 1, 1]] * 2)


def test_places_have_colours_of_their_own():
    colors = place_colors(30, 20).reshape(-1, 3)
    assert len(np.unique(np.round(colors, 4), axis=0)) == 600
    np.testing.assert_array_equal(sample_places(place_colors(30, 20), np.array([[19.4, 2.6]]))[0], colors[3 * 20 + 19])
    np.testing.assert_array_equal(sample_places(place_colors(30, 20), np.array([[-5.0, 99.0]]))[0], colors[29 * 20])


def test_convention_marks_are_placed_in_pixels_of_the_original():
    canvas = Canvas(BLACK, (16, 48))  # twice as high, three times as wide
    canvas.fill((5, 2), 1, 1, (255, 0, 0), 1.0)
    changed = np.argwhere((canvas.image != -1).any(axis=-1))
    np.testing.assert_array_equal(changed.min(axis=0), (4, 15))
    np.testing.assert_array_equal(changed.max(axis=0), (5, 17))
    np.testing.assert_allclose(canvas.image[4, 15], (1, -1, -1))


def test_arrows_go_from_a_place_to_its_texture():
    weights, flow = np.ones((2, 4, 1), np.float32), np.zeros((2, 4, 2), np.float32)
    flow[1, 0] = (2, 0)  # two level pixels, eight of the picture, to the right
    mask = np.zeros((2, 4, 1), np.float32)
    mask[1, 0] = 1
    drawn = flow_arrows(BLACK, AttentionMaps(2, "source", weights, flow, mask), (64, 128))
    rows, columns = np.nonzero((drawn > -0.9).any(axis=-1))
    # From the centre of (0, 1), picture (1.5, 5.5), to (9.5, 5.5): on the canvas 15.5 ... 79.5 in row 47.5.
    assert (14 <= columns.min() <= 16, 79 <= columns.max() <= 81) == (True, True)
    assert 40 < rows.min() <= rows.max() < 56


def test_occlusion_tells_four_things_apart():
    mask, visible = (np.array([values], np.float32)[..., np.newaxis] for values in ([1, 1, 0, 0], [1, 0, 1, 0]))
    colors = occlusion_colors(mask, visible, np.ones((1, 4, 1), np.float32), np.zeros((1, 4, 3), np.float32))[0]
    np.testing.assert_array_equal(colors[0], 0)  # seen and taken: as it was
    assert colors[1].argmax() == 0  # hidden but taken: red
    assert colors[2, 2] == colors[2].min()  # seen but drawn: yellow
    assert colors[3].argmax() == 2  # hidden and drawn: blue
    unmarked = occlusion_colors(mask, visible, np.zeros((1, 4, 1), np.float32), np.zeros((1, 4, 3), np.float32))
    np.testing.assert_array_equal(unmarked, 0)


def test_layout_keeps_every_panel():
    panels = [Panel(np.full((20, 30, 3), value, np.float32), "title") for value in (-1, -0.5)]
    sheet = lay_out("sheet", [Row("row", "text", panels), Row("row", "text", panels[:1])])
    assert (sheet[:, :, 0] == -0.5).sum() == 20 * 30
    assert (sheet == -1).all(axis=-1).sum() == 2 * 20 * 30
