from __future__ import annotations

import copy
import json
import random

import numpy as np
import pytest

from gfla_tf.pose.annotation_csv import write_annotation_csv
from gfla_tf.pose.keypoint_files import read_keypoint_file, read_keypoints
from gfla_tf.pose.keypoint_records import NobodyError
from gfla_tf.pose.openpose_json import write_openpose_json


def person(left, right, top=10.0, bottom=20.0):
    """OpenPose-18 with two joints, nose and neck, at the corners of a box."""
    keypoints = np.zeros((18, 3), np.float32)
    keypoints[0], keypoints[1] = (left, top, 0.5), (right, bottom, 0.5)
    return keypoints


@pytest.fixture
def annotations(tmp_path):
    path = tmp_path / "annotation.csv"
    names = [
        "women/dress/01_front.jpg",
        "women/dress/02.jpg",
        "men/suit/02.jpg",
        "men/suit/03.png",
        "men/suit/v1.5.jpg",
    ]
    write_annotation_csv(path, {name: person(index, 50) for index, name in enumerate(names)})
    return path


def test_reads_and_converts(tmp_path):
    path = tmp_path / "a.json"
    write_openpose_json(path, [person(3, 5)])
    np.testing.assert_array_equal(read_keypoints(path), person(3, 5))
    coco = read_keypoints(str(path), "coco-17")
    assert coco.shape == (17, 3)
    assert coco[0].tolist() == [3, 10, 0.5]


def test_the_largest_person_unless_one_is_asked_for(tmp_path):
    path = tmp_path / "a.json"
    write_openpose_json(path, [person(0, 10), person(0, 30), np.zeros((18, 3)), person(0, 40, bottom=12)])
    np.testing.assert_array_equal(read_keypoints(path), person(0, 30))
    np.testing.assert_array_equal(read_keypoints(path, person=0), person(0, 10))
    with pytest.raises(ValueError, match="no joint was found in image a of"):
        read_keypoints(path, person=2)
    for index in (4, -1):
        with pytest.raises(ValueError, match=rf"image a of .*there are 4 people, numbers 0 to 3. Received: {index}"):
            read_keypoints(path, person=index)


def test_a_single_joint_is_more_than_none(tmp_path):
    single = np.zeros((18, 3), np.float32)
    single[4] = (1, 2, 1)
    write_openpose_json(tmp_path / "a.json", [np.zeros((18, 3)), single])
    np.testing.assert_array_equal(read_keypoints(tmp_path / "a.json"), single)


def test_no_joint_is_left_after_the_conversion(tmp_path):
    toes = np.zeros((25, 3), np.float32)
    toes[19] = (1, 2, 1)
    write_openpose_json(tmp_path / "a.json", [toes])
    with pytest.raises(ValueError, match="no joint was found"):
        read_keypoints(tmp_path / "a.json", "coco-17")


@pytest.mark.parametrize(
    ("image", "index"),
    [
        ("men/suit/02.jpg", 2),
        ("01_front.jpg", 0),
        ("photos/01_front.jpg", 0),
        ("01_front", 0),
        ("01_front.png", 0),
        ("v1.5", 4),
        ("v1.5.jpg", 4),
    ],
)
def test_images_are_found_by_name(annotations, image, index):
    assert read_keypoints(annotations, image=image)[0, 0] == index
    assert read_keypoints(f"{annotations}#{image}")[0, 0] == index


@pytest.mark.parametrize("image", ["02.jpg", "02", "02.png"])
def test_ambiguous_images(annotations, image):
    message = rf"annotation\.csv: image {image} is ambiguous\. Choices: women/dress/02\.jpg, men/suit/02\.jpg$"
    with pytest.raises(ValueError, match=message):
        read_keypoints(annotations, image=image)


def test_absent_images(annotations):
    with pytest.raises(ValueError, match=r"there is no image 07\.jpg\. Choices: women/dress/01_front\.jpg, "):
        read_keypoints(annotations, image="07.jpg")
    with pytest.raises(
        ValueError, match=r"expected the name of one of its images\. Choices: women/dress/01_front\.jpg"
    ):
        read_keypoints(annotations)


def test_only_a_few_choices_are_named(tmp_path):
    path = tmp_path / "a.csv"
    write_annotation_csv(path, {f"{index}.jpg": person(1, 2) for index in range(300)})
    with pytest.raises(ValueError, match=r"Choices: 0\.jpg, 1\.jpg, 2\.jpg, 3\.jpg, 4\.jpg, \.\.\. \(300 in all\)$"):
        read_keypoints(path)


def test_the_file_of_one_image_goes_by_its_name(tmp_path):
    path = tmp_path / "photo_7.final_keypoints.json"
    write_openpose_json(path, [person(1, 2)])
    for image in ("photo_7.final", "photo_7.final.jpg"):
        np.testing.assert_array_equal(read_keypoints(path, image=image), person(1, 2))
    with pytest.raises(ValueError, match=r"there is no image photo_8\.jpg"):
        read_keypoints(path, image="photo_8.jpg")


def test_a_file_with_a_hash_in_its_name(tmp_path):
    path = tmp_path / "shirt#1.json"
    write_openpose_json(path, [person(1, 2)])
    np.testing.assert_array_equal(read_keypoints(path), person(1, 2))
    np.testing.assert_array_equal(read_keypoints(f"{path}#shirt#1"), person(1, 2))


def test_an_image_named_twice(annotations):
    with pytest.raises(ValueError, match="in the path or as an argument, not both"):
        read_keypoints(f"{annotations}#02.jpg", image="02.jpg")


def test_an_image_without_people(tmp_path):
    people = [{"pose_keypoints_2d": person(1, 2).ravel().tolist()}]
    path = tmp_path / "a.json"
    path.write_text(json.dumps({"a.jpg": {"people": people}, "b.jpg": {"people": []}}))
    with pytest.raises(NobodyError, match=r"nobody in image b\.jpg of .*a\.json"):
        read_keypoints(path, image="b.jpg")


def test_the_extension_does_not_matter(tmp_path):
    write_openpose_json(tmp_path / "a.csv", [person(1, 2)])
    write_annotation_csv(tmp_path / "a.json", {"b.jpg": person(1, 2)})
    assert read_keypoint_file(tmp_path / "a.csv").format == "openpose-json"
    assert read_keypoint_file(tmp_path / "a.json").format == "annotation-csv"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "Received: an empty file"),
        (b" \n\n", "Received: an empty file"),
        (b"\x89PNG\r\n\x1a\n\x00\x00", "Received: a file that is not UTF-8 text"),
        ('{"people": "é"}'.encode("latin-1"), "Received: a file that is not UTF-8 text"),
        ('{"people": []}'.encode("utf-16"), "Received: a file that is not UTF-8 text"),
        (b"x,y,confidence\n1,2,3\n", "Received: 'x,y,confidence"),
        (b'{"people": [', "Received: broken JSON"),
        (b"[" * 100_000, "Received: broken JSON"),
        (b"{}", "Received: '{}'"),
        (b"[1, 2]", r"Received: '\[1, 2\]'"),
        (b"[[]]", r"Received: '\[\[\]\]'"),
        (b'{"joints": {"nose": [1, 2]}}', "Received: '{"),
    ],
)
def test_files_that_hold_no_keypoints(tmp_path, content, message):
    path = tmp_path / "a.json"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=rf"a\.json: expected keypoints as JSON of OpenPose, .*{message}"):
        read_keypoint_file(path)


def test_folders_and_absent_files(tmp_path):
    with pytest.raises(ValueError, match="Received: a folder"):
        read_keypoint_file(tmp_path)
    with pytest.raises(FileNotFoundError):
        read_keypoint_file(tmp_path / "a.json")
    with pytest.raises(FileNotFoundError):
        read_keypoints(f"{tmp_path / 'a.json'}#b.jpg")


def test_unknown_skeleton(tmp_path):
    write_openpose_json(tmp_path / "a.json", [person(1, 2)])
    with pytest.raises(ValueError, match="skeleton must be one of"):
        read_keypoints(tmp_path / "a.json", "coco-18")


TRIPLES = [1.5, 2.5, 0.5]
LANDMARKS = [{"x": 0.5, "y": 0.5, "visibility": 0.5} for _ in range(33)]
DOCUMENTS = [
    {"people": [{"pose_keypoints_2d": TRIPLES * 18}], "canvas_width": 9, "canvas_height": 8},
    {"a.jpg": {"people": [{"pose_keypoints_2d": TRIPLES * 25}]}, "b.jpg": {"people": []}},
    [{"image_id": "a.jpg", "keypoints": TRIPLES * 17}, {"image_id": "a.jpg", "keypoints": TRIPLES * 26}],
    {"images": [{"id": 1, "file_name": "a.jpg"}], "annotations": [{"image_id": 1, "keypoints": [1, 2, 2] * 17}]},
    {"pose_landmarks": [LANDMARKS], "image_width": 9, "image_height": 8},
    [LANDMARKS],
]
JUNK = [None, True, -1, 1e400, float("nan"), 10**400, "", "1.0", [], {}, [[]], [1], {"x": 1}, {"people": []}]


def places(value, place=()):
    yield place
    keys = value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    for key in keys:
        yield from places(value[key], place + (key,))


@pytest.mark.parametrize("document", DOCUMENTS, ids=["openpose", "by image", "alphapose", "coco", "landmarks", "bare"])
def test_damage_is_always_a_value_error(tmp_path, document):
    """Any one value of a good file replaced by junk, or left out: it's still read, or refused with the file's name."""
    path = tmp_path / "damaged.json"
    generator = random.Random(0)
    everywhere = list(places(document))[1:]
    refused = 0
    for place in everywhere[:12] + generator.sample(everywhere, 12):
        for junk in JUNK:
            damaged = copy.deepcopy(document)
            parent = damaged
            for key in place[:-1]:
                parent = parent[key]
            parent[place[-1]] = junk
            path.write_text(json.dumps(damaged))
            try:
                assert read_keypoint_file(path).frames
            except ValueError as error:
                assert "damaged.json" in str(error)  # noqa: PT017
                refused += 1
    assert refused > 100
