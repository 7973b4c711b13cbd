"""Local attention (`gfla_tf.layers.local_attention`, "fused") in operations that phones have.

Every read of a map at a computed place is a GATHER of rows of channels, by one-dimensional int32 indices into the
flattened map: the one form that GPU delegates take. What the tap of a position is multiplied by comes out of one 1x1
convolution for all taps; said tap by tap, it is some hundred operations on small maps.

Places are computed in float32, in which they are exact up to 2^24 pixels, and made integers by one CAST.
"""

from __future__ import annotations

import numpy as np
import tensorflow as tf

from gfla_tf.layers.local_attention import LocalAttention
from gfla_tf.layers.primitives import activation
from serving.tflite.blocks import PRECISE, convolution, convolve, weights_of

__all__ = ["attend", "pad_edge"]


def attend(layer: LocalAttention, source: tf.Tensor, target: tf.Tensor, flow: tf.Tensor) -> tf.Tensor:
    """What the target map, of the source's size, gathers from it; flow `[1, height, width, 2]` = (dx, dy) in pixels."""
    size, radius, channels = layer.kernel_size, layer.kernel_size // 2, source.shape[-1]
    kernel, bias = weights_of(layer.patch_conv)
    hidden = convolve(pad_edge(target, radius), kernel[:, :, :channels], bias, padding="VALID")
    source_part = convolve(pad_edge(source, 2 * radius), kernel[:, :, channels:], padding="VALID")
    hidden += _gather(source_part, flow + float(radius), 1)
    weights = tf.nn.softmax(convolution(layer.weights_conv, activation(hidden)))
    scale = 1 / size**2 if layer.reduction == "mean" else 1.0
    return _gather(source, flow, size, weights, scale)


def pad_edge(source: tf.Tensor, margin: int) -> tf.Tensor:
    """Repeat the border pixels of a map `margin` pixels outwards: a GATHER with constant indices."""
    _, height, width, channels = source.shape
    if margin == 0:
        return source
    indices = np.pad(np.arange(height * width, dtype=np.int32).reshape(height, width), margin, mode="edge")
    return tf.reshape(tf.gather(_flattened(source), indices.ravel(), axis=2), [1, *indices.shape, channels])


def _gather(
    source: tf.Tensor, flow: tf.Tensor, size: int, weights: tf.Tensor | None = None, scale: float = 1.0
) -> tf.Tensor:
    """The sum over size x size taps, a pixel apart around l + flow(l), of weight times bilinear sample.

    Args:
        source: `[1, source_height, source_width, channels]`.
        flow: `[1, height, width, 2]`.
        size: odd side of the window of taps.
        weights: `[1, height, width, size * size]`; None for 1, where size is 1.
        scale: of the result.
    """
    _, source_height, source_width, channels = source.shape
    _, height, width, _ = flow.shape
    dx, dy = tf.split(flow, 2, axis=-1)
    rows, columns = np.mgrid[:height, :width].astype(np.float32)[..., np.newaxis]
    x, x_fraction = _split(dx + columns[np.newaxis], size // 2, source_width)
    y, y_fraction = _split(dy + rows[np.newaxis], size // 2, source_height)
    indices = _indices(x, y, size, source_height, source_width)
    spread = tf.reshape(_spread(weights, x_fraction, y_fraction, size, scale), [1, 1, height * width, len(indices)])
    pixels, total = _flattened(source), None
    for index, weight in zip(indices, tf.split(spread, len(indices), axis=-1), strict=True):
        tap = tf.gather(pixels, index, axis=2) * weight
        total = tap if total is None else total + tap
    return tf.reshape(total, [1, height, width, channels])


def _flattened(source: tf.Tensor) -> tf.Tensor:
    """The map's pixels in one row, the batch of 1 still in front, as GPU delegates want it."""
    _, height, width, channels = source.shape
    return tf.reshape(source, [1, 1, height * width, channels])


def _split(position: tf.Tensor, radius: int, length: int) -> tuple[tf.Tensor, tf.Tensor]:
    """Floor and fraction; further than the radius outside, every tap reads the border: clamping changes nothing."""
    position = tf.minimum(tf.maximum(position, float(-radius)), float(length - 1 + radius))
    whole = tf.floor(position)
    return whole, position - whole


def _indices(x: tf.Tensor, y: tf.Tensor, size: int, height: int, width: int) -> list[tf.Tensor]:
    """For each of (size + 1)^2 integer taps, row major, the places `[positions]` in the flattened map, int32."""
    positions = x.shape[1] * x.shape[2]
    offsets = np.arange(size + 1, dtype=np.float32) - size // 2
    columns, rows = (
        tf.minimum(tf.maximum(tf.reshape(start, [1, positions]) + offsets[:, np.newaxis], 0.0), float(length - 1))
        for start, length in ((x, width), (y, height))
    )
    rows, columns = (tf.reshape(rows, [size + 1, 1, positions]), tf.reshape(columns, [1, size + 1, positions]))
    places = rows * float(width) + columns
    places = tf.cast(tf.reshape(places, [(size + 1) ** 2, positions]), tf.int32)
    return [tf.reshape(place, [positions]) for place in tf.split(places, (size + 1) ** 2, axis=0)]


def _spread(
    weights: tf.Tensor | None, x_fraction: tf.Tensor, y_fraction: tf.Tensor, size: int, scale: float
) -> tf.Tensor:
    """Weights at fractional taps, spread over (size + 1)^2 integer taps around them, `[1, height, width, taps]`.

    A tap's weight goes to its four neighbours by the fractions. Four copies, each multiplied by its part, are put in
    their places by one constant 1x1 convolution.
    """
    near, far = 1.0 - x_fraction, x_fraction
    if weights is not None:
        near, far = near * weights, far * weights
    copies = tf.concat([near, far], axis=-1)
    copies = tf.concat([copies * (1.0 - y_fraction), copies * y_fraction], axis=-1)
    with tf.name_scope(PRECISE):
        return convolve(copies, placement(size) * np.float32(scale))


def placement(size: int) -> np.ndarray:
    """A 1x1 kernel: copy (i, j) of tap (row, column) goes to the integer tap (row + i, column + j)."""
    places = np.zeros((2, 2, size, size, size + 1, size + 1), np.float32)
    for i, j, row, column in np.ndindex(2, 2, size, size):
        places[i, j, row, column, row + i, column + j] = 1
    return places.reshape(1, 1, 4 * size**2, (size + 1) ** 2)
