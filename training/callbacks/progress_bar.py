"""How far training has come, for people who look on.

On a terminal a line is kept up to date: steps, pictures a second, time left, the terms under short names. Each round
leaves a line behind, with the validation's terms in brackets; where there is no terminal, these lines are all.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping
from typing import TextIO

from gfla_tf.progress import Progress, overwrite_line
from training.callbacks.steps import StepCallback

__all__ = ["ProgressBar"]

LONGEST_SHORT_NAME = 6


class ProgressBar(StepCallback):
    """Shows progress on a terminal, or a line a round elsewhere.

    Speed and time left count from the end of this process's first step, whose graph takes long to build; they include
    validation.

    Args:
        total_steps: of the whole run.
        batch_size: pictures a step, of all workers together.
        start_step: see `StepCallback`.
        stream: where to write; standard error by default.
        clock: seconds from any start.
        unit: what a batch is counted in, where it is not pictures.
    """

    def __init__(
        self,
        total_steps: int,
        batch_size: int,
        start_step: int = 0,
        stream: TextIO | None = None,
        clock: Callable[[], float] = time.monotonic,
        unit: str = "pictures",
    ) -> None:
        super().__init__(start_step, clock)
        self.total_steps, self.batch_size, self.unit = total_steps, batch_size, unit
        self._stream = sys.stderr if stream is None else stream
        self._progress: Progress | None = None

    def on_train_begin(self, logs: Mapping | None = None) -> None:
        if self._progress is None and self._stream.isatty():
            overwrite_line(self._stream, f"{self.step}/{self.total_steps} steps, the next one takes longer")

    def on_step_end(self, step: int, logs: dict[str, float]) -> None:
        first = self._progress is None
        if first:
            contents = self.batch_size, self.unit
            self._progress = Progress(self.total_steps, "steps", self._stream, self.clock, contents)
        self._progress.note = ", ".join(_terms(logs, _short))
        self._progress.add(step - self._progress.done, worked=not first)

    def on_test_begin(self, logs: Mapping | None = None) -> None:
        if self._progress is not None:
            self._progress.note = "validating"
            self._progress.show()

    def on_round_end(self, step: int, logs: dict[str, float]) -> None:
        self._progress.note = ", ".join(_terms(logs, str))
        clear = "\r\x1b[K" if self._stream.isatty() else ""
        self._stream.write(f"{clear}{self._progress.line()}\n")
        self._stream.flush()


def _terms(logs: dict[str, float], name_of: Callable[[str], str]) -> list[str]:
    """Each term with its value, `loss 1.5 (val 1.75)`, the loss first; skipped steps only if there are any."""
    names = sorted((name for name in logs if not name.startswith("val_")), key=lambda name: name != "loss")
    texts = []
    for name in names:
        validation = f" (val {logs[f'val_{name}']:.4g})" if f"val_{name}" in logs else ""
        if name != "skipped":
            texts.append(f"{name_of(name)} {logs[name]:.4g}{validation}")
        elif logs[name]:
            texts.append(f"{logs[name]:.1%} of the steps skipped")
    return texts


def _short(name: str) -> str:
    """The name of a term in one line with many others: `correctness` is `corr`."""
    return name if len(name) <= LONGEST_SHORT_NAME else name[:4]
