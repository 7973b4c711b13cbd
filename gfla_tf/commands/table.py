"""Commands in tables: `gfla COMMAND ...`, `python -m training STAGE ...` and what comes below it.

A table maps a command's name to `(summary, module)`. The module is imported when its command is chosen and not before,
so that `--help` answers at once. It has either `COMMANDS`, a table of its own, or

    add_arguments(parser: argparse.ArgumentParser) -> None
    run(options: argparse.Namespace) -> int | None       the exit code, None being 0

Its docstring is the command's help. Wrong input (ValueError, OSError) ends in one line on standard error and exit
code 2, an interruption in 130.
"""

from __future__ import annotations

import argparse
import importlib
import inspect
from collections.abc import Mapping, Sequence
from types import ModuleType

from gfla_tf.terminal import run_guarded

__all__ = ["Table", "run_table"]

Table = Mapping[str, tuple[str, str]]


def run_table(
    program: str, description: str, table: Table, arguments: Sequence[str], version: str | None = None
) -> int:
    """Run the command that the first argument names, with the other arguments.

    Args:
        program: what stands before the command on the command line, for help and messages.
        description: of the program, for its help.
        table: command -> (summary, module).
        arguments: of the command line.
        version: what `--version` says, where there is such an option.

    Returns:
        Exit code of the command; 2 for wrong input, 130 when interrupted.

    Raises:
        SystemExit: after `--help`, or arguments that the command does not know (exit code 2).
    """
    parser = _table_parser(program, description, table)
    if version is not None:
        parser.add_argument("--version", action="version", version=f"{program} {version}")
    command = parser.parse_args(arguments[:1]).command
    program = f"{program} {command}"
    module = importlib.import_module(table[command][1])
    if hasattr(module, "COMMANDS"):
        return run_table(program, inspect.getdoc(module) or "", module.COMMANDS, arguments[1:])
    return _run_module(program, module, arguments[1:])


def _table_parser(program: str, description: str, table: Table) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=program, description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, (summary, _) in table.items():
        commands.add_parser(name, help=summary, add_help=False)
    return parser


def _run_module(program: str, module: ModuleType, arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(
        prog=program, description=inspect.getdoc(module), formatter_class=argparse.RawDescriptionHelpFormatter
    )
    module.add_arguments(parser)
    options = parser.parse_args(arguments)
    return run_guarded(program, lambda: module.run(options))
