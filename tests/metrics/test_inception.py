"""Inception v3: Keras' network of the same weights, the two variants' poolings, weights from files; Inception score."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf

from gfla_tf.metrics import InceptionScore, inception, load_inception
from gfla_tf.metrics.inception import Inception, inception_shapes
from gfla_tf.stand_in import stand_in_input, stand_in_weights

SIDE = 75  # the smallest that the network takes: fast


@pytest.fixture(autouse=True)
def small_pictures(monkeypatch):
    monkeypatch.setattr(inception, "SIDE", SIDE)


@pytest.fixture(scope="module")
def state():
    """Stand-ins with the gain of ReLUs, and variances around 1."""
    arrays = {}
    for name, shape in inception_shapes("2015").items():
        array = stand_in_weights(name, shape)
        arrays[name] = array * np.float32(2**0.5) if name.endswith("conv.weight") else array
        if name.endswith("running_var"):
            arrays[name] = 1 + np.abs(array)
    return arrays


@pytest.fixture(scope="module")
def network(state):
    return Inception("2015", state)


IMAGES = stand_in_input("picture", (2, SIDE, SIDE, 3))


def keras_network(state):
    """Keras' Inception v3, which pools by means of what is inside, with these weights; its scales are all 1."""
    model = keras.applications.InceptionV3(include_top=False, weights=None, input_shape=(SIDE, SIDE, 3), pooling="avg")
    names = iter(keras_order())
    convolutions = [layer for layer in model.layers if isinstance(layer, keras.layers.Conv2D)]
    normalisations = [layer for layer in model.layers if isinstance(layer, keras.layers.BatchNormalization)]
    for convolution, normalisation in zip(by_number(convolutions), by_number(normalisations), strict=True):
        name = next(names)
        convolution.set_weights([state[f"{name}.conv.weight"].transpose(2, 3, 1, 0)])
        normalisation.set_weights([state[f"{name}.bn.{part}"] for part in ("bias", "running_mean", "running_var")])
    return model


def by_number(layers):
    """In the order in which they were made: conv2d, conv2d_1, conv2d_2, ..."""
    return sorted(
        layers, key=lambda layer: int(("0" + layer.name.rpartition("_")[2]) if layer.name[-1].isdigit() else 0)
    )


def keras_order():
    """The layers in the order in which Keras makes them: it begins the modules' branches in the same order."""
    modules = {}
    for name in inception.LAYERS:
        modules.setdefault(name.partition(".")[0], []).append(name)
    return [name for names in modules.values() for name in names]


def test_equals_keras_network(state, monkeypatch):
    """Up to the last module's maximum, which is replaced by the mean here."""
    keras.backend.clear_session()  # so that layers are numbered from 0
    plain = {name: np.ones_like(array) if name.endswith("bn.weight") else array for name, array in state.items()}
    network = Inception("2015", plain)
    monkeypatch.setattr(network, "_pooled", lambda module, maps: tf.nn.avg_pool2d(maps, 3, 1, "SAME"))
    expected = np.asarray(keras_network(plain)(IMAGES, training=False))
    np.testing.assert_allclose(network(IMAGES).pooled, expected, rtol=1e-3, atol=1e-4 * np.abs(expected).max())


def test_features_and_probabilities(network, state):
    features = network(IMAGES)
    assert (features.pooled.shape, features.probabilities.shape) == ((2, 2048), (2, 1008))
    logits = np.float64(features.pooled) @ state["fc.weight"].T + state["fc.bias"]
    expected = np.exp(logits - logits.max(1, keepdims=True))
    np.testing.assert_allclose(features.probabilities, expected / expected.sum(1, keepdims=True), rtol=1e-3, atol=1e-6)


def test_the_variants_pool_differently(network, state):
    maps = tf.constant(np.arange(1, 13, dtype=np.float32).reshape(1, 3, 4, 1))
    theirs = Inception("torchvision", {**state, "fc.weight": np.zeros((1000, 2048)), "fc.bias": np.zeros(1000)})
    corner = (1 + 2 + 5 + 6) / 4
    for one, module, expected in (
        (network, "Mixed_5b", corner),
        (network, "Mixed_7c", 6),
        (theirs, "Mixed_5b", corner * 4 / 9),
        (theirs, "Mixed_7c", corner * 4 / 9),
    ):
        pooled = one._pooled(module, maps).numpy()
        assert pooled[0, 0, 0, 0] == pytest.approx(expected)
        assert pooled[0, 1, 1, 0] == (11 if module == "Mixed_7c" and one is network else 6)  # of 1..3, 5..7, 9..11


def test_normalisation_is_folded_in(network, state):
    """One layer by itself: 1 x 1, so that convolution, normalisation and ReLU are easily written down."""
    maps = stand_in_input("maps", (1, 5, 4, 64))
    name = "Conv2d_3b_1x1"
    scale, offset, mean, variance = (state[f"{name}.{part}"] for part in inception.NORMALISATION)
    convolved = maps @ state[f"{name}.conv.weight"][:, :, 0, 0].T
    expected = np.maximum((convolved - mean) / np.sqrt(variance + 1e-3) * scale + offset, 0)
    np.testing.assert_allclose(network._layer(name, tf.constant(maps)), expected, rtol=1e-3, atol=1e-5)


def test_layout_of_torchvisions_state_dict():
    shapes = inception_shapes("torchvision")
    assert shapes["Mixed_6c.branch7x7dbl_2.conv.weight"] == (160, 160, 7, 1)
    assert shapes["Mixed_7b.branch3x3_2a.conv.weight"] == (384, 384, 1, 3)
    assert shapes["Mixed_5b.branch_pool.bn.running_var"] == (32,)
    # Torchvision says 27,161,264 with its second classifier, of 3,326,696; running means and variances come on top.
    trained = {name: shape for name, shape in shapes.items() if "running" not in name}
    assert sum(int(np.prod(shape)) for shape in trained.values()) == 27_161_264 - 3_326_696


def test_weights_from_files(network, state, tmp_path, monkeypatch):
    torch = pytest.importorskip("torch", reason="needs the extra [references]")
    some = {"fc.weight": torch.zeros(1008, 2048), "AuxLogits.fc.bias": torch.zeros(3)}
    torch.save(some, tmp_path / "inception.pth")
    with pytest.raises(ValueError, match=r"do not fit Inception, variant 2015: missing: Conv2d_1a_3x3.conv.weight"):
        load_inception("2015", tmp_path / "inception.pth")
    with pytest.raises(ValueError, match=r"wrong shape: fc.weight is \[1008, 2048\], expected \[1000, 2048\]"):
        load_inception("torchvision", tmp_path / "inception.pth")
    with pytest.raises(ValueError, match="must be one of 2015, torchvision. Received: 'v4'"):
        load_inception("v4", tmp_path / "nothing.pth")
    monkeypatch.setattr(inception, "read_any_state", lambda path: state)
    loaded = load_inception("2015", tmp_path / "inception.pth")
    np.testing.assert_array_equal(loaded(IMAGES).pooled, network(IMAGES).pooled)


def test_inception_score_by_hand():
    """Sure pictures of k classes score k, pictures of which nothing is known 1."""
    assert InceptionScore().update(np.eye(4)).result() == pytest.approx(4)
    assert InceptionScore().update(np.full((3, 5), 0.2)).result() == pytest.approx(1)
    mixed = np.array([[0.9, 0.1], [0.2, 0.8]])
    mean = mixed.mean(0)
    expected = np.exp(np.mean(np.sum(mixed * np.log(mixed / mean), axis=1)))
    score = InceptionScore().update(mixed[:1]).update(mixed[1:])
    assert score.result() == pytest.approx(expected)
    assert score.count == 2


def test_inception_score_errors():
    with pytest.raises(ValueError, match=r"Probabilities \[pictures, classes\] are expected"):
        InceptionScore().update([[0.5, 0.6]])
    with pytest.raises(ValueError, match="needs at least 1 picture. Received: 0"):
        InceptionScore().result()
