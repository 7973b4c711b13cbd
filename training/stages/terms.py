"""The terms of the loss and their weights, and how each is computed from what a generator gives.

Every picture passes through the feature backbone once a step: source, target and (for the image stage) the generated
picture are stacked, and all terms share the maps.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields

import tensorflow as tf

from gfla_tf.losses import affine_regularization, perceptual, sampling_correctness, style
from gfla_tf.losses.backbones import Backbone, layer_names

__all__ = [
    "FLOW_WEIGHTS",
    "IMAGE_WEIGHTS",
    "LossWeights",
    "endpoint_error",
    "flow_terms",
    "mask_cross_entropy",
    "picture_terms",
]

EPSILON = 1e-6
CORRECTNESS_LAYERS = {3: "relu4_1", 2: "relu3_1", 1: "relu2_1"}  # level -> layer of that size


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
        mask: cross-entropy of the masks with the exact visibility; needs a rendered dataset.
    """

    correctness: float = 0.0
    regularization: float = 0.0
    l1: float = 0.0
    perceptual: float = 0.0
    style: float = 0.0
    adversarial: float = 0.0
    endpoint: float = 0.0
    mask: float = 0.0

    def __post_init__(self):
        negative = [entry.name for entry in fields(self) if not getattr(self, entry.name) >= 0]
        if negative:
            raise ValueError(f"Loss weights must be 0 or more. Received: {', '.join(negative)} of another kind.")

    def total(self, terms: Mapping[str, tf.Tensor]) -> tf.Tensor:
        """The weighted sum of terms by name."""
        return tf.add_n([getattr(self, name) * value for name, value in terms.items()])


FLOW_WEIGHTS = LossWeights(correctness=20.0, regularization=0.01)
IMAGE_WEIGHTS = LossWeights(
    l1=5.0, correctness=5.0, adversarial=2.0, style=500.0, perceptual=0.5, regularization=0.0025
)


def features_of(backbone: Backbone, *images: tf.Tensor) -> list[dict[str, tf.Tensor]]:
    """The maps of several batches of pictures from one pass through the backbone."""
    maps = backbone(tf.concat(images, axis=0))
    parts = {name: tf.split(value, len(images)) for name, value in maps.items()}
    return [{name: part[index] for name, part in parts.items()} for index in range(len(images))]


def flow_terms(
    weights: LossWeights,
    kernels: Mapping[int, int],
    flows: list[tf.Tensor],
    masks: list[tf.Tensor],
    batch: Mapping[str, tf.Tensor],
    source_features: Mapping[str, tf.Tensor] | None,
    target_features: Mapping[str, tf.Tensor] | None,
) -> dict[str, tf.Tensor]:
    """The terms that judge flows and masks, each summed over levels.

    Args:
        weights: which terms are wanted.
        kernels: level -> side of local attention's patches, coarsest first, as the generator has them.
        flows: one `[batch, h, w, 2]` a level, coarse first.
        masks: one `[batch, h, w, 1]` a level in (0, 1), coarse first.
        batch: holds, for endpoint and mask, "flow_level2" `[batch, h, w, 2]`, exact, in pixels of that level, and
            "visible_level2" `[batch, h, w, 1]`, and so on for each attention level, as `training.data.fashion` gives.
        source_features: backbone's maps of the source picture; needed for correctness.
        target_features: likewise of the target picture.
    """
    terms = {}
    if weights.correctness:
        layers = [CORRECTNESS_LAYERS[level] for level in kernels]
        terms["correctness"] = tf.add_n(
            [
                sampling_correctness(target_features[layer], source_features[layer], flow)
                for layer, flow in zip(layers, flows, strict=True)
            ]
        )
    if weights.regularization:
        values = [affine_regularization(flow, size) for flow, size in zip(flows, kernels.values(), strict=True)]
        terms["regularization"] = tf.add_n(values)
    if weights.endpoint:
        exact = [(batch[f"flow_level{level}"], batch[f"visible_level{level}"]) for level in kernels]
        terms["endpoint"] = tf.add_n([endpoint_error(flow, *pair) for flow, pair in zip(flows, exact, strict=True)])
    if weights.mask:
        shares = [batch[f"visible_level{level}"] for level in kernels]
        terms["mask"] = tf.add_n([mask_cross_entropy(mask, share) for mask, share in zip(masks, shares, strict=True)])
    return terms


def endpoint_error(flow: tf.Tensor, exact: tf.Tensor, visible: tf.Tensor) -> tf.Tensor:
    """Mean distance to the exact flow, weighted by how much of a position is visible, in pixels of the flow's level.

    Args:
        flow: `[batch, h, w, 2]`.
        exact: likewise, the mean over the visible part of each position.
        visible: `[batch, h, w, 1]`, the visible share of each position.
    """
    distance = tf.sqrt(tf.reduce_sum(tf.square(flow - exact), axis=-1, keepdims=True) + EPSILON)
    return tf.reduce_sum(distance * visible) / tf.maximum(tf.reduce_sum(visible), 1.0)


def mask_cross_entropy(mask: tf.Tensor, visible: tf.Tensor) -> tf.Tensor:
    """Mean cross-entropy of a mask `[batch, h, w, 1]` in (0, 1) with the visible share of each position."""
    mask = tf.clip_by_value(mask, EPSILON, 1.0 - EPSILON)
    return -tf.reduce_mean(visible * tf.math.log(mask) + (1.0 - visible) * tf.math.log(1.0 - mask))


def picture_terms(
    weights: LossWeights,
    image: tf.Tensor,
    target_image: tf.Tensor,
    features: Mapping[str, tf.Tensor] | None,
    target_features: Mapping[str, tf.Tensor] | None,
    layers: Mapping[str, tuple[str, ...]],
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


def layers_of_network(network: str, wanted: tuple[str, ...]) -> tuple[str, ...]:
    """The wanted layers, each replaced by the last of its block where the network is shallower (VGG16 for VGG19)."""
    known = layer_names(network)
    last = {name[4]: name for name in known}
    return tuple(dict.fromkeys(name if name in known else last[name[4]] for name in wanted))
