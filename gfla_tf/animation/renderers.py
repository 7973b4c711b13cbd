"""One interface to the networks that an animation can be rendered with, frame by frame.

* A sequence generator carries its state from frame to frame; the reference's features are computed once.
* A person generator renders every frame by itself, from the source alone.

Images are `[height, width, 3]` in [-1, 1] and keypoints `[joints, 3]` = (x, y, confidence) in pixels, both of the
network's picture.
"""

from __future__ import annotations

from typing import Any, Protocol

import keras
import numpy as np

from gfla_tf.ops.native import native_graphs
from gfla_tf.pose.drawn_maps import COLORS, drawn_pose_maps
from gfla_tf.pose.heatmaps import pose_maps
from gfla_tf.pose.skeletons import get_skeleton

__all__ = ["FrameRenderer", "make_renderer"]


class FrameRenderer(Protocol):
    """Renders a clip frame by frame; the state is an argument and a result."""

    def start(self, image: np.ndarray, keypoints: np.ndarray, previous: tuple[np.ndarray, np.ndarray] | None) -> Any:
        """The state before the first frame, or, after an interruption, after the `previous` image and keypoints."""

    def step(self, state: Any, keypoints: np.ndarray) -> tuple[np.ndarray, Any]:
        """The next frame, and the state after it."""


def make_renderer(model: keras.Model) -> FrameRenderer:
    """What renders with a model of a person or sequence preset.

    Raises:
        ValueError: another model, or one whose poses are not those of a skeleton.
    """
    preset = getattr(model, "preset", None)
    kind = type(model).__name__ if preset is None else preset.network
    if kind not in ("person", "sequence") or preset.skeleton is None:
        raise ValueError(f"A model of a sequence or person preset is expected. Received: one of kind {kind}.")
    return (_SequenceRenderer if kind == "sequence" else _PersonRenderer)(model)


class _Renderer:
    """What both have in common: poses as the network sees them, and a step that is traced once."""

    def __init__(self, model: keras.Model):
        import tensorflow as tf

        self.model = model
        self.skeleton = model.preset.skeleton
        joints = len(get_skeleton(self.skeleton).joints)
        if model.pose_channels not in (joints, joints + COLORS):
            raise ValueError(
                f"Poses of {joints} or {joints + COLORS} channels are expected for {self.skeleton}. "
                f"Received: a network for {model.pose_channels}."
            )
        self._drawn = model.pose_channels == joints + COLORS
        self._step = tf.function(self._render)

    def pose(self, keypoints: np.ndarray) -> np.ndarray:
        """A pose `[joints, 3]` as the network sees it, `[1, height, width, pose_channels]`."""
        size = self.model.preset.height, self.model.preset.width
        if self._drawn:
            return drawn_pose_maps(keypoints[np.newaxis], *size, self.skeleton)
        return pose_maps(keypoints[np.newaxis], *size)

    def _render(self, state, pose):
        raise NotImplementedError

    def step(self, state: Any, keypoints: np.ndarray) -> tuple[np.ndarray, Any]:
        with native_graphs():
            image, state = self._step(state, self.pose(keypoints))
        return image.numpy()[0], state


class _SequenceRenderer(_Renderer):
    def start(self, image, keypoints, previous=None):
        last = (None, None) if previous is None else (previous[0][np.newaxis], self.pose(previous[1]))
        return self.model.start(image[np.newaxis], self.pose(keypoints), *last)

    def _render(self, state, pose):
        outputs, state = self.model.step(state, pose)
        return outputs["image"], state


class _PersonRenderer(_Renderer):
    def start(self, image, keypoints, previous=None):
        import tensorflow as tf

        return [tf.constant(image[np.newaxis]), tf.constant(self.pose(keypoints))]

    def _render(self, state, pose):
        return self.model([*state, pose], training=False)["image"], state
