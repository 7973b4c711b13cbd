"""The command `gfla`: pose transfer, animation, inspection, keypoints, clean motion, conversion, and the installation.

Wrong input ends in one line on standard error and exit code 2, and leaves nothing half-written.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

from gfla_tf.commands.table import Table, run_table
from gfla_tf.terminal import end_process, hide_native_messages

__all__ = ["COMMANDS", "main", "run"]

DESCRIPTION = "Pose-guided person image generation (GFLA). `gfla COMMAND --help` says more about a command."

COMMANDS: Table = {
    "transfer": ("render a person in another pose", "gfla_tf.commands.transfer"),
    "animate": ("animate a person in a photo", "gfla_tf.commands.animate"),
    "inspect": ("look inside a pose transfer: where every pixel came from", "gfla_tf.commands.inspect"),
    "pose": ("find the keypoints of the person in a photo", "gfla_tf.commands.pose"),
    "motion": ("clean a person's joints over time of a detector's noise", "gfla_tf.commands.motion"),
    "convert": ("turn a PyTorch checkpoint of the authors into safetensors, or back", "gfla_tf.commands.convert"),
    "build-ops": ("build the compiled operations: faster local attention on CPUs", "gfla_tf.commands.build_ops"),
    "doctor": ("look at the installation, test it, and say what mends it", "gfla_tf.commands.doctor"),
}


def run() -> None:
    """Entry point of the command: `main` without the messages of native libraries."""
    hide_native_messages()
    end_process(main())


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    Args:
        arguments: without the program's name; those of the process by default.

    Returns:
        Exit code: 0, 1 if `doctor` found something, 2 for wrong input, 130 when interrupted.
    """
    import gfla_tf

    arguments = sys.argv[1:] if arguments is None else arguments
    return run_table("gfla", DESCRIPTION, COMMANDS, arguments, gfla_tf.__version__)


if __name__ == "__main__":
    run()
