"""Entry point of `python -m serving COMMAND ...`: models for servers and phones."""

from __future__ import annotations

import sys

from gfla_tf.commands.table import Table, run_table
from gfla_tf.terminal import end_when_terminated, hide_native_messages

__all__ = ["COMMANDS", "main", "run"]

DESCRIPTION = (
    "GFLA for TensorFlow Serving and for phones. `python -m serving COMMAND --help` says more about a command."
)

# A command is a line: its name, what it does, and the module that does it (see `gfla_tf.commands.table`).
COMMANDS: Table = {
    "export": ("write a model's next version for TensorFlow Serving", "serving.export_command"),
    "config": ("write the server's list of models, versions and labels", "serving.config_command"),
    "serve": ("serve models on this machine, for development", "serving.serve_command"),
    "predict": ("ask a server for pictures", "serving.predict_command"),
    "load": ("load a server and measure how fast it answers", "serving.load_command"),
    "tflite": ("write a model as TFLite files for phones", "serving.tflite_command"),
    "tflite-bench": ("time TFLite files on this machine, and show what takes how long", "serving.tflite_bench_command"),
}


def run() -> None:
    """Run a command without the messages of native libraries."""
    hide_native_messages()
    end_when_terminated()
    sys.exit(main())


def main(arguments: list[str] | None = None) -> int:
    """Run a command.

    Args:
        arguments: without the program's name; those of the process by default.

    Returns:
        Exit code: 0, 2 for wrong input, 130 when interrupted.
    """
    return run_table("python -m serving", DESCRIPTION, COMMANDS, sys.argv[1:] if arguments is None else arguments)


if __name__ == "__main__":
    run()
