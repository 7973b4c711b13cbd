"""The check of datasets of picture pairs: DeepFashion as prepared, Market-1501, rendered ones.

The loaders drop a pair if one of its pictures has no annotation or no joint, and go on if some files cannot be read.
Such things are reported; a split is unusable if one of its files is missing or broken, no pair is left, or more files
are missing or unreadable than the loaders allow by default.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from gfla_tf.pose.keypoint_files import read_keypoint_file
from training.data.check_pictures import check_pictures
from training.data.check_report import Report
from training.data.layouts import IMAGE_EXTENSIONS, SPLITS, PairLayout, find_pairs
from training.data.pairs_csv import picture_path, read_pairs_csv

__all__ = ["check_pairs", "identity"]

UNREADABLE_LIMIT = 10
# DeepFashion's names up to the id are one person in one outfit; Market's names begin with the person's number.
IDENTITIES = {
    "fashion": re.compile(r"(?P<identity>fashion(WO)?MEN.*id\d{8}|person\d+(?=_view))"),
    "market": re.compile(r"(?P<identity>-1|\d{4})_"),
}


def identity(name: str, kind: str) -> str | None:
    """Who is in a picture, as far as its name says.

    Args:
        name: of the file.
        kind: "fashion" or "market".
    """
    match = IDENTITIES[kind].match(Path(name).name)
    return match["identity"] if match else None


def check_pairs(report: Report, folder: Path, kind: str, quick: bool, workers: int) -> None:
    """Check both splits.

    Args:
        report: is filled.
        folder: of the dataset.
        kind: "fashion" or "market".
        quick: do not decode pictures.
        workers: number of threads.
    """
    people = {}
    for split in SPLITS:
        try:
            layout = find_pairs(folder, split, kind)
            people[split] = _check_split(report, layout, quick, workers)
        except (ValueError, OSError) as error:
            serious = split == SPLITS[0] or _has_pictures(folder, split)
            report.add(f"{split}: {error}", serious)
    both = sorted(set.intersection(*people.values())) if len(people) == len(SPLITS) else []
    report.add_names("both splits", "identities in train and in test", both)


def _has_pictures(folder: Path, split: str) -> bool:
    """Whether a split has pictures; without them it is only missing, whatever lists there are."""
    return any(file.suffix.lower() in IMAGE_EXTENSIONS for file in folder.glob(f"*{split}/*"))


def _check_split(report: Report, layout: PairLayout, quick: bool, workers: int) -> set[str]:
    """Check one split; the identities in it."""
    pairs = read_pairs_csv(layout.pairs)
    annotations = read_keypoint_file(layout.annotations).frames
    people = {name.replace("\\", "/"): found[0] for name, found in annotations.items()}
    names = list(dict.fromkeys(name for pair in pairs for name in pair))
    files = {name: picture_path(layout.pictures, name) for name in names}
    identities = {who for who in (identity(name, layout.kind) for name in names) if who}
    report.count(
        layout.split,
        pictures=sum(file.suffix.lower() in IMAGE_EXTENSIONS for file in layout.pictures.iterdir()),
        pairs=len(pairs),
        pictures_in_pairs=len(names),
        annotations=len(people),
        identities=len(identities),
    )
    _check_annotations(report, layout, people)
    usable = _check_use(report, layout.split, pairs, people, files)
    if not usable:
        report.add(f"{layout.split}: no pair can be used", serious=True)
    if not quick:
        there = [file for file in files.values() if file.is_file()]
        check_pictures(report, layout.split, there, layout.folder, UNREADABLE_LIMIT, workers)
    if layout.truth:
        _check_truth(report, layout, pairs, quick)
    return identities


def _check_annotations(report: Report, layout: PairLayout, people: dict[str, np.ndarray]) -> None:
    height, width = layout.annotation_size
    empty = [name for name, person in people.items() if not (person[:, 2] > 0).any()]
    outside = [name for name, person in people.items() if _is_outside(person, height, width)]
    report.add_names(layout.split, "annotations without any joint", empty)
    report.add_names(layout.split, f"annotations with a joint outside of the {height}x{width} picture", outside)


def _is_outside(person: np.ndarray, height: int, width: int) -> bool:
    x, y = person[person[:, 2] > 0, :2].T
    return bool(((x < 0) | (x > width - 1) | (y < 0) | (y > height - 1)).any())


def _check_use(
    report: Report, split: str, pairs: list[tuple[str, str]], people: dict[str, np.ndarray], files: dict[str, Path]
) -> int:
    """Report the pairs and pictures that cannot be used; the number of pairs that can."""
    known = set(people) | {Path(name).name for name in people}
    empty = {name for name, person in people.items() if not (person[:, 2] > 0).any()}
    no_annotation = [pair for pair in pairs if not all(name in known or Path(name).name in known for name in pair)]
    no_joint = [pair for pair in pairs if any(name in empty or Path(name).name in empty for name in pair)]
    missing = dict.fromkeys(name for name, file in files.items() if not file.is_file())
    no_picture = [pair for pair in pairs if any(name in missing for name in pair)]
    report.add_names(split, "pairs without annotation, left out by the loaders", _texts(no_annotation))
    report.add_names(split, "pairs with a picture without any joint, left out by the loaders", _texts(no_joint))
    report.add_names(split, "pairs whose picture is missing", _texts(no_picture))
    report.add_names(split, "pictures of pairs are missing", list(missing), serious=len(missing) > UNREADABLE_LIMIT)
    return len(set(pairs) - set(no_annotation) - set(no_joint) - set(no_picture))


def _check_truth(report: Report, layout: PairLayout, pairs: list[tuple[str, str]], quick: bool) -> None:
    from training.data.truth import truth_error, truth_path

    files = [truth_path(layout.truth, source, target) for source, target in pairs]
    missing = [file.name for file in files if not file.is_file()]
    report.count(layout.split, exact_flows=len(files) - len(missing))
    report.add_names(layout.split, "pairs without their exact flow", missing, serious=True)
    if not quick:
        broken = [file.name for file in files if file.is_file() and truth_error(file)]
        report.add_names(layout.split, "exact flows cannot be read", broken, serious=True)


def _texts(pairs: Iterable[tuple[str, str]]) -> list[str]:
    return [",".join(pair) for pair in pairs]
