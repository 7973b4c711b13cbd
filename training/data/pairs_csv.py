"""The list of picture pairs, `from,to`, together with the keypoints of the pictures.

    from,to
    fashionMENDenimid1_1front.jpg,fashionMENDenimid1_2side.jpg

`from` is the source picture and `to` the target. Names may have folders before them. A pair can be used if both of its
pictures are annotated with at least one joint; the others are dropped and counted, because a few of the genuine rows
have no joint at all. Keypoints are float32 (x, y, confidence) in pixels of the annotated picture, OpenPose's 18 joints.
"""

from __future__ import annotations

import csv
import io
import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np

from gfla_tf.pose.keypoint_files import read_keypoint_file
from gfla_tf.remote import as_path

__all__ = ["NO_ANNOTATION", "NO_JOINT", "AnnotatedPairs", "picture_path", "read_annotated_pairs", "read_pairs_csv"]

NO_ANNOTATION = "without annotation"
NO_JOINT = "without any joint"
_COLUMNS = ("from", "to")


@dataclass(frozen=True, eq=False)
class AnnotatedPairs:
    """Pairs that can be used.

    Attributes:
        names: of the pictures in the pairs, each once, as the pairs CSV has them.
        keypoints: float32 `[pictures, 18, 3]` = (x, y, confidence) in pixels of the annotated picture.
        pairs: int64 `[pairs, 2]` = (source, target), indices of `names`, in the order of the file.
        dropped: how many pairs were dropped for which reason (`NO_ANNOTATION`, `NO_JOINT`).
    """

    names: tuple[str, ...]
    keypoints: np.ndarray
    pairs: np.ndarray
    dropped: dict[str, int]


def read_pairs_csv(path: str | os.PathLike[str]) -> list[tuple[str, str]]:
    """Read (source name, target name) of each row.

    A byte order mark, any line ends, empty lines, spaces around names, backslashes between folders and further columns
    don't matter.

    Raises:
        ValueError: it is no text, lacks the columns, holds no row, or a row lacks a name; the message has the line.
    """
    try:
        with as_path(path).open("rb") as file:
            reader = csv.reader(io.TextIOWrapper(file, encoding="utf-8-sig", newline=""))
            rows = [(reader.line_num, row) for row in reader if any(cell.strip() for cell in row)]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ValueError(f"{path}: a CSV file with the columns from,to is expected. Received: {error}") from error
    header = [column.strip() for column in rows[0][1]] if rows else []
    if not set(_COLUMNS) <= set(header):
        raise ValueError(f"{path}: a CSV file with the columns from,to is expected. Received: {','.join(header)!r}")
    if len(rows) == 1:
        raise ValueError(f"{path}: at least one pair is expected. Received: a header only")
    columns = [header.index(column) for column in _COLUMNS]
    return [_row_names(row, columns, f"{path}, line {number}") for number, row in rows[1:]]


def _row_names(row: Sequence[str], columns: Sequence[int], where: str) -> tuple[str, str]:
    names = [row[column].strip().replace("\\", "/") if column < len(row) else "" for column in columns]
    if not all(names):
        raise ValueError(f"{where}: two names, from,to, are expected. Received: {','.join(row)!r}")
    return names[0], names[1]


def read_annotated_pairs(pairs: str | os.PathLike[str], annotations: str | os.PathLike[str]) -> AnnotatedPairs:
    """Read both files and keep the pairs that can be used.

    A picture is looked up among the annotations by its full name, then by its name without folders. Of several
    annotations of one picture the first counts.

    Args:
        pairs: CSV `from,to`.
        annotations: CSV `name:keypoints_y:keypoints_x`.

    Raises:
        ValueError: a file can't be read, or no pair can be used.
    """
    rows = read_pairs_csv(pairs)
    people = _people(annotations)
    keypoints = {name: _look_up(people, name) for name in dict.fromkeys(name for row in rows for name in row)}
    problems = [_problem([keypoints[name] for name in row]) for row in rows]
    kept = [row for row, problem in zip(rows, problems, strict=True) if problem is None]
    dropped = dict(Counter(problem for problem in problems if problem is not None))
    if not kept:
        raise ValueError(f"{pairs}: pairs of annotated pictures are expected. Received: {len(rows)} pairs, {dropped}")
    positions = {name: position for position, name in enumerate(dict.fromkeys(name for row in kept for name in row))}
    return AnnotatedPairs(
        tuple(positions),
        np.stack([keypoints[name] for name in positions]),
        np.array([[positions[name] for name in row] for row in kept], np.int64),
        dropped,
    )


def _people(annotations: str | os.PathLike[str]) -> dict[str, np.ndarray]:
    """Each annotated picture's person, under its full name and under its name without folders."""
    file = read_keypoint_file(annotations)
    if file.format != "annotation-csv":
        raise ValueError(f"{annotations}: a CSV name:keypoints_y:keypoints_x is expected. Received: {file.format}")
    people = {name.replace("\\", "/"): person[0] for name, person in file.frames.items()}
    bases = Counter(PurePosixPath(name).name for name in people)
    unique = {PurePosixPath(name).name: person for name, person in people.items()}
    return {base: person for base, person in unique.items() if bases[base] == 1} | people


def _look_up(people: dict[str, np.ndarray], name: str) -> np.ndarray | None:
    found = people.get(name)
    return people.get(PurePosixPath(name).name) if found is None else found


def _problem(people: Sequence[np.ndarray | None]) -> str | None:
    if any(person is None for person in people):
        return NO_ANNOTATION
    return None if all((person[:, 2] > 0).any() for person in people) else NO_JOINT


def picture_path(folder: str | os.PathLike[str], name: str) -> Path:
    """Find the file of a picture that the pairs CSV calls `name`.

    It is `folder/name`, or `name` beside `folder` (names like `train/a.jpg`), or without its folders in `folder`; where
    none exists, the first of these. A name that leads out of the dataset's folder is never followed.
    """
    folder = as_path(folder)
    parts = [part for part in PurePosixPath(name).parts if part not in ("/", "..")]
    candidates = [folder.joinpath(*parts), folder.parent.joinpath(*parts), folder / parts[-1]]
    return next((path for path in candidates if path.is_file()), candidates[0])
