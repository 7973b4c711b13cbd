"""Render clothed people in exact poses, in the layout of the real datasets, so that what reads those reads this.

Beside the pictures it writes what no real dataset has: the exact flow between two pictures of a person, which pixels of
one are visible in the other, person masks, body parts and exact joints. An interrupted run is taken up by the same
command. The same options give the same files, whatever --processes says. Needs Embree: pip install embreex.

For example:
  a first look: 40 pictures of 10 people, 60 pairs
      python -m training data render --output rendered

  a dataset to train on: 2000 people, 12000 pictures, 24000 pairs, dressed from a wardrobe, poses also from recordings
      python -m training data render --output large --people 2000 --views 6 --pairs 12 --wardrobe WARDROBE --motion BVH

  in the size of Market-1501
      python -m training data render --output small --size 128x64

  clips for the sequence model: 50 clips of 60 frames of 20 people, 30 frames a second
      python -m training data render --output clips --kind clips --people 20 --clips 50 --frames 60 --motion BVH

  the plain case, to try out a network: no shading, white background
      python -m training data render --output flat --light flat --background white
"""

from __future__ import annotations

import argparse
import os
import re
import sys
from dataclasses import fields
from pathlib import Path

from training.data.render.backgrounds import BACKGROUNDS
from training.data.render.dataset import render_dataset
from training.data.render.lighting import LIGHTS
from training.data.render.plan import FORMATS, KINDS, Settings

__all__ = ["add_arguments", "run"]

DEFAULTS = Settings()


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Give a parser the options of this command."""
    parser.add_argument("--output", required=True, metavar="DIR", help="folder of the dataset: new, or to be taken up")
    parser.add_argument(
        "--kind", choices=KINDS, default=DEFAULTS.kind, help="pictures and pairs, or clips (%(default)s)"
    )
    _add_amounts(parser.add_argument_group("how much"))
    _add_looks(parser.add_argument_group("how it looks"))
    how = parser.add_argument_group("how it is written")
    how.add_argument("--format", choices=FORMATS, default=DEFAULTS.format, help="of the pictures (%(default)s)")
    how.add_argument(
        "--truth",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="write flows, visibilities, masks, body parts and exact joints (yes)",
    )
    processes = os.cpu_count() or 1
    how.add_argument(
        "--processes", type=int, default=processes, metavar="N", help="how many work at a time (%(default)s)"
    )


def _add_amounts(group) -> None:
    group.add_argument("--people", type=int, metavar="N", help=f"different people ({DEFAULTS.people}; clips: one each)")
    group.add_argument("--views", type=int, default=DEFAULTS.views, metavar="N", help="pictures a person (%(default)s)")
    group.add_argument(
        "--pairs", type=int, metavar="N", help=f"ordered pairs a person ({DEFAULTS.pairs}, or all there are)"
    )
    group.add_argument("--clips", type=int, default=DEFAULTS.clips, metavar="N", help="clips in all (%(default)s)")
    group.add_argument("--frames", type=int, default=DEFAULTS.frames, metavar="N", help="frames a clip (%(default)s)")
    group.add_argument(
        "--test-fraction",
        type=float,
        default=DEFAULTS.test_fraction,
        metavar="F",
        help="part of the people that is kept for testing (%(default)s)",
    )
    group.add_argument("--seed", type=int, default=DEFAULTS.seed, metavar="N", help="of all chance (%(default)s)")


def _add_looks(group) -> None:
    group.add_argument("--size", type=_size, default=(256, 256), metavar="HxW", help="in pixels, or one number (256)")
    group.add_argument("--light", choices=LIGHTS, default=DEFAULTS.light, help="(%(default)s)")
    group.add_argument(
        "--background",
        choices=BACKGROUNDS,
        default=DEFAULTS.background,
        help="mixed: half studio, half scene (%(default)s)",
    )
    group.add_argument("--wardrobe", metavar="DIR", help="MakeHuman garments, hair and skins; without: procedural ones")
    group.add_argument("--motion", metavar="DIR", help=".bvh recordings to take poses from; without: made-up poses")


def _size(text: str) -> tuple[int, int]:
    match = re.fullmatch(r"(\d+)(?:x(\d+))?", text)
    if not match:
        raise argparse.ArgumentTypeError(f"expected HEIGHTxWIDTH or one number, as 256x176 or 256. Received: {text!r}")
    return int(match[1]), int(match[2] or match[1])


def run(options: argparse.Namespace) -> int:
    """Do what the options say; returns the exit code 0."""
    settings, output = _settings(options), Path(options.output)
    try:
        done = render_dataset(settings, output, options.processes)
    except KeyboardInterrupt:
        print(f"{output} is not complete; the same command takes it up again", file=sys.stderr)
        raise
    print(f"{output} is complete" if done else f"{output} was complete already: nothing to do")
    return 0


def _settings(options: argparse.Namespace) -> Settings:
    """The settings of a command line, with defaults that depend on others."""
    values = {field.name: getattr(options, field.name, None) for field in fields(Settings)}
    values["height"], values["width"] = options.size
    if options.people is None:
        values["people"] = options.clips if options.kind == "clips" else DEFAULTS.people
    if options.pairs is None:
        values["pairs"] = max(min(DEFAULTS.pairs, options.views * (options.views - 1)), 1)
    return Settings(**values)
