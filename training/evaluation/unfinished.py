"""How far the judging of a system has come, on disk: an interruption costs what came after the last save, no more.

A file in the system's folder holds the scores so far and what is kept of features for numbers of whole sets, in full
precision: what comes gives the same bytes as without an interruption. It is replaced as a whole every so many pairs or
clips, is taken up by the same system under the same fingerprint only, and goes when the scores are written.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

import numpy as np

from gfla_tf.kept_arrays import read_kept_arrays
from gfla_tf.outputs import whole_file

__all__ = ["UNFINISHED_FILE", "Part", "Tally", "Unfinished"]

UNFINISHED_FILE = "unfinished.npz"
KEY, COUNT, COLUMN, PART = "made with", "count", "column ", "part "


class Part(Protocol):
    """What is added up beside the scores."""

    def arrays(self) -> dict[str, np.ndarray]: ...

    def restore(self, arrays: Mapping[str, np.ndarray]) -> None: ...


class Unfinished:
    """The file.

    Args:
        path: of the file, in a folder that is there when something is written.
        key: says what the content is made with: that of another key is not read.
    """

    def __init__(self, path: Path, key: str) -> None:
        self._path, self._key = path, key

    def read(self) -> dict[str, np.ndarray]:
        """The arrays that were written last; none where the file is not there, is damaged or has another key."""
        arrays = read_kept_arrays(self._path) or {}
        return arrays if str(arrays.pop(KEY, "")) == self._key else {}

    def write(self, arrays: Mapping[str, np.ndarray]) -> None:
        """Replace what is there."""
        with whole_file(self._path) as temporary:
            np.savez(temporary, **{KEY: np.array(self._key)}, **arrays)

    def remove(self) -> None:
        """Remove the file, if there is one."""
        self._path.unlink(missing_ok=True)


class Tally:
    """The scores of a system's first pairs or clips, and what is added up beside them; goes on where a file says.

    Args:
        parts: what is added up, by names.
        every: pairs or clips from one save to the next.
        unfinished: where to save; None for nowhere.

    Attributes:
        count: of pairs or clips so far.
    """

    def __init__(self, parts: Mapping[str, Part], every: int, unfinished: Unfinished | None = None) -> None:
        self.count, self._columns = 0, {}
        self._parts, self._every, self._unfinished = parts, every, unfinished
        if unfinished is not None and (arrays := unfinished.read()):
            self._take_up(arrays)
        self._saved = self.count

    def _take_up(self, arrays: Mapping[str, np.ndarray]) -> None:
        self.count = int(arrays[COUNT])
        self._columns = {name: [values] for name, values in _under(COLUMN, arrays).items()}
        for name, part in self._parts.items():
            part.restore(_under(f"{PART}{name} ", arrays))

    def add(self, scores: Mapping[str, np.ndarray]) -> None:
        """Add the scores of the next pairs or clips, one number each, when the parts have seen them."""
        for name, values in scores.items():
            self._columns.setdefault(name, []).append(values)
        self.count += len(next(iter(scores.values())))
        if self._unfinished is not None and self.count - self._saved >= self._every:
            self._unfinished.write(self._arrays())
            self._saved = self.count

    def columns(self) -> dict[str, np.ndarray]:
        """Column -> the scores so far."""
        return {name: np.concatenate(parts) for name, parts in self._columns.items()}

    def _arrays(self) -> dict[str, np.ndarray]:
        arrays = {COUNT: np.array(self.count)} | {f"{COLUMN}{name}": one for name, one in self.columns().items()}
        for name, part in self._parts.items():
            arrays |= {f"{PART}{name} {key}": array for key, array in part.arrays().items()}
        return arrays


def _under(prefix: str, arrays: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Those whose names begin so, by the rest of their names."""
    return {name.removeprefix(prefix): array for name, array in arrays.items() if name.startswith(prefix)}
