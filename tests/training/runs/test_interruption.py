"""Signals are remembered, a second one ends at once, and handlers come back."""

from __future__ import annotations

import os
import signal

import pytest

from training.runs.interruption import Interruption


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_first_signal_is_remembered_and_the_second_raises(number, capsys):
    before = signal.getsignal(number)
    interruption = Interruption()
    with interruption.watched():
        assert not interruption.requested
        os.kill(os.getpid(), number)
        assert interruption.requested
        assert "finishing this step, then saving" in capsys.readouterr().err
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), number)
    assert signal.getsignal(number) == before
