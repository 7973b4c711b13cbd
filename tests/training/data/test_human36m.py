from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from gfla_tf.motion.normalization import normalize_joints
from training.data.human36m import Human36mSettings, Human36mWindows
from training.data.pipeline import Pipeline, PipelineSettings

STILL = Human36mSettings(frames=10, scale=(1, 1), shift=0)


def recording(frames, offset):
    """Joint j of frame t is at (offset + t + j, offset + 2 * t) pixels."""
    time, joint = np.arange(frames)[:, np.newaxis], np.arange(17)
    return np.stack([offset + time + joint, np.broadcast_to(offset + 2 * time, (frames, 17))], axis=-1).astype("f4")


def write(folder, clean, noisy, detector="cpn_ft_h36m_dbb"):
    folder.mkdir(exist_ok=True)
    metadata = {"layout_name": "h36m", "num_joints": 17, "keypoints_symmetry": [[4, 5, 6], [1, 2, 3]]}
    for name, positions in (("gt", clean), (detector, noisy)):
        path = folder / f"data_2d_h36m_{name}.npz"
        np.savez_compressed(path, positions_2d=np.array(positions, object), metadata=np.array(metadata, object))
    return folder


def one_recording(folder, frames, noisy_frames=None, subject="S1"):
    clean = {subject: {"Walking 1": [recording(frames, 100)]}}
    noisy = {subject: {"Walking 1": [recording(noisy_frames or frames, 103)]}}
    return write(folder, clean, noisy)


def load(source, index=0, seed=(1, 2)):
    element = source.load(tf.constant(index, tf.int64), tf.constant(seed))
    return {name: tensor.numpy() for name, tensor in element.items()}


def test_convention_normalized_channels():
    joints = np.zeros((17, 2), np.float32)
    joints[0] = (0, 0)
    joints[1] = (1000, 500)
    joints[16] = (250, 400)
    channels = normalize_joints(joints, height=500, width=1000)
    assert channels.shape == (34,)
    # 17 y, then 17 x.
    np.testing.assert_allclose(channels[[0, 1, 16]], [-1, 1, 0.6], atol=1e-6)
    np.testing.assert_allclose(channels[[17, 18, 33]], [-1, 1, -0.5], atol=1e-6)


def test_batches_have_the_documented_names_and_shapes(tmp_path):
    source = Human36mWindows(one_recording(tmp_path, 95))
    batch = next(iter(Pipeline(source, PipelineSettings(batch_size=3)).dataset()))
    assert {name: tuple(tensor.shape) for name, tensor in batch.items()} == {
        "index": (3,),
        "noisy": (3, 110, 34),
        "clean": (3, 30, 34),
    }


def test_windows_follow_each_other_and_the_last_ends_with_the_recording(tmp_path):
    source = Human36mWindows(one_recording(tmp_path, 35), settings=STILL)
    assert source.windows.tolist() == [[0, 0], [0, 10], [0, 20], [0, 25]]
    source = Human36mWindows(one_recording(tmp_path, 30), settings=STILL)
    assert source.windows.tolist() == [[0, 0], [0, 10], [0, 20]]


def test_noisy_frames_surround_the_clean_ones_and_ends_repeat(tmp_path):
    source = Human36mWindows(one_recording(tmp_path, 70), settings=STILL)
    element = load(source, 2)
    y_of_first_joint = (element["clean"][:, 0] + 1) * 500
    np.testing.assert_allclose(y_of_first_joint, 100 + 2 * np.arange(20, 30), atol=1e-3)
    # From 40 frames before the window to 40 after it: before the recording its first frame, after it its last.
    frames = np.clip(np.arange(20 - 40, 30 + 40), 0, 69)
    np.testing.assert_allclose((element["noisy"][:, 0] + 1) * 500, 103 + 2 * frames, atol=1e-3)
    np.testing.assert_allclose((element["noisy"][:, 17 + 5] + 1) * 500, 103 + frames + 5, atol=1e-3)


def test_short_recordings_repeat_their_last_frame(tmp_path):
    source = Human36mWindows(one_recording(tmp_path, 4), settings=STILL)
    assert len(source) == 1
    y_of_first_joint = (load(source)["clean"][:, 0] + 1) * 500
    np.testing.assert_allclose(y_of_first_joint, [100, 102, 104] + [106] * 7, atol=1e-3)


def test_recordings_of_unequal_length_are_cut_to_the_shorter(tmp_path):
    source = Human36mWindows(one_recording(tmp_path, 35, noisy_frames=31), settings=STILL)
    assert source.windows.tolist() == [[0, 0], [0, 10], [0, 20], [0, 21]]
    source = Human36mWindows(one_recording(tmp_path, 31, noisy_frames=35), settings=STILL)
    assert source.windows.tolist() == [[0, 0], [0, 10], [0, 20], [0, 21]]


def test_windows_do_not_reach_into_the_next_recording(tmp_path):
    cameras = [recording(12, offset) for offset in (0, 400)]
    folder = write(tmp_path, {"S1": {"Walking": cameras}}, {"S1": {"Walking": cameras}})
    source = Human36mWindows(folder, settings=STILL)
    assert source.recordings == [("S1", "Walking", 0), ("S1", "Walking", 1)]
    assert source.windows.tolist() == [[0, 0], [0, 2], [1, 0], [1, 2]]
    y_of_first_joint = (load(source, 1)["noisy"][:, 0] + 1) * 500
    np.testing.assert_allclose(y_of_first_joint, 2 * np.clip(np.arange(-38, 52), 0, 11), atol=1e-3)


def test_splits_are_by_subject(tmp_path):
    positions = {subject: {"Sitting": [recording(20, 0)]} for subject in ("S1", "S5", "S6", "S7", "S8", "S9", "S11")}
    folder = write(tmp_path, positions, positions)
    train, test = (Human36mWindows(folder, split, STILL) for split in ("train", "test"))
    assert [subject for subject, _, _ in train.recordings] == ["S1", "S5", "S6", "S7", "S8"]
    assert [subject for subject, _, _ in test.recordings] == ["S9", "S11"]


def test_convention_scale_about_the_centre_then_shift_of_both_alike(tmp_path):
    folder = one_recording(tmp_path, 20)
    still = load(Human36mWindows(folder, settings=STILL))
    source = Human36mWindows(folder, settings=Human36mSettings(frames=10))
    scales, shifts = [], []
    for seed in range(200):
        moved = load(source, seed=(seed, 9))
        # x and y of the noisy joints give scale and shift; the clean ones must have the same.
        slope = (moved["noisy"][45, :17] - moved["noisy"][44, :17]) / (
            still["noisy"][45, :17] - still["noisy"][44, :17]
        )
        shift = moved["noisy"][0, [0, 17]] - slope[0] * still["noisy"][0, [0, 17]]
        expected = slope[0] * still["clean"] + np.repeat(shift, 17)
        np.testing.assert_allclose(moved["clean"], expected, atol=2e-4)
        scales.append(slope[0])
        shifts.append(shift)
    assert 0.999 <= np.min(scales) < 1.02
    assert 1.48 < np.max(scales) <= 1.501
    assert (np.min(shifts, axis=0) >= -0.101).all()
    assert (np.min(shifts, axis=0) < -0.09).all()
    assert (np.max(shifts, axis=0) > 0.09).all()
    assert (np.max(shifts, axis=0) <= 0.101).all()
    assert abs(np.corrcoef(np.transpose(shifts))[0, 1]) < 0.3


def test_test_windows_are_not_moved(tmp_path):
    folder = one_recording(tmp_path, 20, subject="S9")
    first, second = (load(Human36mWindows(folder, "test"), seed=seed) for seed in ((1, 2), (3, 4)))
    np.testing.assert_array_equal(first["noisy"], second["noisy"])
    np.testing.assert_allclose(first["clean"][0, :17], normalize_joints(recording(1, 100), 1000, 1000)[0, :17])


def test_the_image_size_is_used(tmp_path):
    settings = Human36mSettings(frames=10, image_size=(400, 200))
    element = load(Human36mWindows(one_recording(tmp_path, 20, subject="S9"), "test", settings))
    np.testing.assert_allclose(element["clean"][3, [0, 17]], [2 * 106 / 400 - 1, 2 * 103 / 200 - 1], atol=1e-6)


def test_a_resumed_run_sees_the_same_windows_bit_for_bit(tmp_path):
    folder = one_recording(tmp_path, 95)
    settings = PipelineSettings(batch_size=2)
    whole, resumed = (
        list(
            Pipeline(Human36mWindows(folder, settings=Human36mSettings(frames=10)), settings)
            .stream(step)
            .take(8 - step)
        )
        for step in (0, 3)
    )
    for batch, other in zip(whole[3:], resumed, strict=True):
        assert all(batch[name].numpy().tobytes() == other[name].numpy().tobytes() for name in batch)


@pytest.mark.parametrize(
    ("clean", "noisy", "message"),
    [
        (
            {"S1": {"A": [recording(5, 0)]}},
            {"S1": {"B": [recording(5, 0)]}},
            "1 recordings are missing, the first is S1 A 0",
        ),
        (
            {"S1": {"A": [np.zeros((5, 16, 2))]}},
            {},
            r"finite numbers \[frames, 17, 2\] are expected. Received: \(5, 16, 2\)",
        ),
        ({"S1": {"A": [np.full((5, 17, 2), np.nan)]}}, {}, "finite numbers"),
        ({"S1": {"A": ["text"]}}, {}, r"S1 A 0: numbers \[frames, 17, 2\] are expected"),
        ({"S1": [1]}, {}, "a dict of actions of S1 is expected. Received: list"),
        ({"S9": {"A": [recording(5, 0)]}}, {}, "one of the subjects S1, S5, S6, S7, S8 is expected. Received:"),
        ("text", {}, "positions_2d, a dict of subjects, is expected. Received: str"),
    ],
)
def test_bad_contents_are_refused(tmp_path, clean, noisy, message):
    with pytest.raises(ValueError, match=message):
        Human36mWindows(write(tmp_path, clean, noisy))


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        ({"frames": 0}, "frames and image_size must be at least 1"),
        ({"image_size": (0, 1)}, "frames and image_size must be at least 1"),
        ({"scale": (0, 1)}, "0 < smallest <= largest scale"),
        ({"shift": -0.1}, "a shift from 0"),
    ],
)
def test_impossible_settings_are_refused(bad, message):
    with pytest.raises(ValueError, match=message):
        Human36mSettings(**bad)


def test_unknown_splits_are_refused(tmp_path):
    with pytest.raises(ValueError, match="split must be one of train, test. Received: 'val'"):
        Human36mWindows(tmp_path, "val")
