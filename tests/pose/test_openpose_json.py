from __future__ import annotations

import json

import numpy as np
import pytest

from gfla_tf.pose.keypoint_files import read_keypoint_file
from gfla_tf.pose.keypoint_records import NobodyError
from gfla_tf.pose.openpose_json import write_openpose_json


def save(folder, data, name="photo_keypoints.json"):
    path = folder / name
    path.write_text(json.dumps(data))
    return path


def triples(joints, start=1.0):
    """[[start, start + 0.5, 0.75], [start + 1, start + 1.5, 0.75], ...] as one list."""
    return [number for joint in range(joints) for number in (start + joint, start + joint + 0.5, 0.75)]


@pytest.mark.parametrize("key", ["pose_keypoints_2d", "pose_keypoints"])
@pytest.mark.parametrize(("joints", "skeleton"), [(18, "openpose-18"), (25, "openpose-25")])
def test_new_and_old_keys(tmp_path, key, joints, skeleton):
    path = save(tmp_path, {"version": 1.2, "people": [{key: triples(joints)}]})
    file = read_keypoint_file(path)
    assert (file.format, file.skeleton, file.image_size) == ("openpose-json", skeleton, None)
    assert list(file.frames) == ["photo"]
    (person,) = file.frames["photo"]
    assert person.shape == (joints, 3)
    assert person.dtype == np.float32
    assert person[2].tolist() == [3.0, 3.5, 0.75]


def test_convention_image_size_is_height_then_width(tmp_path):
    data = {"people": [{"pose_keypoints_2d": triples(18)}], "canvas_width": 640, "canvas_height": 480}
    assert read_keypoint_file(save(tmp_path, data)).image_size == (480, 640)


def test_people_keep_their_order(tmp_path):
    people = [{"pose_keypoints_2d": triples(18, start)} for start in (5.0, 1.0, 9.0)]
    frames = read_keypoint_file(save(tmp_path, {"people": people})).frames
    assert [person[0, 0] for person in frames["photo"]] == [5, 1, 9]


def test_joints_without_confidence_are_missing(tmp_path):
    numbers = triples(18)
    numbers[3:6] = [0, 0, 0]
    numbers[6:9] = [7, 8, 0]
    numbers[9:12] = [7, 8, -0.5]
    (person,) = read_keypoint_file(save(tmp_path, {"people": [{"pose_keypoints_2d": numbers}]})).frames["photo"]
    assert person[1:4].tolist() == [[0, 0, 0]] * 3
    assert person[4].tolist() == [5.0, 5.5, 0.75]


@pytest.mark.parametrize(("people_key", "keypoints_key"), [("people", "pose_keypoints_2d"), ("bodies", "joints")])
def test_people_under_the_names_of_images(tmp_path, people_key, keypoints_key):
    data = {
        "b.jpg": {"version": "AlphaPose", people_key: [{keypoints_key: triples(18)}]},
        "a.jpg": {people_key: []},
    }
    file = read_keypoint_file(save(tmp_path, data))
    assert file.format == "openpose-json"
    assert {name: len(people) for name, people in file.frames.items()} == {"b.jpg": 1, "a.jpg": 0}


@pytest.mark.parametrize("data", [{"people": []}, {"a.jpg": {"people": []}, "b.jpg": {"people": []}}])
def test_nobody(tmp_path, data):
    with pytest.raises(NobodyError, match=r"nobody in .*photo_keypoints\.json"):
        read_keypoint_file(save(tmp_path, data))


@pytest.mark.parametrize(
    ("people", "message"),
    [
        (None, r'image photo: expected a list of people under "people"\. Received'),
        ({"pose_keypoints_2d": triples(18)}, 'expected a list of people under "people"'),
        ([triples(18)], r"person 0: expected a list of 18\*3 or 25\*3 numbers\. Received: None"),
        ([{}], r"person 0: expected a list of 18\*3 or 25\*3 numbers\. Received: None"),
        ([{"pose_keypoints_2d": triples(17)}], r"expected a list of 18\*3 or 25\*3 numbers\. Received: 51 numbers"),
        ([{"pose_keypoints_2d": triples(18)}, {"pose_keypoints_2d": triples(25)}], "the same for all people"),
        ([{"pose_keypoints_2d": triples(17) + [1, 2, "3"]}], r"finite numbers\. Received: '3' at index 53"),
        ([{"pose_keypoints_2d": triples(17) + [1, True, 3]}], r"finite numbers\. Received: True at index 52"),
        ([{"pose_keypoints_2d": triples(17) + [1, 2, None]}], r"finite numbers\. Received: None at index 53"),
        ([{"pose_keypoints_2d": triples(17) + [float("nan"), 2, 3]}], r"finite numbers\. Received: nan at index 51"),
        ([{"pose_keypoints_2d": triples(17) + [float("inf"), 2, 3]}], r"finite numbers\. Received: inf at index 51"),
        ([{"pose_keypoints_2d": triples(17) + [10**400, 2, 3]}], r"finite numbers\. Received: 1000.* at index 51"),
    ],
)
def test_damaged_files(tmp_path, people, message):
    with pytest.raises(ValueError, match=message) as error:
        read_keypoint_file(save(tmp_path, {"people": people}))
    assert "photo_keypoints.json" in str(error.value)


@pytest.mark.parametrize("size", [(0, 640), (480.5, 640), ("480", 640), (True, 640), ([480], 640)])
def test_impossible_canvas(tmp_path, size):
    data = {"people": [{"pose_keypoints_2d": triples(18)}], "canvas_height": size[0], "canvas_width": size[1]}
    with pytest.raises(ValueError, match=r"canvas_height and canvas_width must be whole numbers above 0\. Received"):
        read_keypoint_file(save(tmp_path, data))


@pytest.mark.parametrize("joints", [18, 25])
def test_what_is_written_is_read_back_exactly(tmp_path, joints):
    people = list(np.random.default_rng(0).uniform(0.01, 300, (2, joints, 3)).astype(np.float32))
    people[1][4] = 0
    path = tmp_path / "frame_7.json"
    write_openpose_json(path, people, image_size=(256, 176))
    file = read_keypoint_file(path)
    assert file.image_size == (256, 176)
    np.testing.assert_array_equal(file.frames["frame_7"], people)


def test_convention_written_file(tmp_path):
    keypoints = np.zeros((18, 3), np.float32)
    keypoints[0] = (12.3, 45, 0.9)
    keypoints[1] = (np.nan, 5, 0)
    path = tmp_path / "out.json"
    write_openpose_json(path, [keypoints], image_size=(256, 176))
    data = json.loads(path.read_text())
    assert list(data) == ["version", "people", "canvas_height", "canvas_width"]
    assert (data["version"], data["canvas_height"], data["canvas_width"]) == (1.3, 256, 176)
    assert data["people"] == [{"person_id": [-1], "pose_keypoints_2d": [12.3, 45.0, 0.9] + [0.0] * 51}]
    write_openpose_json(path, [])
    assert json.loads(path.read_text()) == {"version": 1.3, "people": []}
    assert [file.name for file in tmp_path.iterdir()] == ["out.json"]


def test_a_write_that_fails_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "out.json"
    path.write_text("old")

    def fail(*_):
        raise OSError("disk full")

    monkeypatch.setattr("os.replace", fail)
    with pytest.raises(ValueError, match="out.json could not be written: disk full"):
        write_openpose_json(path, [np.ones((18, 3))])
    assert path.read_text() == "old"
    assert [file.name for file in tmp_path.iterdir()] == ["out.json"]


def test_writing_bad_keypoints(tmp_path):
    with pytest.raises(ValueError, match=r"shape \[18, 3\] or \[25, 3\]\. Received: \(17, 3\)"):
        write_openpose_json(tmp_path / "out.json", [np.ones((17, 3))])
    with pytest.raises(ValueError, match=r"shape \[18, 3\] or \[25, 3\]\. Received: \(3,\)"):
        write_openpose_json(tmp_path / "out.json", np.ones((18, 3)))
    with pytest.raises(ValueError, match="people must have finite keypoints"):
        write_openpose_json(tmp_path / "out.json", [np.full((18, 3), np.inf)])
    assert not list(tmp_path.iterdir())
