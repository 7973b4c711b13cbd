"""DeepFashion In-shop, from its folders to the flat layout that the lists of pose transfer use.

In: SOURCE with pictures GENDER/CATEGORY/id_NUMBER/FILE (below `img` or `img_highres`), the lists train.lst and
test.lst, and the annotation and pair CSVs. Out: OUTPUT/train, OUTPUT/test with the pictures that stand in the lists,
under the lists' names; copies of lists and CSVs; dataset.json.

Names: `img/WOMEN/Dresses/id_00000002/02_1_front.jpg` becomes `fashionWOMENDressesid0000000202_1front.jpg`.

Pictures are 256x176 (height x width), which is the frame of the annotations: the middle of the picture, of its full
height, 176/256 as wide as high. Of the 256x256 pictures of img.zip these are 176 columns, 40 left out on either side,
none of them resized; a larger picture is resized (antialiased bicubic), a narrower one is widened by its border pixels.
They are written as JPEG of quality 95.
"""

from __future__ import annotations

import argparse
import os
import sys
from dataclasses import dataclass, field
from pathlib import Path

from gfla_tf.progress import Progress
from training.data.fashion_tree import csv_files, find_pictures, listed_names
from training.data.layouts import SPLITS
from training.data.preparation import begin, copy_file, finish, in_parallel

__all__ = ["FashionSummary", "add_arguments", "prepare_fashion", "run"]

HEIGHT, WIDTH = 256, 176
NAMES_SHOWN = 10


@dataclass
class FashionSummary:
    """What became of the names in the lists.

    Attributes:
        written: pictures in OUTPUT per split, also those of an earlier run.
        missing: names in the lists without a picture in the tree.
        unreadable: one message for each picture that could not be read.
    """

    written: dict[str, int] = field(default_factory=dict)
    missing: list[str] = field(default_factory=list)
    unreadable: list[str] = field(default_factory=list)

    def lines(self) -> list[str]:
        """The summary for people."""
        pictures = ", ".join(f"{count} in {split}" for split, count in self.written.items())
        return [
            f"{sum(self.written.values())} pictures written ({pictures})",
            f"missing in the tree: {len(self.missing)}{_examples(self.missing)}",
            f"unreadable: {len(self.unreadable)}{_examples(self.unreadable)}",
        ]


def _examples(names: list[str]) -> str:
    more = ["..."] if len(names) > NAMES_SHOWN else []
    return "".join(f"\n  {name}" for name in names[:NAMES_SHOWN] + more)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `data prepare fashion`."""
    parser.add_argument("source", metavar="SOURCE", help="folder with the unpacked img.zip (or img_highres.zip)")
    parser.add_argument("--output", required=True, metavar="DIR", help="folder to write; an interrupted run goes on")
    parser.add_argument("--lists", metavar="DIR", help="folder of train.lst, test.lst and the CSVs (default: SOURCE)")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1, help="threads (default: %(default)s)")


def run(options: argparse.Namespace) -> int:
    """Run `data prepare fashion`; exit code 2 if a picture of the lists was missing or unreadable."""
    if options.workers < 1:
        raise ValueError(f"--workers must be at least 1. Received: {options.workers}.")
    output = Path(options.output)
    summary = prepare_fashion(Path(options.source), output, Path(options.lists or options.source), options.workers)
    print("\n".join(summary.lines()))
    if not csv_files(output):
        print(f"{output} has no annotation and pair CSVs yet: put them there, the loaders need them.", file=sys.stderr)
    return 2 if summary.missing or summary.unreadable else 0


def prepare_fashion(source: Path, output: Path, lists: Path, workers: int = 1) -> FashionSummary:
    """Write the flat layout; pictures that are there already from an earlier run are kept.

    Args:
        source: folder of the genuine tree.
        output: folder to write.
        lists: folder of train.lst and test.lst, or of the annotation CSVs, and of the CSVs to copy.
        workers: number of threads.

    Raises:
        ValueError: no lists, no pictures, or `output` is not fit for it.
    """
    names = {split: listed_names(lists, split) for split in SPLITS}
    pictures = find_pictures(source.resolve(), output.resolve())
    settings = {
        "kind": "fashion",
        "generator": "data prepare fashion",
        "annotation_size": [HEIGHT, WIDTH],
        "picture_size": [HEIGHT, WIDTH],
    }
    begin(output, settings)
    for file in csv_files(lists) + [lists / f"{split}.lst" for split in SPLITS]:
        if file.exists():
            copy_file(file, output / file.name)
    summary = FashionSummary(dict.fromkeys(SPLITS, 0))
    with Progress(sum(map(len, names.values())), "pictures") as progress:
        for split in SPLITS:
            _prepare_split(split, names[split], pictures, output, workers, summary, progress)
    finish(output, settings, pictures=summary.written)
    return summary


def _prepare_split(
    split: str,
    names: list[str],
    pictures: dict[str, Path],
    output: Path,
    workers: int,
    summary: FashionSummary,
    progress: Progress,
) -> None:
    folder = output / split
    folder.mkdir(exist_ok=True)
    summary.missing += [name for name in names if Path(name).stem not in pictures]
    jobs = [(pictures[Path(name).stem], folder / name) for name in names if Path(name).stem in pictures]
    ready = [job for job in jobs if job[1].exists()]
    progress.add(len(names) - len(jobs) + len(ready), worked=False)
    summary.written[split] = len(ready)
    with in_parallel(_prepare_picture, (job for job in jobs if not job[1].exists()), workers) as finished:
        for job, future in finished:
            problem = future.result()
            summary.written[split] += problem is None
            summary.unreadable += [f"{job[0]}: {problem}"] if problem else []
            progress.add()
    summary.unreadable.sort()


def _prepare_picture(job: tuple[Path, Path]) -> str | None:
    """Write one picture; what is wrong with it if it cannot be read."""
    from gfla_tf.image_io import read_image, write_image
    from gfla_tf.pose.framing import Frame

    source, target = job
    try:
        image = read_image(source)
    except ValueError as error:
        return str(error)
    height, width = image.shape[:2]
    wanted = max(round(height * WIDTH / HEIGHT), 1)
    write_image(target, Frame((width - wanted) // 2, 0, wanted, height).crop(image, HEIGHT, WIDTH))
    return None
