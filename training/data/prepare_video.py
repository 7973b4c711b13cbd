"""Videos, or folders of frames, to clips: frames of one size with the keypoints of one person.

In: SOURCE with videos (FashionVideo, iPER, your own), or folders of frames, at any depth. Out: OUTPUT/train/CLIP and
OUTPUT/test/CLIP with frames/000000.jpg ..., keypoints/000000_keypoints.json ... (OpenPose JSON), clip.json; and
OUTPUT/dataset.json. The keypoints are found by the bundled estimator in the frames as they are, before they are shrunk.

A clip is for testing if SOURCE has it in a folder `test` (FashionVideo), or the list names it (iPER's val.txt), or else
if it is drawn by its name. OUTPUT may lie in SOURCE.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

from gfla_tf.pose.person_choice import PERSON_RULES
from gfla_tf.progress import Progress
from training.data.clip_preparation import FRAMINGS, ClipPreparation, PreparationSettings
from training.data.clip_sources import ClipSource, UnusableClipError, find_sources, read_test_list
from training.data.layouts import SPLITS
from training.data.preparation import begin, finish

__all__ = ["add_arguments", "prepare_video", "run"]

EXIT_FAILURES = 2
TEST_FRACTION = 0.1
SMALLEST_SIZE = 16  # pixels
PARTIAL = ".partial"  # folder of the clips that are not complete yet


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `data prepare video`."""
    parser.add_argument("source", metavar="SOURCE", help="folder of videos, or of folders of frames")
    parser.add_argument("--output", required=True, metavar="DIR", help="folder to write; an interrupted run goes on")
    split = parser.add_mutually_exclusive_group()
    split.add_argument("--split-list", metavar="FILE", help="names of the clips for testing, one a line")
    split.add_argument(
        "--test-fraction",
        type=float,
        default=TEST_FRACTION,
        help="of the clips is drawn for testing where SOURCE is not split (default: %(default)s)",
    )
    parser.add_argument("--size", type=int, default=256, help="side of the frames in pixels (default: %(default)s)")
    parser.add_argument(
        "--framing",
        choices=FRAMINGS,
        default="person",
        help="show the square around the person, one for the clip; or the whole picture, padded or squeezed to a "
        "square (default: %(default)s)",
    )
    parser.add_argument(
        "--person",
        choices=PERSON_RULES,
        default="nearest",
        help="the largest of the first frame and then the nearest to it, or the largest of each (default: %(default)s)",
    )
    parser.add_argument("--format", choices=("jpg", "png"), default="jpg", help="of the frames (default: %(default)s)")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1, help="threads (default: %(default)s)")


def run(options: argparse.Namespace) -> int:
    """Run `data prepare video`; exit code 2 if a clip failed."""
    for name, smallest in (("size", SMALLEST_SIZE), ("workers", 1)):
        if getattr(options, name) < smallest:
            raise ValueError(f"--{name} must be at least {smallest}. Received: {getattr(options, name)}.")
    if not 0 <= options.test_fraction <= 1:
        raise ValueError(f"--test-fraction must be in [0, 1]. Received: {options.test_fraction}.")
    test_names = read_test_list(Path(options.split_list)) if options.split_list else []
    clips = find_sources(Path(options.source), test_names, options.test_fraction, Path(options.output))
    settings = PreparationSettings(options.size, options.framing, options.person, options.format)
    failures = prepare_video(clips, Path(options.output), settings, workers=options.workers)
    for failure in failures:
        print(f"data prepare video: error: {failure}", file=sys.stderr)
    print(f"{len(clips) - len(failures)} of {len(clips)} clips written to {options.output}")
    return EXIT_FAILURES if failures else 0


def prepare_video(
    clips: list[ClipSource],
    output: Path,
    settings: PreparationSettings,
    make_estimator: Callable[[], object] | None = None,
    workers: int = 1,
) -> list[str]:
    """Write the clips; those that are there already from an earlier run are kept.

    Args:
        clips: of `find_sources`.
        output: folder to write.
        settings: of all clips.
        make_estimator: gives a pose estimator; the bundled one, with one thread, by default.
        workers: number of threads.

    Returns:
        One message for each clip that failed.

    Raises:
        ValueError: `output` is not fit for it, has a clip in the other split, or a file cannot be written.
    """
    _check_splits(clips, output)
    description = {"kind": "clips", "generator": "data prepare video", **asdict(settings)}
    begin(output, description)
    for split in SPLITS:
        (output / split).mkdir(exist_ok=True)
    failures: list[str] = []
    with Progress(sum(clip.frame_count() for clip in clips), "frames") as progress:
        preparation = ClipPreparation(settings, make_estimator or _bundled_estimator, workers, progress)
        for clip in clips:
            folder = output / clip.split / clip.name
            if folder.exists():
                progress.add(clip.frame_count(), worked=False)
                continue
            try:
                _report(clip, preparation.prepare(clip, folder, output / PARTIAL / clip.split / clip.name))
            except UnusableClipError as error:
                failures.append(str(error))
    shutil.rmtree(output / PARTIAL, ignore_errors=True)
    finish(output, description, clips={split: _count_clips(output / split) for split in SPLITS})
    return failures


def _check_splits(clips: list[ClipSource], output: Path) -> None:
    """Raise a ValueError if a clip was written for the other split before: it would be in both."""
    wanted = {(clip.split, clip.name) for clip in clips}
    for clip in clips:
        (other,) = (split for split in SPLITS if split != clip.split)
        if (other, clip.name) not in wanted and (output / other / clip.name).exists():
            raise ValueError(
                f"{output} was begun with other clips for testing; choose another --output. Received: {clip.name} for "
                f"{clip.split}, which is there for {other}."
            )


def _count_clips(folder: Path) -> int:
    return sum(clip.is_dir() for clip in folder.iterdir())


def _bundled_estimator() -> object:
    from gfla_tf.pose.estimator import PoseEstimator

    return PoseEstimator(threads=1)


def _report(clip: ClipSource, done: dict) -> None:
    """Say what is odd about a clip that was written nevertheless."""
    announced = clip.frame_count()
    if done["frames"] < announced:
        print(f"{clip.path}: {done['frames']} of {announced} frames could be read.", file=sys.stderr)
    if done["frames_with_person"] < done["frames"]:
        missing = done["frames"] - done["frames_with_person"]
        print(f"{clip.path}: the person was not found in {missing} of {done['frames']} frames.", file=sys.stderr)
