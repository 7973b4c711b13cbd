"""Compare systems of two evaluations, pair by pair.

    python -m training compare monday/evaluation.json tuesday/evaluation.json

The first system of the first evaluation, or the one that --system names, is compared with every system of the second.
Evaluations whose fingerprints differ are refused, and the message says where they differ: their numbers mean different
things.
"""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from training.evaluation.results import Evaluation

__all__ = ["add_arguments", "compare", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `compare`."""
    parser.add_argument("first", metavar="A", help="evaluation.json, or its folder")
    parser.add_argument("second", metavar="B", help="another one")
    parser.add_argument("--system", metavar="NAME", help="of A (default: the first one)")


def run(options: argparse.Namespace) -> int:
    """Run `compare`."""
    from training.evaluation.fingerprint import describe_fingerprint
    from training.evaluation.results import read_evaluation
    from training.evaluation.tables import difference_rows, score_rows, text_table

    first, second = read_evaluation(options.first), read_evaluation(options.second)
    reference = options.system or next(iter(first.scores))
    differences = compare(first, second, reference)
    both = {f"A:{reference}": first.content["systems"][reference]}
    both |= {f"B:{name}": system for name, system in second.content["systems"].items()}
    print(text_table(score_rows({"systems": both})))
    print(f"\nDifference to A:{reference} (* where the 95 % interval leaves out 0)")
    print(text_table(difference_rows({f"B:{name}": metrics for name, metrics in differences.items()})))
    print(f"\n{describe_fingerprint(first.fingerprint)}")
    return 0


def compare(first: Evaluation, second: Evaluation, reference: str) -> dict[str, dict]:
    """Differences of each of the second's systems to one of the first's: system -> column -> interval.

    Raises:
        ValueError: the fingerprints differ, or the first has no such system.
    """
    from training.evaluation.fingerprint import differences
    from training.evaluation.summary import difference

    if lines := differences(first.fingerprint, second.fingerprint):
        raise ValueError(
            "Evaluations with the same fingerprint are expected. Received, of A and B: " + "; ".join(lines) + "."
        )
    if reference not in first.scores:
        raise ValueError(f"--system must be one of {', '.join(first.scores)}. Received: {reference}.")
    columns = first.scores[reference].columns
    return {name: difference(scores.columns, columns) for name, scores in second.scores.items()}
