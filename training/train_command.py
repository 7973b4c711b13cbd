"""What `python -m training flow`, `image`, `sequence` and `motion` have in common: their options."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from gfla_tf.terminal import EXIT_PROBLEMS_FOUND
from training.cluster import KINDS

if TYPE_CHECKING:
    from training.configs import RunConfig
    from training.runs import RunFolder

__all__ = ["add_train_arguments", "run_training"]

# The named configurations of `training.configs`, which loads TensorFlow: help does without.
NAMES = {
    "flow": ("fashion256", "market128", "demo", "tiny", "mobile"),
    "image": ("fashion256", "market128", "demo", "tiny", "mobile"),
    "sequence": ("demo", "tiny", "video256"),
    "motion": ("tiny", "human36m", "motion-demo"),
}


def add_train_arguments(parser: argparse.ArgumentParser, stage: str) -> None:
    """Add the options of a stage of training."""
    parser.add_argument("--run", required=True, metavar="DIR", help="folder of the run: new, or to be taken up")
    parser.add_argument("--data", metavar="DIR", help="folder of the dataset (a run taken up: the one it had)")
    parser.add_argument(
        "--config",
        metavar="NAME|FILE",
        help=f"{', '.join(NAMES[stage])}, or a JSON file (a run taken up: its own)",
    )
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        nargs="+",
        metavar="FIELD=VALUE",
        help="change fields of the configuration",
    )
    parser.add_argument(
        "--init", metavar="PATH", help="first weights: another run's DIR/STAGE, a model's folder or a weights file"
    )
    parser.add_argument(
        "--distribute",
        choices=KINDS,
        default="none",
        help="mirrored: over this machine's GPUs; workers: over the machines in TF_CONFIG (%(default)s)",
    )


def run_training(stage: str, options: argparse.Namespace) -> int:
    """Train as the options say; returns the exit code."""
    from training.distribution import WorkerLostError, end_at_once
    from training.runs import RunFolder
    from training.train import train

    folder = RunFolder(options.run, stage)
    config, data = _config(stage, options, folder), _data(options, folder)
    try:
        model = train(config, data, options.run, options.init, options.distribute)
    except WorkerLostError as error:
        print(f"python -m training {stage}: error: {error}", file=sys.stderr)
        end_at_once(EXIT_PROBLEMS_FOUND)
    print(f"{model} is trained: gfla_tf.load_model({str(model)!r})")
    return 0


def _config(stage: str, options: argparse.Namespace, folder: RunFolder) -> RunConfig:
    from training.configs import load_config

    settings = [setting for group in options.set for setting in group]
    if options.config is not None:
        return load_config(stage, options.config, settings)
    if not folder.config_file.is_file():
        names = "|".join(NAMES[stage])
        raise ValueError(f"A new run needs --config {names}|FILE. Received: none, and no {folder.path}.")
    return load_config(stage, folder.config_file, settings)


def _data(options: argparse.Namespace, folder: RunFolder) -> str:
    if options.data is not None:
        return options.data
    starts = folder.starts()
    if not starts:
        raise ValueError("A new run needs --data DIR. Received: none.")
    return starts[-1]["data"]
