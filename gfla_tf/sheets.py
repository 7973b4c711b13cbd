"""Pictures of what happens inside a pose transfer, side by side: for people to look at.

Images are float32 RGB `[height, width, 3]` in [-1, 1]. A flow (dx, dy) in pixels is shown as colour: the hue is the
direction (red right, green down-left, ...), the saturation the length relative to the longest flow, white no movement.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from gfla_tf.pose.drawing import draw_skeleton
from gfla_tf.pose.framing import resize_image

if TYPE_CHECKING:
    from gfla_tf.pipelines import TransferResult

__all__ = [
    "contact_sheet",
    "flow_to_color",
    "label",
    "mask_to_gray",
    "transfer_panels",
    "transfer_table",
    "warp_by_flow",
]

LABEL_HEIGHT = 18
GAP = 4


def flow_to_color(flow: np.ndarray, longest: float | None = None) -> np.ndarray:
    """A flow as colours.

    Args:
        flow: `[height, width, 2]`, (dx, dy) in pixels.
        longest: length in pixels that is shown fully saturated; the longest of the flow by default.

    Returns:
        float32 image `[height, width, 3]`: hue = direction (0 degrees, red, to the right, turning clockwise), white =
        no movement.
    """
    import cv2

    flow = np.asarray(flow, np.float32)
    length = np.linalg.norm(flow, axis=-1)
    longest = max(float(length.max()) if longest is None else longest, 1e-6)
    hue = np.degrees(np.arctan2(flow[..., 1], flow[..., 0])) % 360
    saturation = np.clip(length / longest, 0, 1)
    hsv = np.stack([hue, saturation, np.ones_like(hue)], axis=-1).astype(np.float32)
    return cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB) * 2 - 1


def mask_to_gray(mask: np.ndarray) -> np.ndarray:
    """A mask `[height, width, 1]` in [0, 1] as grey image: white = taken from the source, black = invented."""
    return np.repeat(np.asarray(mask, np.float32), 3, axis=-1) * 2 - 1


def warp_by_flow(image: np.ndarray, flow: np.ndarray) -> np.ndarray:
    """A source picture warped by a flow of a coarser level, enlarged bilinearly to the picture's size.

    Args:
        image: `[height, width, 3]` in [-1, 1].
        flow: `[h, w, 2]`, (dx, dy) in pixels of its own level.
    """
    import tensorflow as tf

    from gfla_tf.ops import bilinear_sample

    height, width = image.shape[:2]
    scale = np.array([width / flow.shape[1], height / flow.shape[0]], np.float32)
    enlarged = tf.image.resize(flow, [height, width]) * scale
    return bilinear_sample(tf.constant(image)[tf.newaxis], enlarged[tf.newaxis])[0].numpy()


def label(image: np.ndarray, text: str) -> np.ndarray:
    """An image with a line of text above it."""
    import cv2

    strip = np.full((LABEL_HEIGHT, image.shape[1], 3), 255, np.uint8)
    scale = min(0.42, 0.42 * image.shape[1] / max(cv2.getTextSize(text, cv2.FONT_HERSHEY_SIMPLEX, 0.42, 1)[0][0], 1))
    cv2.putText(strip, text, (2, LABEL_HEIGHT - 6), cv2.FONT_HERSHEY_SIMPLEX, scale, (20, 20, 20), 1, cv2.LINE_AA)
    return np.concatenate([strip.astype(np.float32) / 127.5 - 1, image], axis=0)


def contact_sheet(panels: dict[str, np.ndarray], columns: int = 5) -> np.ndarray:
    """Images of one size side by side, each under its name, on white, in rows of so many columns."""
    labelled = [label(np.asarray(image, np.float32), name) for name, image in panels.items()]
    columns = min(columns, len(labelled))
    blank = np.ones_like(labelled[0])
    labelled += [blank] * (-len(labelled) % columns)
    return _table([labelled[start : start + columns] for start in range(0, len(labelled), columns)])


def transfer_panels(result: TransferResult) -> dict[str, np.ndarray]:
    """The panels of a `gfla_tf.TransferResult`: source, skeletons, flow, mask and warped source per level, result.

    All have the height of the network's picture and the true proportions of the frame.
    """
    height, width = result.image.shape[:2]
    black = np.full((height, width, 3), -1, np.float32)
    panels = {
        "source": result.source_image,
        "source pose": draw_skeleton(result.source_image, result.source_keypoints, result.skeleton),
        "target pose": draw_skeleton(black, result.target_keypoints, result.skeleton),
    }
    for flow, mask in zip(result.flows, result.masks, strict=True):
        level = f"1/{round(height / flow.shape[0])}"
        panels[f"flow {level}"] = resize_image(flow_to_color(flow), height, width)
        panels[f"mask {level}"] = resize_image(mask_to_gray(mask), height, width)
        panels[f"warped {level}"] = warp_by_flow(result.source_image, flow)
    panels["result"] = result.image
    true_width = result.picture.shape[1]
    return {name: resize_image(panel, height, true_width) for name, panel in panels.items()}


def transfer_table(results: Mapping[tuple[str, str], TransferResult]) -> np.ndarray:
    """Results as a table: a row for each source, a column for each pose, in the order in which they first occur.

    Args:
        results: (name of the source, name of the pose) -> `gfla_tf.TransferResult`, of at least one pair; all of the
            same size. Pairs that are not there stay white.

    Returns:
        float32 image `[table height, table width, 3]` in [-1, 1]: the poses above, the framed sources on the left.
    """
    sources, poses = (list(dict.fromkeys(names)) for names in zip(*results, strict=True))
    first = {name: result for (name, _), result in reversed(results.items())}
    above = {name: result for (_, name), result in reversed(results.items())}
    height, width = next(iter(results.values())).picture.shape[:2]
    white = np.ones((height, width, 3), np.float32)
    black = np.full_like(next(iter(results.values())).image, -1)
    rows = [[white, *(draw_skeleton(black, above[name].target_keypoints, above[name].skeleton) for name in poses)]]
    for source in sources:
        cells = [results.get((source, pose)) for pose in poses]
        rows.append([first[source].source_image, *(white if cell is None else cell.image for cell in cells)])
    return _table([[resize_image(cell, height, width) for cell in row] for row in rows])


def _table(rows: list[list[np.ndarray]]) -> np.ndarray:
    """Images of one size in rows and columns, with white between them."""
    height, width = rows[0][0].shape[:2]
    table = np.ones((len(rows) * (height + GAP) - GAP, len(rows[0]) * (width + GAP) - GAP, 3), np.float32)
    for row, images in enumerate(rows):
        for column, image in enumerate(images):
            top, left = row * (height + GAP), column * (width + GAP)
            table[top : top + height, left : left + width] = image
    return table
