"""Render a person in another pose.

Examples:
  gfla transfer me.jpg dancer.jpg --output me_dancing.png
  gfla transfer me.jpg pose.json --output me.png --paste --debug sheet.png
  gfla transfer photos/ poses/ --output results/ --table table.png
  gfla transfer me.jpg pose.json --model person-fashion --weights weights.safetensors --output me.png
Keypoint files: OpenPose, AlphaPose, COCO, MediaPipe JSON, or an annotation CSV; FILE#IMAGE picks one image.
"""

from __future__ import annotations

import argparse
import sys

from gfla_tf.commands.stand_in import warn_of_stand_in
from gfla_tf.terminal import EXIT_BAD_INPUT

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `gfla transfer`."""
    parser.add_argument("source", metavar="SOURCE", help="photo of the person, or a folder of photos")
    parser.add_argument("pose", metavar="POSE", help="photo or keypoint file with the pose, or a folder of them")
    parser.add_argument("--output", required=True, help="picture to write (PNG, JPEG, WebP); a folder for folders")
    parser.add_argument(
        "--model", default="person-demo", help="published model, preset or model folder (default: %(default)s)"
    )
    parser.add_argument("--weights", help='safetensors file; "stand-in" to try everything without trained weights')
    parser.add_argument("--source-keypoints", metavar="FILE", help="keypoints of SOURCE, found otherwise")
    for name in ("source", "pose"):
        parser.add_argument(
            f"--{name}-person",
            type=int,
            metavar="N",
            help=f"which of several people in {name.upper()}, from 0: in a photo by size, in a file in its order "
            "(default: the largest)",
        )
    parser.add_argument(
        "--framing",
        choices=("person", "whole"),
        default="person",
        help="frame the people, or take whole pictures that are framed already (default: %(default)s)",
    )
    parser.add_argument(
        "--intermediate-poses",
        type=int,
        default=0,
        metavar="N",
        help="an experiment: find the way to a far pose through N poses in between (default: straight, as in the paper;"
        " docs/beyond_the_paper.md measures it)",
    )
    parser.add_argument(
        "--paste",
        action="store_true",
        help="put the result back into the source's photo; shadows outside the frame stay",
    )
    parser.add_argument("--debug", metavar="SHEET", help="also write source, skeletons, flows, masks, result in a grid")
    parser.add_argument("--table", metavar="PNG", help="also write all results as one table, sources by poses")
    parser.add_argument("--batch-size", type=int, default=4, help="pictures rendered at once (default: %(default)s)")


def run(options: argparse.Namespace) -> int:
    """Run `gfla transfer`."""
    from gfla_tf.transfer_files import check_jobs, describe_failures, plan_jobs, transfer_files

    jobs = plan_jobs(options.source, options.pose, options.output)  # before the seconds that TensorFlow takes to start
    check_jobs(
        jobs,
        options.debug,
        options.table,
        options.batch_size,
        options.source_keypoints,
        options.intermediate_poses,
    )
    from gfla_tf.pipelines import PoseTransfer

    transfer = PoseTransfer(
        options.model, options.weights, options.framing, intermediate_poses=options.intermediate_poses
    )
    warn_of_stand_in(options.weights, "expect coloured noise, not a person")
    failures = transfer_files(
        transfer,
        jobs,
        options.paste,
        options.debug,
        options.table,
        options.batch_size,
        options.source_keypoints,
        options.source_person,
        options.pose_person,
    )
    for line in describe_failures(failures):
        print(f"gfla transfer: error: {line}", file=sys.stderr)
    print(
        options.output if len(jobs) == 1 else f"{len(jobs) - len(failures)} of {len(jobs)} written to {options.output}"
    )
    return EXIT_BAD_INPUT if failures else 0
