"""A folder of pictures that something else generated, as a system.

A file is named after its pair, SOURCE__TARGET, with or without the pictures' extensions; ___ and _2_ may stand between
the names, and _vis at the end, as other programs have it:

    person000001_view00__person000001_view02.png        fashionMEN..._1front.jpg_2_fashionMEN..._2side.jpg_vis.jpg

Every pair that is evaluated needs exactly one file, of the compared size, and every file must belong to a pair of the
list, whether that is evaluated or not. Hidden files don't count.
"""

from __future__ import annotations

import itertools
import os
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path, PurePosixPath

import numpy as np
import tensorflow as tf

from training.data.images import picture_size, read_picture
from training.data.pairs_csv import read_pairs_csv
from training.evaluation.hashes import files_sha256
from training.evaluation.pairs import EvaluationPairs, PairBatch
from training.evaluation.systems import Rendered

__all__ = ["GeneratedPictures", "match_files", "read_generated"]

BETWEEN = ("__", "___", "_2_")
ENDINGS = ("", "_vis")
NAMES_SHOWN = 5

Pair = tuple[str, str]


class GeneratedPictures:
    """See the module's text.

    Args:
        name: what to call it.
        folder: of the pictures.
        pairs: the evaluation's.
        formats: extensions that files may have.

    Raises:
        ValueError: files and pairs don't match; the message names them.
    """

    def __init__(
        self, name: str, folder: str | os.PathLike[str], pairs: EvaluationPairs, formats: Sequence[str]
    ) -> None:
        self.name = name
        wanted = [pairs.names(position) for position in range(len(pairs))]
        self._files = match_files(folder, read_pairs_csv(pairs.layout.pairs), wanted, formats)
        suffixes = Counter(path.suffix.lower() for path in self._files)
        self.identity = {
            "kind": "generated",
            "files": dict(sorted(suffixes.items())),
            "sha256": files_sha256({f"{position:08}": path for position, path in enumerate(self._files)}),
        }

    def render(self, batch: PairBatch) -> Rendered:
        size = batch.target_image.shape[1:3]
        return Rendered(np.stack([read_generated(self._files[position], size) for position in batch.positions]))


def match_files(
    folder: str | os.PathLike[str], listed: Iterable[Pair], wanted: Sequence[Pair], formats: Sequence[str]
) -> list[Path]:
    """Find the file of each pair.

    Args:
        folder: of the files.
        listed: all pairs that files may belong to.
        wanted: those that need a file.
        formats: extensions that files may have.

    Returns:
        A path for each wanted pair.

    Raises:
        ValueError: files are missing, belong to no pair, or several belong to one; the message names all kinds.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise ValueError(f"--generated: a folder of pictures is expected. Received: {folder}.")
    pair_of = {stem: pair for pair in listed for stem in _stems(pair)}
    found, problems = {}, {"of no pair": [], "second of their pair": []}
    for path in sorted(path for path in folder.iterdir() if path.is_file() and not path.name.startswith(".")):
        pair = pair_of.get(path.stem) if path.suffix.lower() in formats else None
        kind = "of no pair" if pair is None else "second of their pair" if pair in found else None
        if kind is None:
            found[pair] = path
        else:
            problems[kind].append(path.name)
    problems["missing"] = ["__".join(pair) for pair in wanted if pair not in found]
    if any(problems.values()):
        described = "; ".join(_describe(kind, names) for kind, names in problems.items() if names)
        raise ValueError(
            f"{folder}: one file SOURCE__TARGET ({', '.join(formats)}) for each pair is expected. "
            f"Received: {described}."
        )
    return [found[pair] for pair in wanted]


def _stems(pair: Pair) -> Iterable[str]:
    """All names that the file of a pair may have, without its extension."""
    bases = [PurePosixPath(name) for name in pair]
    forms = itertools.product(*((base.name, base.stem) for base in bases), BETWEEN, ENDINGS)
    return (f"{source}{between}{target}{ending}" for source, target, between, ending in forms)


def _describe(kind: str, names: Sequence[str]) -> str:
    more = ", ..." if len(names) > NAMES_SHOWN else ""
    return f"{len(names)} {kind} ({', '.join(names[:NAMES_SHOWN])}{more})"


def read_generated(path: Path, size: tuple[int, int]) -> np.ndarray:
    """A picture of exactly that size, (height, width) in pixels, as an image.

    Raises:
        ValueError: it is none.
    """
    if picture_size(path) != tuple(size):
        raise ValueError(
            f"{path}: a readable picture of {size[0]}x{size[1]} pixels (height x width) is expected. "
            f"Received: {picture_size(path)}."
        )
    return read_picture(tf.constant(str(path)), *size)[0].numpy()
