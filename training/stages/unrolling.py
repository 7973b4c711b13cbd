"""A few frames of a clip, each generated from the one before: the sequence generator unrolled in time.

From frame to frame, image and pose are carried without gradient: each frame learns to go on from what came out, not to
be gone on from.
"""

from __future__ import annotations

from collections.abc import Mapping

import tensorflow as tf

from gfla_tf.models import SequenceGenerator
from training.stages.sequence_terms import as_pictures

__all__ = ["render_window"]


def render_window(
    generator: SequenceGenerator,
    window: Mapping[str, tf.Tensor],
    image: tf.Tensor,
    pose: tf.Tensor,
    recompute: bool = False,
) -> dict:
    """Generate the frames of a window.

    Args:
        generator: with gradients for its weights, where a tape watches.
        window: reference_image `[clips, height, width, 3]`, reference_pose, and target_poses `[clips, frames, ...]`.
        image: the frame generated before the window, `[clips, height, width, 3]`; the reference at a clip's beginning.
        pose: its pose.
        recompute: keep only what comes out of each frame, and compute the rest again for the gradients.

    Returns:
        What the generator gives for one frame, for `[clips * frames, ...]`, clip by clip, in float32.
    """

    def render_frame(pose, image, previous_pose, reference_image, reference_pose, *features):
        inputs = [reference_image, reference_pose, image, previous_pose, pose]
        outputs = generator.render_frame(list(features), inputs)
        return [outputs["image"], *outputs["flows"], *outputs["masks"]]

    step = tf.recompute_grad(render_frame) if recompute else render_frame
    reference = window["reference_image"], window["reference_pose"]
    features = generator.start(*reference).reference_features
    frames = []
    for target_pose in tf.unstack(window["target_poses"], axis=1):
        frames.append(step(target_pose, image, pose, *reference, *features))
        image, pose = tf.stop_gradient(frames[-1][0]), target_pose
    pictures, *others = (
        tf.cast(as_pictures(tf.stack(parts, axis=1)), tf.float32) for parts in zip(*frames, strict=True)
    )
    return {"image": pictures, "flows": others[: len(others) // 2], "masks": others[len(others) // 2 :]}
