"""People found in a video once, and kept."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from helpers.damage import break_compression

from gfla_tf.image_io import read_image
from gfla_tf.motion import video_people
from gfla_tf.motion.video import write_video
from gfla_tf.motion.video_people import find_video_people, keep_people
from gfla_tf.pose.estimator import PoseEstimator
from gfla_tf.pose.tracker import PoseTracker

WALKER = Path(__file__).parents[2] / "samples" / "walker.jpg"


class Estimate:
    """Somebody whose joints are all at a value."""

    def __init__(self, value: float):
        self.value = value

    def keypoints(self, skeleton: str) -> np.ndarray:
        assert skeleton == "blazepose-33"
        return np.full((33, 3), self.value, np.float32)


@pytest.fixture
def estimator(monkeypatch):
    """Finds two people in bright pictures and nobody in dark ones; tells how many pictures it was shown."""
    shown = []

    def estimate(self, image: np.ndarray) -> list[Estimate]:
        shown.append(image)
        return [Estimate(2.0), Estimate(1.0)] if image.mean() > 0 else []

    monkeypatch.setattr(PoseEstimator, "estimate", estimate)
    return shown


@pytest.fixture
def video(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return write_frames(tmp_path / "a.mp4", [0.5, -0.5, 0.5])


def write_frames(path: Path, values: list[float]) -> Path:
    write_video(path, [np.full((32, 48, 3), value, np.float32) for value in values], 10.0)
    return path


def test_everybody_in_every_frame(video, estimator):
    people = find_video_people(video)
    assert people.image_size == (32, 48)
    np.testing.assert_allclose(people.times, [0.0, 0.1, 0.2])
    frames = people.by_frame("blazepose-33")
    assert list(frames) == ["000000", "000001", "000002"]
    assert [[person[0, 0] for person in found] for found in frames.values()] == [[2, 1], [], [2, 1]]
    assert people.by_frame("h36m-17")["000002"][1].shape == (17, 3)


def test_what_was_found_is_kept_beside_the_video(video, estimator, tmp_path):
    first = find_video_people(video)
    assert len(estimator) == 3
    again = find_video_people(video)
    assert len(estimator) == 3
    for name, value in vars(first).items():
        np.testing.assert_array_equal(getattr(again, name), value)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.mp4", "a.mp4.keypoints.npz"]


def test_another_video_of_that_name_is_looked_at_anew(video, estimator):
    find_video_people(video)
    write_frames(video, [0.5, 0.5])
    assert len(find_video_people(video).by_frame("h36m-17")) == 2
    assert len(estimator) == 5


def cut(content: bytes) -> bytes:
    return content[:-40]


@pytest.mark.parametrize("damage", [lambda content: b"", lambda content: b"PK noise", cut, break_compression])
def test_a_damaged_file_is_written_anew(video, estimator, damage):
    file = keep_people(find_video_people(video), video)
    file.write_bytes(damage(file.read_bytes()))
    find_video_people(video)
    assert len(estimator) == 6
    find_video_people(video)
    assert len(estimator) == 6


def test_where_nothing_can_be_written_it_is_kept_elsewhere(video, estimator, tmp_path):
    (tmp_path / "a.mp4.keypoints.npz").mkdir()
    find_video_people(video)
    find_video_people(video)
    assert len(estimator) == 3
    (file,) = (tmp_path / "cache" / "gfla_tf").iterdir()
    file.unlink()
    file.parent.rmdir()
    file.parent.write_text("in the way", encoding="utf-8")
    assert keep_people(find_video_people(video), video) is None
    assert len(estimator) == 6


def test_an_interrupted_look_goes_on(tmp_path, monkeypatch):
    """The same people, as if it had never been interrupted, and only the frames since the last save are seen again."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(video_people, "_KEPT_EVERY", 3)
    values = [0.1, -0.5, 0.2, 0.3, -0.5, 0.4, 0.5, 0.6]
    seen, forgotten = [], []

    def estimate(self, image):
        if len(seen) == 7:
            seen.clear()
            raise KeyboardInterrupt
        seen.append(round(float(image.mean()), 1))
        return [Estimate(seen[-1])] if image.mean() > 0 else []

    monkeypatch.setattr(PoseEstimator, "estimate", estimate)
    monkeypatch.setattr(PoseTracker, "forget", lambda self: forgotten.append(len(seen)))
    video = write_frames(tmp_path / "a.mp4", values)
    with pytest.raises(KeyboardInterrupt):
        find_video_people(video)
    assert forgotten == [0, 3, 6]
    found = find_video_people(video)
    assert len(seen) == 2  # the frames 6 and 7
    assert forgotten == [0, 3, 6, 0]
    assert found.frame.tolist() == [0, 2, 3, 5, 6, 7]
    np.testing.assert_allclose(found.people[:, 0, 0], [0.1, 0.2, 0.3, 0.4, 0.5, 0.6], atol=0.051)
    np.testing.assert_allclose(found.times, np.arange(8) / 10)
    assert found.image_size == (32, 48)
    seen += range(7)  # the next frame would be interrupted
    np.testing.assert_array_equal(find_video_people(video).people, found.people)


def test_nobody_is_not_kept(estimator, tmp_path):
    video = write_frames(tmp_path / "dark.mp4", [-0.5])
    assert not len(find_video_people(video).people)
    assert [path.name for path in tmp_path.iterdir()] == ["dark.mp4"]


def test_the_bundled_estimator(tmp_path):
    write_video(tmp_path / "walk.mp4", [read_image(WALKER)[::2, ::2]], 10.0)
    (found,) = find_video_people(tmp_path / "walk.mp4").by_frame("h36m-17").values()
    assert (found[0][:, 2] > 0).sum() > 12
