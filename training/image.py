r"""Train the whole generator: a person's picture in another pose.

It is the second of two stages, after Ren et al. 2020, and begins with the flow estimator that `flow` has trained in the
same --run. The folder RUN/image gets curves, sheets of held-out samples, checkpoints, and the model. Interrupted or
killed, the same command goes on where it was; then --config and --data may be left out.

For example:
  DeepFashion as in the paper, after `python -m training flow`
      python -m training image --config fashion256 --data data/fashion --run runs/fashion

  other weights of the terms, and a moving average of the generator, which is then what is exported
      python -m training image --config fashion256 --data data/fashion --run runs/fashion \
          --set weights.style=250 average_decay=0.999

  on from somebody's model
      python -m training image --config fashion256 --data data/mine --run runs/mine --init model.safetensors
"""

from __future__ import annotations

import argparse

from training.train_command import add_train_arguments, run_training

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of the stage."""
    add_train_arguments(parser, "image")


def run(options: argparse.Namespace) -> int:
    """Train stage image; returns the exit code."""
    return run_training("image", options)
