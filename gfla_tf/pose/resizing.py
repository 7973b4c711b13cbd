"""Resizing as `tf.image.resize` does it with method "bicubic" and antialiasing, in NumPy.

Every output pixel is a weighted mean along each axis: weights of Keys' cubic (a = -0.5) around its centre, stretched by
the factor where a picture shrinks, cut at the border and normalised.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from gfla_tf.pose.framing import Frame

__all__ = ["crop_frame", "resize_image"]


def resize_image(image: np.ndarray, height: int, width: int) -> np.ndarray:
    """A picture `[any height, any width, 3]` in [-1, 1] at height x width, clipped to [-1, 1]."""
    image = np.asarray(image, np.float32)
    if image.shape[:2] == (height, width):
        return image
    return _weighted(_weights(image.shape[0], height), _weights(image.shape[1], width), image)


def crop_frame(frame: Frame, image: np.ndarray, height: int, width: int) -> np.ndarray:
    """What `Frame.crop` gives: the frame's part of a picture at height x width, the border pixel repeated outside.

    Memory is needed for what is in the picture only, however far the frame reaches beyond it.
    """
    if (frame.height, frame.width) == (height, width):
        return np.asarray(frame.cut(image), np.float32)
    seen, rows = _repeated(_weights(frame.height, height), frame.top, image.shape[0])
    image, (seen, columns) = image[seen], _repeated(_weights(frame.width, width), frame.left, image.shape[1])
    return _weighted(rows, columns, image[:, seen])


def _repeated(weights: np.ndarray, start: int, length: int) -> tuple[slice, np.ndarray]:
    """The pixels of a side that a frame from `start` on shows, and their weights: the border has those of outside."""
    places = np.clip(np.arange(start, start + weights.shape[1]), 0, length - 1)
    seen, first = np.unique(places, return_index=True)
    return slice(seen[0], seen[-1] + 1), np.add.reduceat(weights, first, axis=1)


def _weighted(rows: np.ndarray, columns: np.ndarray, image: np.ndarray) -> np.ndarray:
    narrow = np.tensordot(rows, image, axes=1)
    resized = np.tensordot(columns, narrow, axes=([1], [1])).transpose(1, 0, 2)
    return np.clip(np.ascontiguousarray(resized), -1.0, 1.0)


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
