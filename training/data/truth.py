"""The exact flow and visibility of rendered pairs, at the size of a network's level.

A file holds `flow` `[h, w, 2]`, (dx, dy) in pixels of the picture: target pixel l takes its texture from source pixel
l + flow(l); and `visible` `[h, w]`, 1 where that surface point is seen in the source. Convention at a level of another
size: a level's pixel covers a block of the picture's, its visibility is the visible share of the block, and its flow is
the mean over the block's visible pixels in pixels of the level (so a quarter of it at a quarter of the side).

All pictures of a rendered person have the same background at the same place. Where both pictures of a pair show it, the
exact flow is zero; that is kept apart from the flow of the person, because it is easily right and covers most of a
picture. It follows from the `mask` `[h, w]` that each picture's own file holds: how much of a pixel the person covers.

The flow is also known for points of the person that the source hides: where they would be seen if nothing were in front
of them. What is in front is mostly the same garment, so that it is a good place to take texture from.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

import numpy as np
import tensorflow as tf

from gfla_tf.kept_arrays import read_arrays
from gfla_tf.remote import as_path

__all__ = [
    "has_masks",
    "hidden_points",
    "level_share",
    "level_truth",
    "mask_error",
    "mask_path",
    "read_outside",
    "read_truth",
    "truth_error",
    "truth_path",
]


def truth_path(folder: Path, source_name: str, target_name: str) -> Path:
    """The file of a pair: FROMSTEM__TOSTEM.npz."""
    return folder / f"{PurePosixPath(source_name).stem}__{PurePosixPath(target_name).stem}.npz"


def read_truth(path: str | os.PathLike[str]) -> tuple[np.ndarray, np.ndarray]:
    """Read (flow float32 `[h, w, 2]`, visible float32 `[h, w, 1]` in [0, 1]) at the picture's size.

    Raises:
        ValueError: no such file, or not of this format.
    """
    flow, visible = read_arrays(path, "flow", "visible")
    if flow.ndim != 3 or flow.shape != (*visible.shape, 2):
        raise ValueError(
            f"{path}: flow [h, w, 2] and visible [h, w] are expected. Received: {flow.shape}, {visible.shape}"
        )
    return flow.astype(np.float32), (visible > 0).astype(np.float32)[..., np.newaxis]


def mask_path(folder: Path, name: str) -> Path:
    """The file of a picture's own truth."""
    return folder / f"{PurePosixPath(name).stem}.npz"


def has_masks(folder: Path, names: Iterable[str]) -> bool:
    """Whether the folder of truth has a file for each of the pictures of these names."""
    return all(mask_path(folder, name).is_file() for name in names)


def read_outside(folder: Path, name: str) -> np.ndarray:
    """Where a picture does not show the person: float32 `[h, w, 1]`, 0 or 1, at the picture's size.

    Raises:
        ValueError: the picture's file of truth is missing or not of this format.
    """
    return _uncovered(mask_path(folder, name))


def hidden_points(flow: tf.Tensor, visible: tf.Tensor, outside: tf.Tensor) -> tf.Tensor:
    """Where the target shows points of the person that are inside the source's picture but not seen there.

    Args:
        flow: float32 `[h, w, 2]`, (dx, dy) in pixels of the picture.
        visible: float32 `[h, w, 1]`, 0 or 1.
        outside: likewise, where the target does not show the person.

    Returns:
        float32 `[h, w, 1]`, 0 or 1.
    """
    height, width = tf.unstack(tf.shape(flow)[:2])
    columns, rows = tf.meshgrid(tf.range(width), tf.range(height))
    places = tf.cast(tf.stack([columns, rows], axis=-1), tf.float32) + flow
    limits = tf.cast(tf.stack([width, height]), tf.float32) - 0.5
    inside = tf.reduce_all((places >= -0.5) & (places < limits), axis=-1, keepdims=True)
    return tf.cast(inside, tf.float32) * (1.0 - visible) * (1.0 - outside)


def mask_error(path: str | os.PathLike[str]) -> str | None:
    """Why a picture's mask can't be read: one line, or None where it can."""
    try:
        _uncovered(path)
    except ValueError:
        return "no readable mask" if as_path(path).is_file() else "no such file"
    return None


def _uncovered(path: str | os.PathLike[str]) -> np.ndarray:
    """Float32 `[h, w, 1]`, 1 where the person does not touch a pixel."""
    (mask,) = read_arrays(path, "mask")
    return (mask == 0).astype(np.float32)[..., np.newaxis]


def truth_error(path: str | os.PathLike[str]) -> str | None:
    """Why a file can't be read: one line, or None where it can."""
    try:
        read_truth(path)
    except ValueError:
        return "no readable flow and visible" if as_path(path).is_file() else "no such file"
    return None


def level_share(shown: tf.Tensor, height: int, width: int) -> tf.Tensor:
    """The share `[height, width, 1]` of each pixel of a level that is 1 in `[h, w, 1]`."""
    return tf.image.resize(shown, [height, width], method="area")


def level_truth(flow: tf.Tensor, visible: tf.Tensor, height: int, width: int) -> tuple[tf.Tensor, tf.Tensor]:
    """Bring truth to the size of a level.

    Args:
        flow: float32 `[h, w, 2]`, (dx, dy) in pixels of the picture; or, as all the others, of a clip: `[frames, ...]`.
        visible: float32 `[h, w, 1]` in [0, 1].
        height: of the level in pixels.
        width: likewise.

    Returns:
        flow `[height, width, 2]` in pixels of the level, 0 where nothing is visible, and visible `[height, width, 1]`,
        the visible share in [0, 1].
    """
    size = tf.cast(tf.shape(visible)[-3:-1], tf.float32)
    scale = tf.stack([width / size[1], height / size[0]])
    share = level_share(visible, height, width)
    mean = tf.math.divide_no_nan(tf.image.resize(flow * visible, [height, width], method="area"), share)
    return mean * scale, share
