"""Checkpoints: one safetensors file each, whole or not there, the newest few kept.

Safetensors hold plain arrays: nothing is run when one is read, and any tool of the field opens them.
"""

from __future__ import annotations

import os
import re
import warnings
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from gfla_tf.outputs import whole_file

__all__ = ["Checkpoints"]

_NAME = re.compile(r"step-(\d{10})\.safetensors")


class Checkpoints:
    """The checkpoints in a folder.

    Args:
        folder: made with the first checkpoint.
        keep: how many to keep, the newest; at least 1.
    """

    def __init__(self, folder: str | os.PathLike[str], keep: int = 3) -> None:
        self.folder = Path(folder)
        self.keep = keep

    def path(self, step: int) -> Path:
        """The file of a step."""
        return self.folder / f"step-{step:010}.safetensors"

    def steps(self) -> list[int]:
        """The steps there are checkpoints of, ascending."""
        if not self.folder.is_dir():
            return []
        return sorted(int(match[1]) for file in self.folder.iterdir() if (match := _NAME.fullmatch(file.name)))

    def save(self, step: int, state: Mapping[str, np.ndarray]) -> Path:
        """Write a checkpoint and remove the oldest ones.

        Returns:
            The file.

        Raises:
            ValueError: it can't be written, for example as the disk is full; the checkpoints before it are untouched.
        """
        from safetensors import SafetensorError
        from safetensors.numpy import save

        path = self.path(step)
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            content = save({name: np.require(value, requirements="C") for name, value in state.items()})
        except (OSError, SafetensorError) as error:
            raise ValueError(f"{path} could not be written: {error}.") from error
        with whole_file(path) as temporary, temporary.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        for old in self.steps()[: -self.keep]:
            self.path(old).unlink(missing_ok=True)
        return path

    def load(self) -> tuple[int, dict[str, np.ndarray]] | None:
        """Read the newest checkpoint that is readable.

        Returns:
            Its step and state, or None if there is no checkpoint at all.

        Raises:
            ValueError: there are checkpoints, but none can be read.
        """
        steps = self.steps()
        for step in reversed(steps):
            try:
                return step, _read(self.path(step))
            except ValueError as error:
                warnings.warn(f"{error} Trying the one before.", UserWarning, stacklevel=2)
        if steps:
            raise ValueError(f"{self.folder}: none of the {len(steps)} checkpoints can be read.")
        return None


def _read(path: Path) -> dict[str, np.ndarray]:
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    try:
        return load_file(path)
    except (OSError, SafetensorError, ValueError) as error:
        raise ValueError(f"{path} is not a readable checkpoint: {error}.") from error
