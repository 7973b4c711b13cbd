"""SSIM: literal numbers, one window by hand, loops, scikit-image's and TensorFlow's values, the variants."""

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
    """Of each picture, in [0, 1] as published tables have it; a range of [-1, 1], without one the judged picture's."""
    metrics = pytest.importorskip("skimage.metrics", reason="needs the extra [references]")
    return [
        metrics.structural_similarity(
            (one.astype(np.float64) + 1) / 2,
            (other.astype(np.float64) + 1) / 2,
            data_range=(data_range or float(other.max()) - float(other.min())) / 2,
            channel_axis=-1,
            **SCIKIT_ARGUMENTS[variant],
        )
        for one, other in zip(target, images, strict=True)
    ]


@pytest.mark.parametrize("variant", SSIM_VARIANTS)
def test_flat_pictures(variant):
    """Three quarters of white and a half: 0.75 and 0.5 in [0, 1]."""
    flat, expected = np.full((1, 60, 52, 3), 0.5, np.float32), (0.75 + 0.0001) / (0.75**2 + 0.5**2 + 0.0001)
    if variant.endswith("-padded"):  # the margins are equal, and edges stand beside them
        expected = slow_ssim(flat[0], 0 * flat[0], variant, 2.0)
    np.testing.assert_allclose(ssim(flat, 0 * flat, variant), [expected], rtol=1e-5)


def test_convention_black_is_0():
    """Grey next to grey is alike, black next to grey is not; in [-1, 1] it would be the other way round."""
    black, grey, lighter = (np.full((1, 11, 13, 3), value, np.float32) for value in (-1, 0, 0.1))
    np.testing.assert_allclose(ssim(grey, lighter), [(2 * 127.5 * 140.25 + 2.55**2) / (127.5**2 + 140.25**2 + 2.55**2)])
    np.testing.assert_allclose(ssim(black, grey), [2.55**2 / (127.5**2 + 2.55**2)], rtol=1e-5)


# Side of the window, sigma (None for a uniform one), and columns of white: written down again, and not read from ssim.
WINDOWS = {
    "gaussian-1.5": (11, 1.5, 0),
    "gaussian-1.5-padded": (11, 1.5, 40),
    "gaussian-1.2": (9, 1.2, 0),
    "uniform-51": (51, None, 0),
    "uniform-51-padded": (51, None, 40),
}


def slow_ssim(target, image, variant, data_range):
    """Of one picture, window by window and in two passes: first means, then products of what is left."""
    side, sigma, margin = WINDOWS[variant]
    margins = ((0, 0), (margin, margin), (0, 0))
    x, y = (np.pad((np.float64(one) + 1) * 127.5, margins, constant_values=255) for one in (target, image))
    data_range = y.max() - y.min() if data_range == "generated" else 127.5 * data_range
    distance = np.arange(side) - side // 2
    squares = distance[:, None] ** 2 + distance**2
    weights = np.ones((side, side)) if sigma is None else np.exp(-squares / (2 * sigma**2))
    weights /= weights.sum()
    bessel = side**2 / (side**2 - 1) if sigma is None else 1
    similarities = []
    for row in range(x.shape[0] - side + 1):
        for column in range(x.shape[1] - side + 1):
            a, b = (one[row : row + side, column : column + side].reshape(-1, 3) for one in (x, y))
            w = weights.reshape(-1)
            mean_a, mean_b = w @ a, w @ b
            variance_a, variance_b = bessel * (w @ (a - mean_a) ** 2), bessel * (w @ (b - mean_b) ** 2)
            covariance = bessel * (w @ ((a - mean_a) * (b - mean_b)))
            first, second = (0.01 * data_range) ** 2, (0.03 * data_range) ** 2
            similarity = (2 * mean_a * mean_b + first) * (2 * covariance + second)
            similarities.append(similarity / ((mean_a**2 + mean_b**2 + first) * (variance_a + variance_b + second)))
    return np.mean(similarities)


@pytest.mark.parametrize("data_range", [2.0, "generated"])
@pytest.mark.parametrize("variant", SSIM_VARIANTS)
def test_equals_loops_over_windows(variant, data_range):
    side = WINDOWS[variant][0]
    target, image = (one[:, : side + 1, : max(side + 1, 16)] for one in (TARGET, 0.8 * IMAGES + 0.1))
    expected = [slow_ssim(*pair, variant, data_range) for pair in zip(target, image, strict=True)]
    np.testing.assert_allclose(ssim(target, image, variant, data_range), expected, atol=1e-6)


def test_one_window_by_hand():
    x, y = (image[0, :11, :11].astype(np.float64) + 1 for image in (TARGET, IMAGES))
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


@pytest.mark.parametrize("variant", ["gaussian-1.5", "uniform-51"])
def test_white_columns_left_and_right(variant):
    padded = [np.pad(one, ((0, 0), (0, 0), (40, 40), (0, 0)), constant_values=1) for one in (TARGET, IMAGES)]
    np.testing.assert_allclose(
        ssim(TARGET, IMAGES, f"{variant}-padded"), scikit_values(*padded, variant, 2.0), atol=1e-6
    )
    narrow = [padded[0], np.concatenate([padded[1][..., :40, :], 0.3 * IMAGES, padded[1][..., :40, :]], axis=2)]
    np.testing.assert_allclose(
        ssim(TARGET, 0.3 * IMAGES, f"{variant}-padded", "generated"), scikit_values(*narrow, variant), atol=1e-6
    )


def test_equals_tensorflow():
    expected = tf.image.ssim((TARGET + 1) / 2, (IMAGES + 1) / 2, max_val=1.0)
    np.testing.assert_allclose(ssim(TARGET, IMAGES), expected, atol=1e-4)  # TensorFlow's in float32


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
    for data_range in (0, "full", None):
        with pytest.raises(ValueError, match='data_range must be a positive number or "generated"'):
            ssim(TARGET, IMAGES, data_range=data_range)
    with pytest.raises(
        ValueError, match=r"uniform-51 needs pictures of at least 51 x 51 pixels. Received: \(2, 50, 64"
    ):
        ssim(TARGET[:, :50], IMAGES[:, :50], "uniform-51")
