"""Rank the pairs of an evaluation by error, and sort them by what may be to blame.

    python -m training failures evaluations/rendered --data data/rendered --output failures
    python -m training failures evaluations/rendered --data data/rendered --output failures --model runs/a/image/model

Each pair's causes are measured: occlusion, turned around, far pose, missing joints, out of frame. The output holds
failures.csv with all pairs, a sheet of the worst pairs of each cause, and failures.html, which says how much of the
error each cause explains. With --model, the judged system's folder, sheets show its results; where a dataset has no
exact visibility, occlusion is taken from its mask, and is not known without.
"""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from training.evaluation.failures import Failures
    from training.evaluation.pairs import EvaluationPairs
    from training.evaluation.results import Evaluation
    from training.evaluation.systems import ModelSystem

__all__ = ["add_arguments", "find_failures", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `failures`."""
    parser.add_argument("evaluation", metavar="EVALUATION", help="evaluation.json of `evaluate`, or its folder")
    parser.add_argument("--data", required=True, metavar="DIR", help="folder of the dataset that it was made on")
    parser.add_argument("--output", required=True, metavar="DIR", help="folder to write, made if needed")
    parser.add_argument("--system", metavar="NAME", help="whose failures (default: the first system's)")
    parser.add_argument("--metric", metavar="COLUMN", help="to rank by (default: the protocol's ranking)")
    parser.add_argument("--model", metavar="DIR", help="the system's folder, to draw its results")


def run(options: argparse.Namespace) -> int:
    """Run `failures`."""
    from gfla_tf.inspection.files import make_folder
    from gfla_tf.outputs import check_folder
    from training.evaluation.failure_page import cause_rows
    from training.evaluation.failures import write_failures
    from training.evaluation.results import read_evaluation
    from training.evaluation.tables import text_table

    evaluation = read_evaluation(options.evaluation)
    check_folder(options.output)
    name = options.system or next(iter(evaluation.scores))
    if name not in evaluation.scores:
        raise ValueError(f"--system must be one of {', '.join(evaluation.scores)}. Received: {name}.")
    pairs = _pairs(evaluation, options.data)
    system = None if options.model is None else _system(evaluation, name, options.model)
    failures = find_failures(evaluation, name, pairs, options.metric, system)
    written = write_failures(failures, make_folder(options.output), system)
    print(text_table([[row[0], *row[3:]] for row in cause_rows(failures)]))
    print("\n" + "\n".join(map(str, written)))
    return 0


def find_failures(
    evaluation: Evaluation, name: str, pairs: EvaluationPairs, metric: str | None, system: ModelSystem | None
) -> Failures:
    """What is known of every pair.

    Args:
        evaluation: a finished one.
        name: of one of its systems.
        pairs: that it was made on.
        metric: column to rank by; None for the protocol's ranking.
        system: the system itself, for its masks, if it has any; None if it is not at hand.

    Raises:
        ValueError: there is no such column, or a pair has no number there.
    """
    import numpy as np

    from training.evaluation.columns import find_column
    from training.evaluation.failure_facts import measure
    from training.evaluation.failures import Failures

    scores = evaluation.scores[name].columns
    metric = metric or evaluation.fingerprint["protocol"]["ranking"]
    if metric not in scores:
        raise ValueError(f"--metric must be one of {', '.join(scores)}. Received: {metric}.")
    if not np.isfinite(scores[metric]).all():
        raise ValueError(f"--metric must have a number for every pair. Received: {metric}, which has not.")
    masks = None if system is None or not system.model.attention_levels else system.finest_mask
    return Failures(name, find_column(metric), scores[metric], measure(pairs, masks), pairs)


def _pairs(evaluation: Evaluation, data: str) -> EvaluationPairs:
    """The evaluation's pairs; ValueError if the dataset is another one, or was changed."""
    from training.evaluation.pairs import EvaluationPairs
    from training.evaluation.protocols import find_protocol

    described = evaluation.fingerprint["data"]
    protocol = find_protocol(evaluation.fingerprint["protocol"]["name"])
    if protocol.clip_frames is not None:
        raise ValueError(f"An evaluation of pairs is expected. Received: one of clips, by protocol {protocol.name}.")
    pairs = EvaluationPairs(data, protocol, described["pairs"])
    if pairs.describe()["sha256"] != described["sha256"]:
        raise ValueError(f"--data must be what the evaluation was made on. Received: {data}, with other files.")
    return pairs


def _system(evaluation: Evaluation, name: str, folder: str) -> ModelSystem:
    from training.evaluation.systems import ModelSystem

    identity = evaluation.content["systems"][name]["identity"]
    steps = identity.get("intermediate_poses", 0)
    system = ModelSystem(name, folder, evaluation.fingerprint["protocol"]["resize"], steps)
    if system.identity != identity:
        raise ValueError(f"--model must be the folder of {name}. Received: {folder}, another model.")
    return system
