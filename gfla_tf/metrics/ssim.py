"""SSIM, the structural similarity, with the windows that published tables use.

For each window of the two pictures x and y, and each colour channel:

    ((2 mx my + C1) (2 cxy + C2)) / ((mx^2 + my^2 + C1) (vx + vy + C2)),  C1 = (0.01 R)^2,  C2 = (0.03 R)^2

with means m, variances v and covariance c weighted by the window, and R the range of values; then the mean over windows
that lie wholly inside the picture, and over channels. Black is 0 here, as in pictures of 0..255, not the middle grey of
[-1, 1]: the ratio of means depends on it. Values are those of scikit-image's `structural_similarity` for the same
pictures in [0, 1] or 0..255, with the settings named here. Numbers of different variants can't be compared with each
other.

| variant | window | (co)variances | scikit-image's arguments |
|---|---|---|---|
| "gaussian-1.5" | Gaussian, sigma 1.5, 11 x 11 | of the population | gaussian_weights, not use_sample_covariance |
| "gaussian-1.2" | Gaussian, sigma 1.2, 9 x 9 | of the population | the same with sigma=1.2 |
| "uniform-51" | uniform, 51 x 51 | of a sample, n / (n - 1) | win_size=51 |
| "...-padded" of 1.5 and 51 | the same, after 40 columns of white left and right | the same | the same |

"gaussian-1.5" is the definition of Wang et al. and the default. "uniform-51" is meant for pictures of 256 x 256, and
the padding brings DeepFashion's 256 x 176 crops back to that size: margins are equal in both pictures, and score 1.

Reference: Wang, Bovik, Sheikh and Simoncelli, "Image quality assessment: from error visibility to structural
similarity", IEEE TIP 2004.
"""

from __future__ import annotations

from dataclasses import dataclass
from numbers import Real

import numpy as np
import tensorflow as tf

from gfla_tf.layers.primitives import register
from gfla_tf.metrics.arguments import checked_pair, masked
from gfla_tf.metrics.image_metric import ImageMetric

__all__ = ["SSIM", "SSIM_VARIANTS", "SsimVariant", "ssim"]

BLACK, WHITE = -1.0, 1.0
GREY_LEVEL = 2.0 / 255.0


@dataclass(frozen=True)
class SsimVariant:
    """A row of the module's table.

    Attributes:
        size: of the square window, in pixels, odd.
        sigma: of the Gaussian, in pixels; None for a uniform window.
        sample_covariance: whether (co)variances are multiplied by n / (n - 1), n being the window's pixels.
        white_columns: added left and right before.
    """

    size: int
    sigma: float | None = None
    sample_covariance: bool = False
    white_columns: int = 0

    def weights(self) -> np.ndarray:
        """The window along one axis, `[size]`, of sum 1; the window is its product with itself."""
        if self.sigma is None:
            return np.full(self.size, 1.0 / self.size)
        weights = np.exp(-0.5 * ((np.arange(self.size) - self.size // 2) / self.sigma) ** 2)
        return weights / weights.sum()

    def covariance_factor(self) -> float:
        """What weighted (co)variances are multiplied by."""
        return self.size**2 / (self.size**2 - 1.0) if self.sample_covariance else 1.0


SSIM_VARIANTS = {
    "gaussian-1.5": SsimVariant(11, 1.5),
    "gaussian-1.2": SsimVariant(9, 1.2),
    "uniform-51": SsimVariant(51, sample_covariance=True),
    "gaussian-1.5-padded": SsimVariant(11, 1.5, white_columns=40),
    "uniform-51-padded": SsimVariant(51, sample_covariance=True, white_columns=40),
}


def ssim(target_images, images, variant: str = "gaussian-1.5", data_range: float | str = 2.0, mask=None) -> tf.Tensor:
    """Structural similarity of each picture, computed in float64.

    Args:
        target_images: the true pictures, `[batch, height, width, 3]` in [-1, 1].
        images: the pictures to judge.
        variant: see the module's table.
        data_range: R, 2 for pictures in [-1, 1] (what is 1 in [0, 1] and 255 in 0..255), or "generated" for the
            difference between each judged picture's brightest and darkest value, white margins included, as some
            tables have it.
        mask: `[batch, height, width, 1]` in [0, 1]; both pictures are multiplied by it, so that the background is the
            same grey in both, and scores high (mask-SSIM). Best from `person_mask`.

    Returns:
        `[batch]`, float32, at most 1, which equal pictures have.

    Raises:
        ValueError: if an argument is not as described, or pictures are smaller than the window.
    """
    _check_settings(variant, data_range)
    settings = SSIM_VARIANTS[variant]
    pair = [masked(one, mask) - BLACK for one in checked_pair(target_images, images, tf.float64)]
    margin = [settings.white_columns] * 2
    target, image = (tf.pad(one, [[0, 0], [0, 0], margin, [0, 0]], constant_values=WHITE - BLACK) for one in pair)
    if any(length is not None and length < settings.size for length in image.shape[1:3]):
        size = settings.size
        raise ValueError(f"{variant} needs pictures of at least {size} x {size} pixels. Received: {image.shape}.")
    values_range = _range_of(image) if data_range == "generated" else tf.constant(data_range, tf.float64)
    return tf.cast(tf.reduce_mean(_similarities(target, image, settings, values_range), axis=[1, 2, 3]), tf.float32)


def _check_settings(variant: str, data_range: float | str) -> None:
    if variant not in SSIM_VARIANTS:
        raise ValueError(f"variant must be one of {', '.join(SSIM_VARIANTS)}. Received: {variant!r}.")
    if data_range != "generated" and not (isinstance(data_range, Real) and data_range > 0):
        raise ValueError(f'data_range must be a positive number or "generated". Received: {data_range!r}.')


def _similarities(target: tf.Tensor, image: tf.Tensor, settings: SsimVariant, values_range: tf.Tensor) -> tf.Tensor:
    """The module's formula for each window and channel."""
    weights, factor = settings.weights(), settings.covariance_factor()
    first, second = tf.square(0.01 * values_range), tf.square(0.03 * values_range)
    products = [target, image, target * target, image * image, target * image]
    mean_x, mean_y, mean_xx, mean_yy, mean_xy = tf.split(_window_means(tf.concat(products, axis=0), weights), 5)
    variances = factor * (mean_xx + mean_yy - mean_x**2 - mean_y**2)
    covariance = factor * (mean_xy - mean_x * mean_y)
    similarity = (2.0 * mean_x * mean_y + first) * (2.0 * covariance + second)
    return similarity / ((mean_x**2 + mean_y**2 + first) * (variances + second))


def _window_means(images: tf.Tensor, weights: np.ndarray) -> tf.Tensor:
    """Weighted means over all windows inside the pictures, along one axis after the other."""
    for shape in ((-1, 1, 1, 1), (1, -1, 1, 1)):
        kernel = tf.tile(tf.constant(weights.reshape(shape), images.dtype), [1, 1, 3, 1])
        images = tf.nn.depthwise_conv2d(images, kernel, [1, 1, 1, 1], "VALID")
    return images


def _range_of(images: tf.Tensor) -> tf.Tensor:
    """Brightest minus darkest value of each picture, `[batch, 1, 1, 1]`, at least one grey level of 8 bits."""
    axes = [1, 2, 3]
    values_range = tf.reduce_max(images, axes, keepdims=True) - tf.reduce_min(images, axes, keepdims=True)
    return tf.maximum(values_range, tf.constant(GREY_LEVEL, images.dtype))


@register
class SSIM(ImageMetric):
    """`ssim` as a streaming Keras metric.

    Args:
        variant: see the module's table.
        data_range: see `ssim`.
        name: of the metric.
        **kwargs: dtype, as every Keras metric has it.
    """

    def __init__(self, variant: str = "gaussian-1.5", data_range: float | str = 2.0, name: str | None = None, **kwargs):
        super().__init__(name=name, **kwargs)
        _check_settings(variant, data_range)
        self.variant = variant
        self.data_range = data_range

    def per_image(self, target_images, images, mask=None) -> tf.Tensor:
        return ssim(target_images, images, self.variant, self.data_range, mask)

    def get_config(self) -> dict:
        return {**super().get_config(), "variant": self.variant, "data_range": self.data_range}
