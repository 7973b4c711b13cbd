"""Failures of a system, ranked and sorted by cause: a table, a sheet for each cause, and a page.

OUTPUT/failures.csv            a row a pair, the worst first: error, facts, first cause, all causes
OUTPUT/CAUSE.jpg               the worst pairs of each first cause; of a cause that no pair has, there is none
OUTPUT/failures.html, .md      what each cause explains, with the sheets

A pair's number is the one among all usable pairs, which `inspect --pair` takes. An evaluation of some pairs counts them
anew in its scores.csv: there a pair is found by its source and target.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from gfla_tf.image_io import write_image
from gfla_tf.inspection.level_panels import hidden_colors
from gfla_tf.outputs import whole_file
from training.evaluation.columns import Column
from training.evaluation.failure_causes import CAUSES, NO_CAUSE, first_causes, present_causes
from training.evaluation.failure_facts import FACTS
from training.evaluation.failure_page import failure_blocks
from training.evaluation.judge import rendered_as_stored
from training.evaluation.page import to_html, to_markdown
from training.evaluation.pairs import EvaluationPairs, PairBatch
from training.evaluation.sheets import draw_sheet
from training.evaluation.systems import System

__all__ = ["Failures", "write_failures"]

TABLE = "failures.csv"
PAGES = ("failures.html", "failures.md")
SHOWN = 8  # pairs on a sheet


@dataclass(frozen=True, eq=False)
class Failures:
    """What is known of every pair that a system was judged on.

    Attributes:
        system: its name.
        column: of the scores that pairs are ranked by.
        scores: `[pairs]`, all finite.
        facts: of `failure_facts.measure`.
        pairs: where the pictures are.
    """

    system: str
    column: Column
    scores: np.ndarray
    facts: Mapping[str, np.ndarray]
    pairs: EvaluationPairs

    @property
    def error(self) -> np.ndarray:
        """`[pairs]`, more being worse."""
        return -self.scores if self.column.higher_is_better else self.scores

    @property
    def order(self) -> np.ndarray:
        """Positions of the pairs, the worst first."""
        return self.column.best_first(self.scores)[::-1]

    def groups(self) -> dict[str, list[int]]:
        """First cause -> positions of its pairs, the worst first; without causes that no pair has."""
        first = first_causes(self.facts)
        groups = {name: [int(pair) for pair in self.order if first[pair] == name] for name in (*CAUSES, NO_CAUSE)}
        return {name: positions for name, positions in groups.items() if positions}


def write_failures(failures: Failures, output: Path, system: System | None = None) -> list[Path]:
    """Write everything that the module's text lists.

    Args:
        failures: of one system.
        output: an existing folder.
        system: draws the results on the sheets; None for sheets without.

    Returns:
        The paths of the files.

    Raises:
        ValueError: a file can't be read or written.
    """
    for name in (*CAUSES, NO_CAUSE):  # of failures before, whose causes may be others
        (output / f"{name}.jpg").unlink(missing_ok=True)
    _write_table(failures, output / TABLE)
    groups, sheets = failures.groups(), {}
    for name, positions in groups.items():
        sheets[name] = f"{name}.jpg"
        results = partial(_results, failures, system)
        shown = draw_sheet(failures.pairs, positions[:SHOWN], results, failures.pairs.numbers)
        write_image(output / sheets[name], shown)
    title, blocks = failure_blocks(failures, groups, sheets)
    for name, text in zip(PAGES, (to_html(title, blocks), to_markdown(blocks)), strict=True):
        with whole_file(output / name) as temporary:
            temporary.write_text(text, encoding="utf-8")
    return [output / name for name in (TABLE, *sheets.values(), *PAGES)]


def _results(failures: Failures, system: System | None, batch: PairBatch) -> dict[str, np.ndarray]:
    """What is drawn of one pair beside source, pose and target."""
    results = {}
    if batch.visible is not None:
        results["hidden"] = hidden_colors(batch.target_image[0], batch.visible[0], batch.person_mask[0])[np.newaxis]
    if system is not None:
        score = f"{failures.scores[batch.positions[0]]:.3f}"
        results[score] = rendered_as_stored(system, batch).image
    return results


def _write_table(failures: Failures, path: Path) -> None:
    first, present = first_causes(failures.facts), present_causes(failures.facts)
    with whole_file(path) as temporary, open(temporary, "w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["rank", "pair", "source", "target", failures.column.name, *FACTS, "first_cause", "causes"])
        for rank, pair in enumerate(failures.order, start=1):
            numbers = [failures.scores[pair], *(failures.facts[name][pair] for name in FACTS)]
            causes = " ".join(name for name in CAUSES if present[name][pair])
            names = failures.pairs.names(int(pair))
            writer.writerow([rank, failures.pairs.numbers[pair], *names, *map(_cell, numbers), first[pair], causes])


def _cell(value: float) -> str:
    return "" if math.isnan(value) else f"{value:.6g}"
