"""Look inside a pose transfer: where every pixel came from, and why a result is as it is.

Examples:
  gfla inspect me.jpg pose.jpg --output inspection
  gfla inspect me.jpg pose.json --output inspection --pixel 64,40 --pixel 90,120
  gfla inspect photos/ poses/ --output inspection --discriminator runs/demo/image/discriminator
  gfla inspect me.jpg dance.mp4 --model runs/demo/sequence/model --output inspection
Of every pair it writes a sheet, NAME.png (flow, mask, warped source, attention kernels and followed pixels of each
level), and a page, NAME.html: move over the result to see where it came from. With a sequence model, NAME.mp4 shows
the same over time. Pixels are those of the picture that the network sees, as the page counts them.
"""

from __future__ import annotations

import argparse
import sys

from gfla_tf.commands.stand_in import warn_of_stand_in
from gfla_tf.terminal import EXIT_BAD_INPUT

__all__ = ["add_arguments", "add_sheet_arguments", "parse_pixels", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `gfla inspect`."""
    parser.add_argument("source", metavar="SOURCE", help="photo of the person, or a folder of photos")
    parser.add_argument("pose", metavar="TARGET_POSE", help="photo or keypoint file, or a folder; a video")
    parser.add_argument(
        "--model", default="person-demo", help="published model, preset or model folder (default: %(default)s)"
    )
    parser.add_argument("--weights", help='safetensors file; "stand-in" to try everything without trained weights')
    parser.add_argument("--source-keypoints", metavar="FILE", help="keypoints of a single SOURCE, found otherwise")
    parser.add_argument(
        "--framing",
        choices=("person", "whole"),
        default="person",
        help="frame the people, or take whole pictures that are framed already (default: %(default)s)",
    )
    parser.add_argument(
        "--frames",
        type=int,
        default=60,
        help="of a video, at most; all of it is looked at first (default: %(default)s)",
    )
    add_sheet_arguments(parser)


def add_sheet_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments that say where to write and what to put on sheets."""
    parser.add_argument("--output", required=True, metavar="DIR", help="folder to write, made if needed")
    parser.add_argument(
        "--pixel",
        action="append",
        default=[],
        metavar="X,Y",
        help="a pixel of the result to follow back; may be repeated (default: some joints)",
    )
    parser.add_argument(
        "--discriminator", metavar="DIR", help="folder of an image discriminator to look into; needs tf-keras-vis"
    )


def parse_pixels(texts: list[str]) -> list[tuple[float, float]]:
    """(x, y) of each X,Y.

    Raises:
        ValueError: one is not of that form.
    """
    try:
        pairs = [tuple(float(number) for number in text.split(",")) for text in texts]
    except ValueError:
        pairs = [()]
    if any(len(pair) != 2 for pair in pairs):
        raise ValueError(f"--pixel must be X,Y, two numbers. Received: {' '.join(texts)}.")
    return pairs


def run(options: argparse.Namespace) -> int:
    """Run `gfla inspect`."""
    pixels = tuple(parse_pixels(options.pixel))
    from gfla_tf.inspection.job import InspectionJob, inspect

    warn_of_stand_in(options.weights, "what is shown means nothing")
    names = ("source", "pose", "output", "model", "weights", "source_keypoints", "framing", "discriminator", "frames")
    job = InspectionJob(**{name: getattr(options, name) for name in names}, pixels=pixels)
    written, failures = inspect(job)
    for line in failures:
        print(f"gfla inspect: error: {line}", file=sys.stderr)
    print("\n".join(map(str, written)))
    return EXIT_BAD_INPUT if failures else 0
