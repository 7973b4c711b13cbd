"""Tables of motion extractors, the joints as found and the best classical filters, judged by held-out recordings.

What the figures mean is said in `training.motion_scores`; `training.motion_table_command` is the command.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from gfla_tf.models.model_files import load_model
from gfla_tf.motion import CausalMotionCleaner, MotionCleaner, fill_only
from gfla_tf.outputs import whole_file
from gfla_tf.published import find_model
from training.motion_scores import FILTERS, Method, Score, score, search
from training.motion_tracks import Track, capture_tracks, clip_tracks

__all__ = ["judge", "make_tables", "write_tables"]

HEADER = "| {} | position error | acceleration error |\n|---|---|---|"


def make_tables(options: argparse.Namespace) -> dict[str, dict[str, Score]]:
    """The tables by title, for the arguments of `motion-table`; each is printed when it is done."""
    _refuse_twice("folders of clips", [Path(folder).name for folder in options.clips])
    methods = _methods(options.model, options.lookahead)
    tables = {}
    for title, tracks in _sets(options):
        tables[title] = judge(tracks, methods)
        print(_markdown(title, tables[title]), flush=True)
    return tables


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


def write_tables(path: str, tables: Mapping[str, Mapping[str, Score]]) -> None:
    """Write tables as Markdown, or as JSON where the file's name ends so."""
    text = "\n".join(_markdown(title, scores) for title, scores in tables.items())
    if path.endswith(".json"):
        plain = {title: {name: found._asdict() for name, found in scores.items()} for title, scores in tables.items()}
        text = json.dumps(plain, indent=2) + "\n"
    with whole_file(path) as temporary:
        temporary.write_text(text, encoding="utf-8")
