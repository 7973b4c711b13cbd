"""What is compared: every generated picture with the real one of the same name.

`NAME.png` belongs to `NAME.jpg`, and `SOURCE__TARGET.png`, as an evaluation names its results, to `TARGET.jpg`.
Pictures of a pair have one size.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from gfla_tf.image_io import read_image

__all__ = ["CHECK", "Comparison", "find_comparisons", "mixed_up"]

CHECK = "check"  # stands for the model in trials that check attention
EXTENSIONS = (".png", ".jpg", ".jpeg", ".webp")
TILES = 8  # a side, of a picture that is mixed up
NAMES_SHOWN = 5


@dataclass(frozen=True)
class Comparison:
    """Attributes: model: who generated it, or `CHECK`; name: of the picture; real, generated: the files."""

    model: str
    name: str
    real: Path
    generated: Path


def find_comparisons(real: str | os.PathLike[str], generated: Mapping[str, str | os.PathLike[str]]) -> list[Comparison]:
    """Find the real picture of each generated one.

    Args:
        real: folder.
        generated: model -> folder.

    Raises:
        ValueError: a folder has no pictures, a picture has no real one, or their sizes differ.
    """
    real_files = {path.stem: path for path in _pictures(real)}
    comparisons = []
    for model, folder in generated.items():
        files = _pictures(folder)
        names = {path: _real_name(path.stem, real_files) for path in files}
        if missing := [path.name for path, name in names.items() if name is None]:
            raise ValueError(
                f"{folder}: a real picture in {real} is expected for each generated one. "
                f"Received: {len(missing)} without, {', '.join(missing[:NAMES_SHOWN])}."
            )
        comparisons += [Comparison(model, path.stem, real_files[name], path) for path, name in names.items()]
    for comparison in comparisons:
        _check_size(comparison)
    return comparisons


def _pictures(folder: str | os.PathLike[str]) -> list[Path]:
    folder = Path(folder)
    if not folder.is_dir():
        raise ValueError(f"A folder of pictures is expected. Received: {folder}.")
    files = sorted(path for path in folder.iterdir() if path.suffix.lower() in EXTENSIONS and path.name[0] != ".")
    if not files:
        raise ValueError(f"{folder}: pictures ({', '.join(EXTENSIONS)}) are expected. Received: none.")
    return files


def _real_name(stem: str, real: Mapping[str, Path]) -> str | None:
    names = (stem, stem.rpartition("__")[2])
    return next((name for name in names if name in real), None)


def _check_size(comparison: Comparison) -> None:
    sizes = [read_image(path).shape[:2] for path in (comparison.real, comparison.generated)]
    if sizes[0] != sizes[1]:
        raise ValueError(
            f"Pictures of one size are expected. Received: {comparison.real} of {sizes[0]} and {comparison.generated} "
            f"of {sizes[1]} (height, width)."
        )


def mixed_up(image: np.ndarray, seed: int) -> np.ndarray:
    """A picture `[height, width, 3]` whose 8 x 8 tiles are in random order: nobody takes it for real."""
    height, width = (side // TILES for side in image.shape[:2])
    rows = image[: height * TILES, : width * TILES].reshape(TILES, height, TILES, width, 3)
    tiles = rows.transpose(0, 2, 1, 3, 4).reshape(TILES * TILES, height, width, 3)
    tiles = np.random.default_rng(seed).permutation(tiles).reshape(TILES, TILES, height, width, 3)
    mixed = image.copy()
    mixed[: height * TILES, : width * TILES] = tiles.transpose(0, 2, 1, 3, 4).reshape(height * TILES, width * TILES, 3)
    return mixed
