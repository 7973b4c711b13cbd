r"""Train the sequence generator: a person animated frame by frame, each from the one before.

DATA is a folder of clips, `python -m training data prepare video` or `data render --kind clips` makes it. --init may be
a trained person generator, as which both branches then begin. The folder RUN/sequence gets curves, sheets of held-out
clips, checkpoints, and the model. Interrupted or killed, the same command goes on where it was; then --config and
--data may be left out.

For example:
  videos as in the paper, beginning with a person generator (--init models/person: a folder with its weights)
      python -m training sequence --config video256 --data data/fashionvideo --run runs/video --init models/person

  rendered clips, whose exact flow teaches, beginning with the model that comes with the library
      python -m training sequence --config demo --data clips --run runs/demo --init saved_models/person-demo

  a first look with a tiny network and a few rendered clips: minutes
      python -m training data render --kind clips --clips 8 --size 96 --motion BVH --output clips
      python -m training sequence --config tiny --data clips --run runs/tiny
"""

from __future__ import annotations

import argparse

from training.train_command import add_train_arguments, run_training

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of the stage."""
    add_train_arguments(parser, "sequence")


def run(options: argparse.Namespace) -> int:
    """Train stage sequence; returns the exit code."""
    return run_training("sequence", options)
