"""Videos and plots of before and after."""

from __future__ import annotations

import numpy as np
import pytest

from gfla_tf.image_io import write_image
from gfla_tf.motion.plot import Line, most_corrected_joint, plot_joint, plot_lines
from gfla_tf.motion.video import draw_before_and_after, read_frames, video_info, write_video


def color(value, height=32, width=48):
    return np.full((height, width, 3), value, np.float32)


def test_a_video_is_read_back(tmp_path):
    frames = [color(value) for value in (-1, -0.5, 0, 0.5, 1)]
    assert write_video(tmp_path / "a.mp4", frames, 25.0) == 5
    info = video_info(tmp_path / "a.mp4")
    assert (info.frames, info.frames_per_second, info.height, info.width) == (5, 25.0, 32, 48)
    for frame, again in zip(frames, read_frames(tmp_path / "a.mp4"), strict=True):
        np.testing.assert_allclose(again.mean(), frame.mean(), atol=0.1)


@pytest.mark.parametrize(
    ("rate", "written"),
    [(119.9213, 119.92), (60000 / 1001, 59.94), (655.353, 655.35), (6553.56, 6554), (65535, 65535), (0.01, 0.01)],
)
def test_rates_that_mpeg_4_cannot_have_are_rounded(tmp_path, rate, written):
    write_video(tmp_path / "a.mp4", [color(0)] * 3, rate)
    assert video_info(tmp_path / "a.mp4").frames_per_second == pytest.approx(written)


def test_rates_and_sizes_that_no_video_can_have(tmp_path):
    for rate in (90000.0, 0.0, float("nan")):
        with pytest.raises(ValueError, match="frames_per_second of a video from 0.01 to 65535 is expected. Received"):
            write_video(tmp_path / "a.mp4", [color(0)], rate)
    with pytest.raises(ValueError, match=r"a\.mp4 could not be written: a size .* Received: 9000x16 pixels at 30"):
        write_video(tmp_path / "a.mp4", [color(0, 16, 9000)], 30.0)
    assert list(tmp_path.iterdir()) == []


def test_names_with_a_colon(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "at-10:30").mkdir()
    write_video("at-10:30/a.mp4", [color(0)] * 3, 25.0)
    (tmp_path / "at-10:30" / "a.mp4").rename("clip-10:30.mp4")
    assert len(list(read_frames("clip-10:30.mp4"))) == video_info("clip-10:30.mp4").frames == 3


def test_odd_sizes_lose_a_row_and_a_column(tmp_path):
    write_video(tmp_path / "a.mp4", [color(0, 33, 49)] * 3, 30.0)
    assert next(read_frames(tmp_path / "a.mp4")).shape == (32, 48, 3)


def test_nothing_is_left_of_a_video_that_fails(tmp_path):
    def frames():
        yield color(0)
        raise RuntimeError("the cable")

    with pytest.raises(RuntimeError, match="the cable"):
        write_video(tmp_path / "a.mp4", frames(), 30.0)
    with pytest.raises(ValueError, match="a video of at least one frame is expected"):
        write_video(tmp_path / "a.mp4", [], 30.0)
    with pytest.raises(ValueError, match="A file ending in .mp4"):
        write_video(tmp_path / "a.gif", [color(0)], 30.0)
    assert list(tmp_path.iterdir()) == []


def test_files_that_are_no_videos(tmp_path):
    (tmp_path / "a.mp4").write_bytes(b"nothing")
    write_image(tmp_path / "a.png", color(0))
    for read in (video_info, lambda path: list(read_frames(path))):
        with pytest.raises(ValueError, match=r"A video is expected. Received: .*a.mp4, which OpenCV cannot"):
            read(tmp_path / "a.mp4")
        with pytest.raises(ValueError, match=r"Received: .*a.png, which is a picture"):
            read(tmp_path / "a.png")
        with pytest.raises(ValueError, match="which is not a file"):
            read(tmp_path / "b.mp4")


def standing(x):
    keypoints = np.ones((17, 3), np.float32)
    keypoints[:, 0] = x
    keypoints[:, 1] = np.linspace(20, 180, 17)
    return keypoints


def test_before_is_thin_and_red_and_after_in_colours():
    drawn = draw_before_and_after(color(-1, 200, 100), standing(30), standing(70))
    before, after = drawn[60:140, 10:50], drawn[60:140, 50:90]
    touched = [(part.max(axis=-1) > -0.9).sum() for part in (before, after)]
    assert 0 < touched[0] < touched[1]
    assert (before[..., 0] >= before[..., 2]).all()
    assert before[..., 0].max() > 0.5


def test_the_most_corrected_joint():
    before = np.stack([standing(50)] * 4)
    after = before.copy()
    after[:, 3, 0] += 2
    after[1, 8, 0] += 6  # 1.5 on average
    assert most_corrected_joint(before, after) == 3
    before[:, 5] = 0
    after[:, 5] += 1000  # not seen before
    assert most_corrected_joint(before, after) == 3
    assert most_corrected_joint(before * 0, after) == 0


def test_a_plot_shows_both_and_gaps():
    before = np.stack([standing(50)] * 40)
    before[:, 3, 0] += 10 * np.sin(np.arange(40))
    before[10:30, 3] = 0
    after = before.copy()
    after[:, 3] = standing(50)[3]
    picture = plot_joint(before, after, 3)
    assert picture.shape == (600, 1000, 3)
    assert picture.min() >= -1
    assert picture.max() <= 1
    red = (picture[..., 0] > 0.5) & (picture[..., 2] < 0)
    blue = (picture[..., 2] > 0.3) & (picture[..., 0] < 0)
    # The gap from 10 to 30 of 40 frames has no red in it, but blue all the way through.
    assert red[:280, 64:280].any()
    assert not red[:280, 340:700].any()
    assert blue[:280, 340:700].any(axis=0).all()


@pytest.mark.parametrize("frames", [1, 2])
def test_plots_of_short_and_of_empty_recordings(frames):
    keypoints = np.stack([standing(50)] * frames)
    assert plot_joint(keypoints, keypoints, 0).shape == (600, 1000, 3)
    assert plot_joint(keypoints * 0, keypoints * 0, 0).shape == (600, 1000, 3)


def test_convention_plotted_lines_go_right_with_time_and_up_with_their_values():
    times = np.array([0.0, 1.0, 2.0])
    rising = Line("up", np.array([[0.0, 5.0], [1.0, 5.0], [2.0, 5.0]]), (200, 0, 0), thickness=3)
    gap = Line("gap", np.array([[2.0, 4.0], [np.nan, np.nan], [0.0, 6.0]]), (0, 0, 200), dots=True)
    plot = plot_lines([rising, gap], times, "of something")
    assert plot.shape == (600, 1000, 3)
    rows, columns = np.nonzero((plot[:290] == np.array([200, 0, 0], np.float32) / 127.5 - 1).all(axis=-1))
    left, right = columns < 300, columns > 700
    assert rows[left].mean() > rows[right].mean() + 100
    # The other line is two dots, at the left above and at the right below.
    rows, columns = np.nonzero((plot[:290] == np.array([0, 0, 200], np.float32) / 127.5 - 1).all(axis=-1))
    assert set((columns > 500).tolist()) == {False, True}
    assert rows[columns < 500].mean() < rows[columns > 500].mean() - 100
    assert ((columns > 80) & (columns < 960)).sum() == 0


def test_lines_without_a_number():
    nothing = Line("nothing", np.full((3, 2), np.nan), (0, 0, 0))
    assert plot_lines([nothing], np.arange(3.0), "of nothing").shape == (600, 1000, 3)
