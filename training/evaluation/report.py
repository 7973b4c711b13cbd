"""The page about an evaluation: what was done, what came out, and what it looks like."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import numpy as np

from gfla_tf.outputs import whole_file
from training.evaluation.columns import find_column
from training.evaluation.distributions import draw_distributions
from training.evaluation.fingerprint import describe_data
from training.evaluation.page import Block, Code, Heading, Paragraph, Picture, Table, to_html, to_markdown
from training.evaluation.results import SHEET_FILE, Evaluation
from training.evaluation.summary import CONFIDENCE
from training.evaluation.tables import difference_rows, score_rows

__all__ = ["write_report"]

DRAWINGS = "distributions"
SHOWN = 8  # best and worst pairs that are named


def write_report(evaluation: Evaluation, output: str | os.PathLike[str]) -> list[Path]:
    """Write report.html and report.md with what they show.

    Args:
        evaluation: a finished one.
        output: folder, made if it is not there.

    Returns:
        The paths of the two pages.

    Raises:
        ValueError: a file can't be written.
    """
    output = Path(output)
    (output / DRAWINGS).mkdir(parents=True, exist_ok=True)
    blocks = _beginning(evaluation) + _by_pose(evaluation)
    blocks += _distributions(evaluation, output) + _results(evaluation, output)
    blocks += [
        Heading("Systems"),
        _code({name: one["identity"] for name, one in evaluation.content["systems"].items()}),
    ]
    blocks += [Heading("Fingerprint"), _code(evaluation.fingerprint)]
    pages = {output / "report.html": to_html(_title(evaluation), blocks), output / "report.md": to_markdown(blocks)}
    for path, text in pages.items():
        _write(path, text)
    return list(pages)


def _code(content: dict) -> Code:
    return Code(json.dumps(content, indent=2))


def _title(evaluation: Evaluation) -> str:
    return f"Evaluation: protocol {evaluation.fingerprint['protocol']['name']}"


def _beginning(evaluation: Evaluation) -> list[Block]:
    """What was done, and the tables."""
    content, data = evaluation.content, describe_data(evaluation.fingerprint["data"])
    blocks = [
        Heading(_title(evaluation), 1),
        Paragraph(
            f"{content['description'][:1].upper()}{content['description'][1:]}: {data}. Means with {CONFIDENCE:.0%} "
            "bootstrap intervals."
        ),
        Table(score_rows(content)),
    ]
    if content["differences"]:
        text = f"Differences to {content['reference']}, one by one; * where the interval leaves out 0."
        blocks += [Paragraph(text), Table(difference_rows(content["differences"]))]
    meanings = [[f"{column.title} {column.arrow}", column.meaning] for column in map(find_column, _columns(evaluation))]
    return [*blocks, Table([["metric", "meaning"], *meanings])]


def _by_pose(evaluation: Evaluation) -> list[Block]:
    """Tables for pairs with near, middle and far poses, where the evaluation has them."""
    thirds = evaluation.content.get("by_pose") or {}
    if not thirds:
        return []
    blocks: list[Block] = [
        Heading("By pose"),
        Paragraph(
            "A third of the pairs each, by the distance of the two poses: the mean distance of their joints, each pose "
            "moved to its centre and divided by its size."
        ),
    ]
    for name, third in thirds.items():
        title = f"{name}: {third['pairs']} pairs, distance {third['low']:.2f} to {third['high']:.2f}"
        systems = {system: {"metrics": metrics, "sets": {}} for system, metrics in third["metrics"].items()}
        blocks += [Heading(title, 3), Table(score_rows({"systems": systems}))]
        if third["differences"]:
            blocks.append(Table(difference_rows(third["differences"])))
    return blocks


def _columns(evaluation: Evaluation) -> list[str]:
    """All columns of any system, in order, those of whole sets at the end."""
    scores = evaluation.scores.values()
    names = [name for one in scores for name in one.columns] + [name for one in scores for name in one.sets]
    return list(dict.fromkeys(names))


def _distributions(evaluation: Evaluation, output: Path) -> list[Block]:
    """A drawing a column."""
    blocks: list[Block] = [Heading("Distributions")]
    for name in _columns(evaluation):
        column, path = find_column(name), f"{DRAWINGS}/{name}.svg"
        values = {system: scores.columns.get(name, np.array([])) for system, scores in evaluation.scores.items()}
        if any(np.isfinite(one).any() for one in values.values()):
            _write(output / path, draw_distributions(f"{column.title} {column.arrow}", values))
            blocks.append(Picture(path, f"Distribution of {column.title}"))
    return blocks


def _results(evaluation: Evaluation, output: Path) -> list[Block]:
    """The sheets, and the names of the best and worst pairs."""
    blocks: list[Block] = [Heading("Results")]
    if (evaluation.folder / SHEET_FILE).is_file():
        text = "Drawn at random: what was given, what was asked for, the truth, and what each system made of it"
        blocks += [Paragraph(f"{text}."), Picture(_brought(evaluation, SHEET_FILE, output), text)]
    for name in evaluation.scores:
        for which in ("best", "worst"):
            sheet = os.path.relpath(evaluation.system_folder(name) / f"{which}.jpg", evaluation.folder)
            blocks += [
                Heading(f"{name}: {which} results", 3),
                Table(_extremes(evaluation, name, which)),
                Picture(_brought(evaluation, sheet, output), f"The {which} results of {name}"),
            ]
    return blocks


def _extremes(evaluation: Evaluation, system: str, which: str) -> list[list[str]]:
    """Number, names and score of the best or worst pairs or clips."""
    column = find_column(evaluation.fingerprint["protocol"]["ranking"])
    scores = evaluation.scores[system]
    order = column.best_first(scores.columns[column.name])[:: 1 if which == "best" else -1][:SHOWN]
    rows = [[str(pair), *scores.names[pair], f"{scores.columns[column.name][pair]:.4f}"] for pair in order]
    return [["number", "source", "target", f"{column.title} {column.arrow}"], *rows]


def _brought(evaluation: Evaluation, name: str, output: Path) -> str:
    """A picture of the evaluation, copied to the output if that is elsewhere; its path from there."""
    source, target = evaluation.folder / name, output / name
    if source.resolve() != target.resolve() and source.is_file():
        target.parent.mkdir(parents=True, exist_ok=True)
        with whole_file(target) as temporary:
            shutil.copyfile(source, temporary)
    return Path(name).as_posix()


def _write(path: Path, text: str) -> None:
    with whole_file(path) as temporary:
        temporary.write_text(text, encoding="utf-8")
