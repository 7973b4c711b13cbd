from __future__ import annotations

import json
import logging

import cv2
import numpy as np
import pytest
import tensorflow as tf
from helpers.datasets import write_openpose, write_picture

from gfla_tf.pose.drawing import skeleton_image
from gfla_tf.pose.heatmaps import pose_maps
from training.data.affine import AffineRange
from training.data.clip_poses import read_frame_keypoints, sequence_poses
from training.data.clips import MOTION, ClipSettings, VideoClips
from training.data.pipeline import Pipeline, PipelineSettings

HEIGHT, WIDTH = 48, 32
SMALL = ClipSettings(frames=4, reference_frames=3, image_size=(HEIGHT, WIDTH))
STILL = ClipSettings(frames=4, reference_frames=3, image_size=(HEIGHT, WIDTH), motion=None)
RIGHT_WRIST_OPENPOSE, RIGHT_WRIST = 4, 16


def grey(number):
    return 20 + 10 * number


def write_frame(video, number, size=(HEIGHT, WIDTH), noisy=True, mask=True, name=None):
    """Frame `number` is of one grey and has its right wrist at (5 + number, 7), the noisy one a pixel below."""
    name = f"{number:06d}" if name is None else name
    (video / "frames").mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(video / "frames" / f"{name}.png"), np.full((*size, 3), grey(number), np.uint8))
    joint = {RIGHT_WRIST_OPENPOSE: (5 + number, 7, 0.9)}
    write_openpose(video / "keypoints" / f"{name}_keypoints.json", joint)
    if noisy:
        joint = {RIGHT_WRIST_OPENPOSE: (5 + number, 8, 0.5)}
        write_openpose(video / "keypoints_noisy" / f"{name}_keypoints.json", joint)
    if mask:
        (video / "masks").mkdir(exist_ok=True)
        pixels = np.zeros(size, np.uint8)
        pixels[:, : size[1] // 2] = 255
        cv2.imwrite(str(video / "masks" / f"{name}.png"), pixels)


@pytest.fixture
def folder(tmp_path):
    for split in ("train", "test"):
        for number in range(10):
            write_frame(tmp_path / split / "walk", number)
    return tmp_path


def load(source, seed=(1, 2), index=0):
    element = source.load(tf.constant(index, tf.int64), tf.constant(seed))
    return {name: tensor.numpy() for name, tensor in element.items()}


def frame_numbers(images):
    return np.rint(((images[..., 0, 0, 0] + 1) * 127.5 - 20) / 10).astype(int).tolist()


def test_batches_have_the_documented_names_shapes_and_ranges(folder):
    batch = next(iter(Pipeline(VideoClips(folder, settings=SMALL), PipelineSettings(batch_size=1)).dataset()))
    assert {name: tuple(tensor.shape) for name, tensor in batch.items()} == {
        "index": (1,),
        "reference_image": (1, HEIGHT, WIDTH, 3),
        "reference_pose": (1, HEIGHT, WIDTH, 20),
        "target_images": (1, 4, HEIGHT, WIDTH, 3),
        "target_poses": (1, 4, HEIGHT, WIDTH, 20),
        "target_keypoints": (1, 4, 17, 3),
        "noisy_keypoints": (1, 4, 17, 3),
        "target_masks": (1, 4, HEIGHT, WIDTH, 1),
    }
    assert all(tensor.dtype == tf.float32 for name, tensor in batch.items() if name != "index")
    for name in ("target_poses", "target_masks"):
        assert batch[name].numpy().min() == 0
        assert batch[name].numpy().max() == 1


def test_defaults_are_the_published_ones():
    settings = ClipSettings()
    assert (settings.frames, settings.reference_frames, settings.image_size) == (30, 20, (256, 256))
    assert settings.motion == MOTION == AffineRange(rotation=5, shift=(20, 3), scale=(0.98, 1.02))


def test_test_clips_begin_at_the_first_frame_and_are_not_moved(folder):
    first, second = (load(VideoClips(folder, "test", SMALL), seed) for seed in ((1, 2), (3, 4)))
    assert frame_numbers(first["reference_image"]) == 0
    assert frame_numbers(first["target_images"]) == [0, 1, 2, 3]
    for name in first:
        np.testing.assert_array_equal(first[name], second[name])


def test_training_clips_begin_anywhere_and_the_reference_is_an_early_frame(folder):
    source = VideoClips(folder, settings=STILL)
    loaded = tf.function(source.load)
    starts, references = set(), set()
    for seed in range(60):
        element = loaded(tf.constant(0, tf.int64), tf.constant([seed, 5]))
        numbers = frame_numbers(element["target_images"].numpy())
        assert numbers == list(range(numbers[0], numbers[0] + 4))
        starts.add(numbers[0])
        references.add(frame_numbers(element["reference_image"].numpy()))
    assert starts == set(range(7))
    assert references == {0, 1, 2}


def test_convention_keypoints_are_human36m_joints_in_pixels_of_the_network(tmp_path):
    for number in range(4):
        write_frame(tmp_path / "train" / "walk", number, size=(96, 128))
    element = load(VideoClips(tmp_path, settings=STILL))
    # From 96x128 (height, width) to 48x32: x / 4, y / 2.
    expected = np.zeros((4, 17, 3), np.float32)
    expected[:, RIGHT_WRIST] = [[(5 + number) / 4, 3.5, 0.9] for number in range(4)]
    np.testing.assert_allclose(element["target_keypoints"], expected, atol=1e-6)
    expected[:, RIGHT_WRIST, 1:] = [4, 0.5]
    np.testing.assert_allclose(element["noisy_keypoints"], expected, atol=1e-6)


def test_convention_channels_of_poses(folder):
    element = load(VideoClips(folder, "test", STILL))
    for frame in range(4):
        keypoints = element["target_keypoints"][frame]
        pose = element["target_poses"][frame]
        np.testing.assert_allclose(pose[..., :17], pose_maps(keypoints, HEIGHT, WIDTH), atol=1e-6)
        drawn = skeleton_image(keypoints, HEIGHT, WIDTH, "h36m-17")
        np.testing.assert_allclose(pose[..., 17:], (drawn + 1) / 2, atol=1e-6)
        assert pose[7, 5 + frame, RIGHT_WRIST] == 1
        assert pose[7, 5 + frame, 17:].max() > 0.5
    np.testing.assert_array_equal(element["reference_pose"], element["target_poses"][0])


def test_nothing_drawn_is_zero_in_all_channels():
    assert not sequence_poses(tf.zeros([2, 17, 3]), 8, 6).numpy().any()


def test_poses_may_come_from_the_noisy_keypoints(folder):
    settings = ClipSettings(frames=4, image_size=(HEIGHT, WIDTH), motion=None, noisy_poses=True)
    element = load(VideoClips(folder, "test", settings))
    assert element["target_poses"][0, 8, 5, RIGHT_WRIST] == 1
    assert element["target_poses"][0, 7, 5, RIGHT_WRIST] < 1
    assert element["target_keypoints"][0, RIGHT_WRIST, 1] == 7


def test_convention_one_motion_moves_everything(folder, monkeypatch):
    drawn = tf.constant(0.0), tf.constant([10.0, 2.0]), tf.constant(1.0)
    monkeypatch.setattr(AffineRange, "draw", lambda self, seed: drawn)
    still, moved = load(VideoClips(folder, settings=STILL)), load(VideoClips(folder, settings=SMALL))
    for name in ("reference_image", "target_images"):
        np.testing.assert_allclose(moved[name][..., 2:, 10:, :], still[name][..., :-2, :-10, :], atol=1e-5)
        assert (moved[name][..., :2, :, :] == 1).all()  # white
        assert (moved[name][..., :10, :] == 1).all()
    np.testing.assert_allclose(moved["target_masks"][:, 2:, 10:], still["target_masks"][:, :-2, :-10], atol=1e-5)
    assert not moved["target_masks"][..., :10, :].any()
    for name in ("target_keypoints", "noisy_keypoints"):
        difference = moved[name] - still[name]
        np.testing.assert_allclose(difference[:, RIGHT_WRIST], np.broadcast_to([10, 2, 0], (4, 3)), atol=1e-5)
        assert not moved[name][:, :RIGHT_WRIST].any()


def test_frames_in_which_nobody_was_found_have_empty_poses(folder):
    write_openpose(folder / "test" / "walk" / "keypoints" / "000002_keypoints.json", {})
    element = load(VideoClips(folder, "test", STILL))
    assert element["target_poses"].any(axis=(1, 2, 3)).tolist() == [True, True, False, True]


def test_clips_without_noisy_keypoints_or_masks_lack_these_names(tmp_path):
    for number in range(4):
        write_frame(tmp_path / "train" / "a", number)
        write_frame(tmp_path / "train" / "b", number, noisy=False, mask=False)
    source = VideoClips(tmp_path, settings=SMALL)
    assert {"noisy_keypoints", "target_masks"}.isdisjoint(load(source))
    settings = ClipSettings(frames=4, image_size=(HEIGHT, WIDTH), noisy_poses=True)
    with pytest.raises(ValueError, match="noisy_poses need CLIP/keypoints_noisy of all clips"):
        VideoClips(tmp_path, settings=settings)


def test_short_videos_are_dropped_and_counted(folder):
    for number in range(3):
        write_frame(folder / "train" / "short", number)
    source = VideoClips(folder, settings=SMALL)
    assert (len(source), source.dropped, source.videos[0].name) == (1, 1, "walk")
    with pytest.raises(ValueError, match="videos of at least 30 consecutive frames are expected. Received: 2 shorter"):
        VideoClips(folder)


def test_clips_do_not_reach_over_a_gap_in_the_numbers(tmp_path):
    for number in (0, 1, 2, 4, 5, 6, 7, 8):
        write_frame(tmp_path / "train" / "walk", number)
    loaded = tf.function(VideoClips(tmp_path, settings=STILL).load)
    clips = [loaded(tf.constant(0, tf.int64), tf.constant([seed, 0]))["target_images"].numpy() for seed in range(20)]
    assert {tuple(frame_numbers(clip)) for clip in clips} == {(4, 5, 6, 7), (5, 6, 7, 8)}


def test_frames_may_have_any_names(tmp_path):
    for number in range(4):
        write_frame(tmp_path / "train" / "walk", number, name="abcd"[number])
    assert frame_numbers(load(VideoClips(tmp_path, settings=STILL))["target_images"]) == [0, 1, 2, 3]


def test_a_broken_frame_or_keypoint_file_is_named(folder, caplog):
    for number in range(10):
        write_frame(folder / "train" / "broken", number)
    video = folder / "train" / "broken"
    for number in range(10):
        (video / "frames" / f"{number:06d}.png").write_bytes(b"no picture")
    (video / "keypoints" / "000003_keypoints.json").write_text("{")
    (video / "keypoints_noisy" / "000004_keypoints.json").unlink()
    settings = PipelineSettings(batch_size=2, shuffle=False, unreadable_limit=20)
    with caplog.at_level(logging.WARNING):
        batch = next(iter(Pipeline(VideoClips(folder, settings=STILL), settings).dataset()))
    assert batch["index"].numpy().tolist() == [1, 1]
    messages = [record.getMessage() for record in caplog.records]
    assert len(messages) == 12
    assert f"{video}/keypoints/000003_keypoints.json can't be read and is skipped: no readable keypoints" in messages
    assert f"{video}/keypoints_noisy/000004_keypoints.json can't be read and is skipped: no such file" in messages


def test_a_resumed_run_sees_the_same_clips_bit_for_bit(folder):
    settings = PipelineSettings(batch_size=1, seed=2)
    whole = list(Pipeline(VideoClips(folder, settings=SMALL), settings).stream().take(4))
    resumed = list(Pipeline(VideoClips(folder, settings=SMALL), settings).stream(2).take(2))
    for batch, other in zip(whole[2:], resumed, strict=True):
        assert all(batch[name].numpy().tobytes() == other[name].numpy().tobytes() for name in batch)
    assert not np.array_equal(whole[0]["target_images"], whole[1]["target_images"])


def test_of_several_people_the_surest_is_taken(tmp_path):
    people = [np.zeros((25, 3)), np.zeros((25, 3))]
    people[0][4], people[1][4] = (1, 2, 0.3), (3, 4, 0.8)
    content = {"people": [{"pose_keypoints_2d": person.ravel().tolist()} for person in people]}
    (tmp_path / "a.json").write_text(json.dumps(content))
    np.testing.assert_allclose(read_frame_keypoints(tmp_path / "a.json")[RIGHT_WRIST], [3, 4, 0.8], rtol=1e-6)


def test_broken_keypoint_files_are_refused(tmp_path):
    (tmp_path / "a.json").write_text("[")
    with pytest.raises(ValueError, match="broken JSON"):
        read_frame_keypoints(tmp_path / "a.json")
    with pytest.raises(ValueError, match="a keypoint file is expected. Received: No such file"):
        read_frame_keypoints(tmp_path / "b.json")


@pytest.mark.parametrize("bad", [{"frames": 0}, {"reference_frames": 0}])
def test_impossible_settings_are_refused(bad):
    with pytest.raises(ValueError, match="frames and reference_frames must be at least 1"):
        ClipSettings(**bad)


def test_unknown_splits_and_empty_folders_are_refused(tmp_path):
    write_picture(tmp_path / "train" / "a" / "frames" / "0.png", 8, 8)
    with pytest.raises(ValueError, match="clips lack their folder of keypoints"):
        VideoClips(tmp_path)
    with pytest.raises(ValueError, match="split must be one of train, test"):
        VideoClips(tmp_path, "val")
