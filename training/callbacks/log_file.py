"""The record of a run: one JSON object a line and round, and the same as a picture of curves.

    {"step": 2000, "seconds": 61.3, "pictures_per_second": 130.5, "loss": 1.52, ..., "val_loss": 1.61, ...}

`step` counts since the run began, `seconds` is the time of the round's steps (of this process, without validation), the
rest are means over the round. A number that is not finite is null. The file is replaced as a whole each time, so that
it never holds half a line.
"""

from __future__ import annotations

import json
import math
import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from gfla_tf.image_io import write_image
from gfla_tf.outputs import whole_file
from training.callbacks.curves import draw_curves
from training.callbacks.steps import StepCallback

__all__ = ["LogFile", "read_log"]

DIGITS = 7  # significant ones: what float32 holds


class LogFile(StepCallback):
    """Adds a line to the log each round and draws `curves.png` beside it.

    What a log from before holds of later steps than the one resumed from is dropped when training begins: those steps
    come again.

    Args:
        path: of the log, in an existing folder.
        batch_size: pictures a step, of all workers together.
        start_step: see `StepCallback`.
        clock: seconds from any start.
        unit: what a batch is counted in, where it is not pictures.

    Raises:
        ValueError: when training, if the log there cannot be read, or files not be written.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        batch_size: int,
        start_step: int = 0,
        clock: Callable[[], float] = time.monotonic,
        unit: str = "pictures",
    ) -> None:
        super().__init__(start_step, clock)
        self.path, self.batch_size, self.unit = Path(path), batch_size, unit
        self._rounds: list[dict] = []

    def on_train_begin(self, logs: Mapping | None = None) -> None:
        found = read_log(self.path) if self.path.exists() else []
        self._rounds = [line for line in found if line["step"] <= self.step]
        if len(self._rounds) < len(found):
            self._write()

    def on_round_end(self, step: int, logs: dict[str, float]) -> None:
        seconds = self.seconds_in_round
        speed = self.steps_in_round * self.batch_size / seconds if seconds > 0 else math.nan
        terms = {"seconds": seconds, f"{self.unit}_per_second": speed, **logs}
        self._rounds.append({"step": step} | {name: _rounded(value) for name, value in terms.items()})
        self._write()
        write_image(self.path.with_name("curves.png"), draw_curves(self._rounds))

    def _write(self) -> None:
        text = "".join(json.dumps(line, allow_nan=False) + "\n" for line in self._rounds)
        with whole_file(self.path) as temporary:
            temporary.write_text(text, encoding="utf-8")


def read_log(path: str | os.PathLike[str]) -> list[dict]:
    """The lines of a log.

    Raises:
        ValueError: the file cannot be read, or a line is not one of a log.
    """
    try:
        lines = Path(path).read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f"A log of training is expected. Received: {path} ({error}).") from error
    return [_parsed(line, f"{path}, line {number}") for number, line in enumerate(lines, 1)]


def _parsed(text: str, name: str) -> dict:
    try:
        line = json.loads(text)
    except ValueError:
        line = None
    if not isinstance(line, dict) or not isinstance(line.get("step"), int):
        raise ValueError(f'A JSON object with a whole number "step" is expected. Received: {name}: {text[:80]!r}.')
    return line


def _rounded(value: float) -> float | None:
    return float(f"{value:.{DIGITS}g}") if math.isfinite(value) else None
