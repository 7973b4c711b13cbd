"""Write the just-noticeable-difference test as a static folder, for crowdsourcing.

    python -m training jnd export --real data/test --generated mine=results/mine --raters 50 --output studies/crowd

    studies/crowd/site/        to be put on any web server: the page, and pictures whose names and format tell nothing
    studies/crowd/tasks.csv    rater, trial, first, second: the pictures of each trial, for a platform's own forms
    studies/crowd/key.csv      what was what; keep it

Rater 7 opens site/index.html?rater=7, and saves a file of answers at the end. `jnd report FILES --key key.csv` reads
them.
"""

from __future__ import annotations

import argparse
import csv
from collections.abc import Iterable, Sequence
from pathlib import Path

from gfla_tf.image_io import read_image, write_image
from gfla_tf.outputs import whole_file
from training.jnd.folder import add_study_arguments, study_of
from training.jnd.site import page, shown_trial
from training.jnd.study import Study

__all__ = ["KEY_COLUMNS", "add_arguments", "export_study", "run"]

KEY_COLUMNS = ("rater", "trial", "model", "picture", "real")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `jnd export`."""
    add_study_arguments(parser)
    parser.add_argument("--raters", type=int, default=20, metavar="N", help="how many, numbered from 1 (%(default)s)")


def run(options: argparse.Namespace) -> int:
    """Run `jnd export`."""
    if options.raters < 1:
        raise ValueError(f"--raters must be at least 1. Received: {options.raters}.")
    export_study(study_of(options), [str(number + 1) for number in range(options.raters)], Path(options.output))
    print(Path(options.output) / "site" / "index.html")
    return 0


def export_study(study: Study, raters: Sequence[str], output: Path) -> None:
    """Write site, tasks.csv and key.csv, as the module's text says.

    Raises:
        ValueError: a file can't be written.
    """
    pictures = output / "site" / "pictures"
    pictures.mkdir(parents=True, exist_ok=True)
    paths = {token: f"pictures/{token}.png" for token in study.files}
    plans = {rater: study.trials(rater) for rater in raters}
    for token in {token for trials in plans.values() for trial in trials for token in trial.tokens}:
        write_image(output / "site" / paths[token], read_image(study.files[token]))
    shown = {rater: [shown_trial(trial, paths) for trial in trials] for rater, trials in plans.items()}
    with whole_file(output / "site" / "index.html") as temporary:
        temporary.write_text(page(shown, study.settings.milliseconds), encoding="utf-8")
    tasks = ((rater, one["number"], *one["pictures"]) for rater, trials in shown.items() for one in trials)
    _write_csv(output / "tasks.csv", ("rater", "trial", "first", "second"), tasks)
    key = (
        (rater, trial.number, trial.comparison.model, trial.comparison.name, trial.real)
        for rater, trials in plans.items()
        for trial in trials
    )
    _write_csv(output / "key.csv", KEY_COLUMNS, key)


def _write_csv(path: Path, columns: Sequence[str], rows: Iterable[tuple]) -> None:
    with whole_file(path) as temporary, open(temporary, "w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(rows)
