"""Resizing as `tf.image.resize` does it with method "bicubic" and antialiasing, in NumPy.

Every output pixel is a weighted mean along each axis: weights of Keys' cubic (a = -0.5) around its centre, stretched by
the factor where a picture shrinks, cut at the border and normalised.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from gfla_tf.pose.framing import Frame

__all__ = ["crop_frame", "resize_image"]

LARGEST_SIDE = 2**24  # pixels of a frame; up to here, float32 tells them apart


def resize_image(image: np.ndarray, height: int, width: int) -> np.ndarray:
    """A picture `[any height, any width, 3]` in [-1, 1] at height x width, clipped to [-1, 1]."""
    image = np.asarray(image, np.float32)
    if image.shape[:2] == (height, width):
        return image
    return _weighted(_weights(image.shape[0], height), _weights(image.shape[1], width), image)


def crop_frame(frame: Frame, image: np.ndarray, height: int, width: int) -> np.ndarray:
    """What `Frame.crop` gives: the frame's part of a picture at height x width, the border pixel repeated outside.

    Memory is needed for what is in the picture only, however far the frame reaches beyond it.

    Raises:
        ValueError: a side of the frame is longer than `LARGEST_SIDE`.
    """
    if max(frame.height, frame.width) > LARGEST_SIDE:
        raise ValueError(
            f"A frame of at most {LARGEST_SIDE} pixels a side is expected. Received: {frame.width}x{frame.height}."
        )
    if (frame.height, frame.width) == (height, width):
        return np.asarray(frame.cut(image), np.float32)
    shown_rows, rows = _weights_of_shown(frame.height, height, frame.top, image.shape[0])
    shown_columns, columns = _weights_of_shown(frame.width, width, frame.left, image.shape[1])
    return _weighted(rows, columns, image[shown_rows, shown_columns])


def _weights_of_shown(length: int, wanted: int, start: int, side: int) -> tuple[slice, np.ndarray]:
    """The pixels of a picture's side that a frame shows, and what each of `wanted` pixels takes from them.

    The frame has `length` pixels from `start` on; the border has the weights of what is outside.
    """
    first, last = (min(max(end, 0), side - 1) for end in (start, start + length - 1))
    weights = np.zeros((wanted, last - first + 1), np.float32)
    centers, stretch = _kernels(length, wanted)
    for row, center in zip(weights, centers.tolist(), strict=True):
        lowest, highest = max(math.ceil(center - 2 * stretch), 0), min(math.floor(center + 2 * stretch), length - 1)
        if start + highest <= first:
            row[0] = 1
        elif start + lowest >= last:
            row[-1] = 1
        else:
            pixels = np.arange(lowest, highest + 1)
            taken = _cubic((pixels - center) / stretch)
            places = np.clip(pixels + start, first, last) - first
            row[:] = np.bincount(places, taken / taken.sum(), len(row))
    return slice(first, last + 1), weights


def _weighted(rows: np.ndarray, columns: np.ndarray, image: np.ndarray) -> np.ndarray:
    narrow = np.tensordot(rows, image, axes=1)
    resized = np.tensordot(columns, narrow, axes=([1], [1])).transpose(1, 0, 2)
    return np.clip(np.ascontiguousarray(resized), -1.0, 1.0)


def _weights(length: int, wanted: int) -> np.ndarray:
    """What each of `wanted` pixels takes from `length` ones, float32 `[wanted, length]`; rows sum to 1."""
    centers, stretch = _kernels(length, wanted)
    weights = _cubic((np.arange(length) - centers[:, np.newaxis]) / stretch)
    return (weights / weights.sum(axis=1, keepdims=True)).astype(np.float32)


def _kernels(length: int, wanted: int) -> tuple[np.ndarray, float]:
    """Where each of `wanted` pixels lies among `length` ones, and how far the cubic is stretched there."""
    factor = length / wanted
    return (np.arange(wanted) + 0.5) * factor - 0.5, max(factor, 1.0)


def _cubic(distance: np.ndarray) -> np.ndarray:
    """Keys' cubic with a = -0.5: 1 at 0, 0 from 2 on."""
    x = np.abs(distance)
    near = (1.5 * x - 2.5) * x * x + 1
    far = ((-0.5 * x + 2.5) * x - 4) * x + 2
    return np.where(x < 1, near, np.where(x < 2, far, 0.0))
