"""The native operations: local attention and sampling, forward and backward, compiled from `kernels/*.cc`.

They read each window's pixels once and keep nothing but the result, run on the CPU in TensorFlow's own threads, and
give the same bits for any number of threads. Conventions are those of `gfla_tf.ops.warp`.

Who uses them. `implementation="native"` asks for them, builds them if need be, and fails where they cannot be had.
`implementation="auto"` takes them if

* they are built already (`gfla build-ops`): nothing is compiled behind a user's back;
* there is no device but the CPU;
* the computation stays in this process. Whatever TensorFlow executes eagerly does. A graph may be exported, and an
  exported graph with operations of our own could not be loaded elsewhere; so a graph takes them only where it is traced
  inside `native_graphs()`, and never while a SavedModel is written;
* XLA does not compile the graph, which knows stock operations only.

Otherwise "auto" means "fused". First derivatives only: for higher ones there is "fused".
"""

from __future__ import annotations

import contextlib
import functools
import logging
import threading
import warnings
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import tensorflow as tf

from gfla_tf.ops.addons import load_addons
from gfla_tf.ops.native_build import build
from gfla_tf.ops.native_library import NativeUnavailableError, find_library

__all__ = [
    "NativeUnavailableError",
    "choose_implementation",
    "load_built_operations",
    "load_library",
    "load_operations",
    "native_graphs",
    "native_local_attention",
    "native_sample",
]

logger = logging.getLogger(__name__)
_scope = threading.local()


@contextlib.contextmanager
def native_graphs() -> Iterator[None]:
    """Let "auto" choose the native operations in graphs that are traced inside: those that will not be exported.

    For the body of a training step:

        def train_step(self, data):
            with native_graphs():
                ...
    """
    before = getattr(_scope, "active", False)
    _scope.active = True
    try:
        yield
    finally:
        _scope.active = before


def choose_implementation(implementation: str) -> str:
    """What "auto" means here, "native" or "fused"; other implementations as they are.

    Raises:
        ValueError: "native" or "addons" in a graph that is exported or compiled by XLA, or "addons" where TensorFlow
            Addons is not installed.
        NativeUnavailableError: "native" where it can be neither found nor built.
    """
    if implementation in ("native", "addons"):
        if not tf.executing_eagerly() and _leaves_this_process():
            raise ValueError(
                "A graph that is exported or compiled by XLA takes stock operations: implementation 'auto' or 'fused'. "
                f"Received: {implementation!r}."
            )
        load_operations() if implementation == "native" else load_addons()
    if implementation == "auto":
        return "native" if _stays_here() and _only_cpu() and load_built_operations() else "fused"
    return implementation


def _stays_here() -> bool:
    return tf.executing_eagerly() or (getattr(_scope, "active", False) and not _leaves_this_process())


def _leaves_this_process() -> bool:
    """Whether the graph under construction will be compiled by XLA, or is part of a SavedModel being written."""
    try:  # TensorFlow has no public way to ask
        from tensorflow.python.ops.control_flow_util import GraphOrParentsInXlaContext
        from tensorflow.python.saved_model.save_context import in_save_context
    except ImportError:
        return True
    return in_save_context() or GraphOrParentsInXlaContext(tf.compat.v1.get_default_graph())


def _only_cpu() -> bool:
    return all(device.device_type == "CPU" for device in tf.config.get_visible_devices())


@functools.cache
def load_operations() -> ModuleType:
    """TensorFlow's Python functions of the operations, built first if need be.

    Raises:
        NativeUnavailableError: they can be neither found nor built, or the library does not load.
    """
    path = find_library()
    if path is None:
        logger.warning("Building the native operations, once for this TensorFlow: about a minute.")
        path = build()
        load_built_operations.cache_clear()
    return load_library(path)


@functools.cache
def load_built_operations() -> ModuleType | None:
    """The same if there is a library that loads, else None; looks once in a process, and never builds."""
    if find_library() is None:
        logger.info("The native operations are not built (gfla build-ops builds them): stock ones are used.")
        return None
    try:
        return load_operations()
    except NativeUnavailableError as error:
        warnings.warn(f"{error} Stock operations are used.", stacklevel=2)
        return None


@functools.cache
def load_library(path: Path) -> ModuleType:
    """TensorFlow's Python functions of a library; NativeUnavailableError if it does not load."""
    try:
        operations = tf.load_op_library(str(path))
    except (tf.errors.OpError, RuntimeError) as error:
        reason = " ".join(str(error).split())
        raise NativeUnavailableError(
            f"The native operations do not load: {reason} (`gfla build-ops --clean`, then `gfla build-ops`)."
        ) from error
    _register_gradients(operations)
    return operations


def _register_gradients(operations: ModuleType) -> None:
    @tf.RegisterGradient("Gfla>LocalAttention")
    def local_attention_gradient(operation, gradient):
        options = {"mean": operation.get_attr("mean")}
        source = operations.gfla_local_attention_source_grad(gradient, *operation.inputs, **options)
        return source, *operations.gfla_local_attention_grad(gradient, *operation.inputs, **options)

    @tf.RegisterGradient("Gfla>Sample")
    def sample_gradient(operation, gradient):
        options = {"window": operation.get_attr("window")}
        source = operations.gfla_sample_source_grad(gradient, *operation.inputs, **options)
        return source, operations.gfla_sample_grad(gradient, *operation.inputs, **options)


def native_local_attention(source: tf.Tensor, flow: tf.Tensor, weights: tf.Tensor, mean: bool) -> tf.Tensor:
    """`gfla_tf.ops.local_attention`, its arguments checked before."""
    stored, positions = _dtypes(source)
    inputs = tf.cast(source, stored), tf.cast(flow, positions), tf.cast(weights, positions)
    return tf.cast(load_operations().gfla_local_attention(*inputs, mean=mean), source.dtype)


def native_sample(source: tf.Tensor, flow: tf.Tensor, window: str) -> tf.Tensor:
    """`gfla_tf.ops.bilinear_sample` or `gaussian_sample` (that is the window), their arguments checked before."""
    stored, positions = _dtypes(source)
    inputs = tf.cast(source, stored), tf.cast(flow, positions)
    return tf.cast(load_operations().gfla_sample(*inputs, window=window), source.dtype)


def _dtypes(source: tf.Tensor) -> tuple[tf.DType, tf.DType]:
    """In which types the map is read, and positions and weights are computed: never in 16 bits."""
    stored = source.dtype if source.dtype in (tf.float32, tf.float64, tf.bfloat16) else tf.float32
    return stored, tf.float64 if stored == tf.float64 else tf.float32
