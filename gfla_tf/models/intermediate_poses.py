"""Far poses by way of poses in between: a flow is estimated for each step, and the flows are put one behind the other.

An option of use, not of the network, and not in the paper, which names it as future work. Small movements are easier
to estimate than large ones; but every step adds its error, and what is hidden on the way is lost: with the demo weights
one pose in between made pictures worse, those of far poses most (docs/beyond_the_paper.md). The estimator sees
the source at the first step and what was rendered for the pose before at the others; texture is taken from the source
itself each time, once, so that nothing is blurred by being rendered again and again.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import tensorflow as tf

from gfla_tf.models.person_generator import PersonGenerator
from gfla_tf.ops.warp import bilinear_sample

__all__ = ["compose_flows", "render_through"]


def compose_flows(flow: tf.Tensor, before: tf.Tensor) -> tf.Tensor:
    """Two steps in one: where does a position of the last picture lie in the first?

    Args:
        flow: `[batch, height, width, 2]`, (dx, dy) from the last picture into the one in the middle.
        before: likewise, from the one in the middle into the first.

    Returns:
        `[batch, height, width, 2]`, at l: flow(l) + before(l + flow(l)).
    """
    return flow + bilinear_sample(before, flow)


def render_through(generator: PersonGenerator, source_image: tf.Tensor, poses: Sequence[tf.Tensor]) -> dict:
    """Render the last of some poses step by step.

    Args:
        generator: a person generator with attention.
        source_image: `[batch, height, width, 3]` in [-1, 1].
        poses: pose maps `[batch, height, width, pose_channels]` in [0, 1]: the source's, any number in between, the
            target's. Without any in between the result is the generator's own.

    Returns:
        What the generator gives: "image", "flows" and "masks". A place is visible as far as it is in every step.

    Raises:
        ValueError: fewer than two poses, or a generator without attention.
    """
    if len(poses) < 2 or generator.flow_estimator is None:
        raise ValueError(
            "The source's and the target's pose, and a generator with attention, are expected. "
            f"Received: {len(poses)} poses and attention at the levels {list(generator.attention_levels)}."
        )
    image, flows, masks = source_image, [], []
    for before, after in pairwise(poses):
        steps, shares = generator.flow_estimator([image, before, after])
        if flows:
            shares = [
                share * bilinear_sample(mask, step) for share, mask, step in zip(shares, masks, steps, strict=True)
            ]
            steps = [compose_flows(step, flow) for step, flow in zip(steps, flows, strict=True)]
        flows, masks = steps, shares
        image = generator.render(source_image, after, flows, masks)
    return {"image": image, "flows": flows, "masks": masks}
