"""Ctrl-C and SIGTERM as a wish that is granted after the step: first save, then end."""

from __future__ import annotations

import contextlib
import signal
import sys
from collections.abc import Iterator

__all__ = ["Interruption"]


class Interruption:
    """Remembers that somebody asked the process to end; a second time, it ends at once.

    Args:
        saves: whether this process is the one that saves and then ends. Other workers wait for it: where all are asked
            to end, the step that they share can be finished.

    Attributes:
        requested: whether somebody did.
    """

    def __init__(self, saves: bool = True) -> None:
        self.saves = saves
        self.requested = False

    @contextlib.contextmanager
    def watched(self) -> Iterator[None]:
        """Take SIGINT and SIGTERM until the block ends; only in the main thread, as Python has it."""
        before = {number: signal.signal(number, self._ask) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _ask(self, number: int, frame: object) -> None:
        if self.requested:
            raise KeyboardInterrupt
        self.requested = True
        plan = "finishing this step, then saving" if self.saves else "going on until the first worker has ended"
        print(f"\n{plan} (once more: at once, without saving)", file=sys.stderr)
