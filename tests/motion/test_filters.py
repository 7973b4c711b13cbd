"""Classical filters."""

from __future__ import annotations

import numpy as np
import pytest

from gfla_tf.motion.filters import fill_only, one_euro, savitzky_golay


def path(frames=40):
    """Joints on parabolas in time, of a person of a fixed size."""
    time = np.arange(frames)[:, np.newaxis]
    x = 100 + time + 0.05 * time**2 + np.zeros(17)
    y = 50 + 0.5 * time + 10 * np.arange(17)
    return np.stack([x, y, np.ones_like(x)], axis=-1).astype(np.float32)


def test_savitzky_golay_keeps_parabolas_and_damps_noise():
    np.testing.assert_allclose(savitzky_golay(path()), path(), atol=1e-3)
    noisy = path()
    noisy[..., :2] += np.random.default_rng(0).normal(size=(40, 17, 2))
    before, after = (np.abs(points - path())[..., :2].mean() for points in (noisy, savitzky_golay(noisy)))
    assert after < 0.7 * before


@pytest.mark.parametrize("frames", [1, 2, 3, 4, 8])
def test_savitzky_golay_on_short_recordings(frames):
    np.testing.assert_allclose(savitzky_golay(path(frames)), path(frames), atol=1e-3)


def test_one_euro_by_hand():
    keypoints = np.zeros((3, 17, 3), np.float32)
    keypoints[..., 2] = 1
    keypoints[:, 0, 1] = 200  # the box's larger side: the unit is 100 pixels
    keypoints[:, 5, 0] = (0, 10, 10)
    filtered = one_euro(keypoints, frames_per_second=10, minimum_cutoff=1, beta=2, derivative_cutoff=1)[:, 5, 0]

    def alpha(cutoff):
        return 1 / (1 + 10 / (2 * np.pi * cutoff))

    speed = alpha(1) * 100  # pixels a second
    first = alpha(1 + 2 * speed / 100) * 10
    speed += alpha(1) * (0 - speed)
    second = first + alpha(1 + 2 * speed / 100) * (10 - first)
    np.testing.assert_allclose(filtered, [0, first, second], rtol=1e-5)


def test_one_euro_looks_at_no_later_frame():
    keypoints = path()
    keypoints[0, :2, 1] = (0, 5000)  # keeps the size the same, whatever follows
    cut = one_euro(keypoints[:20])
    later = one_euro(keypoints)[:20]
    assert np.abs(cut - later)[..., :2].max() < 1


def test_filters_fill_first_and_leave_unknown_joints_missing():
    keypoints = path()
    keypoints[10:15, 3] = 0
    keypoints[:, 4] = 0
    for filtered in (fill_only(keypoints), savitzky_golay(keypoints), one_euro(keypoints)):
        assert filtered.dtype == np.float32
        assert (filtered[:, 3, 2] > 0).all()
        assert (filtered[:, 4] == 0).all()


@pytest.mark.parametrize("smooth", [fill_only, savitzky_golay, one_euro])
def test_recordings_without_a_frame(smooth):
    assert smooth(np.zeros((0, 17, 3))).shape == (0, 17, 3)


def test_wrong_settings():
    with pytest.raises(ValueError, match="An odd window above the order is expected. Received: window 4, order 2"):
        savitzky_golay(path(), window=4)
    with pytest.raises(ValueError, match="above the order"):
        savitzky_golay(path(), window=3, order=3)
    wrong = [("frames_per_second", 0), ("minimum_cutoff", np.nan), ("derivative_cutoff", np.inf), ("beta", np.nan)]
    for name, value in wrong:
        with pytest.raises(ValueError, match="frames_per_second and cutoffs above 0"):
            one_euro(path(), **{name: value})
