"""SSIM: literal numbers, one window by hand, scikit-image's and TensorFlow's values, the variants."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from gfla_tf.metrics import SSIM_VARIANTS, ssim
from gfla_tf.stand_in import stand_in_input

SIZE = (2, 56, 64, 3)
TARGET = stand_in_input("target", SIZE)
IMAGES = np.clip(0.7 * TARGET + 0.3 * stand_in_input("image", SIZE), -1, 1)
MASK = np.zeros((2, 56, 64, 1), np.float32)
MASK[:, 10:50, 20:40] = 1.0
SCIKIT_ARGUMENTS = {
    "gaussian-1.5": {"gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False},
    "gaussian-1.2": {"gaussian_weights": True, "sigma": 1.2, "use_sample_covariance": False},
    "uniform-51": {"win_size": 51},
}


def scikit_values(target, images, variant, data_range=None):
    """Of each picture; without a range that of the judged picture."""
    metrics = pytest.importorskip("skimage.metrics")
    return [
        metrics.structural_similarity(
            one.astype(np.float64),
            other.astype(np.float64),
            data_range=data_range or float(other.max()) - float(other.min()),
            channel_axis=-1,
            **SCIKIT_ARGUMENTS[variant],
        )
        for one, other in zip(target, images, strict=True)
    ]


@pytest.mark.parametrize("variant", SSIM_VARIANTS)
def test_flat_pictures(variant):
    flat = np.full((1, 60, 52, 3), 0.5, np.float32)
    value = ssim(flat, 0 * flat, variant)
    if variant == "uniform-51-padded":
        assert value > 0.0004 / 0.2504  # the margins are equal
    else:
        np.testing.assert_allclose(value, [0.0004 / 0.2504], rtol=1e-5)


def test_one_window_by_hand():
    x, y = (image[0, :11, :11].astype(np.float64) for image in (TARGET, IMAGES))
    distance = np.arange(-5, 6)
    weights = np.exp(-(distance[:, None] ** 2 + distance**2) / 4.5)
    weights /= weights.sum()
    similarities = []
    for a, b in zip(np.moveaxis(x, -1, 0), np.moveaxis(y, -1, 0), strict=True):
        mean_a, mean_b = (weights * a).sum(), (weights * b).sum()
        variance_a, variance_b = (weights * (a - mean_a) ** 2).sum(), (weights * (b - mean_b) ** 2).sum()
        covariance = (weights * (a - mean_a) * (b - mean_b)).sum()
        luminance = (2 * mean_a * mean_b + 0.0004) / (mean_a**2 + mean_b**2 + 0.0004)
        similarities.append(luminance * (2 * covariance + 0.0036) / (variance_a + variance_b + 0.0036))
    np.testing.assert_allclose(ssim(TARGET[:1, :11, :11], IMAGES[:1, :11, :11]), [np.mean(similarities)], rtol=1e-6)


@pytest.mark.parametrize("variant", SCIKIT_ARGUMENTS)
def test_equals_scikit_image(variant):
    np.testing.assert_allclose(ssim(TARGET, IMAGES, variant), scikit_values(TARGET, IMAGES, variant, 2.0), atol=1e-6)
    narrow = IMAGES * np.array([0.3, 1.0], np.float32)[:, None, None, None]  # each picture has its own range
    np.testing.assert_allclose(
        ssim(TARGET, narrow, variant, "generated"), scikit_values(TARGET, narrow, variant), atol=1e-6
    )


def test_white_columns_left_and_right():
    padded = [np.pad(one, ((0, 0), (0, 0), (40, 40), (0, 0)), constant_values=1) for one in (TARGET, IMAGES)]
    expected = scikit_values(*padded, "uniform-51", 2.0)
    np.testing.assert_allclose(ssim(TARGET, IMAGES, "uniform-51-padded"), expected, atol=1e-6)


def test_equals_tensorflow():
    expected = tf.image.ssim((TARGET + 1) / 2, (IMAGES + 1) / 2, max_val=1.0)
    shifted = ssim((TARGET + 1) / 2, (IMAGES + 1) / 2, data_range=1.0)
    np.testing.assert_allclose(shifted, expected, atol=1e-4)  # TensorFlow's in float32


@pytest.mark.parametrize("data_range", [2.0, "generated"])
@pytest.mark.parametrize("variant", SSIM_VARIANTS)
def test_equal_pictures(variant, data_range):
    flat = np.zeros((1, 56, 64, 3), np.float32)
    np.testing.assert_allclose(ssim(TARGET, TARGET, variant, data_range), [1, 1], rtol=1e-6)
    np.testing.assert_allclose(ssim(flat, flat, variant, data_range), [1], rtol=1e-6)


def test_a_mask_multiplies_both_pictures():
    expected = ssim(TARGET * MASK, IMAGES * MASK)
    np.testing.assert_array_equal(ssim(TARGET, IMAGES, mask=MASK), expected)
    assert np.all(expected > ssim(TARGET, IMAGES))


def test_errors():
    with pytest.raises(ValueError, match="variant must be one of gaussian-1.5, gaussian-1.2, .* Received: 'gaussian'"):
        ssim(TARGET, IMAGES, "gaussian")
    for data_range in (0, "full"):
        with pytest.raises(ValueError, match='data_range must be a positive number or "generated"'):
            ssim(TARGET, IMAGES, data_range=data_range)
    with pytest.raises(
        ValueError, match=r"uniform-51 needs pictures of at least 51 x 51 pixels. Received: \(2, 50, 64"
    ):
        ssim(TARGET[:, :50], IMAGES[:, :50], "uniform-51")
