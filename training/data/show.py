"""Draw random pairs or frames with their skeletons on one sheet, to see whether keypoints and pictures fit.

A row is a pair: source, source with skeleton, target, target with skeleton; of a rendered dataset also the source
warped by the exact flow (black where the target shows nothing that is visible in the source) and the visible part. Of
clips, a row is the first frame and some with skeletons; of Human3.6M, a detector's joints and the exact ones.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

import numpy as np

from training.data.layouts import SPLITS, dataset_kind

__all__ = ["Panels", "add_arguments", "run", "show"]

Panels = dict[str, np.ndarray]  # title -> image [height, width, 3] in [-1, 1]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `data show`."""
    parser.add_argument("folder", metavar="DIR", help="folder of a dataset that `data check` finds usable")
    parser.add_argument("--output", required=True, metavar="SHEET", help="picture to write (PNG, JPEG, WebP)")
    parser.add_argument("--pairs", type=int, default=6, metavar="N", help="rows of the sheet (default: %(default)s)")
    parser.add_argument("--split", choices=SPLITS, default=SPLITS[0], help="(default: %(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="which ones are drawn (default: %(default)s)")


def run(options: argparse.Namespace) -> int:
    """Run `data show`."""
    from gfla_tf.image_io import check_picture_output, write_image
    from gfla_tf.remote import as_path

    if options.pairs < 1 or options.seed < 0:
        raise ValueError(f"--pairs from 1 and --seed from 0 are expected. Received: {options.pairs}, {options.seed}.")
    check_picture_output(options.output)
    write_image(options.output, show(as_path(options.folder), options.pairs, options.split, options.seed))
    print(options.output)
    return 0


def show(folder: Path, rows: int = 6, split: str = "train", seed: int = 0) -> np.ndarray:
    """Draw the sheet of a dataset.

    Args:
        folder: of the dataset.
        rows: pairs or clips to show; all of them if there are fewer.
        split: "train" or "test"; Human3.6M has none.
        seed: of the draw.

    Returns:
        float32 image `[height, width, 3]` in [-1, 1].

    Raises:
        ValueError: the dataset is not usable, or a file that was drawn cannot be read.
    """
    from gfla_tf.sheets import contact_sheet

    random = np.random.default_rng(seed)
    drawn = _panels_of(dataset_kind(folder))(folder, split, rows, random)
    # A title only names a panel once; the row's number makes it unique.
    panels = {f"{number}: {title}": image for number, row in enumerate(drawn, 1) for title, image in row.items()}
    return contact_sheet(panels, columns=len(drawn[0]))


def _panels_of(kind: str) -> Callable[[Path, str, int, np.random.Generator], list[Panels]]:
    """The function that draws the rows of a kind of dataset, all of one size and number of panels."""
    if kind == "clips":
        from training.data.show_clips import clip_panels

        return clip_panels
    if kind == "human36m":
        from training.data.show_human36m import human36m_panels

        return human36m_panels
    from training.data.show_pairs import pair_panels

    return pair_panels
