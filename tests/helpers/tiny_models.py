"""Every public network in a small size, with inputs for it."""

from __future__ import annotations

from typing import NamedTuple

import keras
import numpy as np

from gfla_tf.models import (
    FaceGenerator,
    ImageDiscriminator,
    MotionExtractor,
    PersonGenerator,
    SequenceGenerator,
    TemporalDiscriminator,
    ViewGenerator,
)
from gfla_tf.stand_in import stand_in_state
from gfla_tf.weights import load_state, parameters

__all__ = ["GENERATORS", "SHALLOW", "TINY", "TINY_WIDTHS", "TinyModel", "filled", "tiny"]

TINY_WIDTHS = {
    "widths": (8, 8, 16),
    "flow_widths": (4, 8, 8, 16, 16),
    "attention_hidden": 8,
    "attention_reduction": "sum",
}
# Fewer levels where a graph has to be traced, which takes long: sides are multiples of 16.
SHALLOW = {"widths": (4, 8), "flow_widths": (4, 8, 8, 8), "attention_kernels": {2: 3}}

# A bias in front of a norm has no influence. Nor has the bias of a map that is read by such a norm only: an encoder's
# map of a level without attention and without skip.
IN_FRONT_OF_A_NORM = r"(?<!jump\d)(?<!outconv)\.model\.2\.bias"
UNUSED_LEVEL_1 = r"\.block0\.model\.5\.bias"
UNUSED_LEVEL_2 = r"\.encoder0\.model\.5\.bias"


class TinyModel(NamedTuple):
    """A small network.

    Attributes:
        network: its class.
        config: the constructor's arguments.
        input_shapes: of one sample, without the batch; None stands for height and width.
        unmoved: regular expression for the names of the parameters that have no influence on the outputs.
    """

    network: type[keras.Model]
    config: dict
    input_shapes: list[tuple]
    unmoved: str = "nothing"

    def make(self, **config) -> keras.Model:
        """A built network with fresh weights."""
        model = self.network(**{**self.config, **config})
        model.build(None)
        return model

    def inputs(self, batch: int = 2, size: tuple[int, int] = (64, 96), seed: int = 0):
        """Uniform noise from -1 to 1: a list where there are several inputs, else an array."""
        random = np.random.default_rng(seed)
        shapes = [self.concrete(shape, batch, size) for shape in self.input_shapes]
        arrays = [random.uniform(-1.0, 1.0, shape).astype(np.float32) for shape in shapes]
        return arrays if len(arrays) > 1 else arrays[0]

    def concrete(self, shape: tuple, batch, size: tuple) -> tuple:
        """An input's whole shape."""
        lengths = iter(size)
        return (batch, *(next(lengths) if length is None else length for length in shape))


def _pictures(*channels: int) -> list[tuple]:
    return [(None, None, count) for count in channels]


def _unmoved(*others: str) -> str:
    return "|".join((IN_FRONT_OF_A_NORM, *others))


TINY: dict[str, TinyModel] = {
    "person": TinyModel(
        PersonGenerator,
        {**TINY_WIDTHS, "pose_channels": 18},
        _pictures(3, 18, 18),
        _unmoved(UNUSED_LEVEL_1, "target" + UNUSED_LEVEL_2),
    ),
    "sequence": TinyModel(
        SequenceGenerator,
        {**TINY_WIDTHS, "attention_kernels": {3: 3}, "pose_channels": 20},
        _pictures(3, 20, 3, 20, 20),
        _unmoved(UNUSED_LEVEL_1, UNUSED_LEVEL_2),
    ),
    "face": TinyModel(
        FaceGenerator,
        {**TINY_WIDTHS, "attention_kernels": {3: 3}, "pose_channels": 16},
        _pictures(3, 16, 3, 16, 16),
        _unmoved(UNUSED_LEVEL_1, UNUSED_LEVEL_2),
    ),
    "view": TinyModel(
        ViewGenerator,
        {**TINY_WIDTHS, "attention_kernels": {3: 3}, "view_channels": 21},
        [(None, None, 3), (21,), (21,)],
        # The view is spread evenly over a map, and a norm makes nothing of an even map.
        _unmoved("(source|flow_net)" + UNUSED_LEVEL_1, UNUSED_LEVEL_2, r"target\.block0\.model\.0\.weight"),
    ),
    "motion": TinyModel(MotionExtractor, {"filters": 8, "hidden": 8}, [(85, 34)]),
    "image-discriminator": TinyModel(ImageDiscriminator, {"filters": (4, 8, 8)}, _pictures(3)),
    "temporal-discriminator": TinyModel(
        TemporalDiscriminator, {"clip_filters": (4, 4), "filters": (8, 8)}, [(6, None, None, 3)]
    ),
}

GENERATORS = ("person", "sequence", "face", "view")


def filled(model: keras.Model, seed: int = 0) -> keras.Model:
    """The model with stand-in weights."""
    shapes = {name: entry.shape for name, entry in parameters(model).items() if entry.alias_of is None}
    load_state(model, stand_in_state(shapes, seed))
    return model


def tiny(network: str, /, **config) -> keras.Model:
    """A small network of the table with stand-in weights."""
    return filled(TINY[network].make(**config))
