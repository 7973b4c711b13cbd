"""Local attention: every target position gathers a k x k source patch, displaced by the flow, with its own weights.

For source s, flow w and attention weights a (Ren et al. 2020, section 3.1, "local attention"):

    out(l) = 1 / (k * k) * sum over taps t of a_t(l) * s(l + w(l) + t),    t = (j - k // 2, i - k // 2), row major

Implementations that agree in values and gradients:

* `reference` cuts the patches as written above: readable, and k * k times the memory of the map;
* `fused` uses that all taps of one position share one fractional offset. The weighted sum over k * k bilinear samples
  is then one over (k + 1) * (k + 1) integer taps, whose weights are the attention weights spread by the fraction. Stock
  ops only, no patch is ever stored: this is what is exported;
* `native` does the same in compiled code, see `gfla_tf.ops.native`. It takes a C++ compiler, once;
* `addons` is the definition with patches cut by TensorFlow Addons' resampler, see `gfla_tf.ops.addons`.
"""

from __future__ import annotations

import tensorflow as tf

from gfla_tf.ops.native import choose_implementation, native_local_attention
from gfla_tf.ops.warp import (
    TapReader,
    check_choice,
    check_map_and_flow,
    displaced_patches,
    sampling_positions,
    split_position,
)

__all__ = ["CHOICES", "IMPLEMENTATIONS", "REDUCTIONS", "local_attention"]

IMPLEMENTATIONS = ("fused", "reference")  # in stock operations: those that there are everywhere
CHOICES = ("auto", "native", *IMPLEMENTATIONS, "addons")
REDUCTIONS = ("mean", "sum")
SAMPLING_OF_PATCHES = {"reference": "fused", "addons": "addons"}


def kernel_size_of(attention_weights: tf.Tensor) -> int:
    """The k of attention weights `[batch, height, width, k * k]`; ValueError unless k * k is the square of an odd k."""
    taps = attention_weights.shape[-1] if attention_weights.shape.rank == 4 else None
    kernel_size = round((taps or 0) ** 0.5)
    if not taps or kernel_size**2 != taps or kernel_size % 2 == 0:
        raise ValueError(
            "attention_weights of shape [batch, height, width, k * k] with an odd k are expected. "
            f"Received: {attention_weights.shape}."
        )
    return kernel_size


def _by_patches(
    source: tf.Tensor, flow: tf.Tensor, attention_weights: tf.Tensor, kernel_size: int, sampling: str
) -> tf.Tensor:
    """Sum over taps by the definition: patches times weights."""
    patches = displaced_patches(source, flow, kernel_size, sampling)
    return tf.reduce_sum(tf.cast(attention_weights, source.dtype)[..., tf.newaxis] * patches, axis=-2)


def _spread(weights: list[tf.Tensor], fraction: tf.Tensor) -> list[tf.Tensor]:
    """Spread k weights, given at fractional taps, over the k + 1 integer taps around them."""
    near = [(1.0 - fraction) * weight for weight in weights]
    far = [fraction * weight for weight in weights]
    return [near[0]] + [a + b for a, b in zip(near[1:], far[:-1], strict=True)] + [far[-1]]


def integer_tap_weights(
    attention_weights: tf.Tensor, x_fraction: tf.Tensor, y_fraction: tf.Tensor, kernel_size: int
) -> list[list[tf.Tensor]]:
    """Weights of the (k + 1) x (k + 1) integer taps, as rows of maps `[batch, height, width, 1]`."""
    taps = tf.split(attention_weights, kernel_size * kernel_size, axis=-1)
    rows = [tf.concat(taps[i * kernel_size : (i + 1) * kernel_size], axis=-1) for i in range(kernel_size)]
    spread_rows = _spread(rows, y_fraction[..., tf.newaxis])
    return [_spread(tf.split(row, kernel_size, axis=-1), x_fraction[..., tf.newaxis]) for row in spread_rows]


def _fused(source: tf.Tensor, flow: tf.Tensor, attention_weights: tf.Tensor, kernel_size: int) -> tf.Tensor:
    """Sum over taps by integer taps, accumulated one tap at a time."""
    reader = TapReader(source)
    radius = kernel_size // 2
    x, y = sampling_positions(flow)
    # Further than the radius outside, every tap of that axis reads the border pixel: clamping changes nothing.
    x0, x_fraction = split_position(x, -radius, reader.width - 1 + radius)
    y0, y_fraction = split_position(y, -radius, reader.height - 1 + radius)
    weights = integer_tap_weights(attention_weights, x_fraction, y_fraction, kernel_size)
    columns = [reader.columns(x0 + (j - radius)) for j in range(kernel_size + 1)]
    total = 0.0
    for i in range(kernel_size + 1):
        row_offsets = reader.row_offsets(y0 + (i - radius))
        for j in range(kernel_size + 1):
            total += tf.cast(weights[i][j], source.dtype) * reader.read(row_offsets, columns[j])
    return total


def local_attention(
    source: tf.Tensor,
    flow: tf.Tensor,
    attention_weights: tf.Tensor,
    implementation: str = "fused",
    reduction: str = "mean",
) -> tf.Tensor:
    """Gather the source patch around every displaced position with the attention weights of that position.

    Args:
        source: map `[batch, source_height, source_width, channels]`.
        flow: `[batch, height, width, 2]`, (dx, dy) in source pixels; position l reads around l + flow(l), the border
            pixel repeats outside.
        attention_weights: `[batch, height, width, k * k]` with odd k, taps row major, the middle one at l + flow(l).
        implementation: "fused" (stock operations), "reference" (the definition), "native" (compiled; built by the first
            use), "addons" (TensorFlow Addons), or "auto": "native" where it is built and the result stays in this
            process, else "fused".
        reduction: "mean" divides the weighted sum by k * k, as the paper's network does; "sum" does not.

    Returns:
        `[batch, height, width, channels]`.

    Raises:
        ValueError: if a shape or a choice is not as described, or "addons" where that is not installed.
        NativeUnavailableError: "native" where it can be neither found nor built.
    """
    source, flow = check_map_and_flow(source, flow)
    attention_weights = tf.convert_to_tensor(attention_weights)
    check_choice("implementation", implementation, CHOICES)
    check_choice("reduction", reduction, REDUCTIONS)
    kernel_size = kernel_size_of(attention_weights)
    if not attention_weights.shape[:3].is_compatible_with(flow.shape[:3]):
        raise ValueError(
            "flow and attention_weights must agree in batch, height and width. "
            f"Received: {flow.shape} and {attention_weights.shape}."
        )
    chosen = choose_implementation(implementation)
    if chosen == "native":
        return native_local_attention(source, flow, attention_weights, mean=reduction == "mean")
    inputs = source, flow, attention_weights, kernel_size
    total = _fused(*inputs) if chosen == "fused" else _by_patches(*inputs, SAMPLING_OF_PATCHES[chosen])
    return total / (kernel_size * kernel_size) if reduction == "mean" else total
