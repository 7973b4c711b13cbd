r"""Judge motion extractors by held-out recordings, beside the joints as found and the best classical filters.

Each --model is a folder of a trained model, or the name of one that comes with the library; NAME=FOLDER calls it NAME
in the table. --mocap is a folder of .bvh files, of which the held-out ones count; --clips are folders of `data render
--kind clips`, of which the test clips count, as the bundled estimator sees them. What the figures mean is said in
`training.motion_scores`.

For example:
  python -m training motion-table --mocap mocap --clips clips --model motion-demo --output table.md

  what the clip's vector and the receptive field are good for
  python -m training motion-table --mocap mocap --model full=runs/full/motion/model plain=runs/plain/motion/model
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from gfla_tf.models.presets import load_model
from gfla_tf.motion import CausalMotionCleaner, MotionCleaner, fill_only
from gfla_tf.outputs import check_output, whole_file
from gfla_tf.published import find_model
from training.motion_scores import FILTERS, Method, Score, score, search
from training.motion_tracks import Track, capture_tracks, clip_tracks

__all__ = ["add_arguments", "judge", "run"]

HEADER = "| {} | position error | acceleration error |\n|---|---|---|"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `motion-table`."""
    parser.add_argument("--model", nargs="+", default=["motion-demo"], metavar="[NAME=]MODEL", help="(%(default)s)")
    parser.add_argument("--mocap", metavar="DIR", help="folder of motion capture")
    parser.add_argument("--clips", nargs="+", default=[], metavar="DIR", help="folders of rendered clips")
    parser.add_argument(
        "--held-out", nargs="+", default=[], metavar="NAME", help="recordings that were held out of training by name"
    )
    parser.add_argument(
        "--lookahead", nargs="+", type=int, default=[], metavar="N", help="also live, each frame N frames later"
    )
    parser.add_argument(
        "--detections", metavar="DIR", help="keep what the estimator finds there, and take it from there"
    )
    parser.add_argument("--output", metavar="MD|JSON", help="also write the tables there")


def run(options: argparse.Namespace) -> int:
    """Run `motion-table`; returns the exit code 0."""
    if not options.mocap and not options.clips:
        raise ValueError("--mocap DIR or --clips DIR is expected. Received: neither.")
    if options.output:
        check_output(options.output)
    _refuse_twice("folders of clips", [Path(folder).name for folder in options.clips])
    methods = _methods(options.model, options.lookahead)
    tables = {}
    for title, tracks in _sets(options):
        tables[title] = judge(tracks, methods)
        print(_markdown(title, tables[title]), flush=True)
    if options.output:
        _write(options.output, tables)
    return 0


def _refuse_twice(what: str, names: list[str]) -> None:
    """Raise a ValueError if two have one name, by which tables and their rows are told apart."""
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise ValueError(f"Different names of {what} are expected. Received: two called {twice[0]}.")


def _sets(options: argparse.Namespace) -> Iterator[tuple[str, list[Track]]]:
    """Each set of tracks with its title."""
    if options.mocap:
        yield _titled("motion capture, made-up detector", capture_tracks(options.mocap, options.held_out))
    for folder in options.clips:
        yield _titled(f"{Path(folder).name}, bundled estimator", clip_tracks(folder, kept=options.detections))


def _titled(title: str, tracks: Iterator[Track]) -> tuple[str, list[Track]]:
    tracks = list(tracks)
    return f"{title}: {len(tracks)} tracks, {sum(len(track.exact) for track in tracks)} frames", tracks


def judge(tracks: Sequence[Track], methods: Mapping[str, Method]) -> dict[str, Score]:
    """Judge the joints as found, the filters at their best, and methods.

    Args:
        tracks: to judge by.
        methods: by what to call them.
    """
    as_found = score(tracks, lambda track: fill_only(track.found))
    scores = {"as found, gaps filled": as_found}
    for family in FILTERS:
        scores.update(search(tracks, family, as_found.position))
    return {**scores, **{name: score(tracks, method) for name, method in methods.items()}}


def _methods(models: Sequence[str], lookaheads: Sequence[int]) -> dict[str, Method]:
    """The networks, at once and live."""
    parts = [text.rpartition("=") for text in models]
    names = [name or folder for name, _, folder in parts]
    _refuse_twice("models", names)
    methods = {}
    for name, (_, _, folder) in zip(names, parts, strict=True):
        model = load_model(find_model(folder))
        methods[name] = _cleaned(MotionCleaner(model))
        for frames in lookaheads:
            methods[f"{name}, {frames} frames later"] = _cleaned(CausalMotionCleaner(model, frames))
    return methods


def _cleaned(cleaner: MotionCleaner | CausalMotionCleaner) -> Method:
    """Clean by a network; joints that it leaves missing, as it never sees them, are filled in as filters fill them."""

    def method(track: Track) -> np.ndarray:
        cleaned = cleaner.clean(track.found)
        return np.where(cleaned[..., 2:] > 0, cleaned, fill_only(track.found))

    return method


def _markdown(title: str, scores: Mapping[str, Score]) -> str:
    lines = [f"| {name} | {found.position:.3f} % | {found.acceleration:.3f} % |" for name, found in scores.items()]
    return "\n".join([HEADER.format(title), *lines, ""])


def _write(path: str, tables: Mapping[str, Mapping[str, Score]]) -> None:
    text = "\n".join(_markdown(title, scores) for title, scores in tables.items())
    if path.endswith(".json"):
        plain = {title: {name: found._asdict() for name, found in scores.items()} for title, scores in tables.items()}
        text = json.dumps(plain, indent=2) + "\n"
    with whole_file(path) as temporary:
        temporary.write_text(text, encoding="utf-8")
