"""Look inside a model on pairs of a dataset's test split, beside what is true.

    python -m training inspect --data data/rendered --pairs 4 --output inspection
    python -m training inspect --data data/rendered --pair 11 --model runs/demo/image/model --output inspection

The same sheets and pages as `gfla inspect`, with the target, the error, and, where the dataset has them, the exact flow
and what the source hides. --pair takes the numbers of failures.csv, or of the scores.csv of an evaluation of all pairs.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from gfla_tf.commands.inspect import add_sheet_arguments, parse_pixels

if TYPE_CHECKING:
    from gfla_tf.inspection.pairs import PairInspection
    from gfla_tf.pipelines import PoseTransfer
    from training.evaluation.pairs import EvaluationPairs

__all__ = ["add_arguments", "run"]

FEW = 4  # pairs that are inspected where no number is given


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `inspect`."""
    parser.add_argument("--data", required=True, metavar="DIR", help="folder of the dataset")
    parser.add_argument("--pairs", type=int, metavar="N", help=f"so many pairs, evenly spread (default: {FEW})")
    parser.add_argument("--pair", type=int, action="append", metavar="NUMBER", help="this pair; may be repeated")
    parser.add_argument("--protocol", default="rendered", metavar="NAME", help="how it is read (default: %(default)s)")
    parser.add_argument("--model", default="person-demo", help="published model or model folder (default: %(default)s)")
    add_sheet_arguments(parser)


def run(options: argparse.Namespace) -> int:
    """Run `inspect`."""
    pixels = tuple(parse_pixels(options.pixel))
    if options.pair and options.pairs is not None:
        raise ValueError("--pairs or --pair is expected. Received: both.")
    from gfla_tf.inspection.files import SheetOptions, image_discriminator, write_index, write_inspections
    from gfla_tf.outputs import check_folder
    from gfla_tf.pipelines import PoseTransfer
    from training.evaluation.pairs import EvaluationPairs
    from training.evaluation.protocols import find_protocol

    output, protocol = Path(options.output), find_protocol(options.protocol)
    if protocol.clip_frames is not None:
        raise ValueError(f"--protocol must be one of pairs. Received: {protocol.name}, of clips.")
    check_folder(output)
    count = FEW if options.pairs is None else options.pairs
    pairs = EvaluationPairs(options.data, protocol, None if options.pair else count)
    positions = options.pair or range(len(pairs))
    if not all(0 <= position < len(pairs) for position in positions):
        raise ValueError(f"--pair must be from 0 to {len(pairs) - 1}. Received: {options.pair}.")
    transfer = PoseTransfer(options.model, framing="whole")
    sheet = SheetOptions(pixels, image_discriminator(options.discriminator))
    names = list(write_inspections(_inspections(transfer, pairs, positions), output, sheet))
    print("\n".join(f"{output / name}.{kind}" for name in names for kind in ("png", "html")))
    print(write_index(names, output))
    return 0


def _inspections(
    transfer: PoseTransfer, pairs: EvaluationPairs, positions: Sequence[int]
) -> Iterator[tuple[str, PairInspection]]:
    """File name and inspection of each pair."""
    from gfla_tf.inspection.pairs import Truth, inspect_pair
    from gfla_tf.people import Person
    from gfla_tf.pose.skeletons import convert_keypoints

    for position in positions:
        batch, names = pairs.read([position]), pairs.names(position)
        keypoints = convert_keypoints(
            [batch.source_keypoints[0], batch.target_keypoints[0]], "openpose-18", transfer.preset.skeleton
        )
        truth = Truth(batch.target_image[0], *(None if one is None else one[0] for one in _known(batch)))
        people = Person(keypoints[0], batch.source_image[0]), Person(keypoints[1])
        number = int(pairs.numbers[position])
        title = f"Pair {number}: {names[0]} in the pose of {names[1]}"
        yield f"pair{number:06}", inspect_pair(transfer, *people, title, truth)


def _known(batch) -> tuple:
    return batch.person_mask, batch.flow, batch.visible
