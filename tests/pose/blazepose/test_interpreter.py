"""The choice of an interpreter, with made-up packages, and a real run."""

import sys
import types

import numpy as np
import pytest

from gfla_tf.pose.blazepose.detector import MODEL_PATH
from gfla_tf.pose.blazepose.interpreter import LiteModel, MissingInterpreterError, find_interpreter_class


class MadeUpInterpreter:
    pass


def made_up_litert():
    package, module = types.ModuleType("ai_edge_litert"), types.ModuleType("ai_edge_litert.interpreter")
    module.Interpreter = MadeUpInterpreter
    return {"ai_edge_litert": package, "ai_edge_litert.interpreter": module}


@pytest.fixture
def no_litert(monkeypatch):
    for name in made_up_litert():
        monkeypatch.setitem(sys.modules, name, None)


def test_litert_is_preferred(monkeypatch):
    for name, module in made_up_litert().items():
        monkeypatch.setitem(sys.modules, name, module)
    assert find_interpreter_class() is MadeUpInterpreter


def test_tensorflow_is_the_fallback(monkeypatch, no_litert):
    tensorflow = types.ModuleType("tensorflow")
    tensorflow.lite = types.SimpleNamespace(Interpreter=MadeUpInterpreter)
    monkeypatch.setitem(sys.modules, "tensorflow", tensorflow)
    assert find_interpreter_class() is MadeUpInterpreter


@pytest.mark.parametrize("tensorflow", [None, types.ModuleType("tensorflow")])
@pytest.mark.parametrize("kind", [ValueError, ImportError, MissingInterpreterError])
def test_the_way_out_is_named_if_there_is_none(monkeypatch, no_litert, tensorflow, kind):
    monkeypatch.setitem(sys.modules, "tensorflow", tensorflow)
    with pytest.raises(kind, match="^A TensorFlow Lite interpreter is needed, .* pip install ai-edge-litert"):
        find_interpreter_class()


def test_a_network_runs_without_warnings_and_names_its_outputs_by_shape():
    outputs = LiteModel(MODEL_PATH, threads=1)(np.zeros((224, 224, 3), np.float32))
    assert set(outputs) == {(2254, 12), (2254, 1)}
    assert all(np.isfinite(values).all() for values in outputs.values())
