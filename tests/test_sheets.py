"""Drawings of flows and masks, and how they are laid out."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np

from gfla_tf.sheets import contact_sheet, flow_to_color, label, mask_to_gray, transfer_table, warp_by_flow


def test_convention_flow_colours():
    flow = np.array([[[4, 0], [0, 4], [0, 0]], [[-4, 0], [0, -4], [2, 0]]], np.float32)  # (dx, dy), 2 x 3
    colors = (flow_to_color(flow) + 1) / 2
    np.testing.assert_allclose(colors[0, 0], [1, 0, 0], atol=1e-6)  # to the right: red
    np.testing.assert_allclose(colors[0, 1], [0.5, 1, 0], atol=1e-6)  # downwards: 90 degrees
    np.testing.assert_allclose(colors[0, 2], [1, 1, 1], atol=1e-6)  # nowhere: white
    np.testing.assert_allclose(colors[1, 0], [0, 1, 1], atol=1e-6)  # to the left: 180 degrees
    np.testing.assert_allclose(colors[1, 2], [1, 0.5, 0.5], atol=1e-6)  # half as far: half as saturated


def test_flow_colours_relative_to_a_given_length():
    flow = np.array([[[5, 0]]], np.float32)
    np.testing.assert_allclose((flow_to_color(flow, longest=10) + 1) / 2, [[[1, 0.5, 0.5]]], atol=1e-6)


def test_mask_to_gray():
    gray = mask_to_gray(np.array([[[0.0], [0.5], [1.0]]]))
    np.testing.assert_allclose(gray, [[[-1] * 3, [0] * 3, [1] * 3]])


def test_convention_warp_by_flow_scales_with_the_level():
    image = np.zeros((8, 16, 3), np.float32)
    image[:, 12] = 1
    flow = np.zeros((2, 4, 2), np.float32)
    flow[..., 0] = 1  # one pixel of the quarter level = four of the picture, to the right
    warped = warp_by_flow(image, flow)
    assert warped[4, 8, 0] == 1
    assert np.count_nonzero(warped[4, :, 0]) == 1


def test_contact_sheet_places_panels_row_by_row():
    panels = {str(index): np.full((10, 30, 3), index / 10, np.float32) for index in range(5)}
    sheet = contact_sheet(panels, columns=3)
    cell = label(panels["0"], "0").shape
    assert sheet.shape == (2 * cell[0] + 4, 3 * cell[1] + 8, 3)
    assert sheet[cell[0] - 1, 0, 0] == np.float32(0.0)
    assert sheet[cell[0] - 1, 2 * (cell[1] + 4), 0] == np.float32(0.2)
    assert sheet[-1, cell[1] + 4, 0] == np.float32(0.4)
    assert sheet[-1, -1, 0] == 1  # no panel there: white


def test_convention_a_table_has_sources_below_each_other_and_poses_side_by_side():
    def result(source, pose):
        return SimpleNamespace(
            image=np.full((8, 6, 3), source / 10 + pose / 100, np.float32),
            picture=np.zeros((8, 6, 3)),
            source_image=np.full((8, 6, 3), -source / 10, np.float32),
            target_keypoints=np.zeros((18, 3), np.float32),
            skeleton="openpose-18",
        )

    pairs = [(1, 1), (1, 2), (1, 3), (2, 2)]
    table = transfer_table({(str(source), str(pose)): result(source, pose) for source, pose in pairs})
    assert table.shape == (3 * 12 - 4, 4 * 10 - 4, 3)
    corners = table[::12, ::10, 0]
    np.testing.assert_allclose(corners[0], [1, -1, -1, -1])  # nothing, then the poses on black
    np.testing.assert_allclose(corners[1], [-0.1, 0.11, 0.12, 0.13], atol=1e-6)
    np.testing.assert_allclose(corners[2], [-0.2, 1, 0.22, 1], atol=1e-6)


def test_label_writes_something_dark_above_the_image():
    labelled = label(np.ones((10, 60, 3), np.float32), "result")
    assert labelled[:-10].min() < 0
    np.testing.assert_array_equal(labelled[-10:], np.ones((10, 60, 3)))
