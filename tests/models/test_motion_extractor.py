from __future__ import annotations

import numpy as np
import pytest
from helpers.tiny_models import tiny

from gfla_tf.models import MotionExtractor
from gfla_tf.models.motion_extractor import smoothing_weights
from gfla_tf.weights import parameters


@pytest.fixture(scope="module")
def model() -> MotionExtractor:
    return tiny("motion")


def noise(time: int, channels: int = 34, batch: int = 2) -> np.ndarray:
    return np.random.default_rng(0).uniform(-1, 1, (batch, time, channels)).astype(np.float32)


@pytest.mark.parametrize(("blocks", "frames"), [(1, 9), (2, 27), (3, 81)])
def test_receptive_field(blocks, frames):
    assert MotionExtractor(blocks=blocks).receptive_field == frames


@pytest.mark.parametrize("time", [81, 82, 110])
def test_output_length(model, time):
    assert model(noise(time)).shape == (2, time - 80, 34)


def test_shapes_of_other_sizes():
    small = MotionExtractor(joints=5, filters=8, blocks=2, hidden=8)
    assert small(noise(30, 10)).shape == (2, 4, 10)


@pytest.mark.parametrize(
    ("shape", "received"),
    [
        ((2, 80, 34), r"\(2, 80, 34\)"),
        ((2, 0, 34), r"\(2, 0, 34\)"),
        ((2, 90, 51), r"\(2, 90, 51\)"),
        ((90, 34), r"\(90, 34\)"),
        ((2, 90, 17, 2), r"\(2, 90, 17, 2\)"),
    ],
)
def test_wrong_shapes(model, shape, received):
    message = r"Joints of shape \[batch, time, 34\] with at least 81 frames are expected; repeat the end frames of a "
    with pytest.raises(ValueError, match=message + rf"shorter clip. Received: {received}"):
        model(np.zeros(shape, np.float32))


def test_a_frame_sees_81_frames_besides_the_clip_as_a_whole():
    # The norms and the clip's vector see everything; without them a frame would see no further than 40 frames.
    model = tiny("motion")
    clip = noise(121, batch=1)
    far, near = clip.copy(), clip.copy()
    far[0, 100:] += 0.5
    near[0, 60] += 0.5
    first = np.asarray(model(clip))[0, 20]  # looks at frames 20 to 100
    assert np.abs(np.asarray(model(near))[0, 20] - first).max() > 1e-3


def test_dropout_only_in_training(model):
    clip = noise(85)
    np.testing.assert_array_equal(model(clip), model(clip, training=False))
    assert np.abs(model(clip, training=True) - model(clip)).max() > 1e-3
    steady = tiny("motion", dropout=0.0)
    np.testing.assert_allclose(steady(clip, training=True), steady(clip), atol=1e-6)


def test_a_residual_extractor_begins_with_the_joints_as_they_are():
    model = MotionExtractor(joints=5, filters=8, blocks=2, hidden=8, residual=True)
    clip = noise(30, 10)
    np.testing.assert_array_equal(model(clip), clip[:, 13:17])  # 27 frames see one: 13 on either side are lost
    model.shrink.bias.assign(np.arange(10.0))
    np.testing.assert_allclose(model(clip), clip[:, 13:17] + np.arange(10.0), rtol=1e-6)
    assert MotionExtractor.from_config(model.get_config()).residual


def test_dropout_from_a_seed(model):
    clip, seeds = noise(85), [np.array(seed, np.int32) for seed in ((1, 2), (1, 3))]
    first, again, other = (np.asarray(model(clip, training=True, seed=seed)) for seed in (seeds[0], *seeds))
    np.testing.assert_array_equal(first, again)
    assert np.abs(first - other).max() > 1e-3
    np.testing.assert_array_equal(model(clip, seed=seeds[0]), model(clip))


def test_without_the_clip_s_vector_the_norms_are_plain():
    model = MotionExtractor(filters=8, hidden=8, adaptive=False)
    model.build(None)
    assert model(noise(85)).shape == (2, 5, 34)
    # 34 * 8 * 3; three blocks of 8 * 8 * (3 + 1); seven norms of 2 * 8; 8 * 34 + 34.
    assert model.count_params() == 816 + 768 + 112 + 306
    assert not MotionExtractor.from_config(model.get_config()).adaptive
    assert set(parameters(model)) > {"kp_input.layers_ln.5.weight", "kp_input.layers_ln.5.bias"}


def test_convention_smoothing_fits_a_parabola():
    # Savitzky and Golay's tables: (-3, 12, 17, 12, -3) / 35 for five frames, (-21, 14, 39, 54, 59, ...) / 231 for nine.
    np.testing.assert_allclose(35 * np.array(smoothing_weights(5)), [-3, 12, 17, 12, -3])
    np.testing.assert_allclose(231 * np.array(smoothing_weights(9))[:5], [-21, 14, 39, 54, 59])
    assert smoothing_weights(1) == [1]


@pytest.mark.parametrize("smoothing", [5, 9, 27])
def test_a_smoothing_extractor_begins_with_parabolas(smoothing):
    model = MotionExtractor(joints=1, filters=8, blocks=2, hidden=8, residual=True, smoothing=smoothing)
    time = np.arange(31.0, dtype=np.float32)
    clip = np.stack([time, (time - 3) ** 2 / 100], axis=-1)[np.newaxis]
    np.testing.assert_allclose(model(clip), clip[:, 13:-13], rtol=1e-4)  # exact for parabolas
    clip[0, 15, 0] += 1  # and a peak is spread over the frames around it
    weights = smoothing_weights(smoothing)
    np.testing.assert_allclose(model(clip)[0, 2, 0], 15 + weights[smoothing // 2], rtol=1e-5)
    np.testing.assert_allclose(model(clip)[0, 4, 0], 17 + weights[smoothing // 2 - 2], rtol=1e-5)


@pytest.mark.parametrize("smoothing", [0, 4, 29, -3])
def test_wrong_smoothing(smoothing):
    with pytest.raises(ValueError, match=f"odd number of frames up to the 27 that are seen. Received: {smoothing}"):
        MotionExtractor(blocks=2, smoothing=smoothing)


@pytest.mark.parametrize("calm", [0, 4, 21])
def test_wrong_calm_smoothing(calm):
    with pytest.raises(ValueError, match=f"calm_smoothing must be .* up to the 19 that are seen. Received: {calm}"):
        MotionExtractor(blocks=2, smoothing=5, calm_smoothing=calm)


def test_calm_joints_are_smoothed_over_more_frames():
    settings = {"joints": 1, "filters": 8, "blocks": 2, "hidden": 8, "residual": True}
    wide, narrow, both = (
        MotionExtractor(**settings, smoothing=frames, calm_smoothing=calm)
        for frames, calm in ((11, None), (5, None), (5, 11))
    )
    for model in (wide, narrow, both):
        model.build(None)
    noise = np.random.default_rng(0).normal(size=(1, 33, 2)).astype(np.float32)
    for size, like in ((1e-4, wide), (10.0, narrow)):
        np.testing.assert_allclose(both(size * noise), like(size * noise), rtol=0, atol=2e-3 * size)
