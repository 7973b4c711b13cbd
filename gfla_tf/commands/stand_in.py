"""What `--weights stand-in` says."""

from __future__ import annotations

import sys

__all__ = ["STAND_IN", "warn_of_stand_in"]

STAND_IN = "stand-in"


def warn_of_stand_in(weights: str | None, expected: str) -> None:
    """Say on standard error that stand-in weights have learned nothing, if it is those that were asked for."""
    if weights == STAND_IN:
        print(f"gfla: stand-in weights have learned nothing: {expected}.", file=sys.stderr)
