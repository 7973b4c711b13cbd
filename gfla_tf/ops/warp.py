"""Sampling a feature map at positions displaced by a flow.

Conventions, the same everywhere in the library:

* maps are `[batch, height, width, channels]`; pixel (0, 0) is the top left one, integer coordinates are pixel centres;
* a flow is `[batch, height, width, 2]`, its channels (dx, dy) in pixels of its own level;
* the value at target position l is read at source position l + flow(l);
* outside the map the border pixel repeats.

Every function is differentiable in the map and in the flow; positions are split into an integer and a fraction by
floor, so that the derivative at an integer position is the one towards larger coordinates.

Sampling comes in stock operations ("fused") and compiled ("native"); "auto" chooses, see `gfla_tf.ops.native`. The
bilinear one may also run on TensorFlow Addons ("addons"), see `gfla_tf.ops.addons`.

Reference: Ren et al., "Deep Spatial Transformation for Pose-Guided Person Image Generation and Animation", IEEE TIP 29,
2020, section 3.1.
"""

from __future__ import annotations

import tensorflow as tf

from gfla_tf.ops.addons import addons_sample
from gfla_tf.ops.native import choose_implementation, native_sample

__all__ = ["bilinear_sample", "displaced_patches", "gaussian_sample", "pad_edge"]

SAMPLERS = {"bilinear": ("auto", "native", "fused", "addons"), "gaussian": ("auto", "native", "fused")}
GAUSSIAN_WINDOW = 4
GAUSSIAN_SIGMA = 2.0


def check_choice(name: str, value: str, choices: tuple[str, ...]) -> str:
    """Return `value`, or raise a ValueError unless it is one of `choices`."""
    if value not in choices:
        raise ValueError(f"{name} must be one of {', '.join(choices)}. Received: {value!r}.")
    return value


def check_map_and_flow(source: tf.Tensor, flow: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Both as tensors; a ValueError unless one is a feature map and the other a two-channel flow of the same batch."""
    source, flow = tf.convert_to_tensor(source), tf.convert_to_tensor(flow)
    if source.shape.rank != 4:
        raise ValueError(f"A source of shape [batch, height, width, channels] is expected. Received: {source.shape}.")
    if flow.shape.rank != 4 or flow.shape[-1] not in (2, None):
        raise ValueError(f"A flow of shape [batch, height, width, 2] is expected. Received: {flow.shape}.")
    if not source.shape[:1].is_compatible_with(flow.shape[:1]):
        raise ValueError(f"Source and flow must agree in batch. Received: {source.shape} and {flow.shape}.")
    if not (source.dtype.is_floating and flow.dtype.is_floating):
        raise ValueError(f"Source and flow must hold floats. Received: {source.dtype.name} and {flow.dtype.name}.")
    return source, flow


def static_or_dynamic_shape(tensor: tf.Tensor) -> list:
    """The shape as a list with a number where it is known and a scalar tensor where it is not."""
    dynamic = tf.shape(tensor)
    return [dynamic[axis] if length is None else length for axis, length in enumerate(tensor.shape)]


def pad_edge(source: tf.Tensor, margin: int) -> tf.Tensor:
    """Repeat the border pixels of a map `[batch, height, width, channels]` `margin` pixels outwards."""
    if margin == 0:
        return source
    top, bottom = source[:, :1], source[:, -1:]
    source = tf.concat([top] * margin + [source] + [bottom] * margin, axis=1)
    left, right = source[:, :, :1], source[:, :, -1:]
    return tf.concat([left] * margin + [source] + [right] * margin, axis=2)


def sampling_positions(flow: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """The coordinates (x, y), each `[batch, height, width]`, at which the flow reads: l + flow(l)."""
    _, height, width, _ = static_or_dynamic_shape(flow)
    columns = tf.cast(tf.range(width), flow.dtype)[tf.newaxis, tf.newaxis, :]
    rows = tf.cast(tf.range(height), flow.dtype)[tf.newaxis, :, tf.newaxis]
    return flow[..., 0] + columns, flow[..., 1] + rows


def split_position(position: tf.Tensor, low: int, high: tf.Tensor | int) -> tuple[tf.Tensor, tf.Tensor]:
    """Split coordinates, clamped to [low, high], into int32 floor and fraction in [0, 1)."""
    position = tf.clip_by_value(position, tf.cast(low, position.dtype), tf.cast(high, position.dtype))
    whole = tf.floor(position)
    return tf.cast(whole, tf.int32), position - whole


class TapReader:
    """Reads single pixels of a map at integer coordinates, with the border repeated.

    The map is flattened to rows of channels and read with one-dimensional int32 indices: a plain GATHER, which every
    runtime has.
    """

    def __init__(self, source: tf.Tensor):
        batch, self.height, self.width, channels = static_or_dynamic_shape(source)
        self._pixels = tf.reshape(source, [-1, channels])
        self._first = tf.reshape(tf.range(batch) * (self.height * self.width), [-1, 1, 1])
        self._channels = channels

    def row_offsets(self, y: tf.Tensor) -> tf.Tensor:
        """Index of the first pixel of each row y `[batch, h, w]`, clamped into the map."""
        return self._first + tf.clip_by_value(y, 0, self.height - 1) * self.width

    def columns(self, x: tf.Tensor) -> tf.Tensor:
        """Column x `[batch, h, w]`, clamped into the map."""
        return tf.clip_by_value(x, 0, self.width - 1)

    def read(self, row_offsets: tf.Tensor, columns: tf.Tensor) -> tf.Tensor:
        """Pixels `[batch, h, w, channels]` at the rows and columns given by the two methods above."""
        indices = row_offsets + columns
        _, height, width = static_or_dynamic_shape(indices)
        pixels = tf.gather(self._pixels, tf.reshape(indices, [-1]))
        return tf.reshape(pixels, [-1, height, width, self._channels])


def _sample(source: tf.Tensor, flow: tf.Tensor, implementation: str, window: str) -> tf.Tensor:
    """The map at l + flow(l) through a window of `WINDOWS`."""
    source, flow = check_map_and_flow(source, flow)
    chosen = choose_implementation(check_choice("implementation", implementation, SAMPLERS[window]))
    if chosen == "native":
        return native_sample(source, flow, window)
    if chosen == "addons":
        return addons_sample(pad_edge(source, 1), *sampling_positions(flow))
    return _window_sample(source, *sampling_positions(flow), *WINDOWS[window])


def _window_sample(source: tf.Tensor, x: tf.Tensor, y: tf.Tensor, window: range, weights_of) -> tf.Tensor:
    """Sum of the taps floor(position) + window, weighted by `weights_of(fraction)` (one map a tap) along each axis."""
    reader = TapReader(source)
    reach = max(abs(window[0]), abs(window[-1]))
    x0, x_fraction = split_position(x, -reach, reader.width - 1 + reach)
    y0, y_fraction = split_position(y, -reach, reader.height - 1 + reach)
    columns = [reader.columns(x0 + offset) for offset in window]
    x_weights = [tf.cast(weight, source.dtype)[..., tf.newaxis] for weight in weights_of(x_fraction)]
    y_weights = [tf.cast(weight, source.dtype)[..., tf.newaxis] for weight in weights_of(y_fraction)]
    total = 0.0
    for offset, y_weight in zip(window, y_weights, strict=True):
        rows = reader.row_offsets(y0 + offset)
        taps = [weight * reader.read(rows, column) for weight, column in zip(x_weights, columns, strict=True)]
        total += y_weight * tf.add_n(taps)
    return total


def bilinear_sample(source: tf.Tensor, flow: tf.Tensor, implementation: str = "auto") -> tf.Tensor:
    """Warp a map by a flow with bilinear interpolation.

    Args:
        source: map `[batch, source_height, source_width, channels]`.
        flow: `[batch, height, width, 2]`, (dx, dy) in source pixels.
        implementation: "fused" (stock operations), "native" (compiled) or "auto", see `gfla_tf.ops.native`; or "addons"
            (TensorFlow Addons' resampler).

    Returns:
        `[batch, height, width, channels]`: source at l + flow(l), the border repeated outside.

    Raises:
        ValueError: if a shape or the choice is not as described, or "addons" where that is not installed.
        NativeUnavailableError: "native" where it can be neither found nor built.
    """
    return _sample(source, flow, implementation, "bilinear")


def _bilinear_weights(fraction: tf.Tensor) -> list[tf.Tensor]:
    return [1.0 - fraction, fraction]


def _gaussian_weights(fraction: tf.Tensor) -> list[tf.Tensor]:
    """Normalised Gaussian weights of the four taps at -1, 0, 1, 2 from the floor of a position."""
    distances = [fraction - offset for offset in range(-1, GAUSSIAN_WINDOW - 1)]
    weights = [tf.exp(-tf.square(distance) / (2.0 * GAUSSIAN_SIGMA**2)) for distance in distances]
    total = tf.add_n(weights)
    return [weight / total for weight in weights]


def gaussian_sample(source: tf.Tensor, flow: tf.Tensor, implementation: str = "auto") -> tf.Tensor:
    """Warp a map by a flow through a 4x4 Gaussian window (sigma 2 pixels, weights normalised to 1).

    The wide window gives the flow a gradient that looks further than the next pixel; the sampling correctness loss
    needs it to converge.

    Args:
        source: map `[batch, source_height, source_width, channels]`.
        flow: `[batch, height, width, 2]`, (dx, dy) in source pixels.
        implementation: "fused" (stock operations), "native" (compiled) or "auto", see `gfla_tf.ops.native`.

    Returns:
        `[batch, height, width, channels]`: weighted mean of the taps floor(l + flow(l)) - 1 ... + 2 in both axes.

    Raises:
        ValueError: if a shape or the choice is not as described.
        NativeUnavailableError: "native" where it can be neither found nor built.
    """
    return _sample(source, flow, implementation, "gaussian")


# Which pixels from the floor of a position are read along an axis, and their weights.
WINDOWS = {
    "bilinear": (range(2), _bilinear_weights),
    "gaussian": (range(-1, GAUSSIAN_WINDOW - 1), _gaussian_weights),
}


def displaced_patches(source: tf.Tensor, flow: tf.Tensor, kernel_size: int, implementation: str = "fused") -> tf.Tensor:
    """The k x k patch of the source around every displaced position (the definition in the paper, memory k*k times).

    Args:
        source: map `[batch, source_height, source_width, channels]`.
        flow: `[batch, height, width, 2]`, (dx, dy) in source pixels.
        kernel_size: k; tap (i, j) of a patch reads at l + flow(l) + (j - k // 2, i - k // 2), in (x, y).
        implementation: of the sampling, see `bilinear_sample`.

    Returns:
        `[batch, height, width, k * k, channels]`, taps row major.
    """
    source, flow = check_map_and_flow(source, flow)
    if kernel_size < 1 or kernel_size % 2 == 0:
        raise ValueError(f"kernel_size must be a positive odd number. Received: {kernel_size}.")
    offsets = [(j - kernel_size // 2, i - kernel_size // 2) for i in range(kernel_size) for j in range(kernel_size)]
    taps = [bilinear_sample(source, flow + tf.constant(offset, flow.dtype), implementation) for offset in offsets]
    return tf.stack(taps, axis=-2)
