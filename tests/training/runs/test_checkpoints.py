"""Checkpoints are whole, few, and found again."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from training.runs import Checkpoints

REPOSITORY = Path(__file__).parents[3]


def state(value=1.0):
    values = {"a/0000": np.full([2, 3], value), "a/0001": np.array(7, np.int64), "b": np.zeros([0], np.float32)}
    return values | {"a/0000": values["a/0000"].astype(np.float32)}


def test_the_newest_comes_back_with_types_and_shapes(tmp_path):
    checkpoints = Checkpoints(tmp_path / "new")
    assert checkpoints.load() is None
    checkpoints.save(5, state(5.0))
    checkpoints.save(10, state(10.0))
    step, found = checkpoints.load()
    assert step == 10
    for name, value in state(10.0).items():
        np.testing.assert_array_equal(found[name], value)
        assert (found[name].dtype, found[name].shape) == (value.dtype, value.shape)


def test_only_the_newest_few_are_kept(tmp_path):
    checkpoints = Checkpoints(tmp_path, keep=2)
    for step in (1, 2, 30, 4):
        checkpoints.save(step, state())
    assert checkpoints.steps() == [4, 30]
    assert len(list(tmp_path.iterdir())) == 2


def test_a_damaged_checkpoint_is_named_and_the_one_before_taken(tmp_path):
    checkpoints = Checkpoints(tmp_path)
    checkpoints.save(1, state(1.0))
    checkpoints.save(2, state(2.0))
    content = checkpoints.path(2).read_bytes()
    checkpoints.path(2).write_bytes(content[:-5])
    with pytest.warns(UserWarning, match="step-0000000002.safetensors is not a readable checkpoint"):
        step, found = checkpoints.load()
    assert (step, found["a/0000"][0, 0]) == (1, 1.0)
    checkpoints.path(1).write_bytes(b"")
    with (
        pytest.warns(UserWarning, match="not a readable checkpoint"),
        pytest.raises(ValueError, match="none of the 2 checkpoints can be read"),
    ):
        checkpoints.load()


def _save_with_little_room(folder):
    """What the other process of the next test does: files may have 2000 bytes, as on a disk that is nearly full."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2000, 2000))
    checkpoints = Checkpoints(folder)
    checkpoints.save(1, {"a": np.ones([100], np.float32)})
    try:
        checkpoints.save(2, {"a": np.ones([1000], np.float32)})
    except ValueError as error:
        print(error)
        print(checkpoints.load()[0], len(list(checkpoints.folder.iterdir())))


def test_a_full_disk_is_a_message_and_the_last_checkpoint_stays(tmp_path):
    command = [sys.executable, __file__, str(tmp_path)]
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
    result = subprocess.run(command, capture_output=True, text=True, timeout=300, env=environment)
    message, left = result.stdout.splitlines()
    assert "step-0000000002.safetensors could not be written: File too large" in message
    assert left == "1 1"  # the last step that could be saved, and no other file


if __name__ == "__main__":
    _save_with_little_room(sys.argv[1])
