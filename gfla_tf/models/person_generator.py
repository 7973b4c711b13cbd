"""The person generator: one person, another pose (GFLA).

Paper: Ren et al. 2020, section 3.1. A flow estimator says for every target position where in the source
its texture lies and whether it is visible there; the texture renderer draws the target pose and fills it by local
attention around those places.

In: source_image `[batch, height, width, 3]` in [-1, 1]; source_pose and target_pose, pose maps
`[batch, height, width, pose_channels]` in [0, 1] (`gfla_tf.pose.pose_maps`). Height and width are multiples of 32.
Out: a dict: "image" `[batch, height, width, 3]` in [-1, 1]; "flows", list of `[batch, h, w, 2]`, (dx, dy) in pixels of
that level; "masks", list of `[batch, h, w, 1]`, 1 = visible in the source. Lists are coarse first.
"""

from __future__ import annotations

import keras
import tensorflow as tf

from gfla_tf.layers.primitives import register
from gfla_tf.models.checks import check_inputs
from gfla_tf.models.flow_estimator import FlowEstimator
from gfla_tf.models.generator import Generator
from gfla_tf.models.texture_renderer import TextureRenderer

__all__ = ["PersonGenerator"]


@register
class PersonGenerator(Generator):
    """`model([source_image, source_pose, target_pose])` -> dict of image, flows and masks; see the module's text.

    Args:
        pose_channels: channels of a pose map, one a joint.
        attention_kernels: see `Generator`; {} makes a network without flow and attention, which draws the target pose
            and knows nothing of the source: the masks are 0 everywhere, so to speak. For comparison.
        **kwargs: those of `Generator`.
    """

    config_names = ("pose_channels", *Generator.config_names)

    def __init__(self, pose_channels: int = 18, **kwargs):
        super().__init__(**kwargs)
        self.pose_channels = pose_channels
        self.source_encoder = self.make_source_encoder("source_encoder")
        self.flow_estimator = None
        if self.attention_levels:
            self.flow_estimator = FlowEstimator(
                self.flow_widths, self.attention_levels, name="flow_estimator", dtype=self.dtype_policy
            )
        self.texture_renderer = self.make_renderer(TextureRenderer)

    def checkpoint_parts(self) -> dict[str, keras.layers.Layer]:
        parts = {"source": self.source_encoder, "target": self.texture_renderer, "flow_net": self.flow_estimator}
        return {name: part for name, part in parts.items() if part is not None}

    def build(self, input_shape=None) -> None:
        image, pose = (None, None, None, 3), (None, None, None, self.pose_channels)
        self.source_encoder.build(image)
        if self.flow_estimator is not None:
            self.flow_estimator.build([image, pose, pose])
        self.texture_renderer.build([pose])
        self.built = True

    def call(self, inputs: list[tf.Tensor]) -> dict:
        channels = {"source_image": 3, "source_pose": self.pose_channels, "target_pose": self.pose_channels}
        source_image, source_pose, target_pose = check_inputs(inputs, channels, self.size_multiple)
        flows, masks = [], []
        if self.flow_estimator is not None:
            flows, masks = self.flow_estimator([source_image, source_pose, target_pose])
        return {"image": self.render(source_image, target_pose, flows, masks), "flows": flows, "masks": masks}

    def render(
        self, source_image: tf.Tensor, target_pose: tf.Tensor, flows: list[tf.Tensor], masks: list[tf.Tensor]
    ) -> tf.Tensor:
        """Draw the target pose with texture that is fetched by given flows; see the module's text for what goes in.

        Returns:
            The picture `[batch, height, width, 3]` in [-1, 1].
        """
        image = self.texture_renderer([target_pose, [(self.source_encoder(source_image), flows, masks)]])
        return tf.cast(image, self.variable_dtype)
