"""Pictures of samples, every so many rounds: what the network makes of the same held-out pairs or windows."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np

from gfla_tf.image_io import write_image
from training.callbacks.sample_sheet import NEEDED, draw_samples
from training.callbacks.steps import StepCallback
from training.callbacks.tensorboard import TensorBoardLog

__all__ = ["SamplePictures", "SampleSheets"]


class SamplePictures(StepCallback):
    """Writes `step-00001000.png`, ... into a folder, and the same to TensorBoard; base of those that say what.

    Args:
        folder: of the pictures; made if it is not there.
        tensorboard: shows the pictures, too.
        start_step: see `StepCallback`.

    Raises:
        ValueError: when training, if a picture cannot be written.
    """

    def __init__(
        self,
        folder: str | os.PathLike[str],
        tensorboard: TensorBoardLog | None = None,
        start_step: int = 0,
    ) -> None:
        super().__init__(start_step)
        self.folder, self.tensorboard = Path(folder), tensorboard

    def draw(self) -> np.ndarray:
        """The picture, float32 `[height, width, 3]` in [-1, 1]."""
        raise NotImplementedError(f"{type(self).__name__} does not say what it draws.")

    def on_round_end(self, step: int, logs: dict[str, float]) -> None:
        picture = self.draw()
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ValueError(f"{self.folder} could not be made: {error.strerror}.") from error
        write_image(self.folder / f"step-{step:08}.png", picture)
        if self.tensorboard is not None:
            self.tensorboard.image("samples", picture, step)


class SampleSheets(SamplePictures):
    """Sheets of pairs of people.

    Args:
        folder: of the sheets; made if it is not there.
        batch: the pairs, as `sample_sheet.draw_samples` takes them.
        render: gives for the batch "flows", "masks" and, unless there is none, "image".
        **kwargs: those of `SamplePictures`.

    Raises:
        ValueError: something is missing in the batch; see `SamplePictures`.
    """

    def __init__(
        self,
        folder: str | os.PathLike[str],
        batch: Mapping[str, np.ndarray],
        render: Callable[[Mapping[str, np.ndarray]], Mapping[str, object]],
        **kwargs,
    ) -> None:
        super().__init__(folder, **kwargs)
        if missing := [name for name in NEEDED if name not in batch]:
            raise ValueError(f"A batch with {', '.join(NEEDED)} is expected. Received: one without {missing[0]}.")
        self._batch, self._render = batch, render

    def draw(self) -> np.ndarray:
        return draw_samples(self._batch, self._render(self._batch))
