"""Entry point of `python -m training STAGE ...`: datasets and the stages of training."""

from __future__ import annotations

import sys

from gfla_tf.commands.table import Table, run_table
from gfla_tf.terminal import end_process, hide_native_messages

__all__ = ["STAGES", "main", "run"]

DESCRIPTION = "Datasets and training of GFLA. `python -m training STAGE --help` says more about a stage."

# A stage is a line: its name, what it does, and the module that does it (see `gfla_tf.commands.table`).
STAGES: Table = {
    "data": ("prepare, check, show and render datasets", "training.data.cli"),
    "flow": ("train the flow estimator alone, the first stage", "training.flow"),
    "image": ("train the whole generator, the second stage", "training.image"),
    "sequence": ("train the sequence generator: a person animated frame by frame", "training.sequence"),
    "motion": ("train the motion extractor: clean joints from noisy ones", "training.motion"),
    "motion-table": ("judge motion extractors, beside classical filters", "training.motion_table_command"),
    "evaluate": ("judge models on a dataset's test pairs", "training.evaluation.evaluate_command"),
    "compare": ("compare systems of two evaluations", "training.evaluation.compare_command"),
    "report": ("write an evaluation as a page", "training.evaluation.report_command"),
    "failures": ("rank an evaluation's pairs by error and sort them by cause", "training.evaluation.failures_command"),
    "inspect": ("look inside a model on a dataset's pairs", "training.evaluation.inspect_command"),
    "jnd": ("ask people which of two pictures is real", "training.jnd.cli"),
}


def run() -> None:
    """Run a stage without the messages of native libraries."""
    hide_native_messages()
    end_process(main())


def main(arguments: list[str] | None = None) -> int:
    """Run a stage.

    Args:
        arguments: without the program's name; those of the process by default.

    Returns:
        Exit code: 0, 1 if something was found wrong, 2 for wrong input, 130 when interrupted.
    """
    return run_table("python -m training", DESCRIPTION, STAGES, sys.argv[1:] if arguments is None else arguments)


if __name__ == "__main__":
    run()
