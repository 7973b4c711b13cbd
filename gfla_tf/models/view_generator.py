"""The novel view generator: an object seen from another direction.

Paper: Ren et al. 2020, novel view synthesis. A view is a vector of 21 numbers: one-hot 18 azimuths, then
one-hot 3 elevations. The flow estimator sees the image; the difference of the views joins at its coarsest level.

In: source_image `[batch, height, width, 3]` in [-1, 1], sides multiples of 32; source_view and target_view
`[batch, 21]`. Out: the dict of `PersonGenerator`.
"""

from __future__ import annotations

import keras
import tensorflow as tf

from gfla_tf.layers.blocks import ResidualBlock, UpBlock
from gfla_tf.layers.primitives import build_with_channels, register
from gfla_tf.models.checks import check_map
from gfla_tf.models.flow_estimator import FlowEstimator
from gfla_tf.models.generator import Generator
from gfla_tf.models.texture_renderer import TextureDecoder
from gfla_tf.ops.warp import static_or_dynamic_shape

__all__ = ["ViewGenerator"]


def spread(vector: tf.Tensor, height, width) -> tf.Tensor:
    """Repeat a vector `[batch, channels]` over a map `[batch, height, width, channels]`."""
    return tf.tile(vector[:, tf.newaxis, tf.newaxis, :], [1, height, width, 1])


@register
class ViewFlowEstimator(FlowEstimator):
    """Flow estimator that joins a view difference at its coarsest level.

    Inputs: a list of the image `[batch, height, width, 3]` and source_view - target_view `[batch, view_channels]`.
    Output: as `FlowEstimator`.
    """

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.join = ResidualBlock(self.widths[-1], learned_shortcut=True, name="join", dtype=self.dtype_policy)

    def checkpoint_parts(self) -> dict[str, keras.layers.Layer]:
        return {**super().checkpoint_parts(), "cat.model.0": self.join}

    def build(self, input_shape) -> None:
        image_shape, view_shape = input_shape
        build_with_channels(self.widths[-1] + view_shape[-1], self.join)
        super().build([image_shape])

    def call(self, inputs: list[tf.Tensor]) -> tuple[list[tf.Tensor], list[tf.Tensor]]:
        image, view_difference = inputs
        maps = self.encoder(image)
        _, height, width, _ = static_or_dynamic_shape(maps[-1])
        joined = tf.concat([maps[-1], spread(view_difference, height, width)], axis=-1)
        return self.decode(maps, self.join(joined))


@register
class ViewRenderer(TextureDecoder):
    """Texture decoder that starts from a view vector, at a quarter of its coarsest level's side.

    Inputs: a list of the target view spread over a map `[batch, height / 2^(n + 2), width / 2^(n + 2), view_channels]`,
    n = len(widths), and the sources as in `TextureDecoder`. Output: the picture `[batch, height, width, 3]`.
    """

    def __init__(self, *args, view_channels: int = 21, **kwargs):
        super().__init__(*args, **kwargs)
        self.view_channels = view_channels
        policy = self.dtype_policy
        self.up0 = UpBlock(self.widths[0], view_channels, name="view_up0", dtype=policy)
        self.up1 = UpBlock(self.widths[-1], self.widths[0], name="view_up1", dtype=policy)

    def get_config(self) -> dict:
        return {**super().get_config(), "view_channels": self.view_channels}

    def checkpoint_parts(self) -> dict[str, keras.layers.Layer]:
        return {"block0": self.up0, "block1": self.up1, **super().checkpoint_parts()}

    def build(self, input_shape=None) -> None:
        build_with_channels(self.view_channels, self.up0)
        build_with_channels(self.widths[0], self.up1)
        super().build()

    def call(self, inputs) -> tf.Tensor:
        target_map, sources = inputs
        return super().call([self.up1(self.up0(target_map)), sources])


@register
class ViewGenerator(Generator):
    """`model([source_image, source_view, target_view])` -> dict of image, flows and masks; see the module's text.

    Args:
        view_channels: length of a view vector.
        **kwargs: those of `Generator`; flow_widths is two longer than widths.
    """

    config_names = ("view_channels", *Generator.config_names)

    def __init__(self, view_channels: int = 21, **kwargs):
        super().__init__(**kwargs)
        if len(self.flow_widths) != len(self.widths) + 2:
            raise ValueError(
                f"flow_widths must be two longer than widths. Received: {self.flow_widths} and {self.widths}."
            )
        self.view_channels = view_channels
        self.source_encoder = self.make_source_encoder("source_encoder")
        self.flow_estimator = ViewFlowEstimator(
            self.flow_widths, self.attention_levels, name="flow_estimator", dtype=self.dtype_policy
        )
        self.texture_renderer = self.make_renderer(ViewRenderer, view_channels=view_channels)

    def checkpoint_parts(self) -> dict[str, keras.layers.Layer]:
        return {"source": self.source_encoder, "target": self.texture_renderer, "flow_net": self.flow_estimator}

    def build(self, input_shape=None) -> None:
        image = (None, None, None, 3)
        self.source_encoder.build(image)
        self.flow_estimator.build([image, (None, self.view_channels)])
        self.texture_renderer.build()
        self.built = True

    def call(self, inputs: list[tf.Tensor]) -> dict:
        source_image, source_view, target_view = self._check(inputs)
        features = self.source_encoder(source_image)
        flows, masks = self.flow_estimator([source_image, source_view - target_view])
        _, height, width, _ = static_or_dynamic_shape(source_image)
        target_map = spread(target_view, height // self.size_multiple, width // self.size_multiple)
        image = self.texture_renderer([target_map, [(features, flows, masks)]])
        return {"image": tf.cast(image, self.variable_dtype), "flows": flows, "masks": masks}

    def _check(self, inputs) -> list[tf.Tensor]:
        if not isinstance(inputs, (list, tuple)) or len(inputs) != 3:
            raise ValueError(f"A list [source_image, source_view, target_view] is expected. Received: {type(inputs)}.")
        source_image, *views = (tf.convert_to_tensor(value) for value in inputs)
        check_map("source_image", source_image, 3, self.size_multiple)
        for name, view in zip(("source_view", "target_view"), views, strict=True):
            if view.shape.rank != 2 or view.shape[-1] != self.view_channels:
                raise ValueError(f"{name} must have shape [batch, {self.view_channels}]. Received: {view.shape}.")
            if not view.dtype.is_floating:
                raise ValueError(f"{name} must hold floats. Received: {view.dtype.name}.")
            if not source_image.shape[:1].is_compatible_with(view.shape[:1]):
                raise ValueError(
                    f"source_image and {name} must agree in batch. Received: {source_image.shape} and {view.shape}."
                )
        return [source_image, *views]
