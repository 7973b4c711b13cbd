"""Your own pictures to pairs: a folder for each person, with several pictures of them.

In: SOURCE/PERSON/... with JPEG or PNG pictures of any size, at any depth. Out, in DeepFashion's layout:

    OUTPUT/train/PERSON_PICTURE.jpg        the part around the person, height x width pixels
    OUTPUT/fashion-annotation-train.csv    the joints in it, found by the bundled estimator
    OUTPUT/fashion-pairs-train.csv         from,to: two different pictures of one person
    OUTPUT/keypoints/                      the same joints as OpenPose JSON, a file a picture
    and the same for test; dataset.json

Whole people are kept for testing, drawn by their names. An interrupted run goes on when it is started again. Pictures
in which nobody is found, or a single joint, are reported and left out. OUTPUT may lie in SOURCE.
"""

from __future__ import annotations

import argparse
import hashlib
import itertools
import os
import queue
import re
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from gfla_tf.image_io import read_image, write_image
from gfla_tf.outputs import whole_file
from gfla_tf.pose.annotation_csv import write_annotation_csv
from gfla_tf.pose.framing import fit_frame
from gfla_tf.pose.keypoint_files import read_keypoints
from gfla_tf.pose.openpose_json import write_openpose_json
from gfla_tf.progress import Progress
from training.data.layouts import IMAGE_EXTENSIONS, SPLITS
from training.data.preparation import begin, finish, in_parallel

__all__ = ["Picture", "add_arguments", "find_pictures", "prepare_pictures", "run"]

EXIT_FAILURES = 2
LEAST_PICTURES = 2  # of a person


@dataclass(frozen=True)
class Picture:
    """A picture to prepare: whose it is, for "train" or "test", its file, and its name in the dataset."""

    person: str
    split: str
    path: Path
    name: str


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `data prepare pictures`."""
    parser.add_argument("source", metavar="SOURCE", help="folder with a folder of pictures for each person")
    parser.add_argument("--output", required=True, metavar="DIR", help="folder to write; an interrupted run goes on")
    parser.add_argument(
        "--size", type=int, nargs=2, default=(256, 176), metavar=("H", "W"), help="of the pictures (256 176)"
    )
    parser.add_argument("--pairs", type=int, default=30, metavar="N", help="most pairs of a person (%(default)s)")
    parser.add_argument("--test-fraction", type=float, default=0.1, metavar="F", help="of the people (%(default)s)")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1, help="threads (default: %(default)s)")


def run(options: argparse.Namespace) -> int:
    """Run `data prepare pictures`; exit code 2 if pictures had to be left out."""
    if min(options.size) < 16 or options.pairs < 1 or options.workers < 1:
        raise ValueError("--size from 16, --pairs and --workers from 1 are expected. Received: less.")
    pictures = find_pictures(options.source, options.test_fraction, options.output)
    failures = prepare_pictures(pictures, Path(options.output), tuple(options.size), options.pairs, options.workers)
    for failure in failures:
        print(f"data prepare pictures: error: {failure}", file=sys.stderr)
    print(f"{len(pictures) - len(failures)} of {len(pictures)} pictures written to {options.output}")
    return EXIT_FAILURES if failures else 0


def find_pictures(
    source: str | os.PathLike[str], test_fraction: float, output: str | os.PathLike[str] | None = None
) -> list[Picture]:
    """The pictures below a folder, of those people who have two at least.

    Args:
        source: folder of people's folders.
        test_fraction: part of the people who are kept for testing, in (0, 1), as training asks for both splits; of
            few people one at least.
        output: a folder that is left out, since it may lie in `source`.

    Raises:
        ValueError: there are no such people, too few to split, or two pictures would have one name.
    """
    if not 0 < test_fraction < 1:
        raise ValueError(f"--test-fraction must be above 0 and below 1. Received: {test_fraction}.")
    folders = sorted(path for path in Path(source).iterdir() if path.is_dir()) if Path(source).is_dir() else []
    written = None if output is None else Path(output).resolve()
    people = {folder: _pictures_below(folder, written) for folder in folders}
    people = {folder: paths for folder, paths in people.items() if len(paths) >= LEAST_PICTURES}
    if len(people) < 2:
        raise ValueError(f"Folders of two people at least, two pictures in each, are expected. Received: {source}.")
    drawn = sorted(people, key=lambda folder: hashlib.sha256(folder.name.encode()).digest())
    tested = drawn[: max(round(test_fraction * len(people)), 1)]
    if len(tested) == len(people):
        raise ValueError(
            "A --test-fraction that leaves people to train with is expected. "
            f"Received: {test_fraction} of {len(people)} people."
        )
    pictures = [
        Picture(folder.name, SPLITS[folder in tested], path, _name(path.relative_to(source)))
        for folder, paths in people.items()
        for path in paths
    ]
    names = [picture.name for picture in pictures]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise ValueError(f"Pictures with different names are expected. Received: two for {twice[0]}.")
    return pictures


def _pictures_below(folder: Path, written: Path | None) -> list[Path]:
    """The pictures in a folder at any depth, but for those in the folder that is written."""
    return sorted(path for path in folder.rglob("*") if _is_picture(path) and written not in path.resolve().parents)


def _is_picture(path: Path) -> bool:
    return path.suffix.lower() in IMAGE_EXTENSIONS and not path.name.startswith(".")


def _name(path: Path) -> str:
    """A flat name without the characters that the annotations and pairs use."""
    return re.sub(r"[^\w.-]+", "_", "_".join(path.with_suffix("").parts)) + ".jpg"


def prepare_pictures(
    pictures: list[Picture],
    output: Path,
    size: tuple[int, int],
    most_pairs: int = 30,
    workers: int = 1,
    make_estimator: Callable[[], object] | None = None,
) -> list[str]:
    """Write the dataset; pictures that are there already from an earlier run are kept.

    Args:
        pictures: of `find_pictures`.
        output: folder to write.
        size: (height, width) of the pictures in pixels.
        most_pairs: of a person.
        workers: number of threads.
        make_estimator: gives a pose estimator; the bundled one, with one thread, by default.

    Returns:
        One message for each picture that was left out.

    Raises:
        ValueError: `output` is not fit for it, or no person has two usable pictures.
    """
    description = {"kind": "fashion", "generator": "data prepare pictures", "annotation_size": list(size)}
    begin(output, description)
    for folder in (*SPLITS, "keypoints"):
        (output / folder).mkdir(exist_ok=True)
    estimators: queue.SimpleQueue = queue.SimpleQueue()
    for _ in range(workers):
        estimators.put((make_estimator or _bundled_estimator)())
    found, failures = {}, []
    work = partial(_prepare, output=output, size=size, estimators=estimators)
    with Progress(len(pictures), "pictures") as progress, in_parallel(work, pictures, workers) as finished:
        for picture, future in finished:
            try:
                found[picture], fresh = future.result()
            except _LeftOutError as error:
                failures.append(str(error))
                fresh = True
            progress.add(worked=fresh)
    _write_lists(output, found, most_pairs)
    counts = {split: sum(picture.split == split for picture in found) for split in SPLITS}
    finish(output, description, pictures=counts)
    return sorted(failures)


class _LeftOutError(Exception):
    """A picture can't be used; says why."""


def _prepare(picture: Picture, output: Path, size: tuple[int, int], estimators) -> tuple[np.ndarray, bool]:
    """Write one picture and its joints; the joints, and whether there was something to do."""
    record = output / "keypoints" / f"{Path(picture.name).stem}_keypoints.json"
    target = output / picture.split / picture.name
    if record.is_file() and target.is_file():
        return read_keypoints(record, "openpose-18"), False
    try:
        image = read_image(picture.path)
    except ValueError as error:
        raise _LeftOutError(str(error)) from error
    estimator = estimators.get()
    try:
        people = estimator.estimate(image)
    finally:
        estimators.put(estimator)
    if not people:
        raise _LeftOutError(f"{picture.path}: nobody was found in it.")
    joints = people[0].keypoints("openpose-18")
    try:
        frame = fit_frame(joints, size[1] / size[0])
    except ValueError as error:
        raise _LeftOutError(f"{picture.path}: {error}") from error
    joints = frame.keypoints_into(joints, *size)
    write_image(target, frame.crop(image, *size))
    write_openpose_json(record, [joints], size)
    return joints, True


def _bundled_estimator() -> object:
    from gfla_tf.pose.estimator import PoseEstimator

    return PoseEstimator(threads=1)


def _write_lists(output: Path, found: Mapping[Picture, np.ndarray], most_pairs: int) -> None:
    """The annotations and pairs of both splits."""
    for split in SPLITS:
        pictures = [picture for picture in found if picture.split == split]
        pictures.sort(key=lambda picture: (picture.person, picture.name))
        pairs = _pairs(pictures, most_pairs)
        if not pairs:
            raise ValueError(f"Two usable pictures of a person at least are expected for {split}. Received: none.")
        write_annotation_csv(
            output / f"fashion-annotation-{split}.csv", {picture.name: found[picture] for picture in pictures}
        )
        with whole_file(output / f"fashion-pairs-{split}.csv") as temporary:
            temporary.write_text("from,to\n" + "".join(f"{a},{b}\n" for a, b in pairs), encoding="utf-8", newline="\n")


def _pairs(pictures: list[Picture], most: int) -> list[tuple[str, str]]:
    """Ordered pairs of each person's pictures; of many, a draw by their names."""
    pairs = []
    for _, group in itertools.groupby(pictures, key=lambda picture: picture.person):
        of_person = list(itertools.permutations([picture.name for picture in group], 2))
        of_person.sort(key=lambda pair: hashlib.sha256("\n".join(pair).encode()).digest())
        pairs += sorted(of_person[:most])
    return pairs
