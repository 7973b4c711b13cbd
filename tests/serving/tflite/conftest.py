"""Very small models, for conversion takes its time with each operation; exported for phones once for all tests."""

from __future__ import annotations

import pytest
from helpers.tiny_models import TINY, filled

from gfla_tf.models.model_files import build_model
from gfla_tf.models.presets import Preset
from serving.tflite.export import export_lite

SMALLEST = {"widths": (4,), "flow_widths": (4, 8), "attention_kernels": {1: 3}}
EXAMPLES = 2  # instead of ten, of each model


def small_generator(network: str, skeleton: str):
    config = {**TINY[network].config, **SMALLEST}
    preset = Preset(f"small-{network}", network, "", config, 0, 64, 48, 0.75, skeleton)
    return filled(build_model(preset))


@pytest.fixture(scope="session")
def person_model():
    return small_generator("person", "openpose-18")


@pytest.fixture(scope="session")
def sequence_model():
    return small_generator("sequence", "h36m-17")


@pytest.fixture(scope="session")
def exported(tmp_path_factory, person_model):
    """A person model: its JSON and the report."""
    return export_lite(person_model, tmp_path_factory.mktemp("phones"), examples=EXAMPLES)


@pytest.fixture(scope="session")
def exported_sequence(tmp_path_factory, sequence_model):
    """A sequence model with images in bytes: its JSON and the report."""
    return export_lite(sequence_model, tmp_path_factory.mktemp("phones"), pixels="uint8", examples=EXAMPLES)
