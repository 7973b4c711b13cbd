"""DeepFashion In-shop as it is downloaded: the folders of pictures, the lists of names, the CSVs.

Names: `img/WOMEN/Dresses/id_00000002/02_1_front.jpg` is called `fashionWOMENDressesid0000000202_1front.jpg` in
train.lst, test.lst and the CSVs.
"""

from __future__ import annotations

import os
from pathlib import Path, PurePosixPath

from training.data.layouts import SPLITS

__all__ = ["csv_files", "find_pictures", "flattened_name", "listed_names"]

PREFIX = "fashion"
PICTURE_EXTENSIONS = (".jpg", ".jpeg", ".png", ".webp")
CSV_PREFIXES = ("fasion-", "fashion-", "fasion-resize-", "fashion-resize-")


def flattened_name(path: str | os.PathLike[str]) -> str:
    """The name in the lists of a picture of the genuine tree.

    Args:
        path: ending in GENDER/CATEGORY/id_NUMBER/FILE; what stands before does not matter.

    Returns:
        'fashion' and the four parts, without the underscores of the id and all but the first of the file's name. A file
        whose name begins with 'fashion' is flat already and keeps it.

    Raises:
        ValueError: the path has fewer than four parts.
    """
    path = Path(path)
    if path.name.startswith(PREFIX):
        return path.name
    if len(path.parts) < 4:
        raise ValueError(f"A path GENDER/CATEGORY/id_NUMBER/FILE is expected. Received: {path}.")
    gender, category, identity, file = path.parts[-4:]
    first, underscore, rest = file.partition("_")
    return PREFIX + gender + category + identity.replace("_", "") + first + underscore + rest.replace("_", "")


def listed_names(lists: Path, split: str) -> list[str]:
    """The names of a split, without folders: of its list, or of its annotation CSV where there is no list.

    Raises:
        ValueError: there is neither, or it is no text.
    """
    files = [lists / f"{split}.lst"] + [lists / f"{prefix}annotation-{split}.csv" for prefix in CSV_PREFIXES]
    file = next((file for file in files if file.is_file()), None)
    if file is None:
        raise ValueError(f"{split}.lst, or else fasion-annotation-{split}.csv, is expected in {lists}. Received: none.")
    try:
        lines = [line.strip() for line in file.read_text(encoding="utf-8-sig").split("\n")]
    except UnicodeDecodeError as error:
        raise ValueError(f"Names of pictures, one a line, are expected in {file}. Received: {error}.") from error
    names = lines if file.suffix == ".lst" else [line.partition(":")[0].strip() for line in lines[1:]]
    return list(dict.fromkeys(PurePosixPath(name.replace("\\", "/")).name for name in names if name))


def csv_files(folder: Path) -> list[Path]:
    """The pair and annotation CSVs in a folder, in any of their spellings."""
    names = [
        f"{prefix}{what}-{split}.csv" for prefix in CSV_PREFIXES for what in ("pairs", "annotation") for split in SPLITS
    ]
    return [folder / name for name in names if (folder / name).is_file()]


def find_pictures(source: Path, output: Path) -> dict[str, Path]:
    """Find the pictures of the tree.

    Args:
        source: the folder that is searched.
        output: a folder that is left out, since it may lie in `source`.

    Returns:
        Flattened name without extension -> picture.

    Raises:
        ValueError: there is no picture, or there are two of one name.
    """
    if not source.is_dir():
        raise ValueError(f"A folder with DeepFashion's pictures is expected. Received: {source}.")
    found: dict[str, Path] = {}
    for parent, folders, files in os.walk(source):
        folders[:] = sorted(folder for folder in folders if Path(parent, folder) != output)
        for path in (Path(parent, file) for file in sorted(files)):
            if path.suffix.lower() in PICTURE_EXTENSIONS and _has_flat_name(path, source):
                stem = Path(flattened_name(path)).stem
                if stem in found:
                    raise ValueError(
                        f"One picture for each name is expected; name one folder of pictures as SOURCE and give "
                        f"--lists. Received: {found[stem]} and {path}."
                    )
                found[stem] = path
    if not found:
        raise ValueError(
            f"Pictures like img/WOMEN/Dresses/id_00000002/02_1_front.jpg are expected in {source}. Received: none."
        )
    return found


def _has_flat_name(path: Path, source: Path) -> bool:
    """Whether it is one of the dataset's pictures and not something beside them."""
    return path.name.startswith(PREFIX) or len(path.relative_to(source).parts) >= 3
