"""A line that says how far something has come, where somebody looks at a terminal."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Iterator
from typing import TypeVar

__all__ = ["show_progress"]

SECONDS_BETWEEN_UPDATES = 0.2
Item = TypeVar("Item")


def show_progress(items: Iterable[Item], total: int, unit: str) -> Iterator[Item]:
    """Give the items and count them on standard error, if that is a terminal: `120/480 frames`.

    Args:
        items: what is worked on.
        total: how many there are, as far as is known.
        unit: their plural name.
    """
    if not sys.stderr.isatty():
        yield from items
        return
    shown, done = 0.0, 0
    try:
        for item in items:
            if time.monotonic() - shown >= SECONDS_BETWEEN_UPDATES:
                shown = time.monotonic()
                print(f"\r\x1b[K{done}/{max(total, done)} {unit}", end="", file=sys.stderr, flush=True)
            yield item
            done += 1
    finally:
        print("\r\x1b[K", end="", file=sys.stderr, flush=True)
