from __future__ import annotations

import json

import numpy as np
import pytest

from gfla_tf.pose.keypoint_files import read_keypoint_file
from gfla_tf.pose.keypoint_records import NobodyError


def save(folder, data):
    path = folder / "results.json"
    path.write_text(json.dumps(data))
    return path


def triples(joints, third=0.75):
    return [number for joint in range(joints) for number in (joint, 2 * joint, third)]


def coco(**changes):
    data = {
        "images": [
            {"id": 7, "file_name": "train/a.jpg", "width": 640, "height": 480},
            {"id": 9, "file_name": "train/b.jpg", "width": 640, "height": 480},
        ],
        "annotations": [{"image_id": 9, "category_id": 1, "keypoints": triples(17, third=2)}],
    }
    return {**data, **changes}


def test_coco_annotations(tmp_path):
    keypoints = triples(17, third=2)
    keypoints[3:6] = [0, 0, 0]
    keypoints[6:9] = [5, 6, 1]
    annotations = [{"image_id": 9, "keypoints": keypoints}, {"image_id": 9, "bbox": [1, 2, 3, 4]}]
    file = read_keypoint_file(save(tmp_path, coco(annotations=annotations)))
    assert (file.format, file.skeleton) == ("coco-json", "coco-17")
    assert {name: len(people) for name, people in file.frames.items()} == {"train/a.jpg": 0, "train/b.jpg": 1}
    (person,) = file.frames["train/b.jpg"]
    assert person.dtype == np.float32
    assert person[:4].tolist() == [[0, 0, 1], [0, 0, 0], [5, 6, 1], [3, 6, 1]]


def test_convention_image_size_is_height_then_width(tmp_path):
    assert read_keypoint_file(save(tmp_path, coco())).image_size == (480, 640)


def test_images_of_several_sizes_have_no_common_one(tmp_path):
    images = [{"id": 9, "file_name": "a", "width": 64, "height": 48}, {"id": 2, "file_name": "b"}]
    assert read_keypoint_file(save(tmp_path, coco(images=images))).image_size is None


@pytest.mark.parametrize("joints", [17, 26, 133, 136])
def test_alphapose_starts_with_coco_joints(tmp_path, joints):
    people = [{"image_id": "a.jpg", "category_id": 1, "keypoints": triples(joints), "score": 2.5, "box": [1, 2, 3, 4]}]
    file = read_keypoint_file(save(tmp_path, people))
    assert (file.format, file.skeleton, file.image_size) == ("alphapose-json", "coco-17", None)
    (person,) = file.frames["a.jpg"]
    assert person.tolist() == [[joint, 2 * joint, 0.75] for joint in range(17)]


def test_entries_of_one_image_are_its_people(tmp_path):
    entries = [("b.jpg", 0.5), ("a.jpg", 0.25), ("b.jpg", 0.75)]
    people = [{"image_id": name, "keypoints": triples(17, third)} for name, third in entries]
    frames = read_keypoint_file(save(tmp_path, people)).frames
    assert {name: [person[0, 2] for person in people] for name, people in frames.items()} == {
        "b.jpg": [0.5, 0.75],
        "a.jpg": [0.25],
    }


def test_coco_results_have_numbers_for_names(tmp_path):
    people = [{"image_id": 785, "category_id": 1, "keypoints": triples(17), "score": 0.9}]
    assert list(read_keypoint_file(save(tmp_path, people)).frames) == ["785"]


@pytest.mark.parametrize("data", [[], coco(annotations=[]), coco(annotations=[{"image_id": 7}])])
def test_nobody(tmp_path, data):
    with pytest.raises(NobodyError, match=r"nobody in .*results\.json"):
        read_keypoint_file(save(tmp_path, data))


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (coco(images=None), r'"images": expected a list of JSON objects\. Received: None'),
        (
            coco(images=[{"file_name": "a.jpg"}]),
            r"image 0: expected a number or a name as the image's id\. Received: None",
        ),
        (coco(images=[{"id": [9], "file_name": "a.jpg"}]), r"the image's id\. Received: \[9\]"),
        (coco(images=[{"id": 9}]), r'image 0: expected a name under "file_name"\. Received: None'),
        (coco(images=[{"id": 9, "file_name": "a", "width": 0, "height": 1}]), "whole numbers above 0"),
        (coco(annotations={"image_id": 9}), r'"annotations": expected a list of JSON objects'),
        (coco(annotations=[{"image_id": 8, "keypoints": triples(17)}]), r'the id of one of the "images"\. Received: 8'),
        (coco(annotations=[{"keypoints": triples(17)}]), r"annotation 0: .*the image's id\. Received: None"),
        (coco(annotations=[{"image_id": 9, "keypoints": triples(18)}]), r"17\*3 numbers\. Received: 54 numbers"),
        (coco(annotations=[{"image_id": 9, "keypoints": None}]), r"17\*3 numbers\. Received: None"),
        ([{"image_id": "a.jpg", "keypoints": triples(21)}], r"entry 0: .*17\*3 or 26\*3.*Received: 63 numbers"),
        ([{"image_id": "a.jpg", "keypoints": ["1"] * 51}], r"finite numbers\. Received: '1' at index 0"),
        ([{"keypoints": triples(17)}], r"entry 0: .*the image's id\. Received: None"),
        ([{"image_id": True, "keypoints": triples(17)}], r"the image's id\. Received: True"),
        ([{"image_id": "a.jpg", "keypoints": triples(17)}, 5], "expected a list of JSON objects"),
        ([{"image_id": "a.jpg", "keypoints": triples(17)}, {}], r"entry 1: .*the image's id"),
    ],
)
def test_damaged_files(tmp_path, data, message):
    with pytest.raises(ValueError, match=message) as error:
        read_keypoint_file(save(tmp_path, data))
    assert "results.json" in str(error.value)
