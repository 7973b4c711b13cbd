"""Requests that are being answered: how many there may be, and the wait for the last one."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator

from serving.statuses import Code, ServingError

__all__ = ["UnderWay"]


class UnderWay:
    """Counts requests from their start until their answer is made.

    Args:
        most: at one time; None for any number.
    """

    def __init__(self, most: int | None = None):
        self._most, self._count = most, 0
        self._refusing, self._changed = False, threading.Condition()

    @property
    def refusing(self) -> bool:
        """Whether no new request is taken any more."""
        return self._refusing

    @contextlib.contextmanager
    def one(self) -> Iterator[None]:
        """Count a request within the block.

        Raises:
            ServingError: UNAVAILABLE: there are as many as may be, or no new one is taken.
        """
        with self._changed:
            if self._refusing:
                raise ServingError(Code.UNAVAILABLE, "The server is shutting down.")
            if self._most is not None and self._count >= self._most:
                raise ServingError(Code.UNAVAILABLE, f"Too many requests: {self._most} are being answered.")
            self._count += 1
        try:
            yield
        finally:
            with self._changed:
                self._count -= 1
                self._changed.notify_all()

    def refuse(self) -> None:
        """Take no new request from now on."""
        with self._changed:
            self._refusing = True

    def wait(self, seconds: float) -> bool:
        """Wait until all are answered, that long at most; returns whether they are."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._count, max(seconds, 0))
