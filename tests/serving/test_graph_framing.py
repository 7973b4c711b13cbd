"""Frames inside the graph: those of the library, for any number of people."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from gfla_tf.animation.staging import corners
from gfla_tf.people import Person
from gfla_tf.pose.framing import Frame, fit_frame
from serving.graphs.framing import clip_corners, fit_frames, keypoints_inside, move_keypoints


def people(count: int, joints: int = 18, seed: int = 0) -> np.ndarray:
    """People of all sizes, some joints of whom are missing."""
    random = np.random.default_rng(seed)
    centers, sizes = random.uniform(-200, 900, (count, 1, 2)), 10 ** random.uniform(0, 3, (count, 1, 1))
    points = centers + sizes * random.normal(size=(count, joints, 2))
    confidence = random.uniform(size=(count, joints, 1)) * (random.uniform(size=(count, joints, 1)) < 0.8)
    return np.concatenate([points, confidence], axis=-1).astype(np.float32)


def numbers(frames: list[Frame]) -> np.ndarray:
    return np.array([(frame.left, frame.top, frame.width, frame.height) for frame in frames])


def test_convention_frame_and_keypoints():
    # From (10, 20) to (30, 60): the size is 40, so the top is at 20 - 6, the bottom at 60 + 4, the sides 4 further out:
    # 28 wide, 50 high. Half as wide as high, that makes 56 high around the middle, 39.
    keypoints = np.zeros((1, 4, 3), np.float32)
    keypoints[0, :2] = (10, 20, 1), (30, 60, 1)
    frames = fit_frames(tf.constant(keypoints), 0.5, "keypoints")
    np.testing.assert_array_equal(frames, [[6, 11, 28, 56]])
    moved = move_keypoints(tf.constant(keypoints), frames, 112, 28)
    # x: (10 + 0.5 - 6) * 1 - 0.5, y: (20 + 0.5 - 11) * 2 - 0.5
    np.testing.assert_allclose(moved[0, :3], [[4, 18.5, 1], [24, 98.5, 1], [0, 0, 0]], atol=1e-5)


@pytest.mark.parametrize("aspect", [0.5, 176 / 256, 2 / 3, 1.0, 1.7])
def test_the_same_frames_as_the_library(aspect):
    keypoints = people(500)
    expected = numbers([fit_frame(person, aspect) for person in keypoints])
    np.testing.assert_array_equal(fit_frames(tf.constant(keypoints), aspect, "keypoints"), expected)


def test_halves_are_rounded_to_even_numbers():
    keypoints = np.zeros((2, 2, 3), np.float32)
    keypoints[0] = (0.5, 0, 1), (20.5, 20, 1)
    keypoints[1] = (1.5, 1, 1), (21.5, 21, 1)
    expected = numbers([fit_frame(person, 1.0) for person in keypoints])
    np.testing.assert_array_equal(fit_frames(tf.constant(keypoints), 1.0, "keypoints"), expected)


def test_the_same_keypoints_as_the_library():
    keypoints, frames = people(200), [Frame(-7, 13, 211, 320), Frame(50, -90, 64, 48)] * 100
    expected = np.stack([frame.keypoints_into(person, 64, 48) for frame, person in zip(frames, keypoints, strict=True)])
    moved = move_keypoints(tf.constant(keypoints), tf.constant(numbers(frames), tf.float64), 64, 48)
    np.testing.assert_array_equal(moved, expected)


def test_keypoints_inside_as_in_the_library():
    keypoints, sizes = people(50), [(300, 500), (64, 48)] * 25
    keypoints[:, :3, :2] = (-0.3, 5), (47.7, 5), (5, -0.5)
    expected = [
        Person(person, np.zeros((*size, 3), np.float32)).keypoints_in_photo()
        for person, size in zip(keypoints, sizes, strict=True)
    ]
    np.testing.assert_array_equal(keypoints_inside(tf.constant(keypoints), tf.constant(sizes)), expected)


@pytest.mark.parametrize("frames", [1, 2, 7, 150])
def test_the_same_corners_of_a_clip_as_the_library(frames):
    clip = people(frames, 17, seed=frames)
    clip[1::3, :, 2] = 0  # nobody in these frames
    np.testing.assert_allclose(clip_corners(tf.constant(clip)), corners(clip), rtol=1e-6)


def test_a_clip_without_anybody_has_no_corners():
    np.testing.assert_array_equal(clip_corners(tf.zeros([3, 17, 3])), np.zeros((2, 3)))


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_coordinates_that_are_no_numbers_are_missing(value):
    keypoints = people(1)
    keypoints[0, 3] = value, 5, 1
    without = keypoints.copy()
    without[0, 3] = 0
    frames = fit_frames(tf.constant(keypoints), 1.0, "keypoints")
    np.testing.assert_array_equal(frames, fit_frames(tf.constant(without), 1.0, "keypoints"))
    np.testing.assert_array_equal(move_keypoints(tf.constant(keypoints), frames, 64, 48)[0, 3], np.zeros(3))


def test_too_few_joints():
    keypoints = people(3)
    keypoints[1, 1:, 2] = 0
    with pytest.raises(tf.errors.InvalidArgumentError, match="target_keypoints: at least two joints are needed"):
        fit_frames(tf.constant(keypoints), 1.0, "target_keypoints")
