"""Fooling rates: how often each model's pictures were taken for real.

    python -m training jnd report studies/first/answers.csv
    python -m training jnd report collected/*.csv --key studies/crowd/key.csv

0.5 is what pictures reach that nobody can tell from real ones. Raters who were wrong in more than a quarter of their
attention checks are left out. Intervals are 95 % bootstrap intervals over raters: answers of one rater are alike. With
a single rater they are over answers.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from gfla_tf.metrics.intervals import Interval
from training.evaluation.tables import text_table
from training.jnd.answers import Answer, answer_of, read_answers, read_rows
from training.jnd.comparisons import CHECK
from training.jnd.export import KEY_COLUMNS

__all__ = ["FoolingRate", "add_arguments", "attentive", "fooling_rates", "once", "run"]

PAGE_COLUMNS = ("rater", "trial", "called_real", "milliseconds")  # of an exported study
WRONG_CHECKS = 0.25
CONFIDENCE, RESAMPLES = 0.95, 10_000


@dataclass(frozen=True)
class FoolingRate:
    """Attributes: model; answers, raters: how many; rate: how often it was taken for real, with its interval."""

    model: str
    answers: int
    raters: int
    rate: Interval


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `jnd report`."""
    parser.add_argument("answers", nargs="+", metavar="CSV", help="files of answers")
    parser.add_argument("--key", metavar="CSV", help="of an exported study, to which the answers belong")


def run(options: argparse.Namespace) -> int:
    """Run `jnd report`."""
    answers = once([answer for path in options.answers for answer in _read(path, options.key)])
    kept = attentive(answers)
    raters, kept_raters = ({answer.rater for answer in some} for some in (answers, kept))
    print(f"{len(answers)} answers of {len(raters)} raters; {len(raters - kept_raters)} left out by their checks.")
    rows = [["model", "taken for real", "answers", "raters"]]
    for one in fooling_rates(kept):
        rate = f"{one.rate.mean:.3f} [{one.rate.low:.3f}, {one.rate.high:.3f}]"
        rows.append([one.model, rate, str(one.answers), str(one.raters)])
    print(text_table(rows))
    return 0


def once(answers: Sequence[Answer]) -> list[Answer]:
    """The answers without those that were handed in twice.

    Raises:
        ValueError: a rater has answered the same trial in two ways.
    """
    by_question: dict[tuple, Answer] = {}
    for answer in answers:
        question = (answer.rater, answer.trial, answer.model, answer.picture, answer.real)
        if by_question.setdefault(question, answer).called_real != answer.called_real:
            raise ValueError(
                f"One answer of each rater to each trial is expected. Received: two by {answer.rater} to trial "
                f"{answer.trial}, which differ."
            )
    return list(by_question.values())


def attentive(answers: Sequence[Answer]) -> list[Answer]:
    """The answers of raters who passed their checks."""
    wrong: dict[str, list[bool]] = {}
    for answer in answers:
        if answer.model == CHECK:
            wrong.setdefault(answer.rater, []).append(answer.fooled)
    failed = {rater for rater, checks in wrong.items() if np.mean(checks) > WRONG_CHECKS}
    return [answer for answer in answers if answer.rater not in failed]


def fooling_rates(answers: Sequence[Answer], seed: int = 0) -> list[FoolingRate]:
    """The rate of each model, in the order of their names.

    Raises:
        ValueError: there are no answers.
    """
    models = sorted({answer.model for answer in answers} - {CHECK})
    if not models:
        raise ValueError("Answers about generated pictures are expected. Received: none.")
    return [_rate(model, [answer for answer in answers if answer.model == model], seed) for model in models]


def _rate(model: str, answers: list[Answer], seed: int) -> FoolingRate:
    by_rater: dict[str, list[bool]] = {}
    for answer in answers:
        by_rater.setdefault(answer.rater, []).append(answer.fooled)
    groups = list(by_rater.values())
    if len(groups) == 1:
        groups = [[fooled] for fooled in groups[0]]
    sums, counts = (np.array([function(group) for group in groups]) for function in (sum, len))
    drawn = np.random.default_rng(seed).integers(len(groups), size=(RESAMPLES, len(groups)))
    rates = sums[drawn].sum(axis=1) / counts[drawn].sum(axis=1)
    tail = (1 - CONFIDENCE) / 2
    low, high = np.quantile(rates, [tail, 1 - tail])
    mean = sums.sum() / counts.sum()
    return FoolingRate(model, len(answers), len(by_rater), Interval(float(mean), float(low), float(high)))


def _read(path: str, key: str | None) -> list[Answer]:
    return read_answers(path) if key is None else _with_key(path, key)


def _with_key(path: str, key: str) -> list[Answer]:
    """Answers of an exported study's page, which don't say what was what."""
    keys = read_rows(key, KEY_COLUMNS, "the key of an exported study")
    rows = read_rows(path, PAGE_COLUMNS, "a CSV file of a page's answers")
    what = {(row["rater"], row["trial"]): row for row in keys}
    try:
        return [answer_of({**row, **what[row["rater"], row["trial"]]}) for row in rows]
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{path}: answers that go with {key} are expected. Received: {error}.") from error
