"""Write an evaluation as a page, HTML and Markdown: tables, distributions, best and worst results.

    python -m training report evaluations/rendered

writes report.html, report.md and the drawings beside evaluation.json; with --output into another folder, to which the
sheets are copied. With --card, the tables also go into a model card, between two lines of it:

    <!-- figures: rendered -->
    <!-- end of figures -->

where rendered is the evaluation's protocol; with --place NAME, between `<!-- figures: rendered NAME -->` and the end.
"""

from __future__ import annotations

import argparse

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `report`."""
    parser.add_argument("evaluation", metavar="EVAL_DIR", help="folder that `evaluate` wrote")
    parser.add_argument("--card", metavar="FILE", help="a model card (Markdown) whose figures are replaced")
    parser.add_argument("--place", metavar="NAME", help="which place of the card (default: the protocol's own)")
    parser.add_argument("--output", metavar="DIR", help="folder to write (default: EVAL_DIR)")


def run(options: argparse.Namespace) -> int:
    """Run `report`."""
    from training.evaluation.card import write_card
    from training.evaluation.report import write_report
    from training.evaluation.results import read_evaluation

    evaluation = read_evaluation(options.evaluation)
    if options.card is not None:  # first, as it may have no place for the figures
        write_card(evaluation, options.card, options.place)
        print(options.card)
    for path in write_report(evaluation, options.output or evaluation.folder):
        print(path)
    return 0
