"""What all picture generators share: the settings of their parts, in one constructor."""

from __future__ import annotations

import keras

from gfla_tf.layers.local_attention import portable_config
from gfla_tf.layers.primitives import Composite
from gfla_tf.models.source_encoder import SourceEncoder
from gfla_tf.models.texture_renderer import normalize_kernels

__all__ = ["Generator"]


class Generator(Composite, keras.Model):
    """Base of the generators: keeps the settings, and makes encoders and renderers from them.

    Args:
        widths: channels of the source encoder and the renderer at level 1, 2, ...; level n is 1 / 2^n of the side.
        flow_widths: channels of the flow estimator at level 1, 2, ...
        attention_kernels: level -> side of the attention's patches; {3: 3, 2: 5} by default.
            A side of 1 warps bilinearly.
        attention_hidden: channels of the layer that predicts the attention weights.
        attention_reduction: "mean" (the paper) or "sum", see `gfla_tf.ops.local_attention`.
        source_input_norm: False lets the source encoder see absolute colours, see `SourceEncoder`.
        source_norm: False leaves all norms out of the source encoder.
        renderer_norm: False leaves the norms out of the renderer's blocks, see `TextureDecoder`.
        implementation: of local attention, see `LocalAttention`.
    """

    config_names = (
        "widths",
        "flow_widths",
        "attention_kernels",
        "attention_hidden",
        "attention_reduction",
        "source_input_norm",
        "source_norm",
        "renderer_norm",
        "implementation",
    )

    def __init__(
        self,
        widths: tuple[int, ...] = (64, 128, 256),
        flow_widths: tuple[int, ...] = (32, 64, 128, 256, 256),
        attention_kernels: dict[int, int] | None = None,
        attention_hidden: int = 128,
        attention_reduction: str = "mean",
        source_input_norm: bool = True,
        source_norm: bool = True,
        renderer_norm: bool = True,
        implementation: str = "auto",
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.widths = tuple(widths)
        self.flow_widths = tuple(flow_widths)
        self.attention_kernels = normalize_kernels(attention_kernels, len(self.widths))
        self.attention_hidden = attention_hidden
        self.attention_reduction = attention_reduction
        self.source_input_norm = source_input_norm
        self.source_norm = source_norm
        self.renderer_norm = renderer_norm
        self.implementation = implementation

    def get_config(self) -> dict:
        """The constructor's arguments by name; "auto" for "native", as in `LocalAttention`."""
        return portable_config(super().get_config())

    @property
    def attention_levels(self) -> tuple[int, ...]:
        """Levels with local attention, coarsest first."""
        return tuple(self.attention_kernels)

    @property
    def size_multiple(self) -> int:
        """Height and width of the pictures must be multiples of this."""
        return 2 ** len(self.flow_widths)

    def make_source_encoder(self, name: str) -> SourceEncoder:
        """A source encoder with the model's settings."""
        settings = (self.widths, self.source_input_norm, self.source_norm)
        return SourceEncoder(*settings, name=name, dtype=self.dtype_policy)

    def make_renderer(self, renderer: type[keras.layers.Layer], **options) -> keras.layers.Layer:
        """A renderer of the given class with the model's settings."""
        return renderer(
            self.widths,
            self.attention_kernels,
            self.attention_hidden,
            self.attention_reduction,
            self.implementation,
            self.renderer_norm,
            name="texture_renderer",
            dtype=self.dtype_policy,
            **options,
        )
