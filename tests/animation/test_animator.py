"""Frames from a photo and keypoints."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from helpers.animations import PERSON, SEQUENCE, make_model, photo, standing, walking

import gfla_tf
from gfla_tf.animation import animator as animator_module
from gfla_tf.models.model_files import build_model
from gfla_tf.models.presets import PRESETS
from gfla_tf.pose.drawn_maps import drawn_pose_maps
from gfla_tf.pose.heatmaps import pose_maps

FRAMES = 4


def animator_of(model, **settings) -> gfla_tf.Animator:
    return gfla_tf.Animator(photo(), model, source_keypoints=standing(50, 100, 80, model.preset.skeleton), **settings)


@pytest.fixture(scope="module")
def animators() -> dict[str, gfla_tf.Animator]:
    """One a network, as tracing takes its time."""
    return {preset.network: animator_of(make_model(preset), camera="still") for preset in (SEQUENCE, PERSON)}


@pytest.fixture
def animator(animators) -> gfla_tf.Animator:
    return animators["sequence"]


def test_frame_by_frame_equals_the_models_steps(animator):
    clip, model = walking(FRAMES), animator.model
    frames = list(animator(clip))
    stage = animator.prepare(clip)
    size = stage.source_image.shape[:2]
    maps = drawn_pose_maps(np.concatenate([stage.source_keypoints[np.newaxis], stage.targets]), *size)
    state = model.start(stage.source_image[np.newaxis], maps[:1])
    for frame, pose in zip(frames, maps[1:], strict=True):
        outputs, state = model.step(state, pose[np.newaxis])
        np.testing.assert_allclose(frame, outputs["image"][0], atol=1e-4)
    assert np.abs(frames[1] - frames[0]).max() > 0.01


def test_a_person_generator_renders_each_frame_by_itself(animators):
    animator, clip = animators["person"], walking(FRAMES, "openpose-18")
    frames = list(animator(clip))
    stage = animator.prepare(clip)
    poses = np.stack([stage.source_keypoints, stage.targets[2]])[:, np.newaxis]
    maps = pose_maps(poses, *stage.source_image.shape[:2])
    alone = animator.model([stage.source_image[np.newaxis], *maps])["image"][0]
    np.testing.assert_allclose(frames[2], alone, atol=1e-4)


def test_live(animator):
    """Poses are taken only as pictures are asked for, and the first frames are those of a whole clip that is given."""
    clip, taken = walking(FRAMES), []

    def camera():
        for frame in itertools.count():
            taken.append(frame)
            yield clip[frame]

    frames = list(itertools.islice(animator(camera(), clip=clip), 3))
    assert taken == [0, 1, 2]
    np.testing.assert_array_equal(np.stack(frames), np.stack(list(animator(clip)))[:3])


@pytest.mark.parametrize("live", [False, True])
def test_the_drivers_pictures_laid_over_the_photo(live, animator, monkeypatch):
    monkeypatch.setattr(animator, "retarget", "none")
    clip = walking(FRAMES)
    stage = animator.prepare(clip, image_size=(240, 400))
    frames = list(animator(iter(clip) if live else clip, clip if live else None, image_size=(240, 400)))
    expected = [stage.picture(image) for image in animator.render(stage, stage.targets)]
    np.testing.assert_allclose(np.stack(frames), np.stack(expected), atol=1e-5)
    with pytest.raises(ValueError, match="Retargeting none needs a driver with pictures of a known size"):
        next(animator(clip))


def test_the_camera_follows_in_the_clips_own_time(animator, monkeypatch):
    monkeypatch.setattr(animator, "camera", "follow")
    clip = walking(FRAMES)
    stage = animator.prepare(clip, frames_per_second=2.0)
    expected = [stage.picture(image) for image in animator.render(stage, stage.targets)]
    np.testing.assert_array_equal(np.stack(list(animator(clip, frames_per_second=2.0))), np.stack(expected))
    assert np.abs(stage.targets - animator.prepare(clip).targets).max() > 0.1


def test_live_without_a_clip_the_first_pose_counts(animator):
    clip = walking(FRAMES)
    frames = list(animator(iter(clip)))
    np.testing.assert_array_equal(np.stack(frames), np.stack(list(animator(iter(clip), clip=clip[:1]))))
    assert len(frames) == FRAMES


@pytest.mark.parametrize("network", ["sequence", "person"])
def test_going_on_in_the_middle(network, animators):
    animator = animators[network]
    stage = animator.prepare(walking(FRAMES, animator.skeleton))
    whole = list(animator.render(stage, stage.targets))
    rest = animator.render(stage, stage.targets[2:], (whole[1], stage.targets[1]))
    np.testing.assert_array_equal(np.stack(list(rest)), np.stack(whole[2:]))


def test_the_step_is_traced_once(animator):
    for clip in (walking(2), walking(3)):
        list(animator(clip))
    assert animator.renderer._step.experimental_get_tracing_count() == 1


@pytest.mark.parametrize(
    ("published", "expected"),
    [
        ({"person-demo", "sequence-demo", "motion-demo"}, "sequence-demo"),
        ({"person-demo"}, "person-demo"),
        ((), "sequence-demo"),
    ],
)
def test_the_best_published_model_is_the_default(published, expected, monkeypatch):
    def load(model, weights):
        raise ValueError(f"{model}, {weights}")

    monkeypatch.setattr(animator_module, "published_models", lambda: dict.fromkeys(published))
    monkeypatch.setattr(animator_module, "load_trained", load)
    with pytest.raises(ValueError, match=f"^{expected}, None$"):
        gfla_tf.Animator(photo())


def test_wrong_arguments(animator):
    with pytest.raises(
        ValueError, match="A model of a sequence or person preset is expected. Received: .* kind motion"
    ):
        gfla_tf.Animator(photo(), build_model(PRESETS["motion"]))
    with pytest.raises(ValueError, match="The preset sequence comes without weights"):
        gfla_tf.Animator(photo(), "sequence")
    with pytest.raises(ValueError, match="nobody was found"):
        gfla_tf.Animator(np.full((80, 60, 3), -1, np.float32), animator.model)
    with pytest.raises(ValueError, match=r"at least two joints in the photo are expected. Received: 0"):
        gfla_tf.Animator(photo(), animator.model, source_keypoints=standing(1000, 100, 80, "h36m-17"))
    with pytest.raises(ValueError, match=r"of one frame or more are expected. Received: \(0, 17, 3\)"):
        animator.prepare(walking(2)[:0])
    with pytest.raises(ValueError, match=r"of one frame or more are expected. Received: \(17, 3\)"):
        list(animator(walking(1)[0]))
    with pytest.raises(ValueError, match=r"keypoints must be numbers of shape \[..., 17, 3\] \(h36m-17\)"):
        list(animator(walking(2, "openpose-18")))
    with pytest.raises(ValueError, match=r"keypoints must be numbers of shape \[..., 17, 3\]"):
        list(animator(iter([walking(1)[0][:5]]), clip=walking(2)))
    with pytest.raises(ValueError, match=r"keypoints \[joints, 3\] of a pose are expected. Received: .*\(2, 17, 3\)"):
        list(animator(iter([walking(2)]), clip=walking(2)))


@pytest.mark.parametrize(
    ("setting", "known"),
    [("retarget", "none, global, limbs"), ("camera", "follow, still"), ("framing", "person, whole")],
)
def test_wrong_settings_are_found_before_the_model_is_loaded(setting, known, monkeypatch):
    monkeypatch.setattr(animator_module, "load_trained", lambda *_: pytest.fail("was loaded"))
    with pytest.raises(ValueError, match=f"{setting} must be one of {known}. Received: 'some'"):
        gfla_tf.Animator(photo(), "tiny", **{setting: "some"})


@pytest.mark.parametrize("live", [False, True])
def test_joints_without_finite_coordinates_are_missing(live, animator):
    clip = walking(FRAMES)
    clip[1, 4] = 0
    expected = np.stack(list(animator(iter(clip) if live else clip, clip)))
    clip[1, 4] = (np.nan, np.inf, 1)
    np.testing.assert_array_equal(np.stack(list(animator(iter(clip) if live else clip, clip))), expected)
