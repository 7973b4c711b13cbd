"""What all commands have in common: one-line errors and warnings, exit codes, no noise of native libraries."""

from __future__ import annotations

import os
import signal
import sys
import warnings
from collections.abc import Callable

__all__ = [
    "EXIT_BAD_INPUT",
    "EXIT_INTERRUPTED",
    "EXIT_PROBLEMS_FOUND",
    "end_process",
    "end_when_terminated",
    "hide_native_messages",
    "run_guarded",
]

EXIT_PROBLEMS_FOUND = 1
EXIT_BAD_INPUT = 2
EXIT_INTERRUPTED = 130
EXIT_TERMINATED = 143
_ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
OWN_FOLDERS = tuple(os.path.join(_ROOT, package, "") for package in ("gfla_tf", "training", "serving"))


def run_guarded(program: str, command: Callable[[], int | None]) -> int:
    """Run a command; wrong input (ValueError, OSError) ends in one line on standard error.

    Args:
        program: what the user called, to begin messages with.
        command: gives an exit code, None being 0.

    Returns:
        The exit code: 2 for wrong input, 130 when interrupted.
    """

    def show_warning(message, category, filename, lineno, file=None, line=None) -> None:
        # Our own warnings as one line; those of other packages would only hide them.
        if category is UserWarning and filename.startswith(OWN_FOLDERS):
            print(f"{program}: warning: {message}", file=sys.stderr)

    warnings.showwarning = show_warning
    try:
        return command() or 0
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


def hide_native_messages() -> None:
    """Keep what TensorFlow's native libraries print from the reader, unless TF_CPP_MIN_LOG_LEVEL is 0 or 1.

    TensorFlow prints some lines before it obeys any value. They go to the process's standard error past Python, so that
    is where they are stopped: Python keeps the real one, the libraries get none.
    """
    if os.environ.get("TF_CPP_MIN_LOG_LEVEL") in ("0", "1"):
        return
    sys.stderr.flush()
    sys.stderr = os.fdopen(os.dup(2), "w", buffering=1, encoding=sys.stderr.encoding, errors="backslashreplace")
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    os.close(nowhere)


def end_when_terminated() -> None:
    """Let SIGTERM end this process as an error does, so that nothing half-written stays; exit code 143."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(EXIT_TERMINATED))


def end_process(code: int) -> None:
    """End this process with an exit code.

    Once TensorFlow I/O has read from s3://, its library aborts a process that ends in the usual way, and the exit code
    is lost. So a process that has loaded it ends at once, without what Python would do at the end.
    """
    if "tensorflow_io" not in sys.modules:
        sys.exit(code)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)
