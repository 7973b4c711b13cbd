"""What a generator makes of some pairs, as one picture: a row for each pair, a column for each thing to look at.

Source, the poses as skeletons, then for each level, the coarse one first, the flow as colours, the mask, and the source
warped by the flow; beside flow and mask the exact ones, where the batch has them; at the end result and target. The
colours of a level mean the same in all rows, as the wheel in the corner shows: the longest exact flow, or else the
longest predicted one, is saturated.
The exact flow is grey where the target shows nothing that is visible in the source.

Images are in [-1, 1], flows (dx, dy) in pixels of their level, masks and visibility in [0, 1].
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from gfla_tf.inspection.drawings import flow_with_legend
from gfla_tf.pose.drawing import draw_skeleton
from gfla_tf.pose.framing import resize_image
from gfla_tf.sheets import contact_sheet, flow_to_color, mask_to_gray, warp_by_flow

__all__ = ["NEEDED", "draw_samples"]

NEEDED = ("source_image", "target_image", "source_keypoints", "target_keypoints")
GAP = 4  # pixels between rows
UNKNOWN = 0.0  # mid grey


def draw_samples(batch: Mapping[str, np.ndarray], rendered: Mapping[str, object]) -> np.ndarray:
    """Draw the sheet.

    Args:
        batch: source_image, target_image `[pairs, height, width, 3]`; source_keypoints, target_keypoints `[pairs, 18,
            3]` = (x, y, confidence) in pixels of the images; where known, flow_level2 `[pairs, height / 4, width / 4,
            2]`, visible_level2 `[pairs, height / 4, width / 4, 1]` and so on.
        rendered: "flows" and "masks", lists with one array a level, `[pairs, h, w, 2]` and `[pairs, h, w, 1]`, the
            coarse level first; "image" `[pairs, height, width, 3]` unless there is none. Numbers that are not finite
            are drawn as 0.

    Returns:
        float32 image `[sheet height, sheet width, 3]` in [-1, 1].
    """
    sources, targets = (np.asarray(batch[f"{role}_image"], np.float32) for role in ("source", "target"))
    columns = {
        "source": sources,
        "source pose": _skeletons(sources, batch["source_keypoints"]),
        "target pose": _skeletons(np.full_like(targets, -1), batch["target_keypoints"]),
    }
    for flows, masks in zip(rendered["flows"], rendered["masks"], strict=True):
        columns |= _level_columns(sources, _finite(flows), _finite(masks), batch)
    if "image" in rendered:
        columns["result"] = _finite(rendered["image"])
    columns["target"] = targets
    height, width = sources.shape[1:3]
    shown = {title: _stacked([resize_image(image, height, width) for image in rows]) for title, rows in columns.items()}
    return contact_sheet(shown, columns=len(shown))


def _finite(values) -> np.ndarray:
    return np.nan_to_num(np.asarray(values, np.float32), posinf=0.0, neginf=0.0)


def _skeletons(images: np.ndarray, keypoints: np.ndarray) -> list[np.ndarray]:
    return [draw_skeleton(image, person) for image, person in zip(images, keypoints, strict=True)]


def _level_columns(
    sources: np.ndarray, flows: np.ndarray, masks: np.ndarray, batch: Mapping[str, np.ndarray]
) -> dict[str, Sequence[np.ndarray]]:
    """The columns of one level by title, each image in the size of the level or of the pictures."""
    factor = round(sources.shape[1] / flows.shape[1])
    level = round(math.log2(factor))
    exact, visible = batch.get(f"flow_level{level}"), batch.get(f"visible_level{level}")
    longest = _longest(flows if exact is None else np.where(visible > 0, exact, 0))
    size = sources.shape[1:3]
    # The wheel's rim stands for the longest flow.
    columns = {f"flow 1/{factor}, to {longest:.1f} px": [flow_with_legend(flow, *size, longest) for flow in flows]}
    if exact is not None:
        colors = np.stack([flow_to_color(flow, longest) for flow in exact])
        columns[f"exact flow 1/{factor}"] = np.where(visible > 0, colors, UNKNOWN)
    columns[f"mask 1/{factor}"] = mask_to_gray(masks)
    if visible is not None:
        columns[f"visible 1/{factor}"] = mask_to_gray(visible)
    columns[f"warped 1/{factor}"] = [warp_by_flow(*pair) for pair in zip(sources, flows, strict=True)]
    return columns


def _longest(flows: np.ndarray) -> float:
    return float(np.linalg.norm(flows, axis=-1).max())


def _stacked(images: Sequence[np.ndarray]) -> np.ndarray:
    """Images above each other with white between them."""
    white = np.ones((GAP, *images[0].shape[1:]), np.float32)
    parts = [part for image in images for part in (image, white)]
    return np.concatenate(parts[:-1], axis=0)
