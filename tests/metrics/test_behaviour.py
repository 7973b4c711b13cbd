"""Every metric puts pictures in the order in which they were spoiled, and masked ones don't see the background."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from gfla_tf.metrics import (
    SSIM_VARIANTS,
    FeatureStatistics,
    LpipsNetwork,
    frechet_distance,
    kernel_distance,
    l1,
    lpips,
    person_mask,
    psnr,
    ssim,
)
from gfla_tf.metrics.network_weights import head_shapes
from gfla_tf.metrics.networks import parameter_shapes
from gfla_tf.pose.skeletons import SKELETONS
from gfla_tf.stand_in import stand_in_input, stand_in_state

HEIGHT, WIDTH = 64, 56


def make_pictures(count):
    """Smooth shades with sharp edges and fine stripes."""
    shades = stand_in_input("shades", (count, HEIGHT, WIDTH, 3))
    stripes = 0.2 * np.sign(np.sin(np.arange(WIDTH)[:, None] * [0.9, 1.1, 1.3]))
    return np.clip(np.where(shades > 0, shades + 0.3, shades - 0.3) * 0.7 + stripes, -1, 1).astype(np.float32)


PICTURES = make_pictures(16)
NOISE = np.random.default_rng(9).normal(size=PICTURES.shape).astype(np.float32)


def noisy(pictures, step):
    return np.clip(pictures + [0, 0.1, 0.3, 0.9][step] * NOISE[: len(pictures)], -1, 1).astype(np.float32)


def blurred(pictures, step):
    sigma = [0, 0.6, 1.2, 2.4][step]
    return ndimage.gaussian_filter(pictures, (0, sigma, sigma, 0), mode="nearest")


def shifted(pictures, step):
    return pictures[:, :, np.maximum(np.arange(WIDTH) - [0, 1, 2, 3][step], 0)]


def posed(pictures, step):
    """The pictures with somebody in front, whose arms and legs are turned by so many degrees."""
    angle = np.radians([0, 10, 25, 50][step])
    rows, columns = np.mgrid[:HEIGHT, :WIDTH]
    body = (np.abs(columns - 28) < 4) & (rows > 6) & (rows < 38)
    for top, length, side in ((16, 20, -1), (16, 20, 1), (34, 24, -1), (34, 24, 1)):
        across, down = columns - 28, rows - top
        along = across * side * np.sin(angle) + down * np.cos(angle)
        aside = across * np.cos(angle) - down * side * np.sin(angle)
        body |= (np.abs(aside) < 3) & (along > 0) & (along < length)
    return np.where(body[..., np.newaxis], np.float32([0.9, -0.2, -0.7]), pictures).astype(np.float32)


def make_network(name):
    heads = {key: np.abs(array) for key, array in stand_in_state(head_shapes(name)).items()}
    return LpipsNetwork(name, {**stand_in_state(parameter_shapes(name)), **heads})


NETWORKS = {name: make_network(name) for name in ("alexnet", "vgg16")}

# Larger is worse; what equal pictures have comes first.
PAIR_METRICS = {
    "l1": (0, l1),
    "psnr": (-np.inf, lambda *pair, mask=None: -psnr(*pair, mask)),
    **{
        variant: (-1, lambda *pair, mask=None, variant=variant: -ssim(*pair, variant, mask=mask))
        for variant in SSIM_VARIANTS
    },
    **{
        f"lpips of {name}": (0, lambda *pair, mask=None, network=network: lpips(*pair, network, mask))
        for name, network in NETWORKS.items()
    },
}


@pytest.mark.parametrize("spoil", [noisy, blurred, shifted])
@pytest.mark.parametrize("name", PAIR_METRICS)
def test_worse_pictures_score_worse(name, spoil):
    best, metric = PAIR_METRICS[name]
    pictures = PICTURES[:2]
    values = np.array([metric(pictures, spoil(pictures, step)) for step in range(4)])
    np.testing.assert_allclose(values[0], best, atol=1e-6)
    assert np.all(np.diff(values, axis=0) > 0), values


@pytest.mark.parametrize("name", PAIR_METRICS)
def test_worse_poses_score_worse(name):
    best, metric = PAIR_METRICS[name]
    target = posed(PICTURES[:2], 0)
    values = np.array([metric(target, posed(PICTURES[:2], step)) for step in range(4)])
    np.testing.assert_allclose(values[0], best, atol=1e-6)
    assert np.all(np.diff(values, axis=0) > 0), values


@pytest.mark.parametrize("spoil", [noisy, blurred, shifted, posed])
def test_worse_sets_are_farther_away(spoil):
    features = [NETWORKS["alexnet"].features.pooled(spoil(PICTURES, step)) for step in range(4)]
    statistics = [FeatureStatistics.of(values) for values in features]
    frechet = [frechet_distance(statistics[0], other) for other in statistics]
    kernel = [kernel_distance(features[0], other) for other in features]
    assert frechet[0] < 1e-6 < frechet[1]
    assert np.all(np.diff(frechet) > 0), frechet
    assert np.all(np.diff(kernel) > 0), kernel


def make_mask():
    """Of one person, for two pictures."""
    keypoints = np.zeros((2, 18, 3), np.float32)
    for joint, point in {"nose": (28, 10), "neck": (28, 18), "right_hip": (22, 36), "right_knee": (22, 50)}.items():
        keypoints[:, SKELETONS["openpose-18"].joints.index(joint)] = (*point, 1)
    return person_mask(keypoints, HEIGHT, WIDTH)


@pytest.mark.parametrize("name", PAIR_METRICS)
def test_masked_metrics_ignore_the_background(name):
    _, metric = PAIR_METRICS[name]
    mask, target, generated = make_mask(), PICTURES[:2], noisy(PICTURES[:2], 1)
    other_background = np.where(mask > 0, generated, PICTURES[2:4])
    other_person = np.where(mask > 0, PICTURES[2:4], generated)
    assert 0.05 < mask.mean() < 0.6
    value = metric(target, generated, mask=mask)
    np.testing.assert_array_equal(metric(target, other_background, mask=mask), value)
    assert np.all(metric(target, other_person, mask=mask) > value)
    assert np.all(metric(target, other_background) > metric(target, generated))
