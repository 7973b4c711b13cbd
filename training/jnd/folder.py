"""A study's folder: what it compares, the pictures that check attention, and the answers (see `answers`).

    STUDY/study.json     settings, and the content of all pictures as hashes: what the answers are about
    STUDY/checks/        pictures whose tiles are mixed up
    STUDY/answers.csv    what raters said

A study that was begun goes on with the same pictures and settings only.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import re
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

from gfla_tf.image_io import read_image, write_image
from gfla_tf.json_files import read_json, write_json
from training.jnd.comparisons import CHECK, Comparison, find_comparisons, mixed_up
from training.jnd.study import Study, StudySettings

__all__ = ["NAME", "add_study_arguments", "open_study", "study_of"]

STUDY_FILE = "study.json"
CHECKS_FOLDER = "checks"
CHECK_PICTURES = 8  # different ones, at most
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]*")


def add_study_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what describes a study."""
    defaults = StudySettings()
    parser.add_argument("--real", required=True, metavar="DIR", help="folder of real pictures")
    parser.add_argument(
        "--generated",
        action="append",
        required=True,
        metavar="NAME=DIR",
        help="a model's pictures, called like the real ones or SOURCE__TARGET; may be repeated",
    )
    parser.add_argument("--output", required=True, metavar="DIR", help="the study's folder; may be there already")
    for name, text in (
        ("milliseconds", "how long each picture is shown"),
        ("pictures", "of each model that a rater sees"),
        ("checks", "of attention that a rater gets"),
        ("seed", "of all draws"),
    ):
        default = getattr(defaults, name)
        parser.add_argument(f"--{name}", type=int, default=default, metavar="N", help=f"{text} (%(default)s)")


def study_of(options: argparse.Namespace) -> Study:
    """The study that the arguments of `add_study_arguments` describe, its folder made."""
    settings = StudySettings(options.milliseconds, options.pictures, options.checks, options.seed)
    return open_study(options.output, options.real, _models(options.generated), settings)


def _models(texts: list[str]) -> dict[str, str]:
    pairs = [text.partition("=") for text in texts]
    names = [name for name, _, _ in pairs]
    wrong = [
        text for text, (name, _, folder) in zip(texts, pairs, strict=True) if not folder or not NAME.fullmatch(name)
    ]
    if wrong or CHECK in names or len(set(names)) < len(names):
        raise ValueError(
            f"--generated must be NAME=DIR, each name once, of letters, digits and ._+-, not {CHECK}. "
            f"Received: {', '.join(texts)}."
        )
    return {name: folder for name, _, folder in pairs}


def open_study(
    folder: str | os.PathLike[str],
    real: str | os.PathLike[str],
    generated: Mapping[str, str | os.PathLike[str]],
    settings: StudySettings,
) -> Study:
    """Begin a study, or go on with the one that is there.

    Raises:
        ValueError: pictures do not go together, or the folder holds another study.
    """
    folder, comparisons = Path(folder), find_comparisons(real, generated)
    folder.mkdir(parents=True, exist_ok=True)
    content = {"settings": asdict(settings), "comparisons": [_describe(comparison) for comparison in comparisons]}
    file = folder / STUDY_FILE
    is_begun = file.is_file()
    if is_begun and read_json(file) != content:
        raise ValueError(f"{folder}: the same pictures and settings as before are expected. Received: others.")
    study = Study(comparisons, _checks(folder / CHECKS_FOLDER, comparisons, settings), settings)
    if not is_begun:  # the last file to appear
        write_json(file, content)
    return study


def _describe(comparison: Comparison) -> dict:
    hashes = {
        role: hashlib.sha256(getattr(comparison, role).read_bytes()).hexdigest() for role in ("real", "generated")
    }
    return {"model": comparison.model, "name": comparison.name, **hashes}


def _checks(folder: Path, comparisons: list[Comparison], settings: StudySettings) -> list[Comparison]:
    """Comparisons of real pictures with themselves, mixed up."""
    checks = []
    folder.mkdir(exist_ok=True)
    for number, real in enumerate(sorted({comparison.real for comparison in comparisons})[:CHECK_PICTURES]):
        path = folder / f"{number}.png"
        write_image(path, mixed_up(read_image(real), settings.seed + number))
        checks.append(Comparison(CHECK, real.stem, real, path))
    return checks
