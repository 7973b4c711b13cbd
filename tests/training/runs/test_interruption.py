"""Signals are remembered, a second one ends at once, and handlers come back."""

from __future__ import annotations

import os
import signal

import pytest

from training.runs.interruption import Interruption


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize(
    ("saves", "plan"),
    [(True, "finishing this step, then saving"), (False, "going on until the first worker has ended")],
)
def test_the_first_signal_is_remembered_and_the_second_raises(number, saves, plan, capsys):
    before = signal.getsignal(number)
    interruption = Interruption(saves)
    with interruption.watched():
        assert not interruption.requested
        os.kill(os.getpid(), number)
        assert interruption.requested
        assert f"{plan} (once more: at once, without saving)" in capsys.readouterr().err
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), number)
    assert signal.getsignal(number) == before
