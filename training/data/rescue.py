"""What happens when an element can't be read: the file is named, and another element takes its place.

The place must not stay empty, or everything after it would shift and a resumed run or another worker would see other
batches. The replacement is a function of (seed, epoch, element number), so it's the same after a resume.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from pathlib import Path

import tensorflow as tf

from training.data.order import replacement_order

__all__ = ["Rescue"]

_LOGGER = logging.getLogger(__name__)
_NAMES_SHOWN = 5


class Rescue:
    """Finds replacements, logs each unreadable file once, and gives up when there are too many.

    Args:
        load: loads an element by (epoch, number); an error of TensorFlow means that it can't be read.
        unreadable: tells the unreadable files of an element, with reasons.
        count: number of elements.
        seed: of the replacements.
        limit: files that may be unreadable.

    Attributes:
        files: the unreadable files found so far, with reasons.
    """

    def __init__(
        self,
        load: Callable[[int, int], Mapping[str, tf.Tensor]],
        unreadable: Callable[[int], Mapping[Path, str]],
        count: int,
        seed: int,
        limit: int,
    ) -> None:
        self.load = load
        self.unreadable = unreadable
        self.count = count
        self.seed = seed
        self.limit = limit
        self.files: dict[Path, str] = {}
        self._lock = threading.Lock()  # several elements may fail at a time

    def replacement(self, epoch: int, index: int) -> Mapping[str, tf.Tensor]:
        """Load an element in the place of one that could not be loaded; the same one if it can be by now.

        Raises:
            ValueError: more files than the limit are unreadable, or all elements, or an element can't be loaded
                although its files are readable.
        """
        for candidate in [index, *replacement_order(self.count, self.seed, epoch, index).tolist()]:
            try:
                return self.load(epoch, candidate)
            except tf.errors.OpError as error:
                self._report(candidate, error)
        raise ValueError(f"at least one readable element is expected. Received: {self._summary()}")

    def _report(self, index: int, error: tf.errors.OpError) -> None:
        files = self.unreadable(index)
        if not files:
            raise ValueError(f"element {index} can't be loaded although its files are readable: {error}") from error
        with self._lock:
            for path, reason in files.items():
                if path not in self.files:
                    self.files[path] = reason
                    _LOGGER.warning("%s can't be read and is skipped: %s", path, reason)
            if len(self.files) > self.limit:
                raise ValueError(f"at most {self.limit} unreadable files are expected. Received: {self._summary()}")

    def _summary(self) -> str:
        shown = ", ".join(f"{path} ({reason})" for path, reason in list(self.files.items())[:_NAMES_SHOWN])
        return f"{len(self.files)}: {shown}" + (", ..." if len(self.files) > _NAMES_SHOWN else "")
