"""Training runs as processes of their own, and what they leave."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np

from training.runs import Checkpoints

__all__ = ["LONG", "assert_same_states", "last_state", "start_training", "wait_for", "wait_until"]

REPOSITORY = Path(__file__).parents[2]
LONG = 600.0  # seconds, for machines with much else to do


def start_training(stage: str, data: Path, run: Path, *settings: str, options=(), **environment: str):
    """Start `python -m training STAGE --config tiny` with settings, further options and environment variables."""
    command = [sys.executable, "-m", "training", stage, "--config", "tiny", "--data", data, "--run", run, *options]
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", **environment}
    return subprocess.Popen(
        [*command, "--set", *settings], cwd=REPOSITORY, env=environment, text=True, stderr=subprocess.PIPE
    )


def wait_for(path: Path, process: subprocess.Popen) -> None:
    """Wait until a process has written a file."""
    wait_until(path.exists, process)


def wait_until(condition: Callable[[], bool], process: subprocess.Popen) -> None:
    """Wait for what a process brings about."""
    end = time.monotonic() + LONG
    while not condition():
        assert process.poll() is None, process.stderr.read()
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.02)


def last_state(run: Path, stage: str) -> tuple[int, dict[str, np.ndarray]] | None:
    """Step and state of a stage's newest checkpoint."""
    return Checkpoints(run / stage / "checkpoints").load()


def assert_same_states(first: Mapping[str, np.ndarray], second: Mapping[str, np.ndarray]) -> None:
    """Equal names and equal bits."""
    assert set(first) == set(second)
    for name, value in first.items():
        np.testing.assert_array_equal(value, second[name], err_msg=name)
