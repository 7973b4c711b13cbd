"""Tiny networks and batches for the stages of training."""

from __future__ import annotations

from unittest import mock

import keras
import numpy as np
import tensorflow as tf

from gfla_tf.losses import Backbone, backbones
from gfla_tf.losses.backbones import vgg_parameter_shapes
from gfla_tf.models import ImageDiscriminator, PersonGenerator
from gfla_tf.stand_in import stand_in_input, stand_in_state

__all__ = ["HEIGHT", "JOINTS", "WIDTH", "make_backbone", "make_batch", "make_dataset", "make_discriminator"]
__all__ += ["make_adam", "make_generator", "values_of"]

HEIGHT, WIDTH, JOINTS = 64, 32, 3
NETWORK = {"widths": (4, 8), "flow_widths": (4, 8, 8), "attention_kernels": {2: 3}, "attention_hidden": 8}


def make_adam(learning_rate: float = 1e-4) -> keras.optimizers.Optimizer:
    """Adam with the paper's momenta, 0 and 0.999."""
    return keras.optimizers.Adam(learning_rate, beta_1=0.0, beta_2=0.999)


def make_generator(dtype: str = "float32") -> PersonGenerator:
    """A generator with attention at level 2 only."""
    keras.utils.set_random_seed(1)
    generator = PersonGenerator(JOINTS, **NETWORK, dtype=dtype)
    generator.build(None)
    return generator


def make_discriminator(dtype: str = "float32") -> ImageDiscriminator:
    """A discriminator of two halvings, without weights yet."""
    return ImageDiscriminator((4, 4), dtype=dtype)


def make_backbone() -> Backbone:
    """A VGG16 with few filters and the layers that all terms read."""
    layers = ["relu1_1", "relu2_1", "relu2_2", "relu3_1", "relu3_3", "relu4_1", "relu4_3", "relu5_1", "relu5_2"]
    with mock.patch.object(backbones, "FILTERS", (4, 8, 8, 8, 8)):
        backbone = Backbone("vgg16", layers)
        backbone.build()
        backbone.assign(stand_in_state(vgg_parameter_shapes("vgg16")))
    return backbone


def make_batch(size: int = 1, **changes) -> dict[str, tf.Tensor]:
    """Noise with an exact flow of (4, 4) pixels of the picture, visible in the middle half of the rows.

    Above is background, below a hidden part with the opposite flow.
    """
    shapes = {"source_image": 3, "target_image": 3, "source_pose": JOINTS, "target_pose": JOINTS}
    values = {
        name: stand_in_input(name, (size, HEIGHT, WIDTH, channels), low=-1 if "image" in name else 0)
        for name, channels in shapes.items()
    }
    for level in (2, 3):
        height, width = HEIGHT // 2**level, WIDTH // 2**level
        values[f"flow_level{level}"] = np.full((size, height, width, 2), 4 / 2**level, np.float32)
        values[f"visible_level{level}"] = np.zeros((size, height, width, 1), np.float32)
        values[f"visible_level{level}"][:, height // 4 : height * 3 // 4] = 1
        values[f"hidden_flow_level{level}"] = -values[f"flow_level{level}"]
        values[f"hidden_level{level}"] = np.zeros((size, height, width, 1), np.float32)
        values[f"hidden_level{level}"][:, height * 3 // 4 :] = 1
        values[f"background_level{level}"] = np.zeros((size, height, width, 1), np.float32)
        values[f"background_level{level}"][:, : height // 4] = 1
    for number, side in enumerate(("source", "target")):
        joints = np.random.default_rng(number).uniform(0.1, 1, (size, 18, 3)) * (WIDTH, HEIGHT, 1)
        values[f"{side}_keypoints"] = joints.astype(np.float32)
    return {name: tf.constant(changes.get(name, value)) for name, value in values.items()}


def make_dataset(steps: int = 3, **changes) -> tf.data.Dataset:
    """The same batch so many times."""
    return tf.data.Dataset.from_tensors(make_batch(**changes)).repeat(steps)


def values_of(network) -> list[np.ndarray]:
    """Copies of a network's weights."""
    return [np.array(weight) for weight in network.get_weights()]
