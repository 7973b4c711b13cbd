"""Where the files of a dataset are: the genuine layouts, and the ones that this package writes.

    fashion     DIR/{train,test}/*.jpg, DIR/fasion-pairs-train.csv, DIR/fasion-annotation-train.csv (and -test);
                `fashion-`, `fasion-resize-` and `fashion-resize-` are understood too
    market      DIR/bounding_box_{train,test}/*.jpg (or DIR/{train,test}), DIR/market-pairs-train.csv,
                DIR/market-annotation-train.csv (and -test)
    clips       DIR/{train,test}/CLIP/frames/000000.jpg ..., CLIP/keypoints/000000_keypoints.json ...,
                optional CLIP/keypoints_noisy/ and CLIP/masks/ with the same names
    human36m    DIR/data_2d_h36m_gt.npz and DIR/data_2d_h36m_DETECTOR.npz

A file DIR/dataset.json may say more, a JSON object: `kind` (one of the words above), `annotation_size` = [height,
width] of the pictures that the annotations are in, `truth` = true where DIR/truth holds exact flows.

DIR may be an address, such as s3://bucket/data, see `gfla_tf.remote`; paths below it are then of that kind.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

from gfla_tf.json_files import read_json
from gfla_tf.remote import as_path

__all__ = [
    "KINDS",
    "SPLITS",
    "DATASET_FILE",
    "IMAGE_EXTENSIONS",
    "ClipFolder",
    "Human36mLayout",
    "PairLayout",
    "dataset_kind",
    "find_clips",
    "find_human36m",
    "find_pairs",
    "natural_order",
    "read_dataset_file",
]

KINDS = ("fashion", "market", "clips", "human36m")
SPLITS = ("train", "test")
DATASET_FILE = "dataset.json"
IMAGE_EXTENSIONS = (".jpg", ".jpeg", ".png", ".webp")

# Of several spellings in one folder the first is taken.
_PAIR_SPELLINGS = {"fashion": ("fasion", "fashion", "fasion-resize", "fashion-resize"), "market": ("market",)}
_PICTURE_FOLDERS = {"fashion": ("{split}",), "market": ("bounding_box_{split}", "{split}")}
_ANNOTATION_SIZES = {"fashion": (256, 176), "market": (128, 64)}
_CLEAN_2D = "data_2d_h36m_gt.npz"
_DETECTED_2D = "data_2d_h36m_{detector}.npz"


@dataclass(frozen=True)
class PairLayout:
    """The files of one split of a dataset of picture pairs.

    Attributes:
        kind: "fashion" or "market".
        split: "train" or "test".
        folder: the dataset's.
        pictures: folder of the pictures.
        pairs: CSV `from,to`.
        annotations: CSV `name:keypoints_y:keypoints_x`.
        annotation_size: (height, width) in pixels of the pictures that the annotations are in.
        truth: folder of exact flows, one file a pair; None where there is none.
    """

    kind: str
    split: str
    folder: Path
    pictures: Path
    pairs: Path
    annotations: Path
    annotation_size: tuple[int, int]
    truth: Path | None = None


@dataclass(frozen=True)
class ClipFolder:
    """One video as a folder of frames.

    Attributes:
        name: of the folder.
        folder: its path.
        frames: the pictures in the order of time, which is the natural one of their names (`natural_order`).
        noisy: whether there is a folder of a detector's noisy keypoints beside the clean ones.
        masks: whether there is a folder of person masks.
        truth: whether there is a folder of exact flows, as the renderer makes it.
    """

    name: str
    folder: Path
    frames: tuple[Path, ...]
    noisy: bool = False
    masks: bool = False
    truth: bool = False

    def keypoint_file(self, frame: int, noisy: bool = False) -> Path:
        """Path of the keypoints of a frame: OpenPose's NAME_keypoints.json, or NAME.json where that exists instead."""
        folder = self.folder / ("keypoints_noisy" if noisy else "keypoints")
        openpose, plain = (folder / (self.frames[frame].stem + ending) for ending in ("_keypoints.json", ".json"))
        return plain if not openpose.is_file() and plain.is_file() else openpose

    def mask_file(self, frame: int) -> Path:
        """Path of the person mask of a frame, white = person."""
        return self.folder / "masks" / (self.frames[frame].stem + ".png")

    def truth_file(self, frame: int) -> Path:
        """Path of a frame's exact flows, see `clip_truth`."""
        return self.folder / "truth" / (self.frames[frame].stem + ".npz")


@dataclass(frozen=True)
class Human36mLayout:
    """Human3.6M's 2-D joints: the exact ones and those of a detector, in files of one layout."""

    clean: Path
    detected: Path


def read_dataset_file(folder: str | os.PathLike[str]) -> dict[str, object]:
    """What DIR/dataset.json says; an empty dict where there is none.

    Raises:
        ValueError: it is no JSON object, or its `kind` or `annotation_size` is none.
    """
    path = as_path(folder) / DATASET_FILE
    if not path.is_file():
        return {}
    data = read_json(path)
    if data.get("kind", "fashion") not in KINDS:
        raise ValueError(f"{path}: kind must be one of {', '.join(KINDS)}. Received: {data['kind']!r}")
    _check_size(path, data.get("annotation_size"))
    return data


def _check_size(path: Path, size: object) -> None:
    whole = isinstance(size, list) and len(size) == 2 and all(type(side) is int and side > 0 for side in size)
    if size is not None and not whole:
        raise ValueError(f"{path}: annotation_size must be [height, width] in pixels. Received: {size!r}")


def dataset_kind(folder: str | os.PathLike[str]) -> str:
    """Tell which of `KINDS` a folder is: what dataset.json says, else what the files look like.

    Raises:
        ValueError: the folder is missing, or looks like none.
    """
    folder = _existing_folder(folder)
    said = read_dataset_file(folder).get("kind")
    if said:
        return str(said)
    for kind in _PAIR_SPELLINGS:
        if any(_find_csv(folder, kind, "pairs", split) for split in SPLITS):
            return kind
    if any(folder.glob(_DETECTED_2D.format(detector="*"))):
        return "human36m"
    if any(any((folder / split).glob("*/frames")) for split in SPLITS):
        return "clips"
    raise ValueError(
        f"{folder}: expected a dataset: fasion-pairs-train.csv, market-pairs-train.csv, train/CLIP/frames or "
        f"{_CLEAN_2D}. Received: a folder with none of them"
    )


def find_pairs(folder: str | os.PathLike[str], split: str = "train", kind: str | None = None) -> PairLayout:
    """Find the files of a fashion-style or Market-style dataset.

    Args:
        folder: the dataset's.
        split: "train" or "test".
        kind: "fashion" or "market"; by default what `dataset_kind` tells.

    Raises:
        ValueError: files are missing; the message names all of them.
    """
    folder, split = _existing_folder(folder), _check_split(split)
    kind = dataset_kind(folder) if kind is None else kind
    if kind not in _PAIR_SPELLINGS:
        raise ValueError(f"{folder}: expected a dataset of pairs (fashion or market). Received: {kind}")
    folders = _picture_folders(folder, kind, split)
    spelling = _PAIR_SPELLINGS[kind][0]
    found = {
        f"folder {folders[0].name}": next((path for path in folders if path.is_dir()), None),
        f"{spelling}-pairs-{split}.csv": _find_csv(folder, kind, "pairs", split),
        f"{spelling}-annotation-{split}.csv": _find_csv(folder, kind, "annotation", split),
    }
    missing = [name for name, path in found.items() if path is None]
    if missing:
        raise ValueError(f"{folder}: the {kind} dataset lacks {', '.join(missing)}")
    said = read_dataset_file(folder)
    size = tuple(said.get("annotation_size") or _ANNOTATION_SIZES[kind])
    truth = folder / "truth" / split if said.get("truth") and (folder / "truth" / split).is_dir() else None
    return PairLayout(kind, split, folder, *found.values(), annotation_size=size, truth=truth)


def _picture_folders(folder: Path, kind: str, split: str) -> list[Path]:
    return [folder / name.format(split=split) for name in _PICTURE_FOLDERS[kind]]


def _find_csv(folder: Path, kind: str, content: str, split: str) -> Path | None:
    names = [f"{spelling}-{content}-{split}.csv" for spelling in _PAIR_SPELLINGS[kind]]
    return next((folder / name for name in names if (folder / name).is_file()), None)


def find_clips(folder: str | os.PathLike[str], split: str = "train") -> list[ClipFolder]:
    """Find the clips of one split, in the order of their names.

    Raises:
        ValueError: no clip is there, or one has frames and no folder of keypoints.
    """
    folder = _existing_folder(folder) / _check_split(split)
    paths = sorted(path.parent for path in folder.glob("*/frames") if path.is_dir())
    if not paths:
        raise ValueError(f"{folder}: expected folders CLIP/frames. Received: a folder without any, or none at all")
    without = [path.name for path in paths if not (path / "keypoints").is_dir()]
    if without:
        raise ValueError(f"{folder}: clips lack their folder of keypoints: {', '.join(without[:5])} ({len(without)})")
    return [_clip(path) for path in paths]


def _clip(path: Path) -> ClipFolder:
    frames = [file for file in (path / "frames").iterdir() if file.suffix.lower() in IMAGE_EXTENSIONS]
    frames.sort(key=natural_order)
    there = {name: (path / name).is_dir() for name in ("keypoints_noisy", "masks", "truth")}
    return ClipFolder(path.name, path, tuple(frames), there["keypoints_noisy"], there["masks"], there["truth"])


def natural_order(path: Path) -> tuple[list[str | int], str]:
    """What files are sorted by, so that `frame2.png` comes before `frame10.png`: text and numbers in turn."""
    parts = re.split(r"([0-9]+)", path.stem)
    return [int(part) if place % 2 else part for place, part in enumerate(parts)], path.name


def find_human36m(folder: str | os.PathLike[str], detector: str | None = None) -> Human36mLayout:
    """Find Human3.6M's two files.

    Args:
        folder: the one they are in.
        detector: whose joints to take, as the file is called (`cpn_ft_h36m_dbb`); may be left out if there is one.

    Raises:
        ValueError: a file is missing, or several detectors are there and none was chosen.
    """
    folder = _existing_folder(folder)
    clean = folder / _CLEAN_2D
    if not clean.is_file():
        raise ValueError(f"{folder}: the human36m dataset lacks {_CLEAN_2D}")
    files = sorted(path for path in folder.glob(_DETECTED_2D.format(detector="*")) if path != clean)
    prefix, suffix = _DETECTED_2D.split("{detector}")
    names = [path.name.removeprefix(prefix).removesuffix(suffix) for path in files]
    if detector is None and len(names) == 1:
        detector = names[0]
    if detector not in names:
        raise ValueError(
            f"{folder}: expected the joints of one detector, {_DETECTED_2D.format(detector=detector or 'DETECTOR')}. "
            f"Received: {', '.join(names) or 'no such file'}"
        )
    return Human36mLayout(clean, files[names.index(detector)])


def _existing_folder(folder: str | os.PathLike[str]) -> Path:
    folder = as_path(folder)
    if not folder.is_dir():
        raise ValueError(f"{folder}: a dataset's folder is expected. Received: a path that is no folder")
    return folder


def _check_split(split: str) -> str:
    if split not in SPLITS:
        raise ValueError(f"split must be one of {', '.join(SPLITS)}. Received: {split!r}")
    return split
