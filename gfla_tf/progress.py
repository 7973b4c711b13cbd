"""A line that says how far a long task has come and how long it will take, where somebody looks at a terminal."""

from __future__ import annotations

import shutil
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from typing import TextIO, TypeVar

__all__ = ["Progress", "overwrite_line", "show_progress"]

SECONDS_BETWEEN_UPDATES = 0.2
Item = TypeVar("Item")


def overwrite_line(stream: TextIO, text: str) -> None:
    """Write over the terminal's last line, of which a longer text would leave remains: it is cut at the right edge."""
    stream.write(f"\r\x1b[K{text[: shutil.get_terminal_size().columns - 1]}")
    stream.flush()


class Progress:
    """Counts what is done; several threads may report.

    Use it as a context manager, so that the line is ended whatever happens. Items that are there already, from an
    earlier run, count as done but not for the speed.

    Args:
        total: number of items of the whole task, as far as is known.
        unit: plural name of the items.
        stream: where to write; standard error by default. Nothing is written where that is no terminal.
        clock: seconds from any start.
        contents: (how many, plural name) of what an item consists of, to tell the speed in; None for items.

    Attributes:
        done: items so far.
        note: what else to say, at the end of the line.
    """

    def __init__(
        self,
        total: int,
        unit: str,
        stream: TextIO | None = None,
        clock: Callable[[], float] = time.monotonic,
        contents: tuple[int, str] | None = None,
    ) -> None:
        self.total, self.unit, self.done = total, unit, 0
        self.note = ""
        self._contents, self._content_name = (1, "") if contents is None else (contents[0], f"{contents[1]} ")
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

    def show(self) -> None:
        """Bring the terminal's line up to date at once."""
        with self._lock:
            if self._stream.isatty():
                self._write()

    def line(self) -> str:
        """Say it: `120/480 pictures, 12.0 a second, 0:00:30 left`."""
        count = f"{self.done}/{max(self.total, self.done)} {self.unit}"
        return ", ".join(filter(None, [count, self._speed(), self.note]))

    def _speed(self) -> str:
        seconds = self._clock() - self._start
        if not self._worked or seconds <= 0:
            return ""
        speed = self._worked / seconds
        left = round(max(self.total - self.done, 0) / speed)
        return (
            f"{speed * self._contents:.1f} {self._content_name}a second, "
            f"{left // 3600}:{left // 60 % 60:02}:{left % 60:02} left"
        )

    def _write(self) -> None:
        overwrite_line(self._stream, self.line())

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, *exception: object) -> None:
        if self._stream.isatty():
            self._write()
            self._stream.write("\n")


def show_progress(items: Iterable[Item], total: int, unit: str, there: int = 0) -> Iterator[Item]:
    """Give the items and say how far they have come.

    Args:
        items: what is worked on.
        total: how many there are in all, as far as is known.
        unit: their plural name.
        there: how many of them are done already, and not among the items.
    """
    with Progress(total, unit) as progress:
        progress.add(there, worked=False)
        for item in items:
            yield item
            progress.add()
