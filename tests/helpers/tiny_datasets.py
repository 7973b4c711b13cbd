"""Tiny datasets in the genuine layouts, with their oddities."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from gfla_tf.image_io import write_image
from gfla_tf.pose import write_openpose_json
from helpers.datasets import annotation_row, write_annotations, write_pairs

# Path in the genuine tree -> name in the lists, worked by hand.
FASHION_NAMES = {
    "img/WOMEN/Dresses/id_00000002/02_1_front.jpg": "fashionWOMENDressesid0000000202_1front.jpg",
    "img/WOMEN/Dresses/id_00000002/02_2_side.jpg": "fashionWOMENDressesid0000000202_2side.jpg",
    "img/WOMEN/Blouses_Shirts/id_00000001/01_7_additional.jpg": (
        "fashionWOMENBlouses_Shirtsid0000000101_7additional.jpg"
    ),
    "img/MEN/Denim/id_00000080/01_1_front.jpg": "fashionMENDenimid0000008001_1front.jpg",
    "img/MEN/Denim/id_00000080/01_4_full.jpg": "fashionMENDenimid0000008001_4full.jpg",
}
TRAIN = tuple(FASHION_NAMES.values())[:3]
TEST = tuple(FASHION_NAMES.values())[3:]
Y = [38, 70, 69, 105, 135, 71, 107, 138, 130, 178, 223, 130, 179, 224, 34, 34, 37, 37]
X = [88, 87, 68, 60, 64, 106, 114, 180, 76, 77, 78, 99, 98, 97, 84, 92, 79, 97]  # 180 is outside of the 176 columns


def smooth_picture(height: int, width: int, seed: int) -> np.ndarray:
    """A picture in [-1, 1] that JPEG hardly changes, another one for each seed."""
    phase = np.random.default_rng(seed).uniform(0, 6, 3)
    y, x = np.mgrid[:height, :width][..., np.newaxis] / 40.0
    return (0.7 * np.sin(x + phase) * np.cos(y - phase)).astype(np.float32)


def write_fashion_source(folder: Path, height: int = 256, width: int = 256) -> Path:
    """DeepFashion's tree with lists and CSVs; the lists have Windows line ends."""
    for seed, path in enumerate(FASHION_NAMES):
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        write_image(folder / path, smooth_picture(height, width, seed))
    for split, names in (("train", TRAIN), ("test", TEST)):
        (folder / f"{split}.lst").write_text("\r\n".join(names) + "\r\n", encoding="utf-8", newline="")
        write_pairs(folder / f"fasion-pairs-{split}.csv", [(names[0], names[1]), (names[-1], names[0])])
        write_annotations(folder / f"fasion-annotation-{split}.csv", [annotation_row(name, Y, X) for name in names])
    return folder


def write_fashion(folder: Path, height: int = 256, width: int = 176) -> Path:
    """The same as `data prepare fashion` writes it."""
    write_fashion_source(folder / "source", height, width)
    for path, name in FASHION_NAMES.items():
        split = "train" if name in TRAIN else "test"
        (folder / split).mkdir(exist_ok=True)
        (folder / "source" / path).rename(folder / split / name)
    for file in (folder / "source").glob("*.csv"):
        file.rename(folder / file.name)
    return folder


def write_market(folder: Path) -> Path:
    """Market-1501 with a space after the colons of the annotations."""
    for split, number in (("train", 2), ("test", 1501)):
        names = [f"{number:04}_c{camera}s1_000451_03.jpg" for camera in (1, 2)]
        pictures = folder / f"bounding_box_{split}"
        pictures.mkdir(parents=True)
        for seed, name in enumerate(names):
            write_image(pictures / name, smooth_picture(128, 64, seed))
        write_pairs(folder / f"market-pairs-{split}.csv", [(names[0], names[1]), (names[1], names[0])])
        half = [number // 2 for number in Y], [number // 3 for number in X]
        rows = [annotation_row(name, *half, space=" ") for name in names]
        write_annotations(folder / f"market-annotation-{split}.csv", rows, space=" ")
    return folder


def keypoints_at(left: float, top: float, size: float = 40.0) -> np.ndarray:
    """A person, `[18, 3]`, whose joints fill a box."""
    points = np.stack([X, Y], axis=-1).astype(np.float32) - [60, 34]
    return np.column_stack([points / 190 * size + [left, top], np.ones(18)]).astype(np.float32)


def write_clip(folder: Path, frames: int = 31, size: int = 48) -> Path:
    """A clip in the layout of the loaders; nobody is found in its second frame."""
    for name in ("frames", "keypoints"):
        (folder / name).mkdir(parents=True)
    for frame in range(frames):
        write_image(folder / "frames" / f"{frame:06}.png", smooth_picture(size, size, frame))
        people = [] if frame == 1 else [keypoints_at(2 + frame / 8, 2)]
        write_openpose_json(folder / "keypoints" / f"{frame:06}_keypoints.json", people, (size, size))
    return folder


def write_human36m(folder: Path, frames: int = 90) -> Path:
    """The exact joints and a detector's, of one subject a split, two cameras."""
    random = np.random.default_rng(0)
    person = random.uniform(300, 700, [17, 2])
    clean = {
        subject: {"Walking 1": [person + np.arange(frames)[:, np.newaxis, np.newaxis] + camera for camera in range(2)]}
        for subject in ("S1", "S9")
    }
    noisy = {
        subject: {action: [joints + random.normal(0, 5, joints.shape) for joints in cameras]}
        for subject, actions in clean.items()
        for action, cameras in actions.items()
    }
    folder.mkdir(exist_ok=True)
    for name, positions in (("gt", clean), ("cpn_ft_h36m_dbb", noisy)):
        np.savez_compressed(folder / f"data_2d_h36m_{name}.npz", positions_2d=positions, metadata={"num_joints": 17})
    return folder


def tree(folder: Path) -> dict[str, bytes]:
    """Every file below a folder with its content."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def write_rendered(folder: Path, shift: int = 12) -> Path:
    """A fashion-style set with truth: in every pair the target is the source moved left, visible on its right side."""
    write_fashion(folder)
    description = {"kind": "fashion", "generator": "data render", "annotation_size": [256, 176], "truth": True}
    (folder / "dataset.json").write_text(json.dumps(description), encoding="utf-8")
    flow = np.zeros((256, 176, 2), np.float16)
    flow[..., 0] = shift
    visible = np.zeros((256, 176), np.uint8)
    visible[:, 88:-shift] = 1
    for split, names in (("train", TRAIN), ("test", TEST)):
        (folder / "truth" / split).mkdir(parents=True)
        for source, target in ((names[0], names[1]), (names[-1], names[0])):
            file = folder / "truth" / split / f"{Path(source).stem}__{Path(target).stem}.npz"
            np.savez_compressed(file, flow=flow, visible=visible)
    return folder
