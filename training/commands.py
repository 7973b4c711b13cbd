"""Commands in tables: `python -m training STAGE ...` and what comes below it.

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
import sys
import warnings
from collections.abc import Mapping, Sequence
from types import ModuleType

__all__ = ["EXIT_BAD_INPUT", "EXIT_INTERRUPTED", "EXIT_PROBLEMS_FOUND", "Table", "run_table"]

Table = Mapping[str, tuple[str, str]]

EXIT_PROBLEMS_FOUND = 1
EXIT_BAD_INPUT = 2
EXIT_INTERRUPTED = 130


def run_table(program: str, description: str, table: Table, arguments: Sequence[str]) -> int:
    """Run the command that the first argument names, with the other arguments.

    Args:
        program: what stands before the command on the command line, for help and messages.
        description: of the program, for its help.
        table: command -> (summary, module).
        arguments: of the command line.

    Returns:
        Exit code of the command; 2 for wrong input, 130 when interrupted.

    Raises:
        SystemExit: after `--help`, or arguments that the command does not know (exit code 2).
    """
    command = _table_parser(program, description, table).parse_args(arguments[:1]).command
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
    warnings.showwarning = _show_warning
    try:
        return module.run(options) or 0
    except (ValueError, OSError) as error:
        print(f"{program}: error: {_reason(error)}", file=sys.stderr)
        return EXIT_BAD_INPUT
    except KeyboardInterrupt:
        print(f"{program}: interrupted", file=sys.stderr)
        return EXIT_INTERRUPTED


def _reason(error: Exception) -> str:
    """An error in the words of the user: a system error with its file, not its number."""
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename}: {error.strerror}" if error.filename else error.strerror
    return str(error)


def _show_warning(message, category, filename, lineno, file=None, line=None) -> None:
    """Our own warnings as one line; those of other packages would only hide them."""
    if category is UserWarning and ("gfla_tf" in filename or "training" in filename):
        print(f"warning: {message}", file=sys.stderr)
