"""The exact flow of rendered clips, at the sizes of a network's levels.

CLIP/truth/FRAME.npz holds, besides the frame's `mask`, `flow_previous` and `visible_previous` to the frame before, and
`flow_reference` and `visible_reference` to the clip's first frame, which is the reference; conventions: `truth`. At a
clip's first frame the network has the reference for the previous frame, and so has the truth. The camera stands still:
where both pictures show the background, the exact flow is zero.

For each of the two sources, "previous" and "reference", and each level, a clip's element holds

    previous_flow_level2        float32 `[frames, h, w, 2]`, (dx, dy) in pixels of the level, 0 where nothing is visible
    previous_visible_level2     float32 `[frames, h, w, 1]`, the visible share of each of the level's pixels
    previous_background_level2  float32 `[frames, h, w, 1]`, the share of it that is background in both pictures

If the pictures are moved by one matrix for all frames, flows are moved and turned with them.
"""

from __future__ import annotations

import os
from collections.abc import Sequence

import numpy as np
import tensorflow as tf

from gfla_tf.kept_arrays import read_arrays
from gfla_tf.remote import as_path
from training.data.affine import move_pictures
from training.data.truth import level_truth

__all__ = ["SOURCES", "clip_truth", "clip_truth_error", "read_clip_truth"]

SOURCES = ("previous", "reference")


def read_clip_truth(files: Sequence[str | bytes | os.PathLike[str]]) -> tuple[np.ndarray, ...]:
    """Read the truth of a clip.

    Args:
        files: of the reference, then of each frame, one picture size for all.

    Returns:
        For previous, then for reference: flow float32 `[frames, h, w, 2]` in pixels of the picture; visible and
        background `[frames, h, w, 1]`, 0 or 1.

    Raises:
        ValueError: a file is missing or not of this format.
    """
    reference, *frames = (_read_file(file) for file in files)
    frames[0] = {**frames[0], **{f"{name}_previous": frames[0][f"{name}_reference"] for name in ("flow", "visible")}}
    before = {"previous": [reference, *frames[:-1]], "reference": [reference] * len(frames)}
    arrays = []
    for source in SOURCES:
        arrays.append(np.stack([frame[f"flow_{source}"] for frame in frames]))
        arrays.append(np.stack([frame[f"visible_{source}"] for frame in frames]))
        pairs = zip(frames, before[source], strict=True)
        arrays.append(np.stack([frame["outside"] * other["outside"] for frame, other in pairs]))
    return tuple(array.astype(np.float32) for array in arrays)


def _read_file(path: str | bytes | os.PathLike[str]) -> dict[str, np.ndarray]:
    names = [f"{kind}_{source}" for source in SOURCES for kind in ("flow", "visible")]
    mask, *arrays = read_arrays(path, "mask", *names)
    truth = {"outside": (mask == 0)[..., np.newaxis]}
    for name, array in zip(names, arrays, strict=True):
        truth[name] = array if name.startswith("flow") else (array > 0)[..., np.newaxis]
    height, width = truth["outside"].shape[:2]
    wrong = [key for key, array in truth.items() if array.shape != (height, width, 2 if "flow" in key else 1)]
    if wrong:
        raise ValueError(
            f"{os.fsdecode(path)}: arrays of one size are expected. Received: {', '.join(wrong)} of another one"
        )
    return truth


def clip_truth_error(path: str | os.PathLike[str]) -> str | None:
    """Why a file can't be read: one line, or None where it can."""
    try:
        _read_file(path)
    except ValueError:
        return "no readable truth of a clip" if as_path(path).is_file() else "no such file"
    return None


def clip_truth(
    files: tf.Tensor, frames: int, size: tuple[int, int], levels: Sequence[int], matrix: tf.Tensor | None = None
) -> dict[str, tf.Tensor]:
    """Load a clip's truth in the graph.

    Args:
        files: string `[1 + frames]`, of the reference and of each frame.
        frames: how many.
        size: (height, width) in pixels of the network's picture.
        levels: that are wanted.
        matrix: `[2, 3]` of `affine.affine_matrix`, by which all pictures are moved; None if they are not.

    Returns:
        What the text of the module says.
    """
    arrays = tf.numpy_function(read_clip_truth, [files], 6 * [tf.float32])
    truth = {}
    for number, source in enumerate(SOURCES):
        parts = [
            tf.ensure_shape(array, [frames, None, None, channels])
            for array, channels in zip(arrays[3 * number : 3 * number + 3], (2, 1, 1), strict=True)
        ]
        flow, visible, background = _at_picture_size(*parts, size, matrix)
        for level in levels:
            height, width = (side // 2**level for side in size)
            key = f"level{level}"
            truth[f"{source}_flow_{key}"], truth[f"{source}_visible_{key}"] = level_truth(flow, visible, height, width)
            truth[f"{source}_background_{key}"] = tf.image.resize(background, [height, width], method="area")
    return truth


def _at_picture_size(
    flow: tf.Tensor, visible: tf.Tensor, background: tf.Tensor, size: tuple[int, int], matrix: tf.Tensor | None
) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    """Truth `[frames, ...]` at the size of the network's picture, moved with it."""
    flow, visible = level_truth(flow, visible, *size)
    background = tf.image.resize(background, size, method="area")
    if matrix is None:
        return flow, visible, background
    # Flow counts as much as is visible of it, also where pixels are mixed.
    moved = move_pictures(tf.concat([flow * visible, visible, background], axis=-1), matrix, 0.0)
    turned = tf.einsum("...i,ji->...j", moved[..., :2], matrix[:, :2])
    return tf.math.divide_no_nan(turned, moved[..., 2:3]), moved[..., 2:3], moved[..., 3:]
