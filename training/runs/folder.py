"""The folder of one stage of a run: RUN/flow, RUN/image, RUN/sequence, RUN/motion.

    config.json        the whole configuration
    starts.json        each start: its step, command, data, revision of the code, versions, machine
    checkpoints/       step-0000001000.safetensors ..., the newest few
    log.jsonl          a line a round: step, pictures a second, terms of the loss, those of the validation
    curves.png         the same as curves
    samples/           sheets of held-out pairs or clips, or plots of held-out windows
    tensorboard/       curves and sheets for TensorBoard
    model/             the network, as `gfla_tf.load_model` reads it (the moving average if there is one)
    discriminator/     likewise, and temporal_discriminator/ of stage sequence

Every file is whole or not there.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import json
import os
from collections.abc import Iterator
from pathlib import Path

from gfla_tf.json_files import write_json
from training.configs import RunConfig, config_differences, read_config, write_config
from training.runs.checkpoints import Checkpoints

__all__ = ["RunFolder"]

# What may be changed when a run is taken up: how it is watched, not what it computes.
_CHANGEABLE = ("keep_checkpoints", "scalars_every", "skipped_limit", "validation_batches")
_CHANGEABLE = (*_CHANGEABLE, "sample_pairs", "sample_windows")


class RunFolder:
    """The files of one stage of a run.

    Args:
        run: the run's folder.
        stage: of training, such as "flow" or "image".
    """

    def __init__(self, run: str | os.PathLike[str], stage: str) -> None:
        self.path = Path(run) / stage
        self.config_file = self.path / "config.json"
        self.starts_file = self.path / "starts.json"
        self.log_file = self.path / "log.jsonl"
        self.samples = self.path / "samples"
        self.tensorboard = self.path / "tensorboard"
        self.model = self.path / "model"
        self.discriminator = self.path / "discriminator"

    def checkpoints(self, keep: int = 3) -> Checkpoints:
        """The checkpoints of this stage."""
        return Checkpoints(self.path / "checkpoints", keep)

    def check(self, config: RunConfig) -> None:
        """See that the checkpoints in the folder, if there are any, are of this configuration.

        Raises:
            ValueError: it holds a run with another one; the message lists what differs.
        """
        if self.config_file.is_file() and self.checkpoints().steps():
            # How long it is matters to what changes from the first step to the last.
            ignore = _CHANGEABLE if config.changes_over_time else (*_CHANGEABLE, "steps")
            differences = config_differences(read_config(self.config_file), config, ignore)
            if differences:
                raise ValueError(
                    f"{self.path} holds a run of another configuration (field: there, here): {'; '.join(differences)}. "
                    "Take another --run, or the configuration there by leaving out --config and --set."
                )

    def open(self, config: RunConfig) -> None:
        """Make the folder and keep the configuration in it; see `check` for what can be wrong."""
        self.check(config)
        self._make()
        write_config(config, self.config_file)

    def _make(self) -> None:
        try:
            self.path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ValueError(f"{self.path} could not be made: {error.strerror}.") from error

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Keep other processes of this machine from training into the folder; ValueError if one does already."""
        self._make()
        with open(self.path / ".lock", "w") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                if error.errno not in (errno.EAGAIN, errno.EACCES):
                    raise ValueError(f"{self.path} could not be locked: {error.strerror}.") from error
                raise ValueError(f"{self.path}: another process is training into this folder.") from None
            yield

    def starts(self) -> list[dict]:
        """The starts so far, oldest first; ValueError if the file is damaged."""
        if not self.starts_file.is_file():
            return []
        try:
            starts = json.loads(self.starts_file.read_text(encoding="utf-8"))
        except ValueError:
            starts = None
        if not isinstance(starts, list) or not all(isinstance(start, dict) and "data" in start for start in starts):
            raise ValueError(
                f"{self.starts_file}: a JSON list of a run's starts is expected. Received: something else."
            )
        return starts

    def add_start(self, start: dict) -> None:
        """Note a start of `training.runs.versions.describe_start`."""
        write_json(self.starts_file, [*self.starts(), start])
