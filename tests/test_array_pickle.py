"""Pickles of arrays are read, everything else in a pickle is refused unrun."""

from __future__ import annotations

import os
import pickle

import numpy as np
import pytest

from gfla_tf.array_pickle import load_array_pickle


@pytest.mark.parametrize("protocol", range(2, pickle.HIGHEST_PROTOCOL + 1))
def test_arrays_in_containers(protocol):
    record = {"a": [np.arange(6.0).reshape(2, 3), (np.float32(2.5), None)], "b": np.array([{"c": np.ones(2)}], object)}
    read = load_array_pickle(pickle.dumps(record, protocol))
    np.testing.assert_array_equal(read["a"][0], record["a"][0])
    assert read["a"][1] == (2.5, None)
    np.testing.assert_array_equal(read["b"][0]["c"], [1, 1])


def test_core_of_both_numpy_generations():
    data = pickle.dumps(np.arange(3), protocol=2)
    for ours, theirs in ((b"numpy._core", b"numpy.core"), (b"numpy.core", b"numpy._core")):
        np.testing.assert_array_equal(load_array_pickle(data.replace(ours, theirs)), [0, 1, 2])


class Command:
    def __reduce__(self):
        return os.system, ("echo run > marker",)


def test_commands_are_refused_unrun(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for record in (Command(), {"a": [Command()]}, np.array([Command()], object)):
        with pytest.raises(
            ValueError, match=r"asks for \w+.system, which plain data does not need; nothing of it was run"
        ):
            load_array_pickle(pickle.dumps(record))
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("data", [b"", b"no pickle", pickle.dumps(np.arange(100))[:60]])
def test_damage(tmp_path, data):
    (tmp_path / "a.pkl").write_bytes(data)
    with pytest.raises(ValueError, match=r"A pickle of arrays is expected. Received: .*a.pkl"):
        load_array_pickle(tmp_path / "a.pkl")


def test_absent_file(tmp_path):
    with pytest.raises(ValueError, match="absent.pkl .No such file"):
        load_array_pickle(tmp_path / "absent.pkl")
