"""Exported models, run without TensorFlow, give the library's pictures."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from gfla_tf.animation.animator import Animator
from gfla_tf.image_io import from_uint8, read_image, to_uint8
from gfla_tf.lite import LiteAnimator, LiteFunction, LiteMotionCleaner, LitePoseTransfer
from gfla_tf.motion import CausalMotionCleaner, MotionCleaner
from gfla_tf.people import Person
from gfla_tf.pipelines import PoseTransfer
from serving.graphs.skeletons import drawn_pose_maps_tensor
from serving.tflite.export import export_lite

random = np.random.default_rng(0)


def pose(joints: int, height: int, width: int) -> np.ndarray:
    points = random.uniform((0.1 * width, 0.1 * height), (0.9 * width, 0.9 * height), (joints, 2))
    return np.column_stack([points, np.ones(joints)]).astype(np.float32)


def photo(height: int, width: int) -> np.ndarray:
    return from_uint8(random.integers(0, 256, (height, width, 3)).astype(np.uint8))


def test_a_transfer_is_that_of_the_library(exported, person_model, tmp_path):
    people = Person(pose(18, 90, 70), photo(90, 70)), Person(pose(18, 200, 300))
    found = LitePoseTransfer(exported[0], threads=1)(*people)
    expected = PoseTransfer(person_model)(*people)
    assert found.frame == expected.frame
    np.testing.assert_allclose(found.image, expected.image, atol=2e-3)
    np.testing.assert_allclose(found.picture, expected.picture, atol=2e-3)
    found.save(tmp_path / "picture.png")
    np.testing.assert_allclose(read_image(tmp_path / "picture.png"), found.picture, atol=1.01 / 127.5)


def test_nobody_to_frame_is_refused(exported):
    nobody = np.zeros((18, 3), np.float32)
    with pytest.raises(ValueError, match="the source: At least two joints are needed to frame a person"):
        LitePoseTransfer(exported[0])(photo(64, 48), pose(18, 64, 48), nobody)
    with pytest.raises(ValueError, match="the source: at least two joints in the photo are expected. Received: 0"):
        LiteAnimator(exported[0], photo(64, 48), nobody)


def test_frames_of_a_sequence_model_follow_each_other(exported_sequence, sequence_model):
    size = 64, 48
    source, targets = pose(17, *size), np.stack([pose(17, *size) for _ in range(2)])
    image = photo(*size)
    animator = LiteAnimator(exported_sequence[0], image, source)
    frames = list(animator.render(image, source, iter(targets)))
    draw = lambda keypoints: drawn_pose_maps_tensor(tf.constant(keypoints[np.newaxis]), *size, "h36m-17")  # noqa: E731
    state = sequence_model.start(image[np.newaxis], draw(source))
    for frame, target in zip(frames, targets, strict=True):
        outputs, state = sequence_model.step(state, draw(target))
        np.testing.assert_allclose(frame, outputs["image"][0], atol=1.5 / 127.5)
        # Frames travel as bytes.
        state = state._replace(previous_image=tf.constant(from_uint8(to_uint8(outputs["image"].numpy()))))


def test_a_clip_of_another_driver_is_retargeted_and_framed_as_by_the_library(exported, person_model):
    clip = 3 * np.stack([pose(18, 64, 48) + (5 * index, 0, 0) for index in range(2)]).astype(np.float32)
    clip[1, 4] += (900, 0, 0)  # a mistake in one of the frames is not framed as a whole
    source = Person(pose(18, 90, 70), photo(90, 70))
    animator = LiteAnimator(exported[0], source)
    pictures = list(animator(clip))
    expected = list(Animator(source, person_model, camera="still")(clip))
    np.testing.assert_allclose(pictures, expected, atol=2e-3)
    assert np.abs(pictures[0] - pictures[1]).max() > 1e-3
    with pytest.raises(ValueError, match=r"Keypoints \[frames, joints, 3\] of one frame or more are expected"):
        next(animator(clip[0]))


def test_motion_is_cleaned_as_by_the_library(tmp_path, motion_model):
    path, _ = export_lite(motion_model, tmp_path, examples=1)
    noisy = np.stack([pose(17, 200, 100) for _ in range(40)])
    noisy[7, 3] = 0
    cleaner = LiteMotionCleaner(path, threads=1)
    expected = MotionCleaner(motion_model).clean(noisy)
    np.testing.assert_allclose(cleaner.clean(noisy), expected, atol=1e-2)
    live = CausalMotionCleaner(motion_model, lookahead=2).clean(noisy[:5])
    np.testing.assert_allclose(cleaner.live(2).clean(noisy[:5]), live, atol=1e-2)
    with pytest.raises(ValueError, match="normalization must be one of person, image. Received: 'none'"):
        LiteMotionCleaner(path, normalization="none")


def test_wrong_inputs_of_a_file_are_refused(exported):
    path = exported[0].with_name("small-person-64-float32.transfer.tflite")
    function = LiteFunction(path)
    image, keypoints = np.zeros((1, 64, 48, 3), np.float32), np.zeros((1, 18, 3), np.float32)
    with pytest.raises(ValueError, match=r"The inputs \['source_image', .*\] are expected. Received: \['image'\]."):
        function(image=image)
    with pytest.raises(ValueError, match=r"source_image must be float32 of shape \(1, 64, 48, 3\). Received: uint8"):
        function(source_image=image.astype(np.uint8), source_keypoints=keypoints, target_keypoints=keypoints)
    assert set(function.outputs) == {"image", "flow", "mask"}
