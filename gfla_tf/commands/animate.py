"""Animate a person in a photo, who moves as somebody in a video, a BVH file or keypoint files.

Examples:
  gfla animate me.jpg dance.mp4 --output me_dancing.mp4 --side-by-side
  gfla animate me.jpg walk.bvh  --output me_walking.mp4 --turn 45 --gif
  gfla animate me.jpg openpose_output/ --model sequence --weights weights.safetensors --output me.mp4
A driving video's joints are kept beside it (VIDEO.keypoints.npz). Looking for them and rendering go on, after an
interruption, when the same command is given again. With ffmpeg, or pip install imageio-ffmpeg, videos are H.264 with
the driver's sound.
"""

from __future__ import annotations

import argparse
from dataclasses import fields
from pathlib import Path

from gfla_tf.commands.stand_in import warn_of_stand_in

__all__ = ["add_arguments", "run"]

_BESIDE_OUTPUT = ""  # a file name made from the output's


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `gfla animate`."""
    parser.add_argument("source", metavar="SOURCE", help="photo of the person")
    parser.add_argument("driving", metavar="DRIVING", help="video, .bvh file, keypoint file or folder of such files")
    parser.add_argument("--output", required=True, metavar="MP4", help="video to write")
    parser.add_argument(
        "--model", help="model, preset or model folder, sequence or person (default: the published one)"
    )
    parser.add_argument("--weights", help='safetensors file; "stand-in" to try everything without trained weights')
    _add_people(parser)
    _add_motion(parser)
    _add_retargeting(parser)
    _add_outputs(parser)


def _add_people(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--source-keypoints", metavar="FILE", help="keypoints of SOURCE, found otherwise")
    parser.add_argument(
        "--source-person", type=int, metavar="N", help="which of several people in SOURCE, 0 is the largest"
    )
    parser.add_argument(
        "--person", type=int, default=0, metavar="N", help="whom to follow in DRIVING, 0 is the largest"
    )


def _add_motion(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--clean",
        choices=("network", "savitzky-golay", "one-euro", "fill", "none"),
        help="how noise is taken from the joints (default: network; none for BVH)",
    )
    parser.add_argument(
        "--motion-model",
        default="motion-demo",
        metavar="MODEL",
        help="published model, preset or model folder of the motion extractor (default: %(default)s)",
    )
    parser.add_argument("--motion-weights", metavar="FILE", help='safetensors file for it; "stand-in" to try it')
    parser.add_argument(
        "--normalization", choices=("person", "image"), default="person", help="as the motion extractor was trained"
    )
    parser.add_argument(
        "--frames-per-second",
        type=float,
        metavar="F",
        help="of DRIVING (default: a video's own, else 30); for a video, its frames are taken as even",
    )
    parser.add_argument(
        "--turn", type=float, default=0.0, metavar="DEGREES", help="BVH: by how much the person turns left at first"
    )


def _add_retargeting(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--retarget",
        choices=("none", "global", "limbs"),
        default="global",
        help="the driver's body as it is, at the source's size, or with the source's limbs (default: %(default)s)",
    )
    parser.add_argument(
        "--camera",
        choices=("follow", "still"),
        default="follow",
        help="goes along with the person, or the person leaves the middle (default: %(default)s)",
    )
    parser.add_argument(
        "--framing",
        choices=("person", "whole"),
        default="person",
        help="frame the person and the movement, or take the whole photo (default: %(default)s)",
    )


def _add_outputs(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--side-by-side",
        nargs="?",
        const=_BESIDE_OUTPUT,
        metavar="MP4",
        help="also write driver, joints, clean joints and result in a row (default: OUTPUT_side_by_side.mp4)",
    )
    parser.add_argument(
        "--gif", nargs="?", const=_BESIDE_OUTPUT, metavar="GIF", help="also write a GIF (default: OUTPUT.gif)"
    )
    parser.add_argument("--no-sound", dest="sound", action="store_false", help="leave out the driver's sound")


def run(options: argparse.Namespace) -> int:
    """Run `gfla animate`."""
    from gfla_tf.animation.job import AnimationJob, animate

    output = Path(options.output)
    if options.side_by_side == _BESIDE_OUTPUT:
        options.side_by_side = str(output.with_name(f"{output.stem}_side_by_side{output.suffix}"))
    if options.gif == _BESIDE_OUTPUT:
        options.gif = str(output.with_suffix(".gif"))
    warn_of_stand_in(options.weights, "expect coloured noise, not a person")
    job = AnimationJob(**{field.name: getattr(options, field.name) for field in fields(AnimationJob)})
    print("\n".join(animate(job)))
    return 0
