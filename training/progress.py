"""A line that says how far a long task has come and how long it will take, where somebody looks at a terminal."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable
from typing import TextIO

__all__ = ["Progress"]

SECONDS_BETWEEN_UPDATES = 0.2


class Progress:
    """Counts what is done; several threads may report.

    Use it as a context manager, so that the line is ended whatever happens. Items that are there already, from an
    earlier run, count as done but not for the speed.

    Args:
        total: number of items of the whole task.
        unit: plural name of the items.
        stream: where to write; standard error by default. Nothing is written where that is no terminal.
        clock: seconds from any start.
    """

    def __init__(
        self, total: int, unit: str, stream: TextIO | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.total, self.unit, self.done = total, unit, 0
        self._worked = 0
        self._stream = sys.stderr if stream is None else stream
        self._clock = clock
        self._start = clock()
        self._shown = float("-inf")
        self._lock = threading.Lock()

    def add(self, items: int = 1, worked: bool = True) -> None:
        """Report items as done; `worked` is false if they were there already."""
        with self._lock:
            self.done += items
            self._worked += items if worked else 0
            now = self._clock()
            if self._stream.isatty() and now - self._shown >= SECONDS_BETWEEN_UPDATES:
                self._shown = now
                self._write()

    def line(self) -> str:
        """Say it: `120/480 pictures, 12.0 a second, 0:00:30 left`."""
        text = f"{self.done}/{self.total} {self.unit}"
        seconds = self._clock() - self._start
        if not self._worked or seconds <= 0:
            return text
        speed = self._worked / seconds
        left = round(max(self.total - self.done, 0) / speed)
        return f"{text}, {speed:.1f} a second, {left // 3600}:{left // 60 % 60:02}:{left % 60:02} left"

    def _write(self) -> None:
        self._stream.write(f"\r\x1b[K{self.line()}")
        self._stream.flush()

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, *exception: object) -> None:
        if self._stream.isatty():
            self._write()
            self._stream.write("\n")
