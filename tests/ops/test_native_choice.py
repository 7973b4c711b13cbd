"""Which implementation "auto" takes, and where "native" is refused."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from gfla_tf.ops import bilinear_sample, gaussian_sample, local_attention, native
from gfla_tf.ops.native import NativeUnavailableError, choose_implementation, native_graphs

# A kernel of one pixel, because larger ones take long to trace.
INPUTS = [np.random.default_rng(0).standard_normal((2, 5, 7, channels)).astype(np.float32) for channels in (3, 2, 1)]


def attend(*maps):
    """Everything that chooses."""
    sampled = bilinear_sample(*maps[:2]) + gaussian_sample(*maps[:2])
    return local_attention(*maps, implementation="auto") + sampled


def operations_of(function, *inputs) -> set[str]:
    """The kinds of operations in a function's graph."""
    graph = function.get_concrete_function(*inputs).graph
    return {operation.type for operation in graph.get_operations() if operation.type.startswith("Gfla>")}


@pytest.mark.usefixtures("native")
def test_what_runs_at_once_is_native():
    assert choose_implementation("auto") == "native"


@pytest.mark.parametrize("implementation", ["fused", "reference"])
def test_others_are_themselves(implementation):
    assert choose_implementation(implementation) == implementation


@pytest.mark.usefixtures("native")
def test_graphs_are_native_only_where_they_were_said_to_stay():
    assert operations_of(tf.function(attend), *INPUTS) == set()
    with native_graphs():
        assert operations_of(tf.function(attend), *INPUTS) == {"Gfla>LocalAttention", "Gfla>Sample"}
        with native_graphs():
            pass
        assert operations_of(tf.function(attend), *INPUTS) != set()
    assert operations_of(tf.function(attend), *INPUTS) == set()


@pytest.mark.usefixtures("native")
def test_the_graph_of_a_training_step():
    source, flow, weights = (tf.Variable(value) for value in INPUTS)

    @tf.function
    def step():
        with native_graphs(), tf.GradientTape() as tape:
            loss = tf.reduce_sum(tf.square(attend(source, flow, weights)))
        return tape.gradient(loss, [source, flow, weights])

    kinds = operations_of(step)
    assert {"Gfla>LocalAttentionGrad", "Gfla>LocalAttentionSourceGrad", "Gfla>SampleSourceGrad"} <= kinds
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(tf.square(tf.function(attend)(source, flow, weights)))  # stock operations
    for actual, expected in zip(step(), tape.gradient(loss, [source, flow, weights]), strict=True):
        np.testing.assert_allclose(actual, expected, atol=1e-4)


@pytest.mark.usefixtures("native")
def test_saved_models_hold_stock_operations(tmp_path):
    module = tf.Module()
    signature = [tf.TensorSpec((None, None, None, value.shape[-1])) for value in INPUTS]
    module.serve = tf.function(attend, input_signature=signature)
    with native_graphs():
        tf.saved_model.save(module, str(tmp_path), options=tf.saved_model.SaveOptions(namespace_whitelist=[]))
    reloaded = tf.saved_model.load(str(tmp_path))
    np.testing.assert_allclose(reloaded.serve(*INPUTS), attend(*INPUTS), atol=1e-5)


@pytest.mark.usefixtures("native")
def test_xla_compiles_stock_operations():
    with native_graphs():
        compiled = tf.function(attend, jit_compile=True)
        inner = tf.function(lambda *maps: compiled(*maps) + tf.function(attend)(*maps), jit_compile=True)
        expected = attend(*INPUTS)
        np.testing.assert_allclose(compiled(*INPUTS), expected, atol=1e-5)
        np.testing.assert_allclose(inner(*INPUTS), 2 * expected, atol=1e-5)


@pytest.mark.usefixtures("native")
def test_native_is_refused_where_a_graph_goes_elsewhere(tmp_path):
    def function(*maps):
        return local_attention(*maps, implementation="native")

    with pytest.raises(ValueError, match="compiled by XLA takes stock operations.*Received: 'native'"):
        tf.function(function, jit_compile=True)(*INPUTS)
    module = tf.Module()
    module.serve = tf.function(function, input_signature=[tf.TensorSpec(value.shape) for value in INPUTS])
    with pytest.raises(ValueError, match="exported or compiled by XLA takes stock operations"):
        tf.saved_model.save(module, str(tmp_path))


@pytest.mark.usefixtures("native")
def test_other_devices_take_stock_operations(monkeypatch):
    gpu = tf.config.PhysicalDevice("/physical_device:GPU:0", "GPU")
    monkeypatch.setattr(tf.config, "get_visible_devices", lambda: [gpu])
    assert choose_implementation("auto") == "fused"


def test_nothing_is_built_unasked(monkeypatch):
    def refuse(*arguments):
        raise AssertionError("a build")

    monkeypatch.setattr(native, "find_library", lambda: None)
    monkeypatch.setattr(native, "build", refuse)
    native.load_built_operations.cache_clear()
    assert choose_implementation("auto") == "fused"
    native.load_built_operations.cache_clear()


def test_a_library_that_does_not_load_is_said_once(monkeypatch, tmp_path):
    broken = tmp_path / "gfla.so"
    broken.write_text("no library")
    monkeypatch.setattr(native, "find_library", lambda: broken)
    for function in (native.load_operations, native.load_built_operations):
        function.cache_clear()
    with pytest.warns(UserWarning, match="do not load: .*gfla build-ops --clean.* Stock operations are used"):
        assert choose_implementation("auto") == "fused"
    assert choose_implementation("auto") == "fused"
    with pytest.raises(NativeUnavailableError, match="do not load"):
        choose_implementation("native")
    native.load_built_operations.cache_clear()
