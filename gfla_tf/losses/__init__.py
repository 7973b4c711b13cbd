"""What the networks are trained for: functions from features, flows and scores to one number each.

Each has a Keras loss beside it that computes the same (`sampling_correctness` and `SamplingCorrectness`); the backbones
give the features.
"""

from gfla_tf.losses.adversarial import Adversarial, adversarial
from gfla_tf.losses.backbone_weights import load_backbone
from gfla_tf.losses.backbones import Backbone, layers_of_network
from gfla_tf.losses.body_regions import RegionCrossing, region_crossing, region_maps
from gfla_tf.losses.correctness import SamplingCorrectness, sampling_correctness
from gfla_tf.losses.perceptual import PERCEPTUAL_LAYERS, STYLE_LAYERS, Perceptual, Style, perceptual, style
from gfla_tf.losses.regularization import AffineRegularization, affine_regularization

__all__ = [
    "PERCEPTUAL_LAYERS",
    "STYLE_LAYERS",
    "Adversarial",
    "AffineRegularization",
    "Backbone",
    "Perceptual",
    "RegionCrossing",
    "SamplingCorrectness",
    "Style",
    "adversarial",
    "affine_regularization",
    "layers_of_network",
    "load_backbone",
    "perceptual",
    "region_crossing",
    "region_maps",
    "sampling_correctness",
    "style",
]
