"""Landmarks of real photos against those of MediaPipe itself (tests/data/mediapipe_landmarks.json)."""

import json
from pathlib import Path

import numpy as np
import pytest

from gfla_tf.image_io import read_image
from gfla_tf.pose.blazepose.detector import PersonDetector
from gfla_tf.pose.blazepose.landmarks import LandmarkModel
from gfla_tf.pose.blazepose.region import body_region, paste_region, whole_picture
from gfla_tf.pose.estimator import PoseEstimator

DATA = Path(__file__).parents[2] / "data"
SAMPLES = Path(__file__).parents[3] / "samples"
REFERENCE = json.loads((DATA / "mediapipe_landmarks.json").read_text())


@pytest.fixture(scope="module")
def networks():
    return PersonDetector(), LandmarkModel()


def first_look(image, networks):
    detector, model = networks
    region = whole_picture(image.shape[1], image.shape[0])
    best = detector.detect(image, region)[0]
    return model.predict(image, body_region(*region.to_photo(best.keypoints[:2])))


def errors(landmarks, reference, body_size):
    """Distances of the visible landmarks as fractions of the body's size."""
    visible = reference[:, 2] >= 0.5
    return np.linalg.norm(landmarks[visible, :2] - reference[visible, :2], axis=1) / body_size


@pytest.mark.parametrize("name", sorted(REFERENCE))
def test_first_look_agrees_with_static_image_mode(name, networks):
    image, reference = read_image(SAMPLES / name), np.array(REFERENCE[name]["first_look"])
    pose = first_look(image, networks)
    distances = errors(pose.landmarks, reference, pose.region.side / 1.25)
    assert distances.mean() < 0.003
    assert distances.max() < 0.01
    np.testing.assert_allclose(pose.landmarks[:, 2], reference[:, 2], atol=0.1)


@pytest.mark.parametrize("name", sorted(REFERENCE))
def test_masks_agree(name, networks):
    image, reference = read_image(SAMPLES / name), REFERENCE[name]
    pose = first_look(image, networks)
    mask = paste_region(pose.mask, pose.region, image.shape[1], image.shape[0]) > 0.5
    rows, columns = np.nonzero(mask)
    assert mask.sum() == pytest.approx(reference["mask_area"], rel=0.01)
    assert [columns.mean(), rows.mean()] == pytest.approx(reference["mask_centre"], abs=1)


@pytest.mark.parametrize("name", sorted(REFERENCE))
def test_estimator_agrees_with_the_second_frame_of_a_video(name, networks):
    image, reference = read_image(SAMPLES / name), np.array(REFERENCE[name]["second_look"])
    body_size = first_look(image, networks).region.side / 1.25
    distances = errors(PoseEstimator().estimate_largest(image).landmarks, reference, body_size)
    assert distances.mean() < 0.01
    assert distances.max() < 0.03
