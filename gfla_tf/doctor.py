"""`gfla doctor`: what is installed, what works, and the command that mends what does not.

The self-test runs the paper's network, filled with stand-in weights, and compares it with stored figures of the
authors' own network filled with the same weights.
"""

from __future__ import annotations

import importlib
import importlib.metadata
import importlib.util
import platform
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import resources

import numpy as np

__all__ = ["Finding", "examine"]

SELF_TEST_FILE = "self_test.npz"
SELF_TEST_SEED = 11
SELF_TEST_SIZE = (1, 96, 160)
SELF_TEST_STRIDE = 4  # only every fourth pixel of the picture is stored
IMAGE_TOLERANCE = 1e-4
FLOW_TOLERANCE = 5e-4
REINSTALL = "pip install --upgrade --force-reinstall gfla-tf"


@dataclass(frozen=True)
class Finding:
    """One line of the report: what was looked at, whether it is well, what was found, and how to mend it."""

    subject: str
    healthy: bool
    found: str
    remedy: str = ""


def examine() -> Iterator[Finding]:
    """Look at everything, one finding after the other; a check that fails for any reason becomes a finding too."""
    checks: list[tuple[str, Callable[[], Finding]]] = [
        ("Python", _python),
        ("TensorFlow", _tensorflow),
        ("devices", _devices),
        *(
            (name, lambda name=name: _package(name))
            for name in ("numpy", "scipy", "opencv-python-headless", "safetensors")
        ),
        ("native operations", _native_operations),
        ("local attention", _local_attention),
        ("networks", _networks),
        ("pose estimator", _pose_estimator),
    ]
    for subject, check in checks:
        try:
            yield check()
        except Exception as error:  # the report must not end at the first thing that is broken
            message = " ".join(str(error).split())
            yield Finding(subject, False, f"{type(error).__name__}: {message}", REINSTALL)


def _python() -> Finding:
    found = f"{platform.python_version()} on {platform.system()} {platform.machine()}"
    supported = (3, 10) <= tuple(int(part) for part in platform.python_version_tuple()[:2]) <= (3, 13)
    return Finding("Python", supported, found, "install Python 3.10 to 3.13")


def _tensorflow() -> Finding:
    import keras
    import tensorflow as tf

    backend = getattr(getattr(keras, "config", None), "backend", lambda: "tensorflow")()
    found = f"{tf.__version__} with Keras {keras.__version__}, backend {backend}"
    return Finding("TensorFlow", backend == "tensorflow", found, "export KERAS_BACKEND=tensorflow")


def _devices() -> Finding:
    import tensorflow as tf

    names = [device.device_type for device in tf.config.list_physical_devices()]
    return Finding("devices", True, ", ".join(f"{names.count(name)} {name}" for name in sorted(set(names))))


def _package(name: str) -> Finding:
    try:
        return Finding(name, True, importlib.metadata.version(name))
    except importlib.metadata.PackageNotFoundError:
        if name.startswith("opencv") and importlib.util.find_spec("cv2"):
            return Finding(name, True, "another build of OpenCV")
        return Finding(name, False, "not installed", f"pip install {name}")


def _native_operations() -> Finding:
    """Not having them is well; having some that do not load is not."""
    from gfla_tf.ops.native import NativeUnavailableError, load_library
    from gfla_tf.ops.native_build import find_compiler
    from gfla_tf.ops.native_library import find_library

    subject, path = "native operations", find_library()
    if path is not None:
        try:
            load_library(path)
        except NativeUnavailableError as error:
            return Finding(subject, False, str(error), "gfla build-ops --clean && gfla build-ops")
        return Finding(subject, True, f"built: {path}")
    try:
        how = f"`gfla build-ops` builds them with {' '.join(find_compiler())}"
    except NativeUnavailableError as error:
        how = str(error)
    return Finding(subject, True, f"not built, stock ones are used instead; {how}")


def _local_attention() -> Finding:
    """Every implementation against the definition, on a small random map."""
    import tensorflow as tf

    from gfla_tf.ops import IMPLEMENTATIONS, local_attention
    from gfla_tf.ops.native import load_built_operations

    names = (*IMPLEMENTATIONS, "native") if load_built_operations() else IMPLEMENTATIONS
    rng = np.random.default_rng(0)
    source, flow = rng.standard_normal((1, 6, 9, 4)), rng.uniform(-4, 4, (1, 6, 9, 2))
    weights = tf.nn.softmax(rng.standard_normal((1, 6, 9, 9)))
    reference = local_attention(source, flow, weights, "reference")
    gaps = {name: _gap(local_attention(source, flow, weights, name), reference) for name in names}
    broken = [name for name, gap in gaps.items() if not gap < 1e-9]
    found = f"{', '.join(name for name in gaps if name not in broken)} work"
    return Finding("local attention", not broken, f"{found}; wrong: {broken}" if broken else found, REINSTALL)


def _networks() -> Finding:
    """The paper's person generator against the stored figures."""
    from gfla_tf.models.model_files import build_model
    from gfla_tf.models.presets import PRESETS
    from gfla_tf.stand_in import stand_in_input, stand_in_state
    from gfla_tf.weights import load_state, parameters

    with resources.as_file(resources.files("gfla_tf") / "data" / SELF_TEST_FILE) as path, np.load(path) as stored:
        expected = dict(stored)
    model = build_model(PRESETS["person-fashion"])
    shapes = {name: entry.shape for name, entry in parameters(model).items() if entry.alias_of is None}
    load_state(model, stand_in_state(shapes, SELF_TEST_SEED))
    poses = (
        stand_in_input(name, (*SELF_TEST_SIZE, 18), SELF_TEST_SEED, 0, 1) for name in ("source_pose", "target_pose")
    )
    outputs = model([stand_in_input("source_image", (*SELF_TEST_SIZE, 3), SELF_TEST_SEED), *poses], training=False)
    image_gap = _gap(outputs["image"][:, ::SELF_TEST_STRIDE, ::SELF_TEST_STRIDE], expected["image"])
    flow_gap = _gap(outputs["flows"][0], expected["flow"])
    found = f"self-test differs from the authors' network by {image_gap:.0e} (image) and {flow_gap:.0e} pixels (flow)"
    return Finding("networks", image_gap < IMAGE_TOLERANCE and flow_gap < FLOW_TOLERANCE, found, REINSTALL)


def _gap(first, second) -> float:
    return float(np.max(np.abs(np.asarray(first) - np.asarray(second))))


def _pose_estimator() -> Finding:
    from gfla_tf.pose.estimator import PoseEstimator

    people = PoseEstimator().estimate(np.zeros((64, 64, 3), np.float32))
    return Finding("pose estimator", not people, "runs", "pip install --upgrade ai-edge-litert")
