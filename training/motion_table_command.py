r"""Judge motion extractors by held-out recordings, beside the joints as found and the best classical filters.

Each --model is a folder of a trained model, or the name of one that comes with the library; NAME=FOLDER calls it NAME
in the table. --mocap is a folder of .bvh files, of which the held-out ones count; --clips are folders of `data render
--kind clips`, of which the test clips count, as the bundled estimator sees them. What the figures mean is said in
`training.motion_scores`.

For example:
  python -m training motion-table --mocap mocap --clips clips --model motion-demo --output table.md

  what the clip's vector and the receptive field are good for
  python -m training motion-table --mocap mocap --model full=runs/full/motion/model plain=runs/plain/motion/model
"""

from __future__ import annotations

import argparse

from gfla_tf.outputs import check_output

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `motion-table`."""
    parser.add_argument("--model", nargs="+", default=["motion-demo"], metavar="[NAME=]MODEL", help="(%(default)s)")
    parser.add_argument("--mocap", metavar="DIR", help="folder of motion capture")
    parser.add_argument("--clips", nargs="+", default=[], metavar="DIR", help="folders of rendered clips")
    parser.add_argument(
        "--held-out", nargs="+", default=[], metavar="NAME", help="recordings that were held out of training by name"
    )
    parser.add_argument(
        "--lookahead", nargs="+", type=int, default=[], metavar="N", help="also live, each frame N frames later"
    )
    parser.add_argument(
        "--detections", metavar="DIR", help="keep what the estimator finds there, and take it from there"
    )
    parser.add_argument("--output", metavar="MD|JSON", help="also write the tables there")


def run(options: argparse.Namespace) -> int:
    """Run `motion-table`; returns the exit code 0."""
    if not options.mocap and not options.clips:
        raise ValueError("--mocap DIR or --clips DIR is expected. Received: neither.")
    if options.output:
        check_output(options.output)
    from training.motion_table import make_tables, write_tables

    tables = make_tables(options)
    if options.output:
        write_tables(options.output, tables)
    return 0
