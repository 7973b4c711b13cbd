"""When a run is saved, and when not as steps are being skipped."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from training.callbacks import checkpointing
from training.callbacks.checkpointing import Checkpointing
from training.callbacks.skipped_steps import TrainingDivergedError
from training.configs import load_config
from training.runs import RunFolder


@pytest.fixture
def saving(tmp_path, monkeypatch):
    """Checkpointing of a run of four steps in rounds of two, and what it looks at."""
    monkeypatch.setattr(checkpointing, "state_of_stage", lambda stage: {"a": np.zeros(1)})
    monkeypatch.setattr(checkpointing, "export_networks", lambda *_: None)
    folder, skipped = RunFolder(tmp_path, "flow"), SimpleNamespace(in_a_row=0)
    interruption = SimpleNamespace(requested=False)
    config = load_config("flow", "tiny", ["steps=4"])
    return Checkpointing(folder, config, interruption, skipped), skipped, interruption, folder


def go_through_round(callback, skipped, *in_a_row):
    callback.on_epoch_begin(0)
    for skipped.in_a_row in in_a_row:
        callback.on_train_batch_end(0, {})
    callback.on_epoch_end(0, {})


def test_the_end_of_a_run_is_saved_though_its_last_step_was_skipped(saving):
    callback, skipped, _, folder = saving
    go_through_round(callback, skipped, 0, 1)
    assert folder.checkpoints().steps() == []
    go_through_round(callback, skipped, 0, 1)
    assert folder.checkpoints().steps() == [4]


def test_a_run_whose_last_round_was_skipped_has_not_come_to_its_end(saving):
    callback, skipped, _, folder = saving
    go_through_round(callback, skipped, 0, 0)
    with pytest.raises(TrainingDivergedError, match="The last 2 steps, .* at step 4, .* last saved at step 2"):
        go_through_round(callback, skipped, 1, 2)
    assert folder.checkpoints().steps() == [2]


@pytest.mark.parametrize(("in_a_row", "said"), [(0, "flow is saved; the same"), (1, "flow was last saved at step 0")])
def test_an_interruption_says_what_was_saved(saving, capsys, in_a_row, said):
    callback, skipped, interruption, folder = saving
    interruption.requested = True
    with pytest.raises(KeyboardInterrupt):
        go_through_round(callback, skipped, in_a_row)
    assert said in capsys.readouterr().err
    assert folder.checkpoints().steps() == ([] if in_a_row else [1])
