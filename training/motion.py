r"""Train the motion extractor: clean joints over time from a detector's noisy ones.

DATA is a folder of motion capture (.bvh files with the joint names of the CMU database's conversion for Daz Studio),
which random cameras see and a made-up detector disturbs, or one with Human3.6M's data_2d_h36m_gt.npz and a detector's.
The folder RUN/motion gets curves, plots of held-out windows, checkpoints, and the model. Interrupted or killed, the
same command goes on where it was; then --config and --data may be left out.

For example:
  the network that comes with the library
      python -m training motion --config motion-demo --data mocap --run runs/motion

  Human3.6M as in the paper, the joints of the cascaded pyramid network
      python -m training motion --config human36m --data data/h36m --run runs/h36m --set detector=cpn_ft_h36m_dbb

  a first look with a tiny network: a minute
      python -m training motion --config tiny --data mocap --run runs/tiny
"""

from __future__ import annotations

import argparse

from training.train_command import add_train_arguments, run_training

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of the stage."""
    add_train_arguments(parser, "motion")


def run(options: argparse.Namespace) -> int:
    """Train stage motion; returns the exit code."""
    return run_training("motion", options)
