"""Look at the installation, test it, and say what mends it.

Example:
  gfla doctor
exit code: 0 if everything works, 1 otherwise
"""

from __future__ import annotations

import argparse

from gfla_tf.terminal import EXIT_PROBLEMS_FOUND

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """`gfla doctor` has none."""


def run(options: argparse.Namespace) -> int:
    """Run `gfla doctor`."""
    from gfla_tf.doctor import examine

    healthy = True
    for finding in examine():
        print(f"[{'ok' if finding.healthy else '!!'}] {finding.subject:<24} {finding.found}", flush=True)
        if not finding.healthy:
            print(f"     {'':<24} mend it: {finding.remedy}")
        healthy &= finding.healthy
    print("Everything works." if healthy else "Something is missing, see above.")
    return 0 if healthy else EXIT_PROBLEMS_FOUND
