"""The figures of a model card, written from an evaluation.

A card is a Markdown file. What stands in it between the lines

    <!-- figures: rendered -->
    <!-- end of figures -->

is replaced by the tables of an evaluation under protocol `rendered`. A card may have a place for each protocol, and
others for further evaluations under the same: `<!-- figures: rendered ablations -->` is named "ablations". The rest of
the card is left as it is. The same evaluation gives the same bytes.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from gfla_tf.outputs import whole_file
from training.evaluation.columns import Column, find_column
from training.evaluation.fingerprint import describe_data, describe_dependencies
from training.evaluation.page import Block, Paragraph, Table, to_markdown
from training.evaluation.results import Evaluation
from training.evaluation.summary import CONFIDENCE
from training.evaluation.tables import MISSING

__all__ = ["card_figures", "write_card"]

BEGIN, END = "<!-- figures: {place} -->", "<!-- end of figures -->"


def write_card(evaluation: Evaluation, card: str | os.PathLike[str], name: str | None = None) -> None:
    """Put an evaluation's figures into a card.

    Args:
        evaluation: whose figures.
        card: the file.
        name: of the place, behind the protocol; None for the protocol's own.

    Raises:
        ValueError: there is no card, or no place in it.
    """
    protocol = evaluation.fingerprint["protocol"]["name"]
    card, begin = Path(card), BEGIN.format(place=protocol if name is None else f"{protocol} {name}")
    try:
        text = card.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f"--card: a Markdown file is expected. Received: {card} ({error}).") from error
    before, found, rest = text.partition(f"{begin}\n")
    _, end, after = rest.partition(END)
    if not found or not end:
        raise ValueError(f"{card}: the lines {begin} and {END} are expected. Received: a card without them.")
    with whole_file(card) as temporary:
        temporary.write_text(f"{before}{begin}\n\n{card_figures(evaluation)}\n{END}{after}", encoding="utf-8")


def card_figures(evaluation: Evaluation) -> str:
    """The figures as Markdown: on what, a table of means, a table of differences, and what they depend on."""
    content, fingerprint = evaluation.content, evaluation.fingerprint
    protocol = fingerprint["protocol"]["name"]
    text = (
        f"By `python -m training evaluate --protocol {protocol}` on {describe_data(fingerprint['data'])}; means with "
        f"{CONFIDENCE:.0%} bootstrap intervals."
    )
    systems = content["systems"]
    means = {name: one["metrics"] for name, one in systems.items()}
    sets = {name: one["sets"] for name, one in systems.items()}
    blocks: list[Block] = [Paragraph(text), Table([["", *systems], *_rows(means, _mean), *_rows(sets, _number)])]
    if content["differences"]:
        blocks.append(Paragraph(f"Differences to {content['reference']}, one by one:"))
        blocks.append(Table([["", *content["differences"]], *_rows(content["differences"], _difference)]))
    return to_markdown([*blocks, Paragraph(describe_dependencies(fingerprint))])


def _rows(systems: dict[str, dict], write: Callable[[object], str]) -> list[list[str]]:
    """A row for each column that any system has."""
    names = dict.fromkeys(name for values in systems.values() for name in values)
    return [[_title(find_column(name)), *(write(values.get(name)) for values in systems.values())] for name in names]


def _title(column: Column) -> str:
    return f"{column.title} ({'higher' if column.higher_is_better else 'lower'} is better)"


def _number(value: float | None) -> str:
    """Three digits behind the point below 10, two from there on."""
    return MISSING if value is None else f"{value:.{3 if abs(value) < 10 else 2}f}"


def _mean(interval: dict | None) -> str:
    if interval is None or interval["mean"] is None:
        return MISSING
    return f"{_number(interval['mean'])} ({_number(interval['low'])} to {_number(interval['high'])})"


def _difference(interval: dict | None) -> str:
    if interval is None or interval["mean"] is None:
        return MISSING
    sign = "+" if interval["mean"] > 0 else ""
    return f"{sign}{_mean(interval)}"
