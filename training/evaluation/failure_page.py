"""The page about a system's failures."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from training.evaluation.failure_causes import (
    CAUSES,
    FEWEST_PAIRS,
    NO_CAUSE,
    PAIRS_A_COLUMN,
    Explained,
    explain,
    present_causes,
    variance_explained,
)
from training.evaluation.page import Block, Heading, Paragraph, Picture, Table
from training.evaluation.summary import CONFIDENCE
from training.evaluation.tables import MISSING, difference_cell

if TYPE_CHECKING:
    from training.evaluation.failures import Failures

__all__ = ["cause_rows", "failure_blocks"]

NAMED = 8  # pairs of each group whose facts are in the table
TITLES = {**{name: cause.title for name, cause in CAUSES.items()}, NO_CAUSE: "No known cause"}


def failure_blocks(
    failures: Failures, groups: Mapping[str, list[int]], sheets: Mapping[str, str]
) -> tuple[str, list[Block]]:
    """The page's title and content.

    Args:
        failures: of one system.
        groups: of `Failures.groups`.
        sheets: file of each group's sheet, relative to the page.
    """
    title = f"Failures of {failures.system}"
    joint = variance_explained(failures.error, failures.facts)
    blocks: list[Block] = [
        Heading(title, 1),
        Paragraph(
            f"{len(failures.scores)} pairs, ranked by {failures.column.title}, {failures.column.meaning}. A pair has a "
            "cause where a fact about it reaches the threshold. With and without are mean scores of pairs with the "
            f"cause and of all others, and their difference has a {CONFIDENCE:.0%} bootstrap interval; it is left out "
            f"where either has fewer than {FEWEST_PAIRS} pairs. {_about_share(failures)} Variance: so much of the "
            "error's variance a straight line over the fact accounts for, less what it would by chance (adjusted R^2); "
            f"left out where pairs are fewer than {PAIRS_A_COLUMN} for each number of the line. Causes come together: "
            "what they explain does not add up."
        ),
        Table(cause_rows(failures)),
    ]
    if np.isfinite(joint):
        blocks.append(Paragraph(f"All facts together account for {_percent(joint)} of the error's variance."))
    for name, positions in groups.items():
        pairs = "1 pair" if len(positions) == 1 else f"{len(positions)} pairs, the worst first"
        text = f"{TITLES[name]}: {pairs}" if name == NO_CAUSE else f"{TITLES[name]} above all: {pairs}"
        blocks += [Heading(TITLES[name]), Paragraph(f"{text}."), Table(_pair_rows(failures, positions[:NAMED]))]
        blocks.append(Picture(sheets[name], text))
    return title, blocks


def cause_rows(failures: Failures) -> list[list[str]]:
    """A header and a row a cause: threshold, pairs, mean scores with and without it, and what it explains."""
    header = ["cause", "from", "meaning", "pairs", "with", "without", "difference", "share", "variance"]
    explained = explain(failures.error, failures.facts)
    return [header, *(_cause_row(failures, name, one) for name, one in explained.items())]


def _cause_row(failures: Failures, name: str, explained: Explained) -> list[str]:
    cause, sign = CAUSES[name], -1 if failures.column.higher_is_better else 1
    if not np.isfinite(failures.facts[name]).any():
        return [cause.title, f"{cause.threshold:g}", cause.meaning, "not known", *[MISSING] * 5]
    means = [f"{sign * value:.4f}" for value in (explained.with_it, explained.without)]
    return [
        cause.title,
        f"{cause.threshold:g}",
        cause.meaning,
        str(explained.count),
        *(MISSING if "nan" in mean else mean for mean in means),
        difference_cell(_in_scores(explained, sign)),
        MISSING if failures.column.higher_is_better else _percent(explained.share),
        _percent(explained.variance),
    ]


def _about_share(failures: Failures) -> str:
    if failures.column.higher_is_better:
        return "Share: only of columns of which less is better."
    return "Share: so much of the mean error would go if pairs with the cause were like those without."


def _in_scores(explained: Explained, sign: int) -> dict | None:
    """The difference as one of scores, which may be higher where the error is lower."""
    if explained.difference is None:
        return None
    mean, low, high = (sign * value for value in explained.difference)
    return {"mean": mean, "low": min(low, high), "high": max(low, high)}


def _percent(value: float) -> str:
    return MISSING if not np.isfinite(value) else f"{value:.1%}"


def _pair_rows(failures: Failures, positions: list[int]) -> list[list[str]]:
    present = present_causes(failures.facts)
    rows = []
    for pair in positions:
        number, facts = str(failures.pairs.numbers[pair]), [failures.facts[name][pair] for name in CAUSES]
        cells = [MISSING if not np.isfinite(value) else f"{value:.2f}" for value in facts]
        marked = [f"{cell} *" if present[name][pair] else cell for name, cell in zip(CAUSES, cells, strict=True)]
        rows.append([number, *failures.pairs.names(pair), f"{failures.scores[pair]:.4f}", *marked])
    return [["pair", "source", "target", failures.column.title, *(cause.title for cause in CAUSES.values())], *rows]
