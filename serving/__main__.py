"""Entry point of `python -m serving COMMAND ...`: models for TensorFlow Serving, and what stands around them."""

from __future__ import annotations

import argparse
import importlib
import inspect
import sys

from gfla_tf.terminal import hide_native_messages, run_guarded

__all__ = ["COMMANDS", "main", "run"]

# Each command: what it does, and its module, which has `add_arguments(parser)` and `run(options)`. Its docstring is the
# command's help. A module is imported when its command is chosen, so that `--help` answers at once.
COMMANDS = {
    "export": ("write a model's next version for TensorFlow Serving", "serving.export_command"),
    "config": ("write the server's list of models, versions and labels", "serving.config_command"),
}


def run() -> None:
    """Run a command without the messages of native libraries."""
    hide_native_messages()
    sys.exit(main())


def main(arguments: list[str] | None = None) -> int:
    """Run a command.

    Args:
        arguments: without the program's name; those of the process by default.

    Returns:
        Exit code: 0, 2 for wrong input, 130 when interrupted.
    """
    arguments = sys.argv[1:] if arguments is None else arguments
    parser = argparse.ArgumentParser(prog="python -m serving", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, (summary, _) in COMMANDS.items():
        commands.add_parser(name, help=summary, add_help=False)
    chosen = parser.parse_args(arguments[:1]).command
    return _run_command(f"python -m serving {chosen}", COMMANDS[chosen][1], arguments[1:])


def _run_command(program: str, module_name: str, arguments: list[str]) -> int:
    module = importlib.import_module(module_name)
    parser = argparse.ArgumentParser(
        prog=program, description=inspect.getdoc(module), formatter_class=argparse.RawDescriptionHelpFormatter
    )
    module.add_arguments(parser)
    options = parser.parse_args(arguments)
    return run_guarded(program, lambda: module.run(options))


if __name__ == "__main__":
    run()
