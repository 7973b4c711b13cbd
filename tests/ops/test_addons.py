"""The implementation "addons": equal to "fused" in values and gradients, and refused where it cannot be."""

from __future__ import annotations

import importlib.util
import sys

import numpy as np
import pytest
import tensorflow as tf

from gfla_tf.layers import LocalAttention
from gfla_tf.ops import addons, bilinear_sample, local_attention
from gfla_tf.ops.native import native_graphs

needs_addons = pytest.mark.skipif(
    importlib.util.find_spec("tensorflow_addons") is None, reason="TensorFlow Addons is not installed"
)


def random_inputs(kernel_size, source_size=(5, 7), channels=3, dtype=np.float64) -> list[np.ndarray]:
    """Source, flow (leaving the map on every side, and whole numbers in places) and weights."""
    random = np.random.default_rng(0)
    flow = random.uniform(-6.0, 6.0, (2, 4, 6, 2))
    flow[:, :, ::2] = np.round(flow[:, :, ::2])
    flow[0, -1], flow[1, :, -1] = 0.0, 0.0  # the last row and column of a map of this size, exactly
    weights = random.standard_normal((2, 4, 6, kernel_size**2))
    return [value.astype(dtype) for value in (random.standard_normal((2, *source_size, channels)), flow, weights)]


def value_and_gradients(function, inputs, implementation):
    tensors = [tf.constant(value) for value in inputs]
    with tf.GradientTape() as tape:
        tape.watch(tensors)
        outputs = function(*tensors, implementation=implementation)
        loss = tf.reduce_sum(tf.square(outputs))
    return [outputs, *(tf.convert_to_tensor(gradient) for gradient in tape.gradient(loss, tensors))]


def assert_equal_to_fused(function, inputs):
    fused = value_and_gradients(function, inputs, "fused")
    for actual, expected in zip(value_and_gradients(function, inputs, "addons"), fused, strict=True):
        assert np.abs(expected).max() > 1e-3
        np.testing.assert_allclose(actual, expected, atol=1e-10)


@needs_addons
@pytest.mark.parametrize("source_size", [(5, 7), (4, 6), (3, 1)])
def test_bilinear_sampling_is_equal_to_fused(source_size):
    assert_equal_to_fused(bilinear_sample, random_inputs(1, source_size)[:2])


@needs_addons
def test_a_map_of_one_pixel_is_this_pixel_everywhere():
    source, flow, _ = random_inputs(1, (1, 1))
    sampled, _, by_flow = value_and_gradients(bilinear_sample, [source, flow], "addons")
    np.testing.assert_allclose(sampled, np.broadcast_to(source, sampled.shape), atol=1e-12)
    np.testing.assert_allclose(by_flow, 0, atol=1e-12)


@needs_addons
@pytest.mark.parametrize("kernel_size", [1, 3])
def test_local_attention_is_equal_to_fused(kernel_size):
    assert_equal_to_fused(local_attention, random_inputs(kernel_size))


@needs_addons
def test_the_layer_is_equal_to_fused():
    source, flow, _ = random_inputs(3, (4, 6), dtype=np.float32)
    fused = LocalAttention(3, 8, implementation="fused")
    expected = fused([source, source[::-1], flow])
    compiled = LocalAttention(3, 8, implementation="addons")
    compiled.build([source.shape, source.shape, flow.shape])
    compiled.set_weights(fused.get_weights())
    np.testing.assert_allclose(compiled([source, source[::-1], flow]), expected, atol=1e-5)


@needs_addons
def test_sixteen_bits_and_unknown_shapes():
    source, flow, _ = random_inputs(1, dtype=np.float32)
    signature = [tf.TensorSpec([None, None, None, 3], tf.bfloat16), tf.TensorSpec([None, None, None, 2])]
    sample = tf.function(lambda *maps: bilinear_sample(*maps, "addons"), input_signature=signature)
    source = tf.cast(source, tf.bfloat16)
    expected = bilinear_sample(tf.cast(source, tf.float32), flow, "fused")
    assert sample(source, flow).dtype == tf.bfloat16
    np.testing.assert_allclose(tf.cast(sample(source, flow), tf.float32), expected, atol=2e-2)


@needs_addons
def test_it_is_refused_where_a_graph_goes_elsewhere(tmp_path):
    module = tf.Module()
    signature = [tf.TensorSpec([1, 4, 6, 3]), tf.TensorSpec([1, 4, 6, 2])]
    with native_graphs():
        module.sample = tf.function(lambda *maps: bilinear_sample(*maps, "addons"), input_signature=signature)
        with pytest.raises(ValueError, match="exported or compiled by XLA takes stock operations.*Received: 'addons'"):
            tf.saved_model.save(module, str(tmp_path / "module"))


def test_where_it_is_missing_the_error_says_how_to_get_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "tensorflow_addons", None)
    addons.load_addons.cache_clear()
    source, flow, weights = random_inputs(1)
    message = r"needs TensorFlow Addons.*2\.15.*pip install \"gfla-tf\[addons\]\""
    with pytest.raises(ValueError, match=message):
        bilinear_sample(source, flow, "addons")
    with pytest.raises(ValueError, match=message):
        local_attention(source, flow, weights, "addons")
