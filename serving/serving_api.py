"""tensorflow-serving-api: TensorFlow Serving's messages and gRPC stubs, which must be of TensorFlow's own version.

pip sees to half of it: the package asks for a TensorFlow that is not older than itself. One that is older than
TensorFlow, or was installed with --no-deps beside tensorflow-cpu, is noticed here.
"""

from __future__ import annotations

import functools
import importlib
import importlib.metadata
import warnings
from types import ModuleType

__all__ = ["check_versions", "serving_messages"]

PACKAGE = "tensorflow-serving-api"


def serving_messages(module: str) -> ModuleType:
    """A module of TensorFlow Serving's messages, such as "apis.predict_pb2".

    Raises:
        ValueError: tensorflow-serving-api is not installed, or cannot be imported beside this TensorFlow.
    """
    try:
        found = importlib.import_module(f"tensorflow_serving.{module}")
    except ModuleNotFoundError as error:
        raise ValueError(
            f'{PACKAGE} of TensorFlow\'s version is needed here: pip install ".[serving]", or beside '
            f"tensorflow-cpu: pip install --no-deps {PACKAGE}==VERSION."
        ) from error
    except Exception as error:  # protobuf has many ways to say that code and library don't go together
        versions = " and ".join(f"{name} {version}" for name, version in _versions().items())
        raise ValueError(
            f"{PACKAGE} of TensorFlow's version is expected. Received: {versions}, which cannot be imported together "
            f"({type(error).__name__}: {error})."
        ) from error
    check_versions()
    return found


@functools.cache
def check_versions() -> None:
    """Warn, once, if tensorflow-serving-api is of another version than TensorFlow (2.21 and 2.20, say)."""
    versions = _versions()
    if len({tuple(version.split(".")[:2]) for version in versions.values()}) > 1:
        package, tensorflow = versions[PACKAGE], versions["TensorFlow"]
        warnings.warn(
            f"{PACKAGE} of TensorFlow's version is expected. Received: {PACKAGE} {package}, TensorFlow {tensorflow}. "
            f"pip install --no-deps '{PACKAGE}=={'.'.join(tensorflow.split('.')[:2])}.*' mends it.",
            stacklevel=3,
        )


def _versions() -> dict[str, str]:
    """The versions that are installed; without the package's if it is not."""
    import tensorflow as tf

    try:
        return {PACKAGE: importlib.metadata.version(PACKAGE), "TensorFlow": tf.__version__}
    except importlib.metadata.PackageNotFoundError:
        return {"TensorFlow": tf.__version__}
