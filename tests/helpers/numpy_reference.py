"""The definitions in plain NumPy, with loops: slow, independent of TensorFlow, easy to check by eye.

Maps are float64 `[height, width, channels]`, without a batch.
"""

from __future__ import annotations

import math

import numpy as np


def leaky_relu(values: np.ndarray, slope: float = 0.1) -> np.ndarray:
    return np.where(values > 0, values, slope * values)


def instance_norm(picture: np.ndarray, scale: np.ndarray, offset: np.ndarray) -> np.ndarray:
    """Each channel to mean 0 and variance 1, then scaled and shifted."""
    mean, variance = picture.mean(axis=(0, 1)), picture.var(axis=(0, 1))
    return (picture - mean) / np.sqrt(variance + 1e-5) * scale + offset


def convolve(picture: np.ndarray, kernel: np.ndarray, bias=0.0, stride=1, margin=0) -> np.ndarray:
    """Output p is the sum over taps t of picture[stride * p + t - margin] @ kernel[t], zeros outside; of any rank.

    Strides and margins are one number for all axes, or one an axis.
    """
    sizes, rank = kernel.shape[:-2], kernel.ndim - 2
    strides, margins = np.broadcast_to(stride, rank), np.broadcast_to(margin, rank)
    padded = np.pad(picture, [*((length, length) for length in margins), (0, 0)])
    lengths = (np.array(padded.shape[:-1]) - sizes) // strides + 1
    outputs = np.zeros((*lengths, kernel.shape[-1])) + bias
    for position in np.ndindex(*lengths):
        window = tuple(slice(p * s, p * s + size) for p, s, size in zip(position, strides, sizes, strict=True))
        outputs[position] += np.tensordot(padded[window], kernel, axes=rank + 1)
    return outputs


def upsampling_convolve(picture: np.ndarray, kernel: np.ndarray, bias=0.0) -> np.ndarray:
    """Twice the size: input i and tap k reach output 2 i - 1 + k. The kernel is `[3, 3, out, in]`."""
    height, width = picture.shape[:2]
    outputs = np.zeros((2 * height, 2 * width, kernel.shape[2])) + bias
    for y, x, i, j in np.ndindex(height, width, 3, 3):
        row, column = 2 * y - 1 + i, 2 * x - 1 + j
        if 0 <= row < 2 * height and 0 <= column < 2 * width:
            outputs[row, column] += kernel[i, j] @ picture[y, x]
    return outputs


def pixel(picture: np.ndarray, x: int, y: int) -> np.ndarray:
    """The pixel at integer coordinates; outside, the nearest one of the border."""
    height, width = picture.shape[:2]
    return picture[min(max(y, 0), height - 1), min(max(x, 0), width - 1)]


def bilinear(picture: np.ndarray, x: float, y: float) -> np.ndarray:
    """The pixel at any coordinates."""
    left, top = math.floor(x), math.floor(y)
    right_part, lower_part = x - left, y - top
    upper = (1 - right_part) * pixel(picture, left, top) + right_part * pixel(picture, left + 1, top)
    lower = (1 - right_part) * pixel(picture, left, top + 1) + right_part * pixel(picture, left + 1, top + 1)
    return (1 - lower_part) * upper + lower_part * lower


def gaussian(picture: np.ndarray, x: float, y: float, sigma: float = 2.0) -> np.ndarray:
    """Weighted mean of the 4 x 4 pixels around any coordinates."""
    left, top = math.floor(x), math.floor(y)
    taps = [(left + j, top + i) for i in range(-1, 3) for j in range(-1, 3)]
    weights = [math.exp(-((x - column) ** 2 + (y - row) ** 2) / (2 * sigma**2)) for column, row in taps]
    total = sum(weight * pixel(picture, *tap) for weight, tap in zip(weights, taps, strict=True))
    return total / sum(weights)


def sample(picture: np.ndarray, flow: np.ndarray, at=bilinear) -> np.ndarray:
    """The picture at every position displaced by the flow `[height, width, 2]`, (dx, dy)."""
    rows = [
        [at(picture, x + float(dx), y + float(dy)) for x, (dx, dy) in enumerate(flow_row)]
        for y, flow_row in enumerate(flow)
    ]
    return np.array(rows)


def patch(picture: np.ndarray, x: float, y: float, size: int) -> np.ndarray:
    """The `[size * size, channels]` patch around any coordinates, row major."""
    radius = size // 2
    return np.array([bilinear(picture, x + j - radius, y + i - radius) for i in range(size) for j in range(size)])


def patches(picture: np.ndarray, flow: np.ndarray, size: int) -> np.ndarray:
    """The patches `[height, width, size * size, channels]` around all displaced positions."""
    height, width = flow.shape[:2]
    rows = [
        [patch(picture, x + float(flow[y, x, 0]), y + float(flow[y, x, 1]), size) for x in range(width)]
        for y in range(height)
    ]
    return np.array(rows)


def attend(picture: np.ndarray, flow: np.ndarray, weights: np.ndarray, reduction: str = "mean") -> np.ndarray:
    """Each position's patch summed with its weights `[height, width, size * size]`; a mean divides by size * size."""
    taps = weights.shape[-1]
    total = np.einsum("yxk,yxkc->yxc", weights, patches(picture, flow, math.isqrt(taps)))
    return total / taps if reduction == "mean" else total
