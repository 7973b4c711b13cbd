"""What `--weights stand-in` says."""

from __future__ import annotations

import sys

__all__ = ["warn_of_stand_in"]


def warn_of_stand_in(weights: str | None, expected: str, program: str = "gfla") -> None:
    """Say on standard error that stand-in weights have learned nothing, if it is those that were asked for."""
    if weights is None:
        return
    from gfla_tf.models.model_files import STAND_IN  # takes TensorFlow's seconds to start

    if weights == STAND_IN:
        print(f"{program}: stand-in weights have learned nothing: {expected}.", file=sys.stderr)
