"""The Keras losses: what the functions give, for each picture, through configs, in `fit`, in graphs."""

from __future__ import annotations

import json

import keras
import numpy as np
import pytest
import tensorflow as tf

from gfla_tf.losses import (
    Adversarial,
    AffineRegularization,
    Backbone,
    Perceptual,
    SamplingCorrectness,
    Style,
    adversarial,
    affine_regularization,
    perceptual,
    sampling_correctness,
    style,
)
from gfla_tf.losses.backbones import vgg_parameter_shapes
from gfla_tf.stand_in import stand_in_state

RNG = np.random.default_rng(8)
IMAGES = RNG.uniform(-1, 1, (2, 3, 16, 24, 3)).astype(np.float32)  # two batches of three pictures
FEATURES = RNG.uniform(0.1, 1, (2, 3, 5, 7, 6)).astype(np.float32)
FLOW = RNG.uniform(-2, 2, (3, 5, 7, 2)).astype(np.float32)
MASK = RNG.uniform(0, 1, (3, 5, 7, 1)).astype(np.float32)
SCORES = RNG.normal(size=(3, 4, 6, 1)).astype(np.float32)
PERCEPTUAL = ["relu1_1", "relu2_1"]
STYLE = ["relu1_2", "relu2_2"]


def make_backbone(**kwargs):
    backbone = Backbone("vgg16", [*PERCEPTUAL, *STYLE], "none", **kwargs)
    backbone.build()
    backbone.assign(stand_in_state(vgg_parameter_shapes("vgg16", 4)))
    return backbone


BACKBONE = make_backbone(scales={"relu2_1": 3.0, "relu2_2": 0.5})
MAPS = [BACKBONE(images) for images in IMAGES]


def maps_of(layers, picture=slice(None)):
    """The maps of the generated (second) and the true pictures (first)."""
    return [[maps[name][picture] for name in layers] for maps in reversed(MAPS)]


# name, loss, its y_true and y_pred, and what the function gives for some of the pictures
CASES = {
    "correctness": (
        SamplingCorrectness("bilinear"),
        [*FEATURES],
        FLOW,
        lambda some: sampling_correctness(*FEATURES[:, some], FLOW[some], "bilinear"),
    ),
    "correctness of a mask": (
        SamplingCorrectness(),
        [*FEATURES, MASK],
        FLOW,
        lambda some: sampling_correctness(*FEATURES[:, some], FLOW[some], mask=MASK[some]),
    ),
    "regularization": (AffineRegularization(3), 0.0, FLOW, lambda some: affine_regularization(FLOW[some], 3)),
    "perceptual": (Perceptual(BACKBONE, PERCEPTUAL), *IMAGES, lambda some: perceptual(*maps_of(PERCEPTUAL, some))),
    "style": (Style(BACKBONE, STYLE, [2, 3]), *IMAGES, lambda some: style(*maps_of(STYLE, some), [2, 3])),
    **{
        f"{kind} {real}": (
            Adversarial(kind),
            float(real),
            SCORES,
            lambda some, kind=kind, real=real: adversarial(SCORES[some], real, kind),
        )
        for kind in ("lsgan", "hinge", "log")
        for real in (True, False)
    },
    "hinge of a generator": (
        Adversarial("hinge", generator=True),
        0.0,
        SCORES,
        lambda some: adversarial(SCORES[some], True, "hinge", generator=True),
    ),
}


@pytest.fixture(params=CASES.values(), ids=CASES)
def case(request):
    return request.param


def test_value_is_the_functions(case):
    loss, y_true, y_pred, expected = case
    np.testing.assert_allclose(loss(y_true, y_pred), expected(slice(None)), rtol=1e-5)


def test_every_picture_counts_by_its_sample_weight(case):
    loss, y_true, y_pred, expected = case
    for picture in range(3):
        weights = np.eye(3, dtype=np.float32)[picture]
        value = loss(y_true, y_pred, sample_weight=weights) * 3
        np.testing.assert_allclose(value, expected(slice(picture, picture + 1)), rtol=1e-4, atol=1e-6)


def test_reduction_none_gives_a_value_a_picture(case):
    loss, y_true, y_pred, expected = case
    each = type(loss).from_config({**loss.get_config(), "reduction": "none"})
    if hasattr(each, "backbone"):
        each.backbone = loss.backbone
    values = each(y_true, y_pred)
    assert values.shape == (3,)
    np.testing.assert_allclose(tf.reduce_mean(values), expected(slice(None)), rtol=1e-5)


def test_in_a_graph(case):
    loss, y_true, y_pred, expected = case
    np.testing.assert_allclose(tf.function(loss)(y_true, y_pred), expected(slice(None)), rtol=1e-5)


def test_config_round_trip(case):
    loss, y_true, y_pred, expected = case
    again = keras.losses.deserialize(json.loads(json.dumps(keras.losses.serialize(loss))))
    assert type(again) is type(loss)
    assert again.name == loss.name
    if hasattr(again, "backbone"):
        with pytest.raises(ValueError, match="A backbone with weights is expected, see load_backbone"):
            again(y_true, y_pred)
        again.backbone.build()
        again.backbone.set_weights(BACKBONE.get_weights())
    np.testing.assert_allclose(again(y_true, y_pred), expected(slice(None)), rtol=1e-5)


def test_scores_of_real_and_generated_pictures_in_one_batch():
    loss = Adversarial("hinge")
    expected = (2 * adversarial(SCORES[:2], True, "hinge") + adversarial(SCORES[2:], False, "hinge")) / 3
    for real in ([1, 1, 0], [[1], [1], [0]], np.broadcast_to([[[[1]]], [[[1]]], [[[0]]]], SCORES.shape)):
        np.testing.assert_allclose(loss(np.array(real, np.float32), SCORES), expected, rtol=1e-6)


@pytest.mark.parametrize("loss", [Perceptual(BACKBONE, PERCEPTUAL), Style(BACKBONE, STYLE)])
def test_a_model_learns_by_a_feature_loss(loss):
    model = keras.Sequential([keras.layers.Conv2D(3, 1, kernel_initializer="zeros")])
    model.build((None, None, None, 3))
    model.compile(keras.optimizers.Adam(0.01), loss=loss, jit_compile=False)
    history = model.fit(IMAGES[0], IMAGES[0], batch_size=3, epochs=4, verbose=0).history["loss"]
    assert history[-1] < history[0]
    np.testing.assert_allclose(history[0], loss(IMAGES[0], np.zeros_like(IMAGES[0])), rtol=1e-5)


def test_errors():
    with pytest.raises(ValueError, match="sampling must be one of gaussian, bilinear. Received: 'cubic'"):
        SamplingCorrectness("cubic")
    with pytest.raises(ValueError, match="kind must be one of lsgan, hinge, log. Received: 'wgan'"):
        Adversarial("wgan")
    with pytest.raises(ValueError, match=r"\[target_features, source_features, mask\]. Received: 1 entries"):
        SamplingCorrectness()([FEATURES[0]], FLOW)
    with pytest.raises(ValueError, match=r"gives relu1_1, relu2_1, .* Received: one without relu3_1, relu4_1, relu5_1"):
        Perceptual(BACKBONE)
    with pytest.raises(ValueError, match="relu2_2, relu3_3, relu4_3, relu5_2 is expected"):
        Style(BACKBONE)
    with pytest.raises(ValueError, match="One weight a layer, 2, is expected. Received: 1"):
        Style(BACKBONE, STYLE, [1.0])(*IMAGES)
    with pytest.raises(ValueError, match=r"Pictures of the same shape are expected. Received: \(1, 16"):
        Style(BACKBONE, STYLE)(IMAGES[0, :1], IMAGES[1])
