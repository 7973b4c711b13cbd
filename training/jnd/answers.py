"""The answers of raters, in a CSV file: a row an answer.

    rater,trial,model,picture,real,called_real,milliseconds

`real` and `called_real` are 0 for the first picture and 1 for the second.
"""

from __future__ import annotations

import csv
import os
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from gfla_tf.inputs import check_input
from training.jnd.study import Trial

__all__ = ["ANSWERS_FILE", "COLUMNS", "Answer", "AnswerFile", "answer_of", "read_answers", "read_rows"]

ANSWERS_FILE = "answers.csv"
COLUMNS = ("rater", "trial", "model", "picture", "real", "called_real", "milliseconds")


@dataclass(frozen=True)
class Answer:
    """A row of answers.csv.

    Attributes:
        rater: who.
        trial: number among the rater's.
        model: who generated the picture, or `CHECK`.
        picture: name of the generated picture.
        real: which of the two was real, 0 for the first.
        called_real: which of them the rater took for real.
        milliseconds: from the end of the second picture to the answer.
    """

    rater: str
    trial: int
    model: str
    picture: str
    real: int
    called_real: int
    milliseconds: int

    @property
    def fooled(self) -> bool:
        """Whether the generated picture was taken for real."""
        return self.real != self.called_real


def read_answers(path: str | os.PathLike[str]) -> list[Answer]:
    """Read a CSV file of answers.

    Raises:
        ValueError: it is none.
    """
    rows = read_rows(path, COLUMNS, "a CSV file of answers")
    try:
        return [answer_of(row) for row in rows]
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(
            f"{path}: a CSV file of answers ({','.join(COLUMNS)}) is expected. Received: {error}."
        ) from error


def read_rows(path: str | os.PathLike[str], columns: Sequence[str], expected: str) -> list[dict[str, str]]:
    """The rows of a CSV file.

    Args:
        path: of the file.
        columns: that it must have.
        expected: what it should be, for messages.

    Raises:
        ValueError: it is none, or lacks a column.
    """
    expected = f"{expected} ({','.join(columns)})"
    check_input(path, expected)
    try:
        with open(path, encoding="utf-8", newline="") as file:
            reader = csv.DictReader(file)
            lacking = [name for name in columns if name not in (reader.fieldnames or [])]
            rows = list(reader)
    except (UnicodeDecodeError, csv.Error):
        lacking, rows = list(columns), []
    if lacking:
        raise ValueError(f"{path}: {expected} is expected. Received: a file without {','.join(lacking)}.")
    return rows


def answer_of(row: Mapping[str, str]) -> Answer:
    """The answer in a row.

    Raises:
        KeyError, TypeError: a cell is missing.
        ValueError: a cell is no whole number, or neither of the two pictures; the message says what it is.
    """
    real, called = (int(row[name]) for name in ("real", "called_real"))
    if {real, called} - {0, 1}:
        raise ValueError(f"real {real}, called_real {called}")
    return Answer(row["rater"], int(row["trial"]), row["model"], row["picture"], real, called, int(row["milliseconds"]))


class AnswerFile:
    """A study's answers on disk; each is written at once. Several threads may add.

    Args:
        folder: the study's.
    """

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        self._path, self._lock = Path(folder) / ANSWERS_FILE, threading.Lock()
        if not self._path.is_file():
            self._write(COLUMNS, "w")
        self._done = {(answer.rater, answer.trial) for answer in read_answers(self._path)}

    def is_answered(self, rater: str, trial: int) -> bool:
        """Whether that is done."""
        return (rater, trial) in self._done

    def add(self, rater: str, trial: Trial, called_real: int, milliseconds: int) -> None:
        """Write an answer, unless the trial is answered already."""
        comparison = trial.comparison
        row = (rater, trial.number, comparison.model, comparison.name, trial.real, called_real, milliseconds)
        with self._lock:
            if (rater, trial.number) not in self._done:
                self._write(row, "a")
                self._done.add((rater, trial.number))

    def _write(self, row: tuple, mode: str) -> None:
        with open(self._path, mode, encoding="utf-8", newline="") as file:
            csv.writer(file, lineterminator="\n").writerow(row)
            file.flush()
            os.fsync(file.fileno())
