"""Animated GIFs, read back by OpenCV's FFmpeg."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from helpers.animations import photo

from gfla_tf.animation.gif import median_cut, write_gif


def read(path: Path) -> tuple[list[np.ndarray], list[float]]:
    """Frames `[height, width, 3]` in [-1, 1] and their times in seconds."""
    capture, frames, times = cv2.VideoCapture(str(path)), [], []
    while True:
        more, pixels = capture.read()
        if not more:
            return frames, times
        frames.append(pixels[..., ::-1].astype(np.float32) / 127.5 - 1)
        times.append(capture.get(cv2.CAP_PROP_POS_MSEC) / 1000)


def test_frames_and_times(tmp_path):
    frames = [np.roll(photo(37, 53), 5 * number, axis=1) for number in range(4)]
    write_gif(tmp_path / "a.gif", lambda: iter(frames), 4, 12.5)
    found, times = read(tmp_path / "a.gif")
    np.testing.assert_allclose(times, [0, 0.08, 0.16, 0.24])
    assert len(found) == 4
    for ours, theirs in zip(frames, found, strict=True):
        assert np.abs(ours - theirs).mean() < 0.06
    assert b"NETSCAPE2.0\x03\x01\x00\x00\x00" in (tmp_path / "a.gif").read_bytes()  # without end


def test_few_colors_are_kept_up_to_their_bins(tmp_path):
    colors = np.random.default_rng(0).uniform(-1, 1, (200, 3))
    picture = colors[np.arange(200 * 30) % 200].reshape(50, 120, 3).astype(np.float32)
    write_gif(tmp_path / "a.gif", lambda: iter([picture]), 1, 10.0)
    (found,), _ = read(tmp_path / "a.gif")
    assert np.abs(found - picture).max() <= 4.5 / 127.5


def test_more_codes_than_a_table_holds(tmp_path):
    """Noise fills the table of 4096 codes many times."""
    noise = np.random.default_rng(1).choice([-1.0, -0.2, 0.6], (120, 160, 1)).astype(np.float32).repeat(3, axis=-1)
    write_gif(tmp_path / "a.gif", lambda: iter([noise]), 1, 10.0)
    (found,), _ = read(tmp_path / "a.gif")
    assert np.abs(found - noise).max() <= 4.5 / 127.5


def test_fast_videos_lose_frames_but_no_time(tmp_path):
    frames = [np.full((8, 8, 3), number / 40, np.float32) for number in range(31)]
    write_gif(tmp_path / "a.gif", lambda: iter(frames), 31, 30.0)
    found, times = read(tmp_path / "a.gif")
    assert len(found) == 16
    np.testing.assert_allclose(times, np.arange(16) / 15, atol=0.0051)


@pytest.mark.parametrize(
    ("count", "rate", "expected"),
    [(31, 30.0, [7, 6] + [7, 7, 6] * 4 + [7, 3]), (1, 500.0, [2]), (2, 0.001, [65535, 34465] * 2)],
)
def test_delays_add_up_to_the_true_time(tmp_path, count, rate, expected):
    frames = [np.full((2, 2, 3), number / 40, np.float32) for number in range(count)]
    write_gif(tmp_path / "a.gif", lambda: iter(frames), count, rate)
    controls = (tmp_path / "a.gif").read_bytes().split(b"\x21\xf9\x04\x04")[1:]
    assert [int.from_bytes(control[:2], "little") for control in controls] == expected


def test_median_cut():
    colors = np.array([[0, 0, 0], [0, 10, 0], [100, 0, 0], [100, 0, 2]])
    boxes = median_cut(colors, np.array([2, 1, 1, 1]), 2)
    np.testing.assert_allclose(sorted(boxes.tolist()), [[0, 10 / 3, 0], [100, 0, 1]])
    assert len(median_cut(colors, np.ones(4), 9)) == 4


def test_it_is_there_as_a_whole_or_not_at_all(tmp_path):
    def broken():
        yield photo(8, 8)
        raise ValueError("no more")

    with pytest.raises(ValueError, match="no more"):
        write_gif(tmp_path / "a.gif", broken, 2, 10.0)
    assert not list(tmp_path.iterdir())
