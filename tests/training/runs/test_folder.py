"""The folder of a run: one configuration, one process at a time, a record of its starts."""

from __future__ import annotations

import errno
import fcntl
from dataclasses import replace

import numpy as np
import pytest

from training.configs import CONFIGS
from training.runs import RunFolder
from training.runs.versions import describe_start

CONFIG = CONFIGS["tiny"]["flow"]


def test_a_run_keeps_its_configuration(tmp_path):
    folder = RunFolder(tmp_path / "run", "flow")
    folder.open(CONFIG)
    folder.open(replace(CONFIG, seed=1))  # nothing has been trained yet
    folder.open(CONFIG)
    folder.checkpoints().save(1, {"a": np.zeros(1)})
    folder.open(CONFIG)
    with pytest.raises(ValueError, match=r"run of another configuration .*: learning_rate: 0.001, 0.1. Take another"):
        folder.open(replace(CONFIG, learning_rate=0.1))


def test_how_a_run_is_watched_may_change_and_how_long_it_is_if_its_rate_is_constant(tmp_path):
    folder = RunFolder(tmp_path, "flow")
    folder.open(CONFIG)
    folder.checkpoints().save(1, {"a": np.zeros(1)})
    folder.open(replace(CONFIG, steps=100, sample_pairs=1))
    cosine = RunFolder(tmp_path / "cosine", "flow")
    cosine.open(replace(CONFIG, decay="cosine"))
    cosine.checkpoints().save(1, {"a": np.zeros(1)})
    with pytest.raises(ValueError, match="steps: 8, 100"):
        cosine.open(replace(CONFIG, decay="cosine", steps=100))


def test_how_long_it_is_may_not_change_if_the_share_of_exact_flow_falls_until_then(tmp_path):
    folder, image = RunFolder(tmp_path, "image"), CONFIGS["tiny"]["image"]
    folder.open(replace(image, exact_flow_share=(1.0, 0.0)))
    folder.checkpoints().save(1, {"a": np.zeros(1)})
    with pytest.raises(ValueError, match="steps: 8, 100"):
        folder.open(replace(image, exact_flow_share=(1.0, 0.0), steps=100))


@pytest.mark.parametrize("content", ["{", "{}", "[1]", "[{}]"])
def test_damaged_starts_are_named(tmp_path, content):
    folder = RunFolder(tmp_path, "flow")
    folder.open(CONFIG)
    folder.starts_file.write_text(content)
    with pytest.raises(ValueError, match=r"starts.json: a JSON list of a run's starts is expected"):
        folder.starts()


def test_a_file_system_without_locks_is_not_another_process(tmp_path, monkeypatch):
    def refuse(*_):
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", refuse)
    with (
        pytest.raises(ValueError, match="flow could not be locked: No locks available"),
        RunFolder(tmp_path, "flow").locked(),
    ):
        pass


def test_one_process_at_a_time(tmp_path):
    with (
        RunFolder(tmp_path, "flow").locked(),
        pytest.raises(ValueError, match="another process is training into this folder"),
        RunFolder(tmp_path, "flow").locked(),
    ):
        pass
    with RunFolder(tmp_path, "flow").locked():
        pass


def test_starts_are_added(tmp_path):
    folder = RunFolder(tmp_path, "flow")
    folder.open(CONFIG)
    assert folder.starts() == []
    folder.add_start(describe_start(0, tmp_path))
    folder.add_start(describe_start(4, tmp_path))
    assert [start["step"] for start in folder.starts()] == [0, 4]
    assert set(folder.starts()[0]["packages"]) >= {"tensorflow", "keras", "numpy"}
    assert folder.starts()[0]["data"] == str(tmp_path)


def test_a_folder_that_can_t_be_made(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ValueError, match="file/flow could not be made: Not a directory"):
        RunFolder(tmp_path / "file", "flow").open(CONFIG)
