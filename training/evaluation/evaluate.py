"""An evaluation from start to end: what every system scored, a summary, and sheets to look at.

A system that was evaluated before, in the same output folder, by the same weights, on the same data, is kept, and one
whose evaluation was interrupted goes on from the last save (see `unfinished`): the bytes at the end are the same. A
system can be added to others.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np

from gfla_tf.image_io import write_image
from gfla_tf.json_files import read_json, write_json
from gfla_tf.pose.heatmaps import rescale_keypoints
from training.evaluation.clip_judge import ClipJudge
from training.evaluation.clips import EvaluationClips
from training.evaluation.columns import find_column
from training.evaluation.hashes import file_sha256, json_sha256
from training.evaluation.judge import Judge, SetChoice, rendered_as_stored
from training.evaluation.pairs import EvaluationPairs, PairBatch
from training.evaluation.pose_thirds import summarize_thirds
from training.evaluation.protocols import Protocol
from training.evaluation.results import (
    EVALUATION_FILE,
    SCORES_FILE,
    SHEET_FILE,
    SystemScores,
    read_scores,
    system_folder,
    write_scores,
)
from training.evaluation.sheets import random_positions
from training.evaluation.summary import difference, rounded, summarize
from training.evaluation.systems import System
from training.evaluation.unfinished import UNFINISHED_FILE, Unfinished

__all__ = ["evaluate"]

EXTREMES = 8  # best and worst results shown
SYSTEM_FILE = "system.json"
COLUMNS_VERSION = 2  # raised whenever there are other columns, which can't be added to those of before


def evaluate(
    protocol: Protocol,
    data: EvaluationPairs | EvaluationClips,
    systems: Sequence[System],
    output: str | os.PathLike[str],
    sheet: int = 50,
    sets: SetChoice | None = None,
) -> dict:
    """Evaluate systems and write everything that `results` lists.

    Args:
        protocol: how.
        data: on what, pairs or clips, as the protocol says.
        systems: what; the first one is what the others are compared with.
        output: folder, made if it is not there.
        sheet: number of random pairs or clips on the sheet; 0 for none.
        sets: which numbers of whole sets to take; real pictures take long the first time.

    Returns:
        The content of evaluation.json.

    Raises:
        ValueError: something can't be read or written, or a system's pictures are no images.
    """
    output = Path(output)
    judge = _make_judge(protocol, data, output / "cache", sets or SetChoice())
    for file in (EVALUATION_FILE, SHEET_FILE):
        (output / file).unlink(missing_ok=True)
    scores = {system.name: _scores(system, judge, system_folder(output, system.name)) for system in systems}
    _write_sheets(judge, systems, scores, output, sheet)
    content = _summary(judge, systems, scores, output)
    write_json(output / EVALUATION_FILE, content)
    return content


def _make_judge(
    protocol: Protocol, data: EvaluationPairs | EvaluationClips, cache: Path, sets: SetChoice
) -> Judge | ClipJudge:
    if protocol.clip_frames is None:
        return Judge(protocol, data, cache, sets)
    if sets.inception:
        raise ValueError(f"--inception is for protocols of pictures. Received: protocol {protocol.name}.")
    return ClipJudge(protocol, data, sets.frechet)


def _scores(system: System, judge: Judge | ClipJudge, folder: Path) -> SystemScores:
    """A system's scores, those in its folder if they were made with the same."""
    made_with = {"fingerprint": json_sha256(judge.fingerprint), "identity": system.identity}
    unfinished = Unfinished(folder / UNFINISHED_FILE, json_sha256({**made_with, "columns": COLUMNS_VERSION}))
    if _kept(folder, made_with) is None:
        _judge(system, judge, folder, made_with, unfinished)
    unfinished.remove()
    return _kept(folder, made_with)  # with the digits that a kept result has


def _judge(system: System, judge: Judge | ClipJudge, folder: Path, made_with: dict, unfinished: Unfinished) -> None:
    """Judge a system, and leave its scores in its folder."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / SYSTEM_FILE).unlink(missing_ok=True)
    scores = judge.judge(system, unfinished)
    write_scores(folder / SCORES_FILE, scores.names, scores.columns)
    sets = {name: rounded(value) for name, value in scores.sets.items()}
    content = {**made_with, "scores_sha256": file_sha256(folder / SCORES_FILE), "sets": sets}
    write_json(folder / SYSTEM_FILE, content)


def _kept(folder: Path, made_with: dict) -> SystemScores | None:
    """The scores in a folder; None if there are none, or they were made with something else."""
    if not (folder / SYSTEM_FILE).is_file() or not (folder / SCORES_FILE).is_file():
        return None
    content = read_json(folder / SYSTEM_FILE)
    expected = {**made_with, "scores_sha256": file_sha256(folder / SCORES_FILE), "sets": content.get("sets")}
    return read_scores(folder / SCORES_FILE, content["sets"]) if content == expected else None


def _summary(
    judge: Judge | ClipJudge, systems: Sequence[System], scores: dict[str, SystemScores], output: Path
) -> dict:
    reference, data = systems[0].name, judge.data
    columns = {name: one.columns for name, one in scores.items()}
    by_pose = {}
    if isinstance(data, EvaluationPairs):
        keypoints = rescale_keypoints(data.keypoints(), data.picture_size, data.layout.annotation_size)
        by_pose = summarize_thirds(keypoints, columns, reference)
    return {
        "description": judge.protocol.description,
        "fingerprint": judge.fingerprint,
        "systems": {
            system.name: {
                "identity": system.identity,
                "scores_sha256": file_sha256(system_folder(output, system.name) / SCORES_FILE),
                "metrics": summarize(scores[system.name].columns),
                "sets": scores[system.name].sets,
            }
            for system in systems
        },
        "reference": reference,
        "differences": {
            system.name: difference(scores[system.name].columns, scores[reference].columns) for system in systems[1:]
        },
        "by_pose": by_pose,
    }


def _write_sheets(
    judge: Judge | ClipJudge, systems: Sequence[System], scores: dict[str, SystemScores], output: Path, count: int
) -> None:
    data, ranking = judge.data, find_column(judge.protocol.ranking)
    if count:
        positions = random_positions(len(data), count)
        write_image(output / SHEET_FILE, judge.draw_sheet(data, positions, partial(_images, systems)))
    for system in systems:
        values = scores[system.name].columns[ranking.name]
        best_first = ranking.best_first(values)
        for name, positions in (("best", best_first), ("worst", best_first[::-1])):
            path = system_folder(output, system.name) / f"{name}.jpg"
            chosen, results = positions[:EXTREMES].tolist(), partial(_scored_image, system, values)
            write_image(path, judge.draw_sheet(data, chosen, results))


def _images(systems: Sequence[System], batch: PairBatch) -> dict[str, np.ndarray]:
    return {system.name: rendered_as_stored(system, batch).image for system in systems}


def _scored_image(system: System, values: np.ndarray, batch: PairBatch) -> dict[str, np.ndarray]:
    """The picture of one pair under its score."""
    return {f"{values[batch.positions[0]]:.4f}": rendered_as_stored(system, batch).image}
