"""A tiny sequence generator, its discriminators, and clips of noise."""

from __future__ import annotations

import keras
import numpy as np
import tensorflow as tf

from gfla_tf.models import SequenceGenerator, TemporalDiscriminator
from gfla_tf.stand_in import stand_in_input
from helpers.tiny_models import filled
from helpers.tiny_stages import HEIGHT, NETWORK, WIDTH

__all__ = ["CHANNELS", "make_clips", "make_sequence_generator", "make_temporal_discriminator"]

CHANNELS = 4


def make_sequence_generator(dtype: str = "float32") -> SequenceGenerator:
    """A generator with attention at level 2 only, and stand-in weights, so that frames and flows differ."""
    generator = SequenceGenerator(CHANNELS, **NETWORK, attention_reduction="sum", dtype=dtype)
    generator.build(None)
    return filled(generator)


def make_temporal_discriminator() -> TemporalDiscriminator:
    """A discriminator of few filters, with weights of its own."""
    keras.utils.set_random_seed(3)
    judge = TemporalDiscriminator((4, 4), (4, 4))
    judge.build(None)
    return judge


def make_clips(frames: int, clips: int = 1, **changes) -> dict[str, tf.Tensor]:
    """Noise.

    To the previous frame, exact flow is (1, 1) pixels of level 2, visible in the left half, background in the right
    one; to the reference it is (2, 2), visible everywhere.
    """
    shapes = {
        "reference_image": (3,),
        "reference_pose": (CHANNELS,),
        "target_images": (frames, 3),
        "target_poses": (frames, CHANNELS),
    }
    values = {}
    for name, (*time, channels) in shapes.items():
        values[name] = stand_in_input(name, (clips, *time, HEIGHT, WIDTH, channels), low=-1 if "image" in name else 0)
    values["target_masks"] = np.ones((clips, frames, HEIGHT, WIDTH, 1), np.float32)
    left = np.zeros((clips, frames, HEIGHT // 4, WIDTH // 4, 1), np.float32)
    left[..., : WIDTH // 8, :] = 1
    for source, length, visible in (("previous", 1, left), ("reference", 2, np.ones_like(left))):
        values[f"{source}_flow_level2"] = length * np.repeat(visible, 2, axis=-1)
        values[f"{source}_visible_level2"] = visible
        values[f"{source}_background_level2"] = 1 - visible
    return {name: tf.constant(changes.get(name, value)) for name, value in values.items()}
