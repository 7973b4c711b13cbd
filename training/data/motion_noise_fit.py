"""Measure how the bundled pose estimator errs, on rendered clips whose exact joints are known.

CLIPS is a folder that `data render --kind clips` wrote, with its truth. The estimator looks at every frame. What comes
out are the numbers of `DetectorNoise`, which training on motion capture disturbs exact joints by; its defaults were
measured so.

For example:
  python -m training data render --kind clips --people 24 --clips 32 --frames 90 --motion BVH --output clips
  python -m training data noise clips --output noise.json
  python -m training motion --config motion-demo --data mocap --run runs/motion --set noise=noise.json
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import asdict

from training.data.layouts import SPLITS, find_clips
from training.data.motion_clips import RENDERED_RATE, detect_clips
from training.data.motion_noise import write_noise
from training.data.motion_noise_statistics import NoiseReport, measure_noise

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `data noise`."""
    parser.add_argument("clips", metavar="CLIPS", help="folder of `data render --kind clips`")
    parser.add_argument("--split", choices=SPLITS, default="train", help="(default: %(default)s)")
    parser.add_argument("--output", metavar="JSON", help="also write the numbers, for `motion --set noise=JSON`")
    parser.add_argument(
        "--frames-per-second", type=float, default=RENDERED_RATE, help="of the clips (default: %(default)s)"
    )


def run(options: argparse.Namespace) -> int:
    """Run `data noise`; returns the exit code 0."""
    if not 0 < options.frames_per_second < float("inf"):
        raise ValueError(f"--frames-per-second must be above 0. Received: {options.frames_per_second}.")
    if options.output:
        from gfla_tf.outputs import check_output

        check_output(options.output)
    report = measure_noise(detect_clips(find_clips(options.clips, options.split)), options.frames_per_second)
    print("\n".join(_lines(report)))
    if options.output:
        write_noise(options.output, report.noise)
        print(options.output)
    return 0


def _lines(report: NoiseReport) -> Iterator[str]:
    """The report for people to read."""
    yield f"{report.frames} frames, {report.joints} joints found; half of them within {report.median_error:.4f}"
    yield "of the person's size of the exact place. The changing error's correlation with itself, from frame to frame:"
    yield "  " + " ".join(f"{value:.2f}" for value in report.correlation)
    for name, value in asdict(report.noise).items():
        yield f"{name:<17} {_text(value)}"


def _text(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {_text(inner)}" for name, inner in value.items())
    if isinstance(value, (list, tuple)):
        return "/".join(map(_text, value))
    return f"{value:.4g}"
