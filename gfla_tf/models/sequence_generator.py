"""The sequence generators: a person (Seq-GFLA) or a face, animated frame by frame.

Paper: Ren et al. 2020, section 3.2.2, Eq. 14 to 18. A frame is rendered from two sources: the reference image,
which knows what the person looks like, and the frame generated last, which keeps the clip smooth. At the first frame
the reference stands in for the previous frame.

`generate` renders a whole clip; `start` and `step` the same frame by frame, with the recurrent state (`ClipState`) as
argument and result. The reference's features are computed once a clip.

One frame by itself, in: reference_image, reference_pose, previous_image, previous_pose, target_pose; images
`[batch, height, width, 3]` in [-1, 1], poses `[batch, height, width, pose_channels]`. Out: a dict: "image"
`[batch, height, width, 3]`; "flows" and "masks", lists coarse first and previous before reference within a level,
`[batch, h, w, 2]` in (dx, dy) pixels of that level and `[batch, h, w, 1]`.
"""

from __future__ import annotations

from typing import NamedTuple

import keras
import tensorflow as tf

from gfla_tf.layers.primitives import register
from gfla_tf.models.checks import check_inputs
from gfla_tf.models.flow_estimator import FlowEstimator
from gfla_tf.models.generator import Generator
from gfla_tf.models.texture_renderer import TextureRenderer

__all__ = ["ClipState", "FaceGenerator", "SequenceGenerator"]


class ClipState(NamedTuple):
    """What a clip's next frame is rendered from.

    Attributes:
        reference_image: `[batch, height, width, 3]` in [-1, 1].
        reference_pose: `[batch, height, width, pose_channels]`.
        reference_features: of the reference image, finest first.
        previous_image: like `reference_image`, the frame generated last.
        previous_pose: like `reference_pose`, its pose.
    """

    reference_image: tf.Tensor
    reference_pose: tf.Tensor
    reference_features: tuple[tf.Tensor, ...]
    previous_image: tf.Tensor
    previous_pose: tf.Tensor


class RecurrentGenerator(Generator):
    """What both sequence generators share: two source encoders, a renderer with two sources, and the loop over frames.

    Args:
        pose_channels: channels of a pose map.
        **kwargs: those of `Generator`.
    """

    config_names = ("pose_channels", *Generator.config_names)

    def __init__(self, pose_channels: int, **kwargs):
        super().__init__(**kwargs)
        self.pose_channels = pose_channels
        self.previous_encoder = self.make_source_encoder("previous_encoder")
        self.reference_encoder = self.make_source_encoder("reference_encoder")
        self.texture_renderer = self.make_renderer(TextureRenderer, sources=("_p", "_r"))

    def checkpoint_parts(self) -> dict[str, keras.layers.Layer]:
        return {
            "source_previous": self.previous_encoder,
            "source_reference": self.reference_encoder,
            "target": self.texture_renderer,
        }

    def build(self, input_shape=None) -> None:
        image, pose = (None, None, None, 3), (None, None, None, self.pose_channels)
        self.previous_encoder.build(image)
        self.reference_encoder.build(image)
        self.texture_renderer.build([pose])
        self.build_flow_estimators(image, pose)
        self.built = True

    def call(self, inputs: list[tf.Tensor]) -> dict:
        inputs = check_inputs(inputs, self._named_channels(), self.size_multiple)
        return self.render_frame(self.reference_encoder(inputs[0]), inputs)

    def _named_channels(self) -> dict[str, int]:
        pose = self.pose_channels
        return {
            "reference_image": 3,
            "reference_pose": pose,
            "previous_image": 3,
            "previous_pose": pose,
            "target_pose": pose,
        }

    def render_frame(self, reference_features: list[tf.Tensor], inputs: list[tf.Tensor]) -> dict:
        """One step from the reference's features, which need computing only once a clip, and the step's inputs."""
        previous_features = self.previous_encoder(inputs[2])
        (previous_flows, previous_masks), (reference_flows, reference_masks) = self.estimate_flows(inputs)
        sources = [
            (previous_features, previous_flows, previous_masks),
            (reference_features, reference_flows, reference_masks),
        ]
        image = tf.cast(self.texture_renderer([inputs[4], sources]), self.variable_dtype)
        return {
            "image": image,
            "flows": _interleave(previous_flows, reference_flows),
            "masks": _interleave(previous_masks, reference_masks),
        }

    def build_flow_estimators(self, image: tuple, pose: tuple) -> None:
        """Create the weights of the flow estimators for maps of these shapes."""
        raise NotImplementedError

    def estimate_flows(self, inputs: list[tf.Tensor]) -> tuple:
        """((previous flows, previous masks), (reference flows, reference masks)), lists coarse first."""
        raise NotImplementedError

    def start(self, reference_image, reference_pose, previous_image=None, previous_pose=None) -> ClipState:
        """Begin a clip.

        Args:
            reference_image: `[batch, height, width, 3]` in [-1, 1].
            reference_pose: `[batch, height, width, pose_channels]`.
            previous_image: the frame before the first one, to continue a clip; the reference by default.
            previous_pose: its pose; the reference's by default.

        Raises:
            ValueError: if a shape is wrong, or previous_image and previous_pose do not go together.
        """
        channels = self._named_channels()
        del channels["target_pose"]
        inputs = _sources(reference_image, reference_pose, previous_image, previous_pose)
        inputs = [tf.cast(tensor, self.variable_dtype) for tensor in check_inputs(inputs, channels, self.size_multiple)]
        return ClipState(*inputs[:2], tuple(self.reference_encoder(inputs[0])), *inputs[2:])

    def step(self, state: ClipState, target_pose) -> tuple[dict, ClipState]:
        """Render a clip's next frame.

        Args:
            state: of `start`, or of the step before.
            target_pose: `[batch, height, width, pose_channels]`.

        Returns:
            What the model gives for one frame (see the module's text), and the state for the next one.

        Raises:
            ValueError: if the pose's shape does not suit the state's.
        """
        inputs = [*state[:2], *state[3:], tf.cast(target_pose, self.variable_dtype)]
        inputs = check_inputs(inputs, self._named_channels(), self.size_multiple)
        outputs = self.render_frame(state.reference_features, inputs)
        return outputs, state._replace(previous_image=outputs["image"], previous_pose=inputs[4])

    def generate(
        self, reference_image, reference_pose, target_poses, previous_image=None, previous_pose=None
    ) -> tf.Tensor:
        """Render a clip, each frame from the one before.

        Args:
            reference_image: see `start`, as for all but `target_poses`.
            reference_pose: likewise.
            target_poses: `[batch, time, height, width, pose_channels]`.
            previous_image: likewise.
            previous_pose: likewise.

        Returns:
            Frames `[batch, time, height, width, 3]` in [-1, 1].

        Raises:
            ValueError: if a shape is wrong, there is no frame, or previous_image and previous_pose do not go together.
        """
        target_poses = tf.convert_to_tensor(target_poses)
        if target_poses.shape.rank != 5 or target_poses.shape[1] == 0:
            raise ValueError(
                f"target_poses must have shape [batch, time, height, width, {self.pose_channels}] with one frame or "
                f"more. Received: {target_poses.shape}."
            )
        sources = _sources(reference_image, reference_pose, previous_image, previous_pose)
        inputs = check_inputs([*sources, target_poses[:, 0]], self._named_channels(), self.size_multiple)
        return self._generate(target_poses, *inputs[:4])

    @tf.function(reduce_retracing=True)
    def _generate(self, target_poses, *sources):
        state = self.start(*sources)
        frames = tf.TensorArray(self.variable_dtype, size=tf.shape(target_poses)[1])
        for index in tf.range(tf.shape(target_poses)[1]):
            _, following = self.step(state, target_poses[:, index])
            state = tf.nest.map_structure(_like, following, state)
            frames = frames.write(index, state.previous_image)
        return tf.transpose(frames.stack(), [1, 0, 2, 3, 4])


def _sources(reference_image, reference_pose, previous_image, previous_pose) -> list:
    """The arguments of `start` as a list: at a clip's first frame, the reference is the previous frame."""
    if (previous_image is None) != (previous_pose is None):
        raise ValueError("previous_image and previous_pose go together. Received: only one of them.")
    if previous_image is None:
        previous_image, previous_pose = reference_image, reference_pose
    return [reference_image, reference_pose, previous_image, previous_pose]


def _like(tensor: tf.Tensor, other: tf.Tensor) -> tf.Tensor:
    """The tensor with all that is known of the other's shape: a loop's variables keep theirs."""
    return tf.ensure_shape(tensor, other.shape)


def _interleave(previous: list[tf.Tensor], reference: list[tf.Tensor]) -> list[tf.Tensor]:
    return [tensor for pair in zip(previous, reference, strict=True) for tensor in pair]


@register
class SequenceGenerator(RecurrentGenerator):
    """Seq-GFLA for people: a flow estimator for each source.

    `model([reference_image, reference_pose, previous_image, previous_pose, target_pose])` renders a frame,
    `model.generate(reference_image, reference_pose, target_poses)` a clip; see the module's text.

    Args: those of `RecurrentGenerator`; pose_channels is 20, 17 joints and 3 channels of the drawn skeleton.
    """

    def __init__(self, pose_channels: int = 20, **kwargs):
        super().__init__(pose_channels, **kwargs)
        settings = {"widths": self.flow_widths, "attention_levels": self.attention_levels, "dtype": self.dtype_policy}
        self.previous_flow_estimator = FlowEstimator(name="previous_flow_estimator", **settings)
        self.reference_flow_estimator = FlowEstimator(name="reference_flow_estimator", **settings)

    def checkpoint_parts(self) -> dict[str, keras.layers.Layer]:
        flow_estimators = {
            "flow_net_previous": self.previous_flow_estimator,
            "flow_net_reference": self.reference_flow_estimator,
        }
        return {**super().checkpoint_parts(), **flow_estimators}

    def build_flow_estimators(self, image: tuple, pose: tuple) -> None:
        self.previous_flow_estimator.build([image, pose, pose])
        self.reference_flow_estimator.build([image, pose, pose])

    def estimate_flows(self, inputs: list[tf.Tensor]) -> tuple:
        reference_image, reference_pose, previous_image, previous_pose, target_pose = inputs
        previous = self.previous_flow_estimator([previous_image, previous_pose, target_pose])
        reference = self.reference_flow_estimator([reference_image, reference_pose, target_pose])
        return previous, reference


@register
class FaceGenerator(RecurrentGenerator):
    """The face animator: one flow estimator sees both sources and gives both flows.

    `model([reference_image, reference_pose, previous_image, previous_pose, target_pose])` renders a frame,
    `model.generate(reference_image, reference_pose, target_poses)` a clip; see the module's text.

    Args: those of `RecurrentGenerator`; pose_channels is 16.
    """

    def __init__(self, pose_channels: int = 16, **kwargs):
        super().__init__(pose_channels, **kwargs)
        self.flow_estimator = FlowEstimator(
            self.flow_widths, self.attention_levels, 2, name="flow_estimator", dtype=self.dtype_policy
        )

    def checkpoint_parts(self) -> dict[str, keras.layers.Layer]:
        return {**super().checkpoint_parts(), "flow_net": self.flow_estimator}

    def build_flow_estimators(self, image: tuple, pose: tuple) -> None:
        self.flow_estimator.build([pose, image, pose, image, pose])

    def estimate_flows(self, inputs: list[tf.Tensor]) -> tuple:
        reference_image, reference_pose, previous_image, previous_pose, target_pose = inputs
        joined = [target_pose, previous_image, previous_pose, reference_image, reference_pose]
        flows, masks = self.flow_estimator(joined)
        return ([flow[..., :2] for flow in flows], [mask[..., :1] for mask in masks]), (
            [flow[..., 2:] for flow in flows],
            [mask[..., 1:] for mask in masks],
        )
