"""What the networks are trained for: pure functions from features, flows and scores to one number each."""

from gfla_tf.losses.adversarial import adversarial
from gfla_tf.losses.backbones import Backbone, load_backbone
from gfla_tf.losses.flow import affine_regularization, sampling_correctness
from gfla_tf.losses.perceptual import PERCEPTUAL_LAYERS, STYLE_LAYERS, perceptual, style

__all__ = [
    "PERCEPTUAL_LAYERS",
    "STYLE_LAYERS",
    "Backbone",
    "adversarial",
    "affine_regularization",
    "load_backbone",
    "perceptual",
    "sampling_correctness",
    "style",
]
