"""Where an animation takes place."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from helpers.animations import HEIGHT, SEQUENCE, WIDTH, photo, standing, walking

from gfla_tf.animation.retargeting import fit_retargeting
from gfla_tf.animation.staging import set_stage
from gfla_tf.people import Person
from gfla_tf.pose.framing import fit_frame

SOURCE = Person(standing(50, 100, 80, "h36m-17"), photo(), "the photo")


def stage_of(clip: np.ndarray, source: Person = SOURCE, preset=SEQUENCE, framing: str = "person", camera="still"):
    retargeting = fit_retargeting(clip, source.keypoints, "h36m-17", camera=camera)
    return set_stage(source, retargeting, clip, preset, framing)


def test_the_frame_of_a_driver_in_the_sources_pose_is_the_sources():
    stage = stage_of(standing(200, 300, 160, "h36m-17")[np.newaxis])
    frame = fit_frame(SOURCE.keypoints, WIDTH / HEIGHT)
    assert stage.frame == frame
    np.testing.assert_array_equal(stage.source_image, frame.crop(photo(), HEIGHT, WIDTH))
    np.testing.assert_allclose(stage.targets[0], stage.source_keypoints, atol=1e-3)
    assert stage.picture_size == (HEIGHT, WIDTH)


def test_all_poses_are_in_the_frame_and_the_source_too():
    stage = stage_of(walking(30, speed=1.0))
    for keypoints in (*stage.targets, stage.source_keypoints):
        inside = (keypoints[:, :2] >= 0) & (keypoints[:, :2] < [WIDTH, HEIGHT])
        assert inside.all()


def test_a_few_wild_poses_do_not_widen_the_frame():
    clip = walking(300, speed=0.0)
    wild = clip.copy()
    wild[[17, 200], 13] += [500, -300, 0]
    assert stage_of(wild).frame == stage_of(clip).frame


def test_the_whole_photo():
    stage = stage_of(walking(5), framing="whole")
    assert (stage.frame.left, stage.frame.top, stage.frame.height, stage.frame.width) == (0, 0, 120, 100)
    np.testing.assert_allclose(stage.source_keypoints[0, :2] + 0.5, (SOURCE.keypoints[0, :2] + 0.5) * [0.48, 64 / 120])
    assert stage.picture_size == (64, 54)  # 100 / 120 of the height, even
    assert stage.picture(stage.source_image).shape == (64, 54, 3)


def test_squeezed_pictures_are_shown_in_true_proportions():
    squeezed = replace(SEQUENCE, frame_aspect=0.5)
    stage = stage_of(walking(5), preset=squeezed)
    assert stage.frame.width / stage.frame.height == pytest.approx(0.5, abs=0.01)
    assert stage.source_image.shape == (HEIGHT, WIDTH, 3)
    assert stage.picture_size == (64, 32)


def test_further_poses_come_to_the_same_place():
    clip = walking(5)
    stage = stage_of(clip)
    np.testing.assert_array_equal(stage.target(clip[3]), stage.targets[3])


def test_wrong_arguments():
    with pytest.raises(ValueError, match="framing must be one of person, whole. Received: 'half'"):
        stage_of(walking(2), framing="half")
