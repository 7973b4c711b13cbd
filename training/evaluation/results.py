"""What an evaluation leaves on disk, and how it is read again.

    OUTPUT/evaluation.json               fingerprint; of each system identity, means with intervals, differences
    OUTPUT/sheet.jpg                     random pairs with the results of all systems
    OUTPUT/systems/NAME/scores.csv       pair, source, target, then a column a metric; a row a pair
    OUTPUT/systems/NAME/system.json      what the scores were made with: by it they are known again
    OUTPUT/systems/NAME/best.jpg, worst.jpg
    OUTPUT/systems/NAME/unfinished.npz   while it is judged, and after an interruption: how far

An empty cell means that a metric is not defined for a pair. evaluation.json is written last, so that a folder without
it is not complete; it holds the hash of each scores.csv, so that it can't be taken for the summary of others.
"""

from __future__ import annotations

import csv
import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from gfla_tf.json_files import read_json
from gfla_tf.outputs import whole_file
from training.evaluation.hashes import file_sha256

__all__ = ["EVALUATION_FILE", "SCORES_FILE", "SHEET_FILE", "Evaluation", "SystemScores", "read_evaluation"]
__all__ += ["read_scores", "system_folder", "write_scores"]

EVALUATION_FILE = "evaluation.json"
SCORES_FILE = "scores.csv"
SHEET_FILE = "sheet.jpg"
_PAIR_COLUMNS = ("pair", "source", "target")


@dataclass(frozen=True, eq=False)
class SystemScores:
    """What one system scored.

    Attributes:
        names: (source, target) of each pair.
        columns: column -> `[pairs]`, NaN where it is not defined.
        sets: column -> one number for all results together.
    """

    names: tuple[tuple[str, str], ...]
    columns: dict[str, np.ndarray]
    sets: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Evaluation:
    """A finished evaluation.

    Attributes:
        folder: where it lies.
        content: of evaluation.json.
        scores: of each system by its name, in order.
    """

    folder: Path
    content: dict
    scores: dict[str, SystemScores]

    @property
    def fingerprint(self) -> dict:
        """What the scores depend on, see `training.evaluation.fingerprint`."""
        return self.content["fingerprint"]

    def system_folder(self, name: str) -> Path:
        """Where a system's files lie."""
        return system_folder(self.folder, name)


def system_folder(folder: Path, name: str) -> Path:
    """Where the files of the system of that name lie in an evaluation's folder."""
    return folder / "systems" / name


def write_scores(path: Path, names: Sequence[tuple[str, str]], columns: Mapping[str, np.ndarray]) -> None:
    """Write a scores.csv; numbers have seven digits."""
    with whole_file(path) as temporary, open(temporary, "w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow([*_PAIR_COLUMNS, *columns])
        for pair, (source, target) in enumerate(names):
            writer.writerow([pair, source, target, *(_cell(values[pair]) for values in columns.values())])


def _cell(value: float) -> str:
    return "" if math.isnan(value) else f"{value:.7g}"


def read_scores(path: Path, sets: Mapping[str, float] | None = None) -> SystemScores:
    """Read a scores.csv, and put the numbers for all results beside it.

    Raises:
        ValueError: it is none.
    """
    try:
        with open(path, encoding="utf-8", newline="") as file:
            header, *rows = csv.reader(file)
        if tuple(header[:3]) != _PAIR_COLUMNS or any(len(row) != len(header) for row in rows):
            raise ValueError(f"columns {','.join(header)}")
        values = [[float(cell) if cell else math.nan for cell in row[3:]] for row in rows]
    except (OSError, ValueError) as error:
        raise ValueError(f"{path}: a CSV file of scores is expected. Received: {error}.") from error
    table = np.array(values, np.float64).reshape(len(rows), len(header) - 3)
    columns = dict(zip(header[3:], table.T, strict=True))
    return SystemScores(tuple((row[1], row[2]) for row in rows), columns, dict(sets or {}))


def read_evaluation(path: str | os.PathLike[str]) -> Evaluation:
    """Read an evaluation with all of its scores.

    Args:
        path: of its evaluation.json, or of its folder.

    Raises:
        ValueError: it is none, or scores are not those that it is about.
    """
    path = Path(path) / EVALUATION_FILE if Path(path).is_dir() else Path(path)
    content = read_json(path, "the result of `evaluate`")
    if not _is_evaluation(content):
        raise ValueError(f"{path}: the result of `evaluate` is expected. Received: another JSON object.")
    scores = {}
    for name, system in content["systems"].items():
        file = system_folder(path.parent, name) / SCORES_FILE
        if file_sha256(file) != system["scores_sha256"]:
            raise ValueError(f"{file}: the scores that {path} is about are expected. Received: others.")
        scores[name] = read_scores(file, system["sets"])
    return Evaluation(path.parent, content, scores)


def _is_evaluation(content: dict) -> bool:
    systems = content.get("systems")
    if not isinstance(systems, dict) or not isinstance(content.get("fingerprint"), dict):
        return False
    return all(
        isinstance(system, dict) and "scores_sha256" in system and isinstance(system.get("sets"), dict)
        for system in systems.values()
    )
