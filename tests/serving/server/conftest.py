"""A development server with toy models."""

from __future__ import annotations

import pytest
from helpers.development_server import Caller, running
from helpers.toy_models import write_toy

from serving.models_config import make_config, models_in


@pytest.fixture(scope="session")
def toys(tmp_path_factory):
    """Version 1 doubles, version 2 trebles; another model has a version 7."""
    root = tmp_path_factory.mktemp("toys")
    write_toy(root, version=1, factor=2.0)
    write_toy(root, version=2, factor=3.0)
    write_toy(root, "other", version=7, factor=7.0)
    return root


@pytest.fixture(scope="session")
def labelled(toys):
    """A models.config: both versions of toy, the first one stable, and the other model."""
    path = toys / "models.config"
    path.write_text(make_config(models_in(toys), stable={"toy": 1}, canary={"toy": 2}))
    return path


@pytest.fixture(scope="module")
def server(toys, labelled):
    with running(toys, config=labelled) as server:
        yield server


@pytest.fixture
def call(server):
    with Caller(server) as caller:
        yield caller
