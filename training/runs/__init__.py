"""Folders of runs: what a stage of training leaves on the disk, and how it is taken up again."""

from training.runs.checkpoints import Checkpoints
from training.runs.folder import RunFolder
from training.runs.state import restore_state, state_of_stage

__all__ = ["Checkpoints", "RunFolder", "restore_state", "state_of_stage"]
