"""Resizing as `tf.image.resize` does it with method "bicubic" and antialiasing, in NumPy.

Every output pixel is a weighted mean along each axis: weights of Keys' cubic (a = -0.5) around its centre, stretched by
the factor where a picture shrinks, cut at the border and normalised.
"""

from __future__ import annotations

import numpy as np

from gfla_tf.pose.framing import Frame

__all__ = ["crop_frame", "resize_image"]


def resize_image(image: np.ndarray, height: int, width: int) -> np.ndarray:
    """A picture `[any height, any width, 3]` in [-1, 1] at height x width, clipped to [-1, 1]."""
    image = np.asarray(image, np.float32)
    if image.shape[:2] == (height, width):
        return image
    rows, columns = _weights(image.shape[0], height), _weights(image.shape[1], width)
    narrow = np.tensordot(rows, image, axes=1)
    resized = np.tensordot(columns, narrow, axes=([1], [1])).transpose(1, 0, 2)
    return np.clip(np.ascontiguousarray(resized), -1.0, 1.0)


def crop_frame(frame: Frame, image: np.ndarray, height: int, width: int) -> np.ndarray:
    """What `Frame.crop` gives: the frame's part of a picture at height x width, the border pixel repeated outside."""
    return resize_image(frame.cut(image), height, width)


def _weights(length: int, wanted: int) -> np.ndarray:
    """What each of `wanted` pixels takes from `length` ones, float32 `[wanted, length]`; rows sum to 1."""
    factor = length / wanted
    stretch = max(factor, 1.0)
    centers = (np.arange(wanted) + 0.5) * factor - 0.5
    weights = _cubic((np.arange(length) - centers[:, np.newaxis]) / stretch)
    return (weights / weights.sum(axis=1, keepdims=True)).astype(np.float32)


def _cubic(distance: np.ndarray) -> np.ndarray:
    """Keys' cubic with a = -0.5: 1 at 0, 0 from 2 on."""
    x = np.abs(distance)
    near = (1.5 * x - 2.5) * x * x + 1
    far = ((-0.5 * x + 2.5) * x - 4) * x + 2
    return np.where(x < 1, near, np.where(x < 2, far, 0.0))
