"""A motion extractor as it is served: noisy joints in, clean ones out."""

from __future__ import annotations

import keras
import tensorflow as tf

from serving.graphs.served_model import CPU, ServedModel
from serving.signatures import ModelFacts

__all__ = ["MotionModel"]


class MotionModel(ServedModel):
    """The endpoint `denoise`, see `serving.signatures`.

    Args:
        model: a motion extractor of `gfla_tf.load_model`.
    """

    def __init__(self, model: keras.Model):
        super().__init__(model, ModelFacts("motion", joints=model.joints, receptive_field=model.receptive_field))

    def denoise(self, noisy) -> dict:
        needed = self.facts.receptive_field
        with tf.device(CPU):
            frames = tf.shape(noisy)[1]
            message = f"noisy must have {needed} frames or more; repeat the end frames of a shorter clip. Received:"
            with tf.control_dependencies([tf.debugging.Assert(frames >= needed, [message, frames])]):
                noisy = tf.identity(noisy)
        return {"clean": self.model(noisy, training=False)}
