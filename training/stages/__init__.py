"""The stages of training: Keras models whose `train_step` teaches a network or a part of one."""

from training.stages.flow_stage import FlowStage
from training.stages.image_stage import ImageStage
from training.stages.motion_stage import MotionStage, MotionWeights
from training.stages.sequence_stage import SequenceStage
from training.stages.sequence_terms import SEQUENCE_WEIGHTS, SequenceWeights
from training.stages.terms import FLOW_WEIGHTS, IMAGE_WEIGHTS, LossWeights

__all__ = [
    "FLOW_WEIGHTS",
    "IMAGE_WEIGHTS",
    "SEQUENCE_WEIGHTS",
    "FlowStage",
    "ImageStage",
    "LossWeights",
    "MotionStage",
    "MotionWeights",
    "SequenceStage",
    "SequenceWeights",
]
