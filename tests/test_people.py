"""People from photos, keypoint files and arrays."""

from __future__ import annotations

import contextlib
import os
import warnings

import numpy as np
import pytest

from gfla_tf.image_io import write_image
from gfla_tf.people import PeopleReader, Person, is_keypoint_file, warn_of_missing_joints
from gfla_tf.pose import SKELETONS, write_annotation_csv, write_openpose_json

STANDING = np.column_stack([np.linspace(10, 30, 18), np.linspace(5, 60, 18), np.ones(18)]).astype(np.float32)


class OneEstimate:
    """Stands in for the estimator: counts its calls and finds the same person, or nobody."""

    def __init__(self, keypoints=STANDING):
        self.calls = 0
        self._keypoints = keypoints

    def estimate(self, photo):
        self.calls += 1
        return [] if self._keypoints is None else [self]

    def keypoints(self, skeleton):
        return self._keypoints


@pytest.fixture
def photo(tmp_path):
    path = tmp_path / "photo.png"
    write_image(path, np.zeros((64, 40, 3), np.float32))
    return path


def test_source_from_a_photo_is_read_once(photo):
    estimator = OneEstimate()
    reader = PeopleReader(estimator=estimator)
    first, second = reader.read_source(photo), reader.read_source(str(photo))
    assert first.photo is second.photo
    assert estimator.calls == 1
    assert first.photo.shape == (64, 40, 3)
    np.testing.assert_array_equal(first.keypoints, STANDING)


@pytest.mark.parametrize("keypoints", [STANDING, None])
def test_many_poses_are_searched_once_and_only_sources_hold_their_pixels(tmp_path, keypoints):
    """Somebody is in all of them, or nobody in any."""
    estimator = OneEstimate(keypoints)
    reader, paths = PeopleReader(estimator=estimator), [tmp_path / f"{number}.png" for number in range(70)]
    for path in paths:
        write_image(path, np.zeros((2, 3, 3), np.float32))
    people = []
    for path in [*paths, *paths]:
        with contextlib.nullcontext() if keypoints is not None else pytest.raises(ValueError, match=path.name):
            people.append(reader.read_pose(path))
    assert estimator.calls == 70
    assert all(person.photo is None and person.photo_size == (2, 3) for person in people)


def test_another_photo_under_the_same_name_is_searched(photo):
    reader = PeopleReader(estimator=OneEstimate())
    reader.read_source(photo)
    write_image(photo, np.ones((9, 8, 3), np.float32))
    os.utime(photo, (1, 1))
    source = reader.read_source(photo)
    assert (reader.estimator.calls, source.photo.shape, source.photo_size) == (2, (9, 8, 3), (9, 8))


def test_known_keypoints_spare_the_search(photo, tmp_path):
    estimator = OneEstimate()
    write_openpose_json(tmp_path / "known.json", [STANDING * [1, 1, 0.5]])
    person = PeopleReader(estimator=estimator).read_source(photo, tmp_path / "known.json")
    assert estimator.calls == 0
    np.testing.assert_allclose(person.keypoints[:, 2], 0.5)


def test_pose_from_every_kind_of_input(photo, tmp_path):
    reader = PeopleReader(estimator=OneEstimate())
    write_openpose_json(tmp_path / "pose.json", [STANDING])
    write_annotation_csv(tmp_path / "poses.csv", {"a.jpg": STANDING, "b.jpg": STANDING + [5, 0, 0]})
    for pose in (tmp_path / "pose.json", f"{tmp_path / 'poses.csv'}#a.jpg", STANDING):
        person = reader.read_pose(pose)
        assert person.photo is None
        np.testing.assert_allclose(person.keypoints, STANDING, atol=0.5)
    for pose in (photo, np.zeros((64, 40, 3), np.float32)):
        assert reader.read_pose(pose).photo_size == (64, 40)
    given = Person(STANDING)
    assert reader.read_pose(given) is given


def test_wrong_inputs(photo, tmp_path):
    reader = PeopleReader(estimator=OneEstimate(None))
    with pytest.raises(ValueError, match=r"photo.png: .*nobody was found in it"):
        reader.read_source(photo)
    with pytest.raises(ValueError, match=r"Finite keypoints of shape \[18, 3\] are expected. Received: \(17, 3\)"):
        reader.read_pose(np.zeros((17, 3)))
    with pytest.raises(ValueError, match="Finite keypoints"):
        reader.read_pose(np.full((18, 3), np.nan))
    write_openpose_json(tmp_path / "pose.json", [STANDING])
    with pytest.raises(ValueError, match=r"A photo is expected as the source.*keypoint file"):
        reader.read_source(tmp_path / "pose.json")
    for absent in ("absent.json", "absent.jpg"):
        with pytest.raises(ValueError, match=rf"A photo or a keypoint file is expected. Received: .*{absent}, wh"):
            reader.read_pose(tmp_path / absent)
    (tmp_path / "empty.json").touch()
    with pytest.raises(ValueError, match=r"empty.json: expected keypoints .* Received: an empty file"):
        reader.read_pose(tmp_path / "empty.json")
    with pytest.raises(ValueError, match="A source with a photo is expected"):
        reader.read_source(Person(STANDING))


@pytest.mark.parametrize("photo", [np.zeros((64, 40, 3), np.uint8), np.zeros((64, 40)), np.full((64, 40, 3), 255.0)])
def test_images_of_another_kind_are_refused_with_known_keypoints_too(photo):
    reader = PeopleReader(estimator=OneEstimate())
    with pytest.raises(ValueError, match=r"the source: An? .*image .*in \[-1, 1\].* is expected. Received"):
        reader.read_source(photo, STANDING)
    with pytest.raises(ValueError, match=r"me: An? .*image .*in \[-1, 1\].* is expected. Received"):
        reader.read_source(Person(STANDING, photo, "me"))


def test_a_person_has_keypoints_already():
    source = Person(STANDING, np.zeros((64, 40, 3), np.float32))
    with pytest.raises(ValueError, match="A person's own keypoints are expected. Received: others besides"):
        PeopleReader(estimator=OneEstimate()).read_source(source, STANDING)


def test_choosing_among_several_people(photo, tmp_path):
    class Two(OneEstimate):
        def estimate(self, photo):
            return [OneEstimate(STANDING), OneEstimate(STANDING + [1, 2, 0])]

    reader = PeopleReader(estimator=Two())
    np.testing.assert_array_equal(reader.read_source(photo).keypoints, STANDING)
    np.testing.assert_array_equal(reader.read_source(photo, person=1).keypoints, STANDING + [1, 2, 0])
    with pytest.raises(ValueError, match=r"photo.png: .* there are 2 people, numbers 0 to 1. Received: 2"):
        reader.read_pose(photo, person=2)
    write_openpose_json(tmp_path / "two.json", [STANDING, STANDING * [0.5, 0.5, 1]])
    np.testing.assert_allclose(reader.read_pose(tmp_path / "two.json", person=1).keypoints[17, :2], [15, 30])


def test_keypoint_files_are_told_by_ending_or_content(photo, tmp_path):
    write_openpose_json(tmp_path / "pose.txt", [STANDING])
    assert is_keypoint_file(tmp_path / "pose.txt")
    assert is_keypoint_file(f"{tmp_path / 'pose.txt'}#image.jpg")
    write_openpose_json(tmp_path / "shirt#1.json", [STANDING])
    assert is_keypoint_file(f"{tmp_path / 'shirt#1.json'}#shirt#1.jpg")
    assert not is_keypoint_file(photo)
    assert not is_keypoint_file(tmp_path)
    (tmp_path / "empty.CSV").touch()
    assert is_keypoint_file(tmp_path / "empty.CSV")
    assert is_keypoint_file(tmp_path / "absent.json")


def test_joints_outside_of_the_photo_do_not_count():
    keypoints = STANDING.copy()
    keypoints[:4, :2] = [39.5, 10], [10, -0.6], [39.4, 10], [10, -0.5]
    inside = Person(keypoints, np.zeros((64, 40, 3), np.float32)).keypoints_in_photo()
    assert list(np.flatnonzero(inside[:, 2] == 0)) == [0, 1]
    np.testing.assert_array_equal(Person(keypoints).keypoints_in_photo(), keypoints)


def missing(*names):
    keypoints = STANDING.copy()
    keypoints[[SKELETONS["openpose-18"].joints.index(name) for name in names], 2] = 0
    return keypoints


def test_upper_body_is_warned_of_with_the_joints_names():
    legs = ("right_hip", "right_knee", "right_ankle", "left_hip", "left_knee", "left_ankle")
    with pytest.warns(UserWarning, match=r"me.jpg: 6 of 18 joints were not found: right hip, right knee, .*left ankle"):
        warn_of_missing_joints(missing(*legs), "openpose-18", "me.jpg")


def test_half_of_all_joints_missing_is_warned_of():
    half = ("nose", "right_eye", "left_eye", "right_ear", "left_ear", "neck", "left_knee", "left_hip", "left_wrist")
    with pytest.warns(UserWarning, match="9 of 18 joints"):
        warn_of_missing_joints(missing(*half), "openpose-18", "me.jpg")


def test_few_missing_joints_are_not_warned_of():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warn_of_missing_joints(missing("left_wrist", "left_ear", "left_ankle"), "openpose-18", "me.jpg")
