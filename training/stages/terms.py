"""The terms of the loss and their weights, and how each is computed from what a generator gives.

Every picture passes through the feature backbone once a step, and all terms share the maps. Source and target are
references: nothing is learned through them, so that they have no backward pass.

A term is a mean over pictures of something that a picture has by itself: it does not matter how a batch is split.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import NamedTuple

import tensorflow as tf

from gfla_tf.losses import (
    affine_regularization,
    perceptual,
    region_crossing,
    region_maps,
    sampling_correctness,
    style,
)
from gfla_tf.losses.backbones import Backbone
from gfla_tf.pose.skeletons import get_skeleton

__all__ = [
    "FLOW_WEIGHTS",
    "IMAGE_WEIGHTS",
    "Features",
    "LossWeights",
    "TRUTH_TERMS",
    "check_weights",
    "endpoint_error",
    "features_of",
    "flow_terms",
    "full_precision_outputs",
    "mask_cross_entropy",
    "picture_terms",
    "reference_features",
]

EPSILON = 1e-6
_JOINTS = get_skeleton("openpose-18").joints  # of pairs of pictures
TRUTH_TERMS = ("endpoint", "mask")  # those that need exact flow; background needs the masks of rendered people, too
CORRECTNESS_LAYERS = {3: "relu4_1", 2: "relu3_1", 1: "relu2_1"}  # level -> layer of that size


def check_weights(weights: Mapping[str, float]) -> None:
    """Raise a ValueError unless all weights of terms, by name, are finite and not negative."""
    wrong = [f"{name}={weight}" for name, weight in weights.items() if not 0 <= weight < float("inf")]
    if wrong:
        raise ValueError(f"Loss weights must be 0 or more, and finite. Received: {', '.join(wrong)}.")


@dataclass(frozen=True)
class LossWeights:
    """What each term counts; 0 leaves a term out, and with it the work of computing it.

    Attributes:
        correctness: sampling correctness, summed over levels.
        regularization: affine regularisation of the flows, summed over levels.
        l1: mean absolute difference of the pictures in [-1, 1].
        perceptual: mean absolute difference of features.
        style: mean absolute difference of Gram matrices.
        adversarial: the discriminator's verdict.
        endpoint: distance in pixels to the exact flow, where it is known and visible; needs a rendered dataset.
        mask: cross-entropy of the masks with the exact visibility; needs a rendered dataset. With a weight of
            background, the background that both pictures show counts as visible.
        hidden: distance in pixels to the exact flow of the person's points that the source hides: it leads to what is
            in front of them, which is mostly the same garment; needs a rendered dataset.
        regions: how much the flow leads from one part of the body to another, by the keypoints; not in the paper.
        background: length of the flow in pixels where both pictures show the background, which does not move; needs a
            rendered dataset.
    """

    correctness: float = 0.0
    regularization: float = 0.0
    l1: float = 0.0
    perceptual: float = 0.0
    style: float = 0.0
    adversarial: float = 0.0
    endpoint: float = 0.0
    mask: float = 0.0
    hidden: float = 0.0
    regions: float = 0.0
    background: float = 0.0

    def __post_init__(self):
        check_weights(vars(self))

    def total(self, terms: Mapping[str, tf.Tensor]) -> tf.Tensor:
        """The weighted sum of terms by name; those without a weight do not matter, even if they are not finite."""
        return tf.add_n([getattr(self, name) * value for name, value in terms.items() if getattr(self, name)])


FLOW_WEIGHTS = LossWeights(correctness=20.0, regularization=0.01)
IMAGE_WEIGHTS = LossWeights(
    l1=5.0, correctness=5.0, adversarial=2.0, style=500.0, perceptual=0.5, regularization=0.0025
)


class Features(NamedTuple):
    """A backbone's maps by layer of the pictures that nothing is learned through; None where nothing reads them."""

    source: Mapping[str, tf.Tensor] | None = None
    target: Mapping[str, tf.Tensor] | None = None


def features_of(backbone: Backbone, image: tf.Tensor) -> dict[str, tf.Tensor]:
    """The backbone's maps of a batch of pictures, in float32."""
    return {name: tf.cast(value, tf.float32) for name, value in backbone(image).items()}


def reference_features(backbone: Backbone | None, batch: Mapping[str, tf.Tensor]) -> Features:
    """The maps of source and target, one pass each: a graph then leaves out the layers that only the other needs."""
    if backbone is None:
        return Features()
    pictures = (batch["source_image"], batch["target_image"])
    return Features(*(tf.nest.map_structure(tf.stop_gradient, features_of(backbone, image)) for image in pictures))


def full_precision_outputs(outputs: dict) -> dict:
    """A generator's outputs in float32, whatever it computes in."""
    return tf.nest.map_structure(lambda value: tf.cast(value, tf.float32), outputs)


def flow_terms(
    weights: LossWeights,
    kernels: Mapping[int, int],
    outputs: Mapping[str, list[tf.Tensor]],
    batch: Mapping[str, tf.Tensor],
    features: Features,
    watched: Collection[str] = (),
) -> dict[str, tf.Tensor]:
    """The terms that judge flows and masks, each summed over levels.

    Args:
        weights: which terms are wanted.
        kernels: level -> side of local attention's patches, coarsest first, as the generator has them.
        outputs: "flows", one `[batch, h, w, 2]` a level, coarse first; "masks", likewise `[batch, h, w, 1]` in (0, 1).
        batch: holds, for endpoint and mask, "flow_level2" `[batch, h, w, 2]`, exact, in pixels of that level, and
            "visible_level2" `[batch, h, w, 1]`, and so on for each attention level, as `training.data.fashion` gives;
            likewise for hidden, "hidden_flow_level2" and "hidden_level2", and for background, "background_level2";
            for regions, "source_keypoints" and "target_keypoints" of OpenPose's 18 joints, and "target_pose".
        features: of source and target; needed for correctness.
        watched: which of endpoint and mask are wanted without a weight, too.
    """
    flows, masks = outputs["flows"], outputs["masks"]
    terms = {}
    if weights.correctness:
        layers = [CORRECTNESS_LAYERS[level] for level in kernels]
        terms["correctness"] = tf.add_n(
            [
                sampling_correctness(features.target[layer], features.source[layer], flow)
                for layer, flow in zip(layers, flows, strict=True)
            ]
        )
    if weights.regularization:
        values = [affine_regularization(flow, size) for flow, size in zip(flows, kernels.values(), strict=True)]
        terms["regularization"] = tf.add_n(values)
    if weights.endpoint or "endpoint" in watched:
        exact = [(batch[f"flow_level{level}"], batch[f"visible_level{level}"]) for level in kernels]
        terms["endpoint"] = tf.add_n([endpoint_error(flow, *pair) for flow, pair in zip(flows, exact, strict=True)])
    if weights.mask or "mask" in watched:
        shares = [batch[f"visible_level{level}"] for level in kernels]
        if weights.background:
            shares = [share + batch[f"background_level{level}"] for share, level in zip(shares, kernels, strict=True)]
        terms["mask"] = tf.add_n([mask_cross_entropy(mask, share) for mask, share in zip(masks, shares, strict=True)])
    if weights.hidden:
        exact = [(batch[f"hidden_flow_level{level}"], batch[f"hidden_level{level}"]) for level in kernels]
        terms["hidden"] = tf.add_n([endpoint_error(flow, *pair) for flow, pair in zip(flows, exact, strict=True)])
    if weights.regions:
        terms["regions"] = tf.add_n([region_crossing(*_regions(batch, flow), flow) for flow in flows])
    if weights.background:
        shown = [batch[f"background_level{level}"] for level in kernels]
        terms["background"] = tf.add_n(
            [endpoint_error(flow, 0.0, share) for flow, share in zip(flows, shown, strict=True)]
        )
    return terms


def _regions(batch: Mapping[str, tf.Tensor], flow: tf.Tensor) -> list[tf.Tensor]:
    """The parts of the body in target and source at the size of a flow."""
    sizes = batch["target_pose"].shape[1:3], flow.shape[1:3]
    return [region_maps(batch[f"{side}_keypoints"], *sizes, _JOINTS) for side in ("target", "source")]


def endpoint_error(flow: tf.Tensor, exact: tf.Tensor, visible: tf.Tensor) -> tf.Tensor:
    """Mean distance to the exact flow, weighted by how much of a position is visible, in pixels of the flow's level.

    The mean is taken over each picture, then over pictures; one of which nothing is visible counts as 0.

    Args:
        flow: `[batch, h, w, 2]`.
        exact: likewise, the mean over the visible part of each position; or a number.
        visible: `[batch, h, w, 1]`, the visible share of each position.
    """
    distance = tf.sqrt(tf.reduce_sum(tf.square(flow - exact), axis=-1, keepdims=True) + EPSILON)
    total, share = (tf.reduce_sum(values, axis=[1, 2, 3]) for values in (distance * visible, visible))
    return tf.reduce_mean(total / tf.maximum(share, 1.0))


def mask_cross_entropy(mask: tf.Tensor, visible: tf.Tensor) -> tf.Tensor:
    """Mean cross-entropy of a mask `[batch, h, w, 1]` in [0, 1] with the visible share of each position."""
    # Where graphs are turned to bfloat16, a mask may be exactly 1, and so would be 1 - EPSILON.
    shown, hidden = (tf.math.log(tf.maximum(share, EPSILON)) for share in (mask, 1.0 - mask))
    return -tf.reduce_mean(visible * shown + (1.0 - visible) * hidden)


def picture_terms(
    weights: LossWeights,
    image: tf.Tensor,
    target_image: tf.Tensor,
    features: Mapping[str, tf.Tensor] | None = None,
    target_features: Mapping[str, tf.Tensor] | None = None,
    layers: Mapping[str, tuple[str, ...]] | None = None,
) -> dict[str, tf.Tensor]:
    """The terms that compare the generated picture with the true one.

    Args:
        weights: which terms are wanted.
        image: `[batch, height, width, 3]` in [-1, 1].
        target_image: likewise.
        features: backbone's maps of the generated picture; needed for perceptual and style.
        target_features: likewise of the true one.
        layers: the layers of "perceptual" and "style".
    """
    terms = {"l1": tf.reduce_mean(tf.abs(image - target_image))} if weights.l1 else {}
    for name, loss in (("perceptual", perceptual), ("style", style)):
        if getattr(weights, name):
            ours, theirs = ([maps[layer] for layer in layers[name]] for maps in (features, target_features))
            terms[name] = loss(ours, theirs)
    return terms
