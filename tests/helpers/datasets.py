"""Tiny datasets in the genuine layouts, written by hand and not by the code under test."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

MISSING = [-1] * 18


def write_picture(path: Path, height: int, width: int, seed: int = 0) -> np.ndarray:
    """Write a smooth random picture; return its pixels as a decoder should give them, RGB uint8 (exact for PNG)."""
    path.parent.mkdir(parents=True, exist_ok=True)
    coarse = np.random.default_rng(seed).integers(0, 256, (4, 3, 3), dtype=np.uint8)
    pixels = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_LINEAR)
    cv2.imwrite(str(path), pixels[..., ::-1])
    return pixels


def annotation_row(name: str, y: Sequence[int], x: Sequence[int], space: str = "") -> str:
    return f"{name}:{space}{json.dumps(list(y))}:{space}{json.dumps(list(x))}"


def write_annotations(path: Path, rows: Sequence[str], space: str = "") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join([f"name:{space}keypoints_y:{space}keypoints_x", *rows]) + "\n", encoding="utf-8")


def write_pairs(path: Path, pairs: Sequence[tuple[str, str]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("from,to\n" + "".join(f"{source},{target}\n" for source, target in pairs), encoding="utf-8")


def write_fashion(folder: Path, count: int = 6, size: tuple[int, int] = (64, 44), extension: str = ".png") -> list[str]:
    """A fashion dataset of `count` pictures, each paired with the next one; the names of the pictures.

    Joint j of picture i is at y = 10 * i + j, x = 5 * i + j of a 256x176 annotation.
    """
    names = [f"fashion{number}{extension}" for number in range(count)]
    for number, name in enumerate(names):
        write_picture(folder / "train" / name, *size, seed=number)
    rows = [
        annotation_row(name, range(10 * number, 10 * number + 18), range(5 * number, 5 * number + 18))
        for number, name in enumerate(names)
    ]
    write_annotations(folder / "fasion-annotation-train.csv", rows)
    write_pairs(folder / "fasion-pairs-train.csv", list(zip(names, names[1:] + names[:1], strict=True)))
    return names


def write_market(folder: Path, rows: Sequence[str], pairs: Sequence[tuple[str, str]], split: str = "train") -> None:
    """A Market-1501 dataset: 128x64 pictures of the rows' names, spaces after the colons."""
    for number, row in enumerate(rows):
        write_picture(folder / f"bounding_box_{split}" / row.partition(":")[0], 128, 64, seed=number)
    write_annotations(folder / f"market-annotation-{split}.csv", rows, space=" ")
    write_pairs(folder / f"market-pairs-{split}.csv", pairs)


def write_openpose(path: Path, joints: dict[int, tuple[float, float, float]], count: int = 18) -> None:
    """An OpenPose file of one person with some of its joints, or of nobody where there is none."""
    numbers = np.zeros((count, 3))
    for joint, triple in joints.items():
        numbers[joint] = triple
    people = [{"pose_keypoints_2d": numbers.ravel().tolist()}] if joints else []
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"version": 1.3, "people": people}), encoding="utf-8")
