"""Anchors, decoding and suppression against numbers worked out by hand."""

import numpy as np
import pytest

from gfla_tf.pose.blazepose.detector import (
    Detection,
    decode_detections,
    intersection_over_union,
    ssd_anchors,
    suppress_overlaps,
)


def detection(score, box, shift=0.0):
    return Detection(score, np.array(box, float), np.full((4, 2), shift))


def test_convention_anchors_go_row_by_row_through_three_grids():
    anchors = ssd_anchors()
    assert anchors.shape == (28 * 28 * 2 + 14 * 14 * 2 + 7 * 7 * 6, 2) == (2254, 2)
    np.testing.assert_allclose(anchors[[0, 1]], [[4 / 224, 4 / 224]] * 2)  # two anchors in the first cell of 8 pixels
    np.testing.assert_allclose(anchors[2], [12 / 224, 4 / 224])  # the next cell is to the right: (u, v)
    np.testing.assert_allclose(anchors[56], [4 / 224, 12 / 224])  # the second row
    np.testing.assert_allclose(anchors[1568], [8 / 224, 8 / 224])  # the grid of 16 pixels
    np.testing.assert_allclose(anchors[[1960, 1965]], [[16 / 224, 16 / 224]] * 2)  # the grid of 32 pixels, six a cell
    np.testing.assert_allclose(anchors[-1], [208 / 224, 208 / 224])


def test_convention_decoded_boxes_and_keypoints():
    boxes, logits = np.zeros((2254, 12), np.float32), np.full(2254, -200, np.float32)
    logits[2] = 0.0  # the anchor at (12, 4) of 224 pixels; its score is exactly the threshold
    boxes[2] = [100, 50, 20, 40, 1, 2, 3, 4, 5, 6, 7, 8]
    (found,) = decode_detections(boxes, logits)
    assert found.score == 0.5
    np.testing.assert_allclose(found.box * 224, [102, 34, 122, 74], atol=1e-4)  # left, top, right, bottom
    np.testing.assert_allclose(found.keypoints * 224, [[13, 6], [15, 8], [17, 10], [19, 12]], atol=1e-4)


def test_detections_are_sorted_and_weak_ones_dropped():
    logits = np.full(2254, -0.01, np.float32)
    logits[[5, 900, 2000]] = [1.0, 200.0, 2.0]
    found = decode_detections(np.zeros((2254, 12), np.float32), logits)
    np.testing.assert_allclose([item.score for item in found], [1, 0.880797, 0.731059], atol=1e-6)


@pytest.mark.parametrize(
    ("second", "expected"),
    [([0, 0, 2, 1], 1), ([1, 0, 3, 1], 1 / 3), ([0, 0, 1, 1], 0.5), ([2, 0, 3, 1], 0), ([5, 5, 6, 6], 0)],
)
def test_intersection_over_union(second, expected):
    first = np.array([0.0, 0, 2, 1])
    assert intersection_over_union(first, np.array(second, float)) == pytest.approx(expected)


def test_empty_boxes_do_not_overlap():
    assert intersection_over_union(np.zeros(4), np.zeros(4)) == 0


def test_overlapping_detections_are_averaged_by_score():
    (merged,) = suppress_overlaps([detection(0.9, [0, 0, 2, 1], 1.0), detection(0.6, [0.5, 0, 2.5, 1], 2.0)])
    assert merged.score == 0.9
    np.testing.assert_allclose(merged.box, [0.2, 0, 2.2, 1])  # 0.6 / (0.9 + 0.6) * 0.5 to the right
    np.testing.assert_allclose(merged.keypoints, np.full((4, 2), 1.4))


def test_detections_apart_are_kept_apart_best_first():
    apart = [detection(0.9, [0, 0, 1, 1]), detection(0.8, [0.6, 0, 1.6, 1]), detection(0.7, [3, 3, 4, 4])]
    assert [item.score for item in suppress_overlaps(apart)] == [0.9, 0.8, 0.7]  # an overlap of 0.25 is below 0.3


def test_only_the_best_member_of_a_group_gathers_others():
    # The second overlaps the first and the third; the third does not overlap the first and stays.
    chain = [detection(0.9, [0, 0, 2, 1]), detection(0.8, [1, 0, 3, 1]), detection(0.7, [2, 0, 4, 1])]
    assert [item.score for item in suppress_overlaps(chain)] == [0.9, 0.7]


def test_nothing_to_suppress():
    assert suppress_overlaps([]) == []
