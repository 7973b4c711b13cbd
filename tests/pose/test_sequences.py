"""One person over time, from files and to them."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from gfla_tf.pose.keypoint_files import read_keypoint_file, read_keypoints
from gfla_tf.pose.openpose_json import write_openpose_images, write_openpose_json
from gfla_tf.pose.person_choice import choose_people
from gfla_tf.pose.sequences import KeypointSequence, choose_sequence, read_sequence, write_sequence


def person(x, size=100.0):
    """Somebody with all 18 joints of OpenPose around x."""
    random = np.random.default_rng(0)
    points = random.uniform((x - size / 4, 50), (x + size / 4, 50 + size), (18, 2))
    return np.column_stack([points, np.full(18, 0.5)]).astype(np.float32)


def write_folder(folder, frames):
    folder.mkdir()
    for name, people in frames.items():
        write_openpose_json(folder / f"{name}_keypoints.json", people, (200, 400))
    return folder


def where(sequence):
    """x of each frame's nose, None where nobody is."""
    return [round(float(joints[9, 0])) if joints[9, 2] else None for joints in sequence.keypoints]


def nose(x):
    return round(float(person(x)[0, 0]))


def test_a_folder_in_natural_order_with_empty_frames(tmp_path):
    frames = {"dance_9": [person(100)], "dance_10": [], "dance_11": [person(104)]}
    sequence = read_sequence(write_folder(tmp_path / "a", frames))
    assert sequence.names == ("dance_9", "dance_10", "dance_11")
    assert sequence.keypoints.shape == (3, 17, 3)
    assert sequence.keypoints.dtype == np.float32
    assert sequence.skeleton == "h36m-17"
    assert sequence.image_size == (200, 400)
    assert where(sequence) == [nose(100), None, nose(104)]


def test_a_raised_number_is_text(tmp_path):
    write_openpose_images(tmp_path / "a.json", {name: [person(100)] for name in ("²", "10", "9")})
    assert read_sequence(tmp_path / "a.json").names == ("9", "10", "²")


def test_numbers_that_are_missing_are_frames_without_anybody(tmp_path):
    images = {f"{number:03}.jpg": [person(100 + number)] for number in (7, 8, 11, 12)}
    write_openpose_images(tmp_path / "a.json", images)
    sequence = read_sequence(tmp_path / "a.json")
    assert sequence.names == ("007.jpg", "008.jpg", "009.jpg", "010.jpg", "011.jpg", "012.jpg")
    assert where(sequence) == [nose(107), nose(108), None, None, nose(111), nose(112)]


@pytest.mark.parametrize(
    ("names", "count"),
    [
        (("f0", "f5", "f10", "f20"), 5),  # every fifth frame
        (("f0", "f1", "f50"), 3),  # more gaps than frames: these are no consecutive numbers
        (("a", "b"), 2),
        (("f1", "g1"), 2),
        (("f9b", "f11b", "f10b"), 3),
    ],
)
def test_which_numbers_count_as_missing(tmp_path, names, count):
    write_openpose_images(tmp_path / "a.json", {name: [person(50)] for name in names})
    assert len(read_sequence(tmp_path / "a.json").names) == count


def test_one_person_is_followed(tmp_path):
    def people(step):
        return [person(300 - step, 80), person(100 + step, 100)]

    frames = {f"{step:04}": people(step) if step != 2 else people(step)[:1] for step in range(5)}
    folder = write_folder(tmp_path / "a", frames)
    assert where(read_sequence(folder)) == [nose(100), nose(101), None, nose(103), nose(104)]
    small = [round(float(person(300 - step, 80)[0, 0])) for step in range(5)]
    assert where(read_sequence(folder, person=1)) == small
    assert where(read_sequence(folder, rule="largest"))[2] == small[2]
    with pytest.raises(ValueError, match="there are 2 people, numbers 0 to 1. Received: 2"):
        read_sequence(folder, person=2)


def test_the_only_person_of_a_file_may_jump(tmp_path):
    folder = write_folder(tmp_path / "a", {"0": [person(100)], "1": [person(900)], "2": []})
    assert where(read_sequence(folder)) == [nose(100), nose(900), None]


def test_people_without_a_joint_are_not_there(tmp_path):
    """Also those with joints that the skeleton lacks."""
    nobody, toe = np.zeros((2, 25, 3), np.float32)
    toe[19] = (10, 10, 1)
    for people in ([nobody], [toe], [nobody, toe]):
        write_openpose_images(tmp_path / "a.json", {"0": people}, skeleton="openpose-25")
        with pytest.raises(ValueError, match="nobody in .*a.json: expected at least one person"):
            read_sequence(tmp_path / "a.json")
    with pytest.raises(ValueError, match="nobody in the frames"):
        choose_sequence({"0": [np.zeros((17, 3), np.float32)]}, "h36m-17")
    nobody = np.zeros((18, 3), np.float32)
    folder = write_folder(tmp_path / "b", {"0": [person(100), nobody], "1": [nobody, person(900)]})
    assert where(read_sequence(folder)) == [nose(100), nose(900)]  # the only person of all files may jump


def test_another_person_of_the_first_frame_that_has_so_many():
    first, second = person(100), person(300, 80)
    chosen = choose_people([[first], [first, second], [second], [first]], start=1)
    assert [None if one is None else one is second for one in chosen] == [None, True, True, None]
    with pytest.raises(ValueError, match="The number of a person from 0 is expected. Received: -1"):
        choose_people([], start=-1)


def test_human36m_joints_are_written_and_read_back(tmp_path):
    keypoints = np.random.default_rng(1).uniform(1, 99, (4, 17, 3)).astype(np.float32)
    keypoints[2] = 0
    keypoints[3, 5] = 0
    sequence = KeypointSequence(("0", "1", "2", "3"), keypoints, "h36m-17", (120, 90))
    write_sequence(tmp_path / "a.json", sequence)
    again = read_sequence(tmp_path / "a.json")
    assert again.names == sequence.names
    assert again.image_size == (120, 90)
    np.testing.assert_array_equal(again.keypoints, keypoints)
    file = read_keypoint_file(tmp_path / "a.json")
    assert (file.format, file.skeleton) == ("openpose-json", "h36m-17")
    # Every reader of keypoints takes such files.
    neck = read_keypoints(tmp_path / "a.json", "openpose-18", image="1")[1]
    np.testing.assert_array_equal(neck, keypoints[1, 8])


def test_openpose_files_of_several_skeletons(tmp_path):
    image = {"people": [], "skeleton": "h36m-17"}
    (tmp_path / "a.json").write_text(json.dumps({"0": image, "1": {**image, "skeleton": "coco-17"}}))
    with pytest.raises(ValueError, match="the same skeleton for all images. Received: coco-17, h36m-17"):
        read_sequence(tmp_path / "a.json")
    (tmp_path / "a.json").write_text(json.dumps({"0": {**image, "skeleton": "cat"}}))
    with pytest.raises(ValueError, match="skeleton must be one of"):
        read_sequence(tmp_path / "a.json")
    people = [{"pose_keypoints_2d": [1.0] * 54}]
    (tmp_path / "a.json").write_text(json.dumps({"0": {**image, "people": people}}))
    with pytest.raises(ValueError, match=r"a list of 17\*3 numbers"):
        read_sequence(tmp_path / "a.json")


def test_one_frame(tmp_path):
    write_openpose_json(tmp_path / "a.json", [person(100)])
    assert read_sequence(tmp_path / "a.json").keypoints.shape == (1, 17, 3)


def test_nothing_to_read(tmp_path):
    with pytest.raises(ValueError, match="expected keypoint files, .json or .csv. Received: none"):
        read_sequence(tmp_path)
    folder = write_folder(tmp_path / "empty", {"0": [], "1": []})
    with pytest.raises(ValueError, match="nobody in .*empty"):
        read_sequence(folder)
    write_openpose_images(folder / "2.json", {"a": [person(1)], "b": [person(1)]})
    with pytest.raises(ValueError, match="2.json: expected the keypoints of one frame. Received: 2 images"):
        read_sequence(folder)
    with pytest.raises(FileNotFoundError):
        read_sequence(tmp_path / "absent.json")


def test_a_damaged_file_is_no_frame_without_anybody(tmp_path, monkeypatch):
    """Whatever its folder is called."""
    monkeypatch.chdir(tmp_path)
    folder = write_folder(Path("nobody in here"), {"0": [person(100)], "1": []})
    assert len(read_sequence(folder).names) == 2
    (folder / "2.json").write_text("{", encoding="utf-8")
    with pytest.raises(ValueError, match="nobody in here/2.json"):
        read_sequence(folder)


def test_nobody_in_the_frames():
    with pytest.raises(ValueError, match="nobody in the frames"):
        choose_sequence({}, "h36m-17")
