"""Fixtures of many test files."""

from __future__ import annotations

import pytest


@pytest.fixture
def native(pytestconfig, monkeypatch):
    """The native operations, built once for all runs of the tests; skips, saying why, where they cannot be built."""
    from gfla_tf.ops import native, native_library
    from gfla_tf.ops.native_build import find_compiler

    if native_library.find_library() is None:
        try:
            find_compiler()
        except native.NativeUnavailableError as error:
            pytest.skip(f"native operations: {error}")
        folder = pytestconfig.cache.mkdir("native")
        monkeypatch.setattr(native_library, "cache_folder", lambda: folder)
    for function in (native.load_operations, native.load_built_operations):
        function.cache_clear()
    yield native.load_operations()
    for function in (native.load_operations, native.load_built_operations):
        function.cache_clear()


def _chosen(request) -> str:
    if request.param == "native":
        request.getfixturevalue("native")
    return request.param


@pytest.fixture(params=["fused", "reference", "native"])
def implementation(request) -> str:
    """Every implementation of local attention, one after the other."""
    return _chosen(request)


@pytest.fixture(params=["fused", "native"])
def fast_implementation(request) -> str:
    """Every implementation of local attention but the definition; those that sampling has, too."""
    return _chosen(request)
