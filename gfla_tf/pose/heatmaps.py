"""Pose maps: keypoints drawn as Gaussians, one channel a joint, which is how the networks see a pose.

The value at pixel (x, y) of joint j is

    exp(-((x - floor(x_j))^2 + (y - floor(y_j))^2) / (2 sigma^2)),

all zeros for a missing joint (confidence not above 0, or a coordinate that is NaN). Conventions: pixels, (0, 0) the
centre of the top left pixel, the joint's coordinates rounded down; sigma is in pixels at any image size; the peak is 1.
A joint outside the image still sends the tail of its Gaussian into it.

Two implementations, tested equal: NumPy for data pipelines, TensorFlow for graphs that are exported. A Gaussian is the
product of one over x and one over y, so only (height + width) exponentials a joint are computed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import tensorflow as tf

__all__ = ["SIGMA", "pose_maps", "pose_maps_tensor", "rescale_keypoints"]

SIGMA = 6.0  # pixels, the authors', at any image size


def pose_maps(keypoints: np.ndarray, height: int, width: int, sigma: float = SIGMA) -> np.ndarray:
    """Draw pose maps in NumPy.

    Args:
        keypoints: `[..., joints, 3]` = (x, y, confidence) in pixels of the map.
        height: Of the map, in pixels.
        width: Of the map, in pixels.
        sigma: Standard deviation of the Gaussians, in pixels.

    Returns:
        float32 `[..., height, width, joints]` in [0, 1].

    Raises:
        ValueError: Keypoints of another shape, or a size or sigma that is not positive.
    """
    # float32 first, so that rounding down agrees with TensorFlow; then float64, because far coordinates get squared.
    keypoints = np.asarray(keypoints, np.float32).astype(np.float64)
    _check_arguments(keypoints.shape, height, width, sigma)
    x, y, confidence = np.moveaxis(keypoints, -1, 0)
    present = (confidence > 0) & ~np.isnan(x) & ~np.isnan(y)
    rows = _gaussian(np.where(present, y, 0), height, sigma) * present[..., np.newaxis, :]
    columns = _gaussian(np.where(present, x, 0), width, sigma)
    return rows.astype(np.float32)[..., :, np.newaxis, :] * columns.astype(np.float32)[..., np.newaxis, :, :]


def _gaussian(centers: np.ndarray, length: int, sigma: float) -> np.ndarray:
    distances = np.arange(length)[:, np.newaxis] - np.floor(centers)[..., np.newaxis, :]
    return np.exp(-np.square(distances) / (2 * sigma**2))


def pose_maps_tensor(keypoints: tf.Tensor, height: int, width: int, sigma: float = SIGMA) -> tf.Tensor:
    """Draw pose maps in TensorFlow: the same values as `pose_maps`, from ops that TFLite has built in.

    Args:
        keypoints: `[..., joints, 3]` = (x, y, confidence) in pixels of the map; the leading sizes may be unknown.
        height: Of the map, in pixels.
        width: Of the map, in pixels.
        sigma: Standard deviation of the Gaussians, in pixels.

    Returns:
        float32 `[..., height, width, joints]` in [0, 1].

    Raises:
        ValueError: Keypoints of another shape, or a size or sigma that is not positive.
    """
    import tensorflow as tf

    keypoints = tf.cast(keypoints, tf.float32)
    _check_arguments(keypoints.shape, height, width, sigma)
    x, y, confidence = keypoints[..., 0], keypoints[..., 1], keypoints[..., 2]
    # A NaN is the only number that differs from itself; TFLite has no is_nan.
    present = (confidence > 0) & tf.equal(x, x) & tf.equal(y, y)
    zeros = tf.zeros_like(x)
    rows = _gaussian_tensor(tf.where(present, y, zeros), height, sigma)
    rows *= tf.expand_dims(tf.cast(present, tf.float32), -2)
    columns = _gaussian_tensor(tf.where(present, x, zeros), width, sigma)
    return tf.expand_dims(rows, -2) * tf.expand_dims(columns, -3)


def _gaussian_tensor(centers: tf.Tensor, length: int, sigma: float) -> tf.Tensor:
    import tensorflow as tf

    positions = tf.constant(np.arange(length, dtype=np.float32)[:, np.newaxis])
    distances = positions - tf.expand_dims(tf.floor(centers), -2)
    return tf.exp(tf.square(distances) * (-0.5 / sigma**2))


def _check_arguments(shape: tuple[int, ...], height: int, width: int, sigma: float) -> None:
    if len(shape) < 2 or shape[-1] != 3:
        raise ValueError(f"keypoints must have shape [..., joints, 3]. Received: {tuple(shape)}")
    if height < 1 or width < 1:
        raise ValueError(f"height and width must be at least 1 pixel. Received: {height} and {width}")
    if not sigma > 0:
        raise ValueError(f"sigma must be above 0 pixels. Received: {sigma}")


def rescale_keypoints(keypoints: np.ndarray, from_size: tuple[int, int], to_size: tuple[int, int]) -> np.ndarray:
    """Move keypoints with an image that is resized.

    Convention: x' = x * to_width / from_width and y' = y * to_height / from_height, without a shift by half a pixel, so
    that (0, 0) stays (0, 0). The DeepFashion annotations (256 high, 176 wide) are brought to 256x256 this way.

    Args:
        keypoints: `[..., joints, 3]` = (x, y, confidence) in pixels of the image before.
        from_size: (height, width) of the image before.
        to_size: (height, width) of the image after.

    Returns:
        New float32 array of the same shape; confidences are unchanged.
    """
    keypoints = np.asarray(keypoints, np.float32)
    if keypoints.ndim < 2 or keypoints.shape[-1] != 3:
        raise ValueError(f"keypoints must have shape [..., joints, 3]. Received: {keypoints.shape}")
    for size in (from_size, to_size):
        if len(size) != 2 or min(size) < 1:
            raise ValueError(f"sizes must be (height, width), at least 1 pixel each. Received: {size}")
    (from_height, from_width), (to_height, to_width) = from_size, to_size
    return keypoints * np.array([to_width / from_width, to_height / from_height, 1], np.float32)
