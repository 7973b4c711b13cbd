"""The motion extractor: clean joints from a detector's noisy ones.

Paper: Ren et al. 2020, section 3.2.1, Eq. 12. Dilated convolutions over time without padding, their norms
modulated by a vector of the whole clip.

In: noisy joints `[batch, time, 2 * joints]`, all y then all x, scaled to [-1, 1]. Out: clean joints
`[batch, time - receptive_field + 1, 2 * joints]`, the frames in the middle; pad by repeating end frames to get all.
"""

from __future__ import annotations

import keras
import tensorflow as tf

from gfla_tf.layers.adaptive_layer_norm import AdaptiveLayerNorm, ChannelAffine
from gfla_tf.layers.primitives import Composite, activation, register

__all__ = ["CALM", "CALM_FRAMES", "MotionExtractor", "smoothing_weights"]

CALM = 0.008  # in units of the channels: 0.4 % of the size of a person who fills -1 to 1
CALM_FRAMES = 9


def smoothing_weights(frames: int) -> list[float]:
    """What the value of a parabola, fitted to an odd number of frames, in the middle takes from each of them."""
    half = frames // 2
    whole = (2 * half - 1) * (2 * half + 1) * (2 * half + 3) / 3
    return [(3 * half * half + 3 * half - 1 - 5 * shift * shift) / whole for shift in range(-half, half + 1)]


@register
class MotionExtractor(Composite, keras.Model):
    """`model(noisy [batch, time, 2 * joints])` -> `[batch, time - receptive_field + 1, 2 * joints]`.

    Args:
        joints: number of joints, 17 of Human3.6M in the paper.
        filters: channels of the convolutions.
        blocks: residual blocks; block i has dilation 3^i.
        hidden: units of the dense layer that modulates the norms.
        dropout: rate after each activation in training.
        residual: True adds the network's answer to the noisy joints, as a correction, which is 0 before training. The
            paper's network, False, has no path around it and first has to learn to pass joints on.
        smoothing: frames, odd, that the noisy joints are smoothed over before the correction is added: each is that of
            the parabola fitted to so many frames (Savitzky and Golay, 1964). 1 leaves them as they are. What trembles
            need not be taken away by the network, then.
        calm_smoothing: frames, odd, that joints are smoothed over where they are calm; None for as many everywhere. A
            joint is calm where the two smoothed ways hardly differ: of the way from the calmer one to the other
            one, d / (d + CALM^2) is gone, where d is the mean squared distance between them over `CALM_FRAMES` frames.
        adaptive: False leaves the clip's vector out: plain layer norms in the blocks, each with a learned scale and
            offset for each channel.
    """

    config_names = ("joints", "filters", "blocks", "hidden", "dropout", "residual", "smoothing", "calm_smoothing")
    config_names += ("adaptive",)

    def __init__(
        self,
        joints: int = 17,
        filters: int = 256,
        blocks: int = 3,
        hidden: int = 128,
        dropout: float = 0.15,
        residual: bool = False,
        smoothing: int = 1,
        calm_smoothing: int | None = None,
        adaptive: bool = True,
        **kwargs,
    ):
        super().__init__(**kwargs)
        # Config
        self.joints = joints
        self.filters = filters
        self.blocks = blocks
        self.hidden = hidden
        self.dropout = dropout
        self.residual = residual
        self.smoothing = smoothing
        self.calm_smoothing = calm_smoothing
        self.adaptive = adaptive
        # Layers
        policy = self.dtype_policy
        self.expand = self._temporal("expand", filters, 3)
        self.expand_norm = ChannelAffine(name="expand_norm", dtype=policy)
        self.convolutions, self.norms = [], []
        for block in range(1, blocks + 1):
            self.convolutions.append(self._temporal(f"dilated{block}", filters, 3, dilation_rate=3**block))
            self.convolutions.append(self._temporal(f"pointwise{block}", filters, 1))
            self.norms += [self._norm(f"norm{block}{part}") for part in "ab"]
        self.features = [self._temporal(f"feature{index}", filters, 3, strides=2) for index in range(3 * adaptive)]
        first = {"kernel_initializer": "zeros"} if residual else {}
        self._check_smoothing()
        self.shrink = self._temporal("shrink", 2 * joints, 1, use_bias=True, **first)
        self.drop = keras.layers.Dropout(dropout, name="drop", dtype=policy)

    def _check_smoothing(self) -> None:
        largest = {"smoothing": self.receptive_field, "calm_smoothing": self.receptive_field - CALM_FRAMES + 1}
        for name, most in largest.items():
            frames = getattr(self, name)
            if frames is not None and (frames < 1 or frames % 2 == 0 or frames > most):
                raise ValueError(
                    f"{name} must be an odd number of frames up to the {most} that are seen. Received: {frames}."
                )

    def _temporal(self, name: str, filters: int, kernel_size: int, use_bias: bool = False, **options):
        return keras.layers.Conv1D(
            filters, kernel_size, padding="valid", use_bias=use_bias, name=name, dtype=self.dtype_policy, **options
        )

    def _norm(self, name: str) -> keras.layers.Layer:
        if self.adaptive:
            return AdaptiveLayerNorm(self.hidden, name=name, dtype=self.dtype_policy)
        return ChannelAffine(name=name, dtype=self.dtype_policy)

    @property
    def receptive_field(self) -> int:
        """Number of input frames that one output frame sees: 3 to the power of blocks + 1."""
        return 3 ** (self.blocks + 1)

    def checkpoint_parts(self) -> dict[str, keras.layers.Layer]:
        parts = {"expand_conv": self.expand, "expand_ln": self.expand_norm, "shrink": self.shrink}
        parts.update({f"layers_conv.{index}": layer for index, layer in enumerate(self.convolutions)})
        parts.update({f"layers_ln.{index}": layer for index, layer in enumerate(self.norms)})
        parts.update({f"feature_conv_{index + 1}": layer for index, layer in enumerate(self.features)})
        return {f"kp_input.{name}": layer for name, layer in parts.items()}

    def build(self, input_shape=None) -> None:
        joints, hidden = (None, None, 2 * self.joints), (None, None, self.filters)
        for layer, shape in ((self.expand, joints), (self.expand_norm, hidden), (self.shrink, hidden)):
            layer.build(shape)
        for layer in self.convolutions:
            layer.build(hidden)
        for layer in self.norms:
            layer.build([hidden, (None, self.filters)] if self.adaptive else hidden)
        for index, layer in enumerate(self.features):
            layer.build(hidden if index else joints)
        self.built = True

    def call(self, inputs: tf.Tensor, training: bool | None = None, seed: tf.Tensor | None = None) -> tf.Tensor:
        """Clean joints.

        Args:
            inputs: `[batch, time, 2 * joints]`.
            training: whether channels are dropped.
            seed: int32 `[2]` that alone decides which ones, so that a training that is taken up again drops the same;
                None leaves it to Keras.
        """
        noisy = self._check(inputs)
        style = self._clip_vector(noisy)
        drop = _Dropping(self.drop, training, seed)
        hidden = drop(activation(self.expand_norm(self.expand(noisy))))
        for block in range(self.blocks):
            margin = 3 ** (block + 1)
            middle = hidden[:, margin:-margin]
            for index in (2 * block, 2 * block + 1):
                hidden = self._normalize(index, self.convolutions[index](hidden), style)
                hidden = drop(activation(hidden))
            hidden = middle + hidden
        answer = tf.cast(self.shrink(hidden), self.variable_dtype)
        return answer + self._passed_on(tf.cast(noisy, answer.dtype)) if self.residual else answer

    def _passed_on(self, noisy: tf.Tensor) -> tf.Tensor:
        """The noisy joints, smoothed, without the frames at the ends."""
        if self.calm_smoothing is None:
            return self._smoothed(noisy, self.smoothing)
        half = CALM_FRAMES // 2
        calm = self._smoothed(noisy, self.calm_smoothing, half)
        change = self._smoothed(noisy, self.smoothing, half) - calm
        moved = tf.add_n(tf.split(tf.square(change), 2, axis=-1))
        moved = tf.nn.avg_pool1d(moved, CALM_FRAMES, 1, "VALID")
        moved = tf.concat([moved, moved], axis=-1)
        return calm[:, half:-half] + change[:, half:-half] * (moved / (moved + CALM**2))

    def _smoothed(self, noisy: tf.Tensor, frames: int, more: int = 0) -> tf.Tensor:
        """The noisy joints, smoothed over so many frames, and `more` frames at either end."""
        margin, half = self.receptive_field // 2 - more, frames // 2
        shifts = range(-half, half + 1)
        return tf.add_n(
            [
                float(weight) * noisy[:, margin + shift : (shift - margin) or None]
                for shift, weight in zip(shifts, smoothing_weights(frames), strict=True)
            ]
        )

    def _clip_vector(self, noisy: tf.Tensor) -> tf.Tensor | None:
        """One vector `[batch, filters]` for the whole clip, which modulates every norm; None without."""
        if not self.adaptive:
            return None
        for layer in self.features:
            noisy = activation(layer(noisy))
        return tf.reduce_mean(noisy, axis=1)

    def _normalize(self, index: int, hidden: tf.Tensor, style: tf.Tensor | None) -> tf.Tensor:
        return self.norms[index](hidden if style is None else [hidden, style])

    def _check(self, inputs) -> tf.Tensor:
        noisy = tf.convert_to_tensor(inputs)
        shape = noisy.shape
        fits = shape.rank == 3 and shape[-1] == 2 * self.joints
        if not fits or (shape[1] is not None and shape[1] < self.receptive_field):
            raise ValueError(
                f"Joints of shape [batch, time, {2 * self.joints}] with at least {self.receptive_field} frames are "
                f"expected; repeat the end frames of a shorter clip. Received: {shape}."
            )
        return noisy


class _Dropping:
    """A model's dropouts one after the other, each with a seed of its own where there is one."""

    def __init__(self, layer: keras.layers.Dropout, training: bool | None, seed: tf.Tensor | None):
        self._layer, self._training, self._seed, self._count = layer, training, seed, 0

    def __call__(self, hidden: tf.Tensor) -> tf.Tensor:
        if self._seed is None or not self._training:
            return self._layer(hidden, training=self._training)
        self._count += 1
        seed = tf.random.fold_in(self._seed, self._count)
        return tf.nn.experimental.stateless_dropout(hidden, self._layer.rate, seed)
