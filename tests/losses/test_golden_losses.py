"""Every loss against the authors' figure for the same stand-in VGG19 and inputs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from gfla_tf.losses import (
    PERCEPTUAL_LAYERS,
    STYLE_LAYERS,
    Backbone,
    adversarial,
    affine_regularization,
    perceptual,
    sampling_correctness,
    style,
)
from gfla_tf.losses.backbones import vgg_parameter_shapes
from gfla_tf.stand_in import stand_in_input, stand_in_state

SEED = 61
SHAPE = (2, 96, 128, 3)
with np.load(Path(__file__).parents[1] / "golden" / "losses.npz") as stored:
    FIGURES = dict(stored)


@pytest.fixture(scope="module")
def features():
    """Maps of all layers for the source, target and generated images, which go in unnormalised as the authors do."""
    backbone = Backbone("vgg19", sorted({*PERCEPTUAL_LAYERS, *STYLE_LAYERS}), "none")
    backbone.build()
    backbone.assign(stand_in_state(vgg_parameter_shapes("vgg19"), SEED))
    names = ("source", "target", "generated")
    return {name: backbone(stand_in_input(f"{name}_image", SHAPE, SEED)) for name in names}


def check(value, figure):
    np.testing.assert_allclose(value, FIGURES[figure], rtol=1e-4)


def test_correctness(features):
    values = {}
    for level, layer in ((3, "relu4_1"), (2, "relu3_1")):
        flow = FIGURES[f"flow_level{level}"]
        values[level] = sampling_correctness(features["target"][layer], features["source"][layer], flow)
        check(values[level], f"correctness_gaussian_level{level}")
    check(values[2] + values[3], "correctness_gaussian")


def test_regularization():
    values = [affine_regularization(FIGURES["flow_level3"], 3), affine_regularization(FIGURES["flow_level2"], 5)]
    check(values[0], "regularization_kernel3")
    check(values[1], "regularization_kernel5")
    check(sum(values), "regularization")


@pytest.mark.parametrize(
    ("loss", "layers", "figure"), [(perceptual, PERCEPTUAL_LAYERS, "content"), (style, STYLE_LAYERS, "style")]
)
def test_features_compared(features, loss, layers, figure):
    generated, target = ([features[name][layer] for layer in layers] for name in ("generated", "target"))
    check(loss(generated, target), figure)


@pytest.mark.parametrize(
    ("figure", "arguments"),
    [
        ("lsgan_real", {"real": True}),
        ("lsgan_fake", {"real": False}),
        ("hinge_real", {"real": True, "kind": "hinge"}),
        ("hinge_fake", {"real": False, "kind": "hinge"}),
        ("hinge_generator", {"real": True, "kind": "hinge", "generator": True}),
    ],
)
def test_adversarial(figure, arguments):
    check(adversarial(FIGURES["scores"], **arguments), figure)
