r"""Train the flow estimator alone: where in the source does the texture of each place of the target lie?

It is the first of two stages, after Ren et al. 2020; `image` follows in the same --run. The folder RUN/flow gets
curves, sheets of held-out samples, checkpoints, and the model. Interrupted or killed, the same command goes on where it
was; then --config and --data may be left out.

For example:
  DeepFashion as in the paper (VGG19's weights are downloaded by Keras once)
      python -m training flow --config fashion256 --data data/fashion --run runs/fashion

  with VGG19's weights from torchvision's file, and a larger batch
      python -m training flow --config fashion256 --data data/fashion --run runs/fashion \
          --set backbone_weights=vgg19-dcbb9e9d.pth batch_size=16

  a first look with a tiny network and rendered pairs: a minute
      python -m training flow --config tiny --data samples/rendered --run runs/tiny
"""

from __future__ import annotations

import argparse

from training.train_command import add_train_arguments, run_training

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of the stage."""
    add_train_arguments(parser, "flow")


def run(options: argparse.Namespace) -> int:
    """Train stage flow; returns the exit code."""
    return run_training("flow", options)
