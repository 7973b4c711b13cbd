"""Plots of windows: which joint, and where its lines lie."""

from __future__ import annotations

import numpy as np
import pytest

from gfla_tf.image_io import read_image
from gfla_tf.motion.plot import AFTER, BEFORE, EXACT
from training.callbacks import motion_plots
from training.callbacks.motion_plots import MotionPlots, draw_windows

FRAMES, MARGIN = 6, 4


def windows(count):
    """Joints that stand still; in the noisy ones, a joint of each window is off to the right."""
    clean = np.zeros((count, FRAMES, 34), np.float32)
    noisy = np.zeros((count, FRAMES + 2 * MARGIN, 34), np.float32)
    for window in range(count):
        noisy[window, :, 17 + 3 + window] = 0.25
    return noisy, clean


def shown(image, color):
    """Rows and columns of the pixels of about a colour."""
    return np.nonzero((np.abs((image + 1) * 127.5 - color) < 30).all(axis=-1))


def test_the_joint_that_is_furthest_off_is_drawn(monkeypatch):
    drawn = []

    def plot(lines, times, title):
        drawn.append((title, {line.name: line.points for line in lines}, list(times)))
        return np.zeros((2, 3, 3), np.float32)

    monkeypatch.setattr(motion_plots, "plot_lines", plot)
    noisy, clean = windows(2)
    draw_windows(noisy, clean + 0.1, clean)
    titles = [title for title, _, _ in drawn]
    assert titles == ["of right ankle in hundredths, over frames", "of left hip in hundredths, over frames"]
    _, lines, times = drawn[0]
    assert times == list(range(FRAMES))
    np.testing.assert_allclose(lines["found"], [[25, 0]] * FRAMES)
    np.testing.assert_allclose(lines["cleaned"], [[10, 10]] * FRAMES, rtol=1e-6)
    np.testing.assert_allclose(lines["exact"], [[0, 0]] * FRAMES)


def test_convention_two_windows_in_a_row_and_larger_values_higher_up():
    noisy, clean = windows(3)
    image = draw_windows(noisy, clean + np.float32(0.1), clean)
    assert image.shape == (1200, 2000, 3)
    assert (image[600:, 1000:] == 1).all()
    top = image[40:264, 100:900]  # x of the first window, without what is written
    heights = [np.median(shown(top, color)[0]) for color in (BEFORE, AFTER, EXACT)]
    assert heights == sorted(heights)
    assert heights[1] - heights[0] == pytest.approx(1.5 * (heights[2] - heights[1]), rel=0.05)


def test_a_plot_a_round(tmp_path):
    noisy, clean = windows(1)
    batch = {"noisy": noisy, "clean": clean}
    plots = MotionPlots(tmp_path / "samples", batch, lambda given: given["clean"] + 0.1, start_step=10)
    plots.on_round_end(14, {})
    (path,) = (tmp_path / "samples").iterdir()
    assert path.name == "step-00000014.png"
    assert read_image(path).shape == (600, 2000, 3)
