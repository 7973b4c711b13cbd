from __future__ import annotations

import json

import numpy as np
import pytest

from gfla_tf.pose.keypoint_files import read_keypoint_file
from gfla_tf.pose.keypoint_records import NobodyError


def save(folder, data):
    path = folder / "dancer.json"
    path.write_text(json.dumps(data))
    return path


def landmarks(x=0.25, y=0.5, **others):
    return [{"x": x + joint / 100, "y": y, "z": -0.1, "visibility": 0.75, **others} for joint in range(33)]


SIZE = {"image_width": 640, "image_height": 480}


@pytest.mark.parametrize("data", [{"landmarks": landmarks(), **SIZE}, {"pose_landmarks": [landmarks()], **SIZE}])
def test_convention_fractions_become_pixels(tmp_path, data):
    """x is a fraction of the 640 columns, y of the 480 rows, without a shift by half a pixel."""
    file = read_keypoint_file(save(tmp_path, data))
    assert (file.format, file.skeleton, file.image_size) == ("landmark-json", "blazepose-33", (480, 640))
    (person,) = file.frames["dancer"]
    assert person.dtype == np.float32
    np.testing.assert_allclose(person[0], [160, 240, 0.75])
    np.testing.assert_allclose(person[10], [224, 240, 0.75])


def test_several_people(tmp_path):
    data = {"pose_landmarks": [landmarks(y=0.5), landmarks(y=0.25)], **SIZE}
    assert [person[0, 1] for person in read_keypoint_file(save(tmp_path, data)).frames["dancer"]] == [240, 120]


@pytest.mark.parametrize(
    "data", [landmarks(x=300, y=200), [landmarks(x=300, y=200)], {"landmarks": landmarks(x=300, y=200)}]
)
def test_pixels_need_no_size(tmp_path, data):
    file = read_keypoint_file(save(tmp_path, data))
    assert file.image_size is None
    np.testing.assert_allclose(file.frames["dancer"][0][0], [300, 200, 0.75])


@pytest.mark.parametrize("data", [landmarks(), {"landmarks": landmarks(), "image_width": 640}])
def test_fractions_need_a_size(tmp_path, data):
    with pytest.raises(
        ValueError, match=r"image_width and image_height are needed.*Received: coordinates from 0\.25 to 0\.57"
    ):
        read_keypoint_file(save(tmp_path, data))


def test_visibility_is_the_confidence(tmp_path):
    person = landmarks()
    person[3]["visibility"] = 0
    del person[4]["visibility"]
    (read,) = read_keypoint_file(save(tmp_path, {"landmarks": person, **SIZE})).frames["dancer"]
    assert read[3].tolist() == [0, 0, 0]
    assert read[4, 2] == 1


@pytest.mark.parametrize("data", [{"landmarks": []}, {"pose_landmarks": [], **SIZE}])
def test_nobody(tmp_path, data):
    with pytest.raises(NobodyError, match=r"nobody in .*dancer\.json"):
        read_keypoint_file(save(tmp_path, data))


@pytest.mark.parametrize(
    ("found", "message"),
    [
        (None, r"expected a list of 33 landmarks\. Received: None"),
        (landmarks()[:32], r"person 0: expected a list of 33 landmarks\. Received: 32 items"),
        ([landmarks(), None], r"person 1: expected a list of 33 landmarks\. Received: None"),
        ([1] * 33, r"person 0: expected a list of 33 landmarks"),
        (
            landmarks(visibility="0.5"),
            r"person 0, landmark 0: expected finite numbers.*Received: \(0\.25, 0\.5, '0\.5'\)",
        ),
        (landmarks(x=float("nan")), "landmark 0: expected finite numbers"),
        (landmarks()[:32] + [{"x": 1}], r"landmark 32: expected finite numbers.*Received: \(1, None, 1\)"),
    ],
)
def test_damaged_files(tmp_path, found, message):
    with pytest.raises(ValueError, match=message) as error:
        read_keypoint_file(save(tmp_path, {"landmarks": found, **SIZE}))
    assert "dancer.json" in str(error.value)


def test_impossible_size(tmp_path):
    with pytest.raises(
        ValueError, match=r"image_height and image_width must be whole numbers above 0\. Received: \(480, -1\)"
    ):
        read_keypoint_file(save(tmp_path, {"landmarks": landmarks(), "image_width": -1, "image_height": 480}))
