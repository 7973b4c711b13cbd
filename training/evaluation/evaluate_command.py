"""Judge models on a dataset's test split under a named protocol.

    python -m training evaluate --protocol rendered --data data/rendered --model mine=runs/demo/image/model
    python -m training evaluate --protocol gfla256 --data data/fashion --generated results/

Every system is judged on the same pairs: models, folders of generated pictures, and the baselines copy (the source as
it is), warp (the source moved by the exact flow) and warp-completed (what the source does not show taken from the
target). The output holds evaluation.json with means, 95 % bootstrap intervals, differences to the first system and a
fingerprint of all that they depend on; the scores of every picture; and sheets of random, best and worst results.
Started again, it goes on; systems that are there already under the same fingerprint are kept.
"""

from __future__ import annotations

import argparse
import re
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

from training.evaluation.protocols import PROTOCOLS, Protocol, find_protocol

if TYPE_CHECKING:
    from training.evaluation.systems import System

__all__ = ["add_arguments", "run"]

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]*")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `evaluate`."""
    parser.add_argument("--protocol", required=True, metavar="NAME", help=", ".join(PROTOCOLS))
    parser.add_argument("--data", required=True, metavar="DIR", help="folder of the dataset")
    parser.add_argument(
        "--model", action="append", default=[], metavar="NAME=FOLDER", help="a model's folder; may be repeated"
    )
    parser.add_argument(
        "--generated",
        action="append",
        default=[],
        metavar="[NAME=]DIR",
        help="pictures SOURCE__TARGET.png that something else made of all pairs; may be repeated",
    )
    parser.add_argument(
        "--baseline", action="append", default=[], metavar="NAME", help="copy, warp or warp-completed; may be repeated"
    )
    parser.add_argument("--pairs", type=int, metavar="N", help="so many pairs, evenly spread (default: all)")
    parser.add_argument("--sheet", type=int, default=50, metavar="N", help="random pairs on the sheet (%(default)s)")
    parser.add_argument(
        "--skip-frechet",
        action="store_true",
        help="without the Frechet distance, which reads all training pictures",
    )
    parser.add_argument("--output", metavar="DIR", help="folder to write (default: evaluations/PROTOCOL)")


def run(options: argparse.Namespace) -> int:
    """Run `evaluate`."""
    protocol = find_protocol(options.protocol)
    if options.sheet < 0:
        raise ValueError(f"--sheet must be 0 or more. Received: {options.sheet}.")
    models = [_name_and_folder(model, "--model") for model in options.model]
    folders = [_name_and_folder(folder, "--generated", "generated") for folder in options.generated]
    _check_names([name for name, _ in models + folders] + options.baseline)

    from training.evaluation.evaluate import evaluate
    from training.evaluation.generated import GeneratedPictures
    from training.evaluation.pairs import EvaluationPairs
    from training.evaluation.systems import Baseline, ModelSystem
    from training.evaluation.tables import difference_rows, score_rows, text_table

    pairs = EvaluationPairs(options.data, protocol, options.pairs)
    systems: list[System] = [ModelSystem(name, folder, protocol.resize) for name, folder in models]
    systems += [GeneratedPictures(name, folder, pairs, protocol.formats) for name, folder in folders]
    systems += [Baseline(name, pairs.flows is not None) for name in options.baseline]
    output = options.output or f"evaluations/{protocol.name}"
    content = evaluate(protocol, pairs, systems, output, options.sheet, not options.skip_frechet)
    print(_describe(protocol, content))
    print(text_table(score_rows(content)))
    if content["differences"]:
        print(f"\nDifference to {content['reference']} (* where the 95 % interval leaves out 0)")
        print(text_table(difference_rows(content["differences"])))
    print(f"\n{output}")
    return 0


def _name_and_folder(text: str, option: str, default: str = "") -> tuple[str, str]:
    """The two parts of NAME=FOLDER; FOLDER alone where there is a default name."""
    name, equals, folder = text.partition("=") if "=" in text or not default else (default, "=", text)
    if not equals or not folder or not NAME.fullmatch(name):
        raise ValueError(f"{option} must be NAME=FOLDER, the name of letters, digits and ._+-. Received: {text}.")
    return name, folder


def _check_names(names: Sequence[str]) -> None:
    """Each system needs a name of its own: that of its folder."""
    if not names:
        raise ValueError("At least one --model, --generated or --baseline is expected. Received: none.")
    if twice := [name for name, count in Counter(name.lower() for name in names).items() if count > 1]:
        raise ValueError(f"Each system needs a name of its own. Received: {', '.join(twice)} more than once.")


def _describe(protocol: Protocol, content: dict) -> str:
    data = content["fingerprint"]["data"]
    return (
        f"Protocol {protocol.name}: {protocol.description}; {data['pairs']} of {data['pairs_available']} pairs, "
        f"{data['picture_size'][0]}x{data['picture_size'][1]}, {data['person_mask']} masks, data {data['sha256'][:12]}"
    )
