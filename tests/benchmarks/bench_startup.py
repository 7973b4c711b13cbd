"""How long commands take to start, against Python itself and against importing TensorFlow.

    make bench

Every command is a new process, and they take turns. A help text needs neither TensorFlow nor a network.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable

from common import Table, make_parser, time_in_turns

REPEATS = 9
RUN = "import sys; from gfla_tf.cli import main; sys.exit(main(sys.argv[1:]))"
COMMANDS = {
    "python -c pass": ("pass",),
    "import numpy": ("import numpy",),
    "import gfla_tf": ("import gfla_tf",),
    "gfla --help": (RUN, "--help"),
    "gfla transfer --help": (RUN, "transfer", "--help"),
    "import tensorflow": ("import tensorflow",),
}


def make_call(arguments: tuple[str, ...]) -> Callable[[], object]:
    """A process that runs Python code with arguments."""
    command = [sys.executable, "-c", *arguments]
    return lambda: subprocess.run(command, check=True, capture_output=True)


def main() -> None:
    """Print the table."""
    options = make_parser(__doc__).parse_args()
    calls = {name: make_call(arguments) for name, arguments in COMMANDS.items()}
    seconds = time_in_turns(calls, 1 if options.quick else REPEATS)
    table = Table("startup", options.json)
    for name, value in seconds.items():
        table.add(
            {
                "command": name,
                "ms": value * 1e3,
                "/ python -c pass": value / seconds["python -c pass"],
                "/ import tensorflow": value / seconds["import tensorflow"],
            }
        )
    table.write()


if __name__ == "__main__":
    main()
