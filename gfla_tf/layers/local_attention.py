"""The local attention block: kernel prediction from source and target patches, then content-aware sampling.

Ren et al. 2020, section 3.1. The k x k patch of the target map at l and the k x k patch of the source
map displaced by the flow are concatenated per tap, a fully connected layer (a k x k convolution of stride k over the
patch) and a 1x1 convolution predict k * k weights, softmax normalises them, and `gfla_tf.ops.local_attention` gathers
the source patch with them. Outside the maps the border pixel repeats, in both patches.
"""

from __future__ import annotations

import keras
import tensorflow as tf

from gfla_tf.layers.primitives import Composite, activation, build_with_channels, convolution, register
from gfla_tf.ops.local_attention import CHOICES, IMPLEMENTATIONS, REDUCTIONS, local_attention
from gfla_tf.ops.warp import bilinear_sample, check_choice, displaced_patches, pad_edge, static_or_dynamic_shape

__all__ = ["LocalAttention", "portable_config"]


@register
class LocalAttention(Composite, keras.layers.Layer):
    """Render a target map from a source map of the same level.

    Inputs: a list of the source map and the target map, both `[batch, height, width, channels]`, and the flow
    `[batch, height, width, 2]`, (dx, dy) in pixels of this level, target position l reading around l + flow(l).
    Output: `[batch, height, width, channels]`.

    Positions are computed in float32 under every dtype policy: bfloat16 cannot tell neighbouring pixels of a large map
    apart.

    Args:
        kernel_size: odd side k of the patches.
        hidden: channels of the fully connected layer (128 in the paper).
        reduction: "mean" divides the weighted sum of the taps by k * k, as the paper's network does; "sum" does not.
        implementation: "auto" (compiled code where it is built and the result stays in this process, else stock
            operations), "fused" (stock operations), "native" (compiled code), "reference" (the definition) or "addons"
            (TensorFlow Addons), see `gfla_tf.ops.local_attention`. A config holds "auto" for "native" and "addons": who
            loads it may have no compiler, or another TensorFlow.
    """

    config_names = ("kernel_size", "hidden", "reduction", "implementation")

    def __init__(
        self,
        kernel_size: int,
        hidden: int = 128,
        reduction: str = "mean",
        implementation: str = "auto",
        **kwargs,
    ):
        super().__init__(**{"autocast": False, **kwargs})
        if kernel_size < 1 or kernel_size % 2 == 0:
            raise ValueError(f"kernel_size must be a positive odd number. Received: {kernel_size}.")
        self.kernel_size = kernel_size
        self.hidden = hidden
        self.reduction = check_choice("reduction", reduction, REDUCTIONS)
        self.implementation = check_choice("implementation", implementation, CHOICES)
        self.patch_conv = convolution(
            hidden, kernel_size, "patch_conv", strides=kernel_size, padding="valid", dtype=self.dtype_policy
        )
        self.weights_conv = convolution(kernel_size**2, 1, "weights_conv", dtype=self.dtype_policy)

    def checkpoint_parts(self) -> dict[str, keras.layers.Layer]:
        return {"fully_connect_layer.0": self.patch_conv, "fully_connect_layer.2": self.weights_conv}

    def build(self, input_shape) -> None:
        source_shape, target_shape, _ = input_shape
        if source_shape[-1] != target_shape[-1]:
            raise ValueError(
                "Source and target maps must have the same number of channels. "
                f"Received: {source_shape[-1]} and {target_shape[-1]}."
            )
        build_with_channels(2 * source_shape[-1], self.patch_conv)
        build_with_channels(self.hidden, self.weights_conv)
        self.built = True

    def call(self, inputs: list[tf.Tensor]) -> tf.Tensor:
        source, target, flow = inputs
        source, target = tf.cast(source, self.compute_dtype), tf.cast(target, self.compute_dtype)
        weights = self.attention_weights([source, target, flow])
        return local_attention(source, flow, weights, self.implementation, self.reduction)

    def attention_weights(self, inputs: list[tf.Tensor]) -> tf.Tensor:
        """The predicted weights `[batch, height, width, k * k]`, which sum to 1; same inputs as the layer."""
        predict = self._reference_hidden if self.implementation == "reference" else self._fused_hidden
        logits = self.weights_conv(activation(predict(*inputs)))
        return tf.nn.softmax(tf.cast(logits, tf.float32) if logits.dtype != tf.float64 else logits)

    def _reference_hidden(self, source: tf.Tensor, target: tf.Tensor, flow: tf.Tensor) -> tf.Tensor:
        """The fully connected layer over concatenated patches, by the definition."""
        batch, height, width, channels = static_or_dynamic_shape(target)
        size = self.kernel_size
        target_patches = tf.image.extract_patches(
            pad_edge(target, size // 2), [1, size, size, 1], [1, 1, 1, 1], [1, 1, 1, 1], "VALID"
        )
        target_patches = tf.reshape(target_patches, [-1, height, width, size * size, channels])
        patches = tf.concat([target_patches, displaced_patches(source, flow, size)], axis=-1)
        patches = tf.reshape(patches, [batch * height * width, size, size, 2 * channels])
        return tf.reshape(self.patch_conv(patches), [-1, height, width, self.hidden])

    def _fused_hidden(self, source: tf.Tensor, target: tf.Tensor, flow: tf.Tensor) -> tf.Tensor:
        """The same numbers without patches.

        All taps of a displaced patch share one fractional offset, so a convolution over the patch is a plain
        convolution over the source, sampled bilinearly at l + flow(l). It is constant further than k // 2 outside the
        image, hence the border of 2 * (k // 2) pixels.
        """
        channels, radius = target.shape[-1], self.kernel_size // 2
        kernel = tf.cast(self.patch_conv.kernel, target.dtype)
        target_kernel, source_kernel = kernel[:, :, :channels], kernel[:, :, channels:]
        target_part = tf.nn.conv2d(pad_edge(target, radius), target_kernel, 1, "VALID")
        source_part = tf.nn.conv2d(pad_edge(source, 2 * radius), source_kernel, 1, "VALID")
        sampled = bilinear_sample(source_part, flow + tf.cast(radius, flow.dtype), self.implementation)
        return target_part + sampled + tf.cast(self.patch_conv.bias, target.dtype)

    def get_config(self) -> dict:
        return portable_config(super().get_config())

    def compute_output_shape(self, input_shape) -> tuple:
        return tuple(input_shape[1])


def portable_config(config: dict) -> dict:
    """A config with "auto" for an implementation that there is not everywhere."""
    return config if config["implementation"] in IMPLEMENTATIONS else {**config, "implementation": "auto"}
