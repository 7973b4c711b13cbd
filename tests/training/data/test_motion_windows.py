"""Windows of motion capture for training the motion extractor."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import tensorflow as tf
from helpers.bvh_files import swinging, write_bvh

from gfla_tf.motion.windows import prepare_window
from training.data.motion_noise import DetectorNoise
from training.data.motion_windows import MotionCaptureSettings, MotionCaptureWindows, find_recordings
from training.data.pipeline import Pipeline, PipelineSettings
from training.data.render.people import clip_split

TRAIN, TEST = ([f"walk{n}" for n in range(60) if clip_split(f"walk{n}") == split][:2] for split in ("train", "test"))
SILENT = MotionCaptureSettings(frames=10, noise=DetectorNoise().scaled(0.0))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Two recordings a split, of 2 and of 5 seconds."""
    folder = tmp_path_factory.mktemp("bvh")
    for names in (TRAIN, TEST):
        for name, frames in zip(names, (120, 300), strict=True):
            write_bvh(folder / f"{name}.bvh", swinging(frames, turn=30))
    return folder


def test_batches_have_the_documented_names_and_shapes(folder):
    source = MotionCaptureWindows(folder)
    batch = next(iter(Pipeline(source, PipelineSettings(batch_size=3)).dataset()))
    assert {name: tuple(tensor.shape) for name, tensor in batch.items()} == {
        "index": (3,),
        "noisy": (3, 110, 34),
        "clean": (3, 30, 34),
    }
    assert all(np.isfinite(batch[name]).all() for name in ("noisy", "clean"))
    # About from -1 to 1: half a person is 1.
    assert 0.5 < np.abs(batch["clean"]).max() < 3


def test_splits_are_by_file_names(folder):
    assert [path.stem for path in find_recordings(folder, "train")] == sorted(TRAIN)
    assert [path.stem for path in find_recordings(folder, "test")] == sorted(TEST)


def test_recordings_can_be_held_out(folder):
    assert [path.stem for path in find_recordings(folder, "train", TRAIN[:1])] == TRAIN[1:]
    assert [path.stem for path in find_recordings(folder, "test", TRAIN[:1])] == sorted([*TEST, TRAIN[0]])
    settings = MotionCaptureSettings(held_out=(TRAIN[0],))
    assert [path.stem for path in MotionCaptureWindows(folder, settings=settings).paths] == TRAIN[1:]
    with pytest.raises(ValueError, match="nobody.bvh, held out for testing, expected. Received: none"):
        find_recordings(folder, "train", ["nobody"])


def test_pieces_as_long_as_windows_from_four_directions(folder):
    source = MotionCaptureWindows(folder, settings=MotionCaptureSettings(frames=10, frames_per_second=(30, 30)))
    # 2 and 5 seconds at 30 frames a second are 6 and 15 windows of 10 frames.
    counts = np.bincount(source.windows[:, 0])
    assert sorted(counts.tolist()) == [4 * 6, 4 * 15]
    assert sorted(set(source.windows[:, 2].tolist())) == [0, 1, 2, 3]
    assert len(source) == 84


def test_without_noise_the_middle_is_the_clean_window(folder):
    source = MotionCaptureWindows(folder, settings=SILENT)
    differences = []
    for index in range(0, len(source), 5):
        noisy, clean = source.make_window(index, np.array([1, 2], np.int32))
        differences.append(np.abs(noisy[40:-40] - clean).max())
    # But for joints outside of the picture, which are filled in.
    assert np.median(differences) < 1e-4


def test_the_network_sees_what_the_cleaner_makes_of_the_same_keypoints(folder):
    source = MotionCaptureWindows(folder)
    seed = np.array([3, 4], np.int32)
    exact, found = source.make_keypoints(7, seed)
    noisy, clean = source.make_window(7, seed)
    channels, _, frame = prepare_window(found)
    np.testing.assert_array_equal(noisy, channels)
    np.testing.assert_array_equal(clean, frame.channels(exact[40:-40, :, :2]))


def test_same_seed_same_window_and_tests_do_not_depend_on_it(folder):
    train, test = (MotionCaptureWindows(folder, split) for split in ("train", "test"))
    one, two = np.array([1, -2], np.int32), np.array([1, 3], np.int32)
    for first, again in zip(train.make_window(3, one), train.make_window(3, one), strict=True):
        np.testing.assert_array_equal(first, again)
    assert np.abs(train.make_window(3, one)[0] - train.make_window(3, two)[0]).max() > 0.01
    for first, other in zip(test.make_window(3, one), test.make_window(3, two), strict=True):
        np.testing.assert_array_equal(first, other)
    assert np.abs(test.make_window(3, one)[0] - test.make_window(4, one)[0]).max() > 0.01


def test_variants_are_drawn_once_and_kept(folder):
    source = MotionCaptureWindows(folder, settings=MotionCaptureSettings(frames=10, variants=2))
    numbers = tf.constant(0, tf.int64)
    drawn = [source.load(numbers, tf.constant([seed, -seed]))["noisy"].numpy() for seed in (0, 1, 2, 3)]
    np.testing.assert_array_equal(drawn[0], drawn[2])
    np.testing.assert_array_equal(drawn[1], drawn[3])
    assert np.abs(drawn[0] - drawn[1]).max() > 0.01
    again = MotionCaptureWindows(folder, settings=MotionCaptureSettings(frames=10, variants=2))
    np.testing.assert_array_equal(again.load(numbers, tf.constant([3, 7]))["noisy"], drawn[1])
    with pytest.raises(ValueError, match="variants from 1, or none, are expected. Received: 0"):
        MotionCaptureSettings(variants=0)


def test_end_frames_repeat(folder):
    source = MotionCaptureWindows(folder, "test")
    _, found = source.make_keypoints(0, np.zeros(2, np.int32))
    # The first piece begins with the recording: 40 frames before it are its first one.
    for frame in range(40):
        np.testing.assert_array_equal(found[frame], found[40])
    assert np.abs(found[41] - found[40]).max() > 0
    last = int(np.flatnonzero(source.windows[:, 0] == 0)[-1])
    _, found = source.make_keypoints(last, np.zeros(2, np.int32))
    np.testing.assert_array_equal(found[-1], found[-30])


def test_people_and_mirror_images_differ(tmp_path):
    # The left arm is up, the right one hangs.
    write_bvh(tmp_path / f"{TRAIN[0]}.bvh", [{"lShldr": (80, 0, 0), "rShldr": (80, 0, 0)}] * 30)
    source = MotionCaptureWindows(tmp_path, settings=SILENT)
    left_is_up, thighs = [], []
    for seed in range(40):
        exact, _ = source.make_keypoints(0, np.array([seed, 0], np.int32))
        left_wrist, right_wrist, hip, knee, ankle = exact[45, [13, 16, 1, 2, 3], :2]
        left_is_up.append(left_wrist[1] < right_wrist[1])
        thighs.append(np.linalg.norm(knee - hip) / np.linalg.norm(ankle - knee))
    assert 0.25 < np.mean(left_is_up) < 0.75
    assert np.std(thighs) > 0.05


def test_stronger_noise_is_noisier(folder):
    errors = []
    for strength in (0.5, 2.0):
        settings = MotionCaptureSettings(frames=10, strength=(strength, strength))
        source = MotionCaptureWindows(folder, settings=settings)
        pairs = [source.make_window(index, np.zeros(2, np.int32)) for index in range(0, len(source), 8)]
        errors.append(np.median([np.abs(noisy[40:-40] - clean).mean() for noisy, clean in pairs]))
    assert errors[1] > 2 * errors[0]


def test_the_bias_does_not_depend_on_the_strength(folder):
    bias = dict.fromkeys(DetectorNoise().bias, (0.0, 0.1, 0.0))
    noise = replace(DetectorNoise().scaled(0.0), bias=bias)
    for strength in (0.5, 2.0):
        settings = MotionCaptureSettings(frames=10, noise=noise, strength=(strength, strength))
        exact, found = MotionCaptureWindows(folder, settings=settings).make_keypoints(9, np.zeros(2, np.int32))
        seen = found[..., 2] > 0
        trunk = exact[:, 8, :2] - exact[:, 0, :2]  # thorax and mid hip
        expected = np.broadcast_to(0.1 * trunk[:, np.newaxis], exact[..., :2].shape)
        np.testing.assert_allclose((found - exact)[..., :2][seen], expected[seen], atol=0.05)


def test_nobody_found_leaves_the_exact_joints(folder):
    noise = DetectorNoise(lost=1.0)
    settings = MotionCaptureSettings(frames=10, noise=noise, strength=(1.0, 1.0))
    noisy, clean = MotionCaptureWindows(folder, settings=settings).make_window(0, np.zeros(2, np.int32))
    np.testing.assert_allclose(noisy[40:-40], clean, atol=1e-5)


def test_image_normalization(folder):
    settings = replace(SILENT, normalization="image")
    source = MotionCaptureWindows(folder, "test", settings)
    exact, _ = source.make_keypoints(2, np.zeros(2, np.int32))
    _, clean = source.make_window(2, np.zeros(2, np.int32))
    np.testing.assert_allclose(clean[:, 0], 2 * exact[40:-40, 0, 1] / 1000 - 1, atol=1e-5)


def test_wrong_folders_and_settings(folder, tmp_path):
    with pytest.raises(ValueError, match=r"a folder of .bvh files is expected"):
        MotionCaptureWindows(tmp_path / "absent")
    write_bvh(tmp_path / f"{TRAIN[0]}.bvh", [{}])
    with pytest.raises(ValueError, match="bvh files for test are expected.*Received: 1 files, none for test"):
        MotionCaptureWindows(tmp_path, "test")
    with pytest.raises(ValueError, match="split must be one of train, test. Received: 'both'"):
        MotionCaptureWindows(folder, "both")
    for wrong, message in (
        ({"frames": 0}, "frames from 1"),
        ({"proportions": -0.1}, "proportions from 0"),
        ({"frames_per_second": (0, 30)}, "frames_per_second must be two numbers from 1.0, in order. Received: 0, 30"),
        ({"durations": (-1, 1)}, "durations must be two numbers from 0.0, in order. Received: -1, 1"),
        ({"strength": (2, 1)}, "strength must be two numbers from 0.0, in order. Received: 2, 1"),
        ({"normalization": "none"}, "normalization must be one of person, image"),
    ):
        with pytest.raises(ValueError, match=message):
            MotionCaptureSettings(**wrong)


def test_loading_in_the_graph_equals_numpy(folder):
    source = MotionCaptureWindows(folder)
    element = source.load(tf.constant(5, tf.int64), tf.constant([-7, 8]))
    noisy, clean = source.make_window(5, np.array([-7, 8], np.int32))
    np.testing.assert_array_equal(element["noisy"], noisy)
    np.testing.assert_array_equal(element["clean"], clean)
    assert source.unreadable(0) == {}
