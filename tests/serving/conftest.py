"""Small models to serve, each traced or exported once for all tests."""

from __future__ import annotations

import threading

import pytest
from helpers.development_server import LONG
from helpers.made_once import made_once
from helpers.tiny_models import SHALLOW, TINY, filled

from gfla_tf.models.model_files import build_model
from gfla_tf.models.presets import Preset

SIZE = {"height": 64, "width": 48, "frame_aspect": 0.75}


def small_model(network: str):
    """A small network with stand-in weights and a preset."""
    skeleton = "openpose-18" if network == "person" else "h36m-17"
    config = {**TINY[network].config, **({} if network == "motion" else SHALLOW)}
    return filled(build_model(Preset(f"small-{network}", network, config=config, skeleton=skeleton, **SIZE)))


@pytest.fixture(scope="session")
def person_model():
    return small_model("person")


@pytest.fixture(scope="session")
def sequence_model():
    return small_model("sequence")


@pytest.fixture(scope="session")
def motion_model():
    return small_model("motion")


@pytest.fixture(scope="session")
def served_person(person_model):
    """The person model's module and its graphs by endpoint."""
    from serving.export import serve_model

    served = serve_model(person_model)
    return served, served.functions()


@pytest.fixture(scope="session")
def exported(tmp_path_factory, person_model, sequence_model, motion_model):
    """A folder of models as a server has it, every one checked while it was written."""
    from serving.export import export_model

    def export(root):
        for model in (person_model, sequence_model, motion_model):
            export_model(model, root)

    return made_once(tmp_path_factory, "models", export)


@pytest.fixture
def gate(monkeypatch):
    """While it is closed, no model of a server in this process answers; who has come to it is in its `arrived`."""
    from serving.server.loaded_model import LoadedModel

    gate, run = threading.Event(), LoadedModel.run
    gate.arrived = []

    def run_behind_the_gate(*arguments):
        gate.arrived.append(arguments)
        assert gate.wait(LONG)
        return run(*arguments)

    monkeypatch.setattr(LoadedModel, "run", run_behind_the_gate)
    yield gate
    gate.set()
