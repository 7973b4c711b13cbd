"""The networks: one file for each box of the paper's figures."""

from gfla_tf.models.discriminators import ImageDiscriminator, TemporalDiscriminator
from gfla_tf.models.flow_estimator import FlowEstimator
from gfla_tf.models.motion_extractor import MotionExtractor
from gfla_tf.models.person_generator import PersonGenerator
from gfla_tf.models.sequence_generator import FaceGenerator, SequenceGenerator
from gfla_tf.models.source_encoder import SourceEncoder
from gfla_tf.models.texture_renderer import TextureRenderer
from gfla_tf.models.view_generator import ViewGenerator

__all__ = [
    "FaceGenerator",
    "FlowEstimator",
    "ImageDiscriminator",
    "MotionExtractor",
    "PersonGenerator",
    "SequenceGenerator",
    "SourceEncoder",
    "TemporalDiscriminator",
    "TextureRenderer",
    "ViewGenerator",
]
