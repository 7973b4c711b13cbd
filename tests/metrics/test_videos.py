"""Flicker, and the distance of videos' features."""

from __future__ import annotations

import numpy as np
import pytest

from gfla_tf.metrics import FeatureStatistics, feature_distance, flicker, frechet_distance
from gfla_tf.stand_in import stand_in_input

HEIGHT, WIDTH, FRAMES = 20, 28, 5


def moving_video():
    """A texture that moves by 2 pixels to the right and 1 down a frame, and the exact flow to the frame before."""
    texture = stand_in_input("texture", (HEIGHT + 8, WIDTH + 12, 3))
    frames = [texture[8 - t : 8 - t + HEIGHT, 12 - 2 * t : 12 - 2 * t + WIDTH] for t in range(FRAMES)]
    flows = np.broadcast_to(np.float32([-2, -1]), (1, FRAMES - 1, HEIGHT, WIDTH, 2))
    visible = np.zeros((1, FRAMES - 1, HEIGHT, WIDTH, 1), np.float32)
    visible[:, :, 1:, 2:] = 1
    return np.stack(frames)[np.newaxis], flows, visible


VIDEO, FLOWS, VISIBLE = moving_video()


def test_convention_flow_leads_to_the_frame_before():
    """A white pixel at x 4, y 1 goes to x 6, y 2: its flow is (-2, -1), and it does not flicker."""
    video = np.full((1, 2, 8, 12, 3), -1, np.float32)
    video[0, 0, 1, 4], video[0, 1, 2, 6] = 1, 1
    flows = np.zeros((1, 1, 8, 12, 2), np.float32)
    visible = np.zeros((1, 1, 8, 12, 1), np.float32)
    visible[0, 0, 2, 6] = 1
    flows[0, 0, 2, 6] = (-2, -1)
    assert flicker(video, flows, visible) == 0
    flows[0, 0, 2, 6] = (-1, -2)
    assert flicker(video, flows, visible) == 2


def test_motion_is_no_flicker_and_only_what_is_visible_counts():
    np.testing.assert_allclose(flicker(VIDEO, FLOWS, VISIBLE), [0], atol=1e-6)
    assert flicker(VIDEO, np.zeros_like(FLOWS), VISIBLE)[0] > 0.05
    assert flicker(VIDEO, FLOWS, np.ones_like(VISIBLE))[0] > 1e-3  # a new border
    assert np.isnan(flicker(VIDEO, FLOWS, np.zeros_like(VISIBLE)))


def test_a_mean_by_hand():
    """Every other frame is brighter by 0.3; a frame that is half visible counts half."""
    video = np.zeros((2, 3, 4, 6, 3), np.float32)
    video[:, 1] += 0.3
    video[1, 2] += 0.9
    flows, visible = np.zeros((2, 2, 4, 6, 2), np.float32), np.ones((2, 2, 4, 6, 1), np.float32)
    visible[:, 1] = 0.5
    np.testing.assert_allclose(flicker(video, flows, visible), [0.3, (0.3 + 0.5 * 0.6) / 1.5], rtol=1e-5)


def test_more_noise_flickers_more():
    noise = np.random.default_rng(0).normal(size=VIDEO.shape).astype(np.float32)
    values = [float(flicker(np.clip(VIDEO + step * noise, -1, 1), FLOWS, VISIBLE)[0]) for step in (0, 0.05, 0.1, 0.3)]
    assert np.all(np.diff(values) > 0)


def test_feature_distance_by_hand():
    np.testing.assert_allclose(feature_distance([[0, 0], [1, 1]], [[3, 4], [1, 1]]), [5, 0])


def test_the_frechet_distance_grows_with_the_features_noise():
    random = np.random.default_rng(1)
    real = random.normal(size=(30, 8))
    noise = random.normal(size=(30, 8))
    distances = [
        frechet_distance(FeatureStatistics.of(real), FeatureStatistics.of(real + step * noise)) for step in (0, 1, 2, 4)
    ]
    assert distances[0] < 1e-9
    assert np.all(np.diff(distances) > 0)


def test_errors():
    with pytest.raises(ValueError, match=r"of at least 2 frames.* Received: \(1, 1, 20, 28, 3\)"):
        flicker(VIDEO[:, :1], FLOWS[:, :0], VISIBLE[:, :0])
    with pytest.raises(ValueError, match=r"all frames but the first.* Received: .*\(1, 3, 20, 28, 2\)"):
        flicker(VIDEO, FLOWS[:, 1:], VISIBLE)
    with pytest.raises(ValueError, match=r"of the same videos are expected. Received: \(2, 3\), \(1, 3\)"):
        feature_distance(np.zeros((2, 3)), np.zeros((1, 3)))
