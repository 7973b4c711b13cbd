"""Recordings of any length through the motion extractor, at once, as a stream, and live."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from gfla_tf.models import MotionExtractor
from gfla_tf.motion import CausalMotionCleaner, MotionCleaner

WINDOW = 6
MARGIN = 4  # of the stand-ins
NETWORK_MARGIN = 13


class Middle:
    """Stands in for a network: gives what it sees in the middle of its receptive field of 9 frames."""

    joints = 17
    receptive_field = 9

    def __call__(self, channels, training=False):
        return channels[:, MARGIN:-MARGIN]


class Mean(Middle):
    """Gives the mean of what it sees around a frame."""

    def __call__(self, channels, training=False):
        count = channels.shape[1] - 2 * MARGIN
        return sum(channels[:, shift : shift + count] for shift in range(9)) / 9


@pytest.fixture(scope="module")
def network():
    tf.keras.utils.set_random_seed(0)
    model = MotionExtractor(filters=8, blocks=2, hidden=4)  # receptive field 27
    model.build(None)
    return model


def walk(frames, seed=0, missing=0.1):
    random = np.random.default_rng(seed)
    body = random.uniform((100, 50), (140, 150), (17, 2))
    points = body + np.arange(frames)[:, np.newaxis, np.newaxis] * [1.5, 0.2] + random.normal(0, 2, (frames, 17, 2))
    confidence = random.uniform(0.5, 1, (frames, 17, 1)) * (random.random((frames, 17, 1)) >= missing)
    return (np.concatenate([points, confidence], axis=-1) * (confidence > 0)).astype(np.float32)


LENGTHS = [1, 2, 5, WINDOW, 7, 8, 9, 10, 14, 31]


@pytest.mark.parametrize("frames", LENGTHS)
@pytest.mark.parametrize("window", [1, 5, WINDOW])
def test_all_frames_come_out_in_their_places(frames, window):
    keypoints = walk(frames, missing=0)
    cleaned = MotionCleaner(Middle(), window=window).clean(keypoints)
    assert cleaned.dtype == np.float32
    np.testing.assert_allclose(cleaned, keypoints, atol=1e-4)


@pytest.mark.parametrize("frames", LENGTHS)
def test_a_stream_gives_exactly_what_the_whole_gives(network, frames):
    keypoints = walk(frames)
    cleaner = MotionCleaner(network, window=WINDOW)
    streamed = np.stack(list(cleaner.stream(iter(keypoints))))
    np.testing.assert_array_equal(streamed, cleaner.clean(keypoints))


def test_a_stream_is_late_by_less_than_margin_and_window(network):
    taken = 0

    def camera():
        nonlocal taken
        for frame in walk(50):
            taken += 1
            yield frame

    delays = [taken - number - 1 for number, _ in enumerate(MotionCleaner(network, window=WINDOW).stream(camera()))]
    assert max(delays) == NETWORK_MARGIN + WINDOW - 1


def test_what_is_further_away_does_not_matter(network):
    cleaner = MotionCleaner(network, window=WINDOW)
    keypoints = walk(50)
    other = keypoints.copy()
    other[35:] += [50, 50, 0]
    reach = NETWORK_MARGIN + WINDOW
    one, two = cleaner.clean(keypoints), cleaner.clean(other)
    np.testing.assert_array_equal(one[: 35 - reach + 1], two[: 35 - reach + 1])
    assert np.abs(one[34] - two[34]).max() > 0.1


def test_overlapping_windows_fade_into_each_other():
    class Stepping(Middle):
        """A network that gives another constant for each window."""

        calls = tf.Variable(0.0)

        def __call__(self, channels, training=False):
            value = self.calls.assign_add(1.0)
            return tf.zeros([1, WINDOW, 34]) + value

    keypoints = np.zeros((9, 17, 3), np.float32)
    keypoints[..., 2] = 1
    keypoints[:, 0, 1] = 2  # a person of size 2: half of it is 1 pixel, so channels are pixels
    cleaned = MotionCleaner(Stepping(), window=WINDOW).clean(keypoints)
    first = cleaned[:, 0, 0]
    # Window 1 covers frames 0 ... 5 with weights 1 2 3 3 2 1, window 2 frames 3 ... 8.
    np.testing.assert_allclose(first, [1, 1, 1, 1.25, 1.5, 1.75, 2, 2, 2], atol=1e-6)


def test_moving_and_scaling_the_input_moves_and_scales_the_output(network):
    cleaner = MotionCleaner(network, window=WINDOW)
    keypoints = walk(20)
    moved = keypoints.copy()
    moved[..., :2] = np.where(moved[..., 2:] > 0, moved[..., :2] * 3 + [500, 1000], 0)
    expected = cleaner.clean(keypoints)
    expected[..., :2] = expected[..., :2] * 3 + [500, 1000]
    np.testing.assert_allclose(cleaner.clean(moved), expected, atol=0.01)  # pixels


def test_missing_joints_are_filled_or_stay_missing():
    keypoints = walk(30, missing=0)
    keypoints[10:12, 3] = 0  # a short gap
    keypoints[:, 5] = 0  # never seen
    keypoints[12:, 7] = 0  # gone after a while
    cleaned = MotionCleaner(Mean(), window=WINDOW).clean(keypoints)
    seen = cleaned[..., 2] > 0
    assert seen[:, 3].all()
    assert (cleaned[:, 5] == 0).all()
    # The last frame that has joint 7 is frame 11, and 4 frames later the network doesn't see it any more.
    assert seen[:, 7].tolist() == [True] * 16 + [False] * 14
    np.testing.assert_allclose(cleaned[10, 3, 2], np.mean(keypoints[[9, 12], 3, 2]), atol=0.2)


def test_nobody_and_nothing(network):
    cleaner = MotionCleaner(network, window=WINDOW)
    np.testing.assert_array_equal(cleaner.clean(np.zeros((8, 17, 3))), np.zeros((8, 17, 3)))
    assert cleaner.clean(np.zeros((0, 17, 3))).shape == (0, 17, 3)


def test_image_normalization_needs_the_size(network):
    cleaner = MotionCleaner(network, "image", WINDOW)
    assert cleaner.clean(walk(9), (240, 320)).shape == (9, 17, 3)
    with pytest.raises(ValueError, match="The picture's size"):
        cleaner.clean(walk(9))


def test_live_with_all_the_look_ahead_sees_all_that_a_window_sees():
    keypoints = walk(25, missing=0)
    cleaner = CausalMotionCleaner(Mean(), lookahead=MARGIN, window=1)
    given = [clean for clean in map(cleaner.push, keypoints) if clean is not None] + cleaner.flush()
    np.testing.assert_allclose(given, MotionCleaner(Mean(), window=1).clean(keypoints), atol=1e-4)


@pytest.mark.parametrize("lookahead", [0, 2, MARGIN])
@pytest.mark.parametrize("frames", [1, 3, 25])
def test_live_gives_every_frame_once_and_sees_no_later_ones(lookahead, frames):
    keypoints = walk(frames, missing=0)
    cleaner = CausalMotionCleaner(Middle(), lookahead, window=3)
    pushed = [cleaner.push(frame) for frame in keypoints]
    assert [clean is None for clean in pushed] == [number < lookahead for number in range(frames)]
    given = [clean for clean in pushed if clean is not None] + cleaner.flush()
    np.testing.assert_allclose(given, keypoints, atol=1e-4)
    assert cleaner.flush() == []


def test_live_without_look_ahead_repeats_the_last_frame():
    keypoints = np.zeros((12, 17, 3), np.float32)
    keypoints[..., 2] = 1
    keypoints[:, 1:, 1] = 100
    keypoints[10:, :, 0] = 90
    cleaner = CausalMotionCleaner(Mean(), lookahead=0, window=1)
    *_, before, jump, after = [cleaner.push(frame)[0, 0] for frame in keypoints]
    # At frame 10, five of the nine frames that the network sees are frame 10 or repeat it; then six.
    np.testing.assert_allclose([before, jump, after], [0, 90 * 5 / 9, 90 * 6 / 9], atol=1e-4)


def test_live_starts_again_after_a_flush(network):
    keypoints = walk(12)
    cleaner = CausalMotionCleaner(network, 2, window=WINDOW)
    runs = []
    for _ in range(2):
        pushed = [cleaner.push(frame) for frame in keypoints]
        runs.append(np.stack([clean for clean in pushed if clean is not None] + cleaner.flush()))
    np.testing.assert_array_equal(*runs)


def test_wrong_arguments(network):
    for lookahead in (-1, NETWORK_MARGIN + 1, 2.0, True):
        with pytest.raises(ValueError, match=f"of 0 to {NETWORK_MARGIN} whole frames .* Received: {lookahead}"):
            CausalMotionCleaner(network, lookahead)
    for window in (0, 1.5, True):
        with pytest.raises(ValueError, match=f"window must be a whole number of frames from 1. Received: {window}"):
            MotionCleaner(network, window=window)
    with pytest.raises(ValueError, match="one of person, image. Received: 'body'"):
        MotionCleaner(network, "body")
    with pytest.raises(ValueError, match="A motion extractor of 17 joints is expected. Received: Dense"):
        MotionCleaner(tf.keras.layers.Dense(1))
    with pytest.raises(ValueError, match=r"\[frames, 17, 3\] are expected. Received: shape \(17, 3\)"):
        MotionCleaner(network).clean(np.zeros((17, 3)))
    with pytest.raises(ValueError, match=r"Keypoints of one frame, .* Received: shape \(1, 17, 3\)"):
        CausalMotionCleaner(network, 0).push(np.zeros((1, 17, 3)))


def test_the_real_network_takes_short_recordings():
    model = MotionExtractor(filters=4, hidden=4)
    cleaned = MotionCleaner(model).clean(walk(3))
    assert model.receptive_field == 81
    assert cleaned.shape == (3, 17, 3)
    assert np.isfinite(cleaned).all()
