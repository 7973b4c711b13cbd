"""Decoding and refining landmarks against numbers worked out by hand."""

import numpy as np
import pytest

from gfla_tf.pose.blazepose.landmarks import are_seen, decode_landmarks, refine_landmarks

CERTAIN, NEVER = 50.0, -50.0  # logits


def heatmap(rows=64, columns=48, **cells):
    """One heatmap that is 0 but for the given cells."""
    logits = np.full((rows, columns, 1), NEVER, np.float32)
    for row, column, value in cells.get("at", []):
        logits[row, column] = value
    return logits


def refined(u, v, logits):
    return refine_landmarks(np.array([[u, v, 0.9]]), logits)[0].tolist()


def test_convention_landmarks_are_x_y_visibility_in_fractions():
    raw = np.zeros(195, np.float32)
    raw[5:10] = [64, 192, 1000, np.log(3), -1000]  # the second landmark: x, y, z, visibility, presence
    landmarks = decode_landmarks(raw)
    assert landmarks.shape == (39, 3)
    np.testing.assert_allclose(landmarks[1], [0.25, 0.75, 0.75], atol=1e-6)
    np.testing.assert_allclose(landmarks[0], [0, 0, 0.5])


def test_convention_cells_are_at_index_over_size():
    # Row 32 of 64 is v = 0.5; column 12 of 48 is u = 0.25.
    assert refined(0.26, 0.51, heatmap(at=[(32, 12, CERTAIN)])) == pytest.approx([0.25, 0.5, 0.9])


def test_centre_of_mass_of_two_cells():
    # Weights 1 and 0.5 (logit 0) in the columns 12 and 15: column 13.
    cells = heatmap(at=[(32, 12, CERTAIN), (32, 15, 0.0)])
    assert refined(0.26, 0.51, cells) == pytest.approx([13 / 48, 0.5, 0.9])


def test_the_window_reaches_four_cells():
    assert refined(12.5 / 48, 32.5 / 64, heatmap(at=[(28, 16, CERTAIN)])) == pytest.approx([16 / 48, 28 / 64, 0.9])
    far = [12.5 / 48, 32.5 / 64, 0.9]
    assert refined(*far[:2], heatmap(at=[(27, 12, CERTAIN), (32, 17, CERTAIN)])) == pytest.approx(far)


def test_unsure_heatmaps_change_nothing():
    assert refined(0.26, 0.51, heatmap(at=[(32, 12, -0.01)])) == pytest.approx([0.26, 0.51, 0.9])


def test_the_window_is_cut_at_the_border():
    assert refined(0.0, 0.999, heatmap(at=[(62, 2, CERTAIN)])) == pytest.approx([2 / 48, 62 / 64, 0.9])


@pytest.mark.parametrize(("u", "v"), [(-0.1, 0.5), (0.5, -0.1), (1.0, 0.5), (0.5, 1.0), (7.0, 7.0)])
def test_landmarks_outside_the_region_stay(u, v):
    everywhere = np.full((64, 48, 1), CERTAIN, np.float32)
    assert refined(u, v, everywhere) == [u, v, 0.9]


def test_each_landmark_has_its_own_heatmap():
    logits = np.concatenate([heatmap(at=[(32, 12, CERTAIN)]), heatmap(at=[(33, 13, CERTAIN)])], axis=-1)
    result = refine_landmarks(np.array([[0.26, 0.51, 1], [0.26, 0.51, 1]]), logits)
    np.testing.assert_allclose(result[:, :2], [[12 / 48, 32 / 64], [13 / 48, 33 / 64]])


def test_convention_the_photo_ends_half_a_pixel_beyond_the_outer_centres():
    places = [(-0.5, 0), (-0.6, 0), (5.4, 0), (5.5, 0), (0, -0.5), (0, -0.6), (0, 3.4), (0, 3.5)]
    landmarks = np.array([(x, y, 1) for x, y in places])
    assert are_seen(landmarks, width=6, height=4).tolist() == [True, False] * 4


def test_hidden_landmarks_are_not_seen():
    landmarks = np.array([[1, 1, 0.5], [1, 1, 0.49]])
    assert are_seen(landmarks, 6, 4).tolist() == [True, False]
    assert are_seen(landmarks, 6, 4, minimum_visibility=0.4).tolist() == [True, True]
