"""Say what a folder holds, and what is missing or damaged.

Known are: DeepFashion In-shop as downloaded and as prepared, Market-1501, clips, videos, Human3.6M, and rendered
datasets. Every picture is decoded as the loaders do it, unless --quick.

Exit code: 0 if the loaders can read it, 1 if not, 2 for wrong arguments. Lines with [!!] say why not; lines with [--]
are good to know, but the loaders live with it.
"""

from __future__ import annotations

import argparse
import json
import os
from pathlib import Path

from gfla_tf.remote import as_path
from gfla_tf.terminal import EXIT_PROBLEMS_FOUND
from training.data.check_clips import check_clips
from training.data.check_pairs import check_pairs
from training.data.check_raw import (
    check_raw_fashion,
    check_videos,
    find_archives,
    looks_like_raw_fashion,
    looks_like_videos,
)
from training.data.check_report import Report
from training.data.layouts import SPLITS, dataset_kind, read_dataset_file
from training.data.origins import ORIGINS

__all__ = ["add_arguments", "check", "run"]

UNFINISHED_RENDERING = ".render"  # folder that `data render` removes at its end
UNFINISHED = "It was not finished: start its command again"
TITLES = {"fashion": "fashion prepared", "market": "market", "clips": "clips", "human36m": "human36m"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `data check`."""
    parser.add_argument("folder", metavar="DIR", help="folder of a dataset")
    parser.add_argument("--quick", action="store_true", help="do not decode pictures and keypoint files")
    parser.add_argument("--json", action="store_true", help="write the report as JSON, with all names")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1, help="threads (default: %(default)s)")


def run(options: argparse.Namespace) -> int:
    """Run `data check`."""
    if options.workers < 1:
        raise ValueError(f"--workers must be at least 1. Received: {options.workers}.")
    report = check(as_path(options.folder), options.quick, options.workers)
    print(json.dumps(report.as_dict(), indent=2) if options.json else "\n".join(report.lines()))
    return 0 if report.usable else EXIT_PROBLEMS_FOUND


def check(folder: Path, quick: bool = False, workers: int = 1) -> Report:
    """Check a dataset of any kind.

    Args:
        folder: of the dataset.
        quick: do not decode pictures and keypoint files.
        workers: number of threads.

    Raises:
        ValueError: there is no such folder.
    """
    if not folder.is_dir():
        raise ValueError(f"A folder is expected. Received: {folder}.")
    report = Report(str(folder))
    prepared = any((folder / split).is_dir() for split in SPLITS)
    if not prepared and looks_like_raw_fashion(folder):
        check_raw_fashion(report, folder)
        return report
    if (folder / UNFINISHED_RENDERING).is_dir():
        report.kind = "rendered"
        report.add(UNFINISHED, serious=True)
        return report
    kind = _kind(report, folder)
    if kind is None:
        _check_unknown(report, folder)
        return report
    said = read_dataset_file(folder)
    rendered = bool(said.get("truth")) or "render" in str(said.get("generator", ""))
    report.kind = f"rendered {kind}" if rendered else TITLES[kind]
    if said.get("complete") is False:
        report.add(UNFINISHED, serious=True)
    _check_kind(report, folder, kind, quick, workers)
    if not report.usable:
        report.advice.append(ORIGINS["rendered" if rendered else kind])
    return report


def _kind(report: Report, folder: Path) -> str | None:
    """The layout's kind; a broken dataset.json is reported."""
    try:
        return dataset_kind(folder)
    except ValueError as error:
        if (folder / "bounding_box_train").is_dir():
            return "market"
        if any(folder.glob("train/fashion*")):
            return "fashion"
        if not looks_like_videos(folder):
            report.add(str(error), serious=True)
        return None


def _check_kind(report: Report, folder: Path, kind: str, quick: bool, workers: int) -> None:
    if kind == "clips":
        check_clips(report, folder, quick, workers)
    elif kind == "human36m":
        from training.data.check_human36m import check_human36m

        check_human36m(report, folder)
    else:
        check_pairs(report, folder, kind, quick, workers)


def _check_unknown(report: Report, folder: Path) -> None:
    """Say what can be said of a folder without a known layout."""
    archives = find_archives(folder)
    if archives:
        report.kind = "fashion raw"
        report.add("The archives are not unpacked yet", serious=True, names=archives)
    elif looks_like_videos(folder):
        check_videos(report, folder)
    else:
        report.advice += [f"Datasets and where to ask for them:\n- {origin}" for origin in ORIGINS.values()][:1]
        report.advice += [f"- {origin}" for origin in list(ORIGINS.values())[1:]]
