"""What drives an animation, from all kinds of files."""

from __future__ import annotations

import numpy as np
import pytest
from helpers.animations import standing, walking
from helpers.bvh_files import swinging, write_bvh
from helpers.videos import make_uneven, write_people

from gfla_tf.animation.driving import even_rate, read_driving
from gfla_tf.motion.video import write_video
from gfla_tf.pose import write_openpose_json
from gfla_tf.pose.sequences import KeypointSequence, write_sequence


def test_motion_capture(tmp_path):
    path = write_bvh(tmp_path / "walk.BVH", swinging(61))
    driving = read_driving(path, "h36m-17")
    assert (driving.keypoints.shape, driving.frames_per_second, driving.exact) == ((31, 17, 3), 30.0, True)
    assert driving.image_size is not None
    assert driving.video is driving.sound is None
    assert len(read_driving(path, "h36m-17", frames_per_second=10).keypoints) == 11


def test_keypoints_of_a_file(tmp_path):
    keypoints = walking(5)
    names = tuple(f"{number:03}" for number in range(5))
    write_sequence(tmp_path / "a.json", KeypointSequence(names, keypoints, "h36m-17", (300, 200)))
    driving = read_driving(tmp_path / "a.json", "h36m-17")
    np.testing.assert_array_equal(driving.keypoints, keypoints)
    assert (driving.frames_per_second, driving.image_size, driving.exact) == (30.0, (300, 200), False)
    assert read_driving(tmp_path / "a.json", "h36m-17", frames_per_second=12.5).frames_per_second == 12.5


def test_keypoints_of_a_folder_and_one_of_two_people(tmp_path):
    for frame in range(3):
        people = [standing(50, 150, 60), standing(150 + frame, 150, 90)]
        write_openpose_json(tmp_path / f"{frame}_keypoints.json", people)
    largest, other = (read_driving(tmp_path, "openpose-18", person) for person in (0, 1))
    np.testing.assert_array_equal(largest.keypoints[:, 0, 0], [150, 151, 152])
    np.testing.assert_array_equal(other.keypoints[:, 0, 0], [50, 50, 50])


def test_a_video_keeps_its_rate_and_its_sound(tmp_path):
    path, people = write_people(tmp_path / "take #3.mp4", walking(4, "blazepose-33"), 12.0)
    driving = read_driving(path, "h36m-17")
    assert driving.frames_per_second == pytest.approx(12.0)
    np.testing.assert_allclose(driving.keypoints, walking(4), atol=1e-3)
    assert driving.image_size == people.image_size
    assert driving.video == driving.sound == path
    other = read_driving(path, "h36m-17", frames_per_second=24.0)
    assert (other.frames_per_second, other.video, other.sound) == (24.0, path, None)


def test_frames_at_uneven_times_are_refused_unless_a_rate_is_given(tmp_path):
    path, _ = write_people(tmp_path / "a.mp4", walking(8, "blazepose-33"), 10.0, change=make_uneven)
    with pytest.raises(ValueError, match=r"a.mp4: frames at even times .* Received: frames up to 1\.\d frames away"):
        read_driving(path, "h36m-17")
    assert len(read_driving(path, "h36m-17", frames_per_second=10.0).keypoints) == 8


def test_even_rates():
    even = np.arange(30) / 29.97
    assert even_rate(np.round(even, 3), 29.97, "a.mp4") == 29.97  # a container that rounds to milliseconds
    assert even_rate(even, 25.0, "a.mp4") == pytest.approx(29.97)
    assert even_rate(even[:9], 30.2, "a.mp4") == 30.2
    long = np.arange(18_000) / 29.8  # at 30 a second, the pictures would end four seconds before the sound
    assert even_rate(long, 30.0, "a.mp4") == pytest.approx(29.8)
    assert even_rate(np.zeros(9), 25.0, "a.mp4") == 25.0
    assert even_rate(np.array([0.0]), 25.0, "a.mp4") == 25.0
    late = even + 0.05 * (np.arange(30) == 12)  # one frame, by one and a half
    with pytest.raises(ValueError, match=r"up to 1\.5 frames away from even ones; `ffmpeg -i a.mp4 -vf fps=30"):
        even_rate(late, 29.97, "a.mp4")


def test_wrong_files(tmp_path):
    with pytest.raises(ValueError, match="A video, a .bvh file, a keypoint file or a folder .* Received: .*absent.mp4"):
        read_driving(tmp_path / "absent.mp4", "h36m-17")
    (tmp_path / "text.mp4").write_text("no video", encoding="utf-8")
    with pytest.raises(ValueError, match=r"A video, a .bvh file, .*text.mp4, which OpenCV cannot read as a video"):
        read_driving(tmp_path / "text.mp4", "h36m-17")
    write_video(tmp_path / "black.mp4", [np.full((64, 64, 3), -1, np.float32)] * 2, 30.0)
    with pytest.raises(ValueError, match=r"nobody in .*black.mp4"):
        read_driving(tmp_path / "black.mp4", "h36m-17")
    write_bvh(tmp_path / "other.bvh", [{}], {"hip": (None, (0, 0, 0)), "leg": ("hip", (0, -1, 0))})
    with pytest.raises(ValueError, match=r"other.bvh must have the joints hip, .* Received: hip, leg"):
        read_driving(tmp_path / "other.bvh", "h36m-17")
    with pytest.raises(ValueError, match=r"frames_per_second above 0 is expected. Received: 0.0"):
        read_driving(tmp_path / "black.mp4", "h36m-17", frames_per_second=0.0)
