"""tensorflow-serving-api and TensorFlow: what is said where they don't go together."""

from __future__ import annotations

import importlib
import importlib.metadata
import sys

import pytest
import tensorflow as tf

from serving.serving_api import check_versions, serving_messages
from serving.transports import open_transport

MINOR = ".".join(tf.__version__.split(".")[:2])


@pytest.fixture
def installed(monkeypatch):
    """A function that says which version is installed; None for none."""

    def install(version: str | None) -> None:
        def find(name: str) -> str:
            if version is None:
                raise importlib.metadata.PackageNotFoundError(name)
            return version

        monkeypatch.setattr(importlib.metadata, "version", find)

    check_versions.cache_clear()
    yield install
    check_versions.cache_clear()


def test_another_version_is_warned_of_once(installed):
    installed("2.14.1")
    message = rf"Received: tensorflow-serving-api 2\.14\.1, TensorFlow {tf.__version__}\..*api=={MINOR}\.\*'"
    with pytest.warns(UserWarning, match=message):
        open_transport("grpc://127.0.0.1:1").close()
    open_transport("grpc://127.0.0.1:1").close()  # a second warning would be an error here


@pytest.mark.parametrize("version", [f"{MINOR}.0", f"{MINOR}.7", None])
def test_the_same_version_is_not(installed, version):
    """Nor one that nobody has written down: what is imported may be a build of one's own."""
    installed(version)
    assert serving_messages("apis.predict_pb2").PredictRequest()


def test_what_cannot_be_imported_is_named_with_its_versions(installed, monkeypatch):
    def fail(name):
        raise TypeError("Descriptors cannot be created directly.")

    installed(f"{MINOR}.9")
    monkeypatch.setattr(importlib, "import_module", fail)
    message = rf"Received: tensorflow-serving-api {MINOR}\.9 and TensorFlow .* \(TypeError: Descriptors cannot be"
    with pytest.raises(ValueError, match=message):
        serving_messages("apis.predict_pb2")


def test_the_package_of_messages_is_missing(monkeypatch):
    monkeypatch.setitem(sys.modules, "tensorflow_serving.apis.prediction_log_pb2", None)
    with pytest.raises(ValueError, match="tensorflow-serving-api of TensorFlow's version is needed"):
        serving_messages("apis.prediction_log_pb2")
