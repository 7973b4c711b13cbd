"""Networks for the tests of the stages."""

from __future__ import annotations

import pytest
from helpers.tiny_stages import make_backbone, make_generator


@pytest.fixture(scope="session")
def backbone():
    return make_backbone()


@pytest.fixture
def generator():
    return make_generator()
