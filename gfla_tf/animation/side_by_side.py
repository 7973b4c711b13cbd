"""What drives an animation and what comes of it, side by side, frame by frame: for people to look at.

From left to right: the driver's picture (where there is one), the joints as they were found, the clean ones, and the
result. All have the height of the result.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from gfla_tf.animation.driving import Driving
from gfla_tf.motion.video import read_frames
from gfla_tf.pose.drawing import black_canvas, draw_skeleton
from gfla_tf.sheets import label

__all__ = ["side_by_side"]

GAP = 4  # pixels


def side_by_side(driving: Driving, clean: np.ndarray, results: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
    """Put everything together.

    Args:
        driving: what was found.
        clean: `[frames, joints, 3]` = (x, y, confidence) in pixels of the driver, after cleaning.
        results: `[height, width, 3]` in [-1, 1], one a frame.

    Yields:
        One image a frame, with even sides.
    """
    black, scale = black_canvas(np.concatenate([driving.keypoints, clean]), driving.image_size)
    to_black = np.float32([scale, scale, 1])
    pictures = iter(()) if driving.video is None else read_frames(driving.video)
    picture = None
    for result, found, cleaned in zip(results, driving.keypoints, clean, strict=True):
        picture = next(pictures, picture)  # the last one stays
        panels = {} if picture is None else {"driver": picture}
        behind, place = (black, found * to_black) if picture is None else (picture / 2 - 0.5, found)
        panels["found"] = draw_skeleton(behind, place, driving.skeleton)
        panels["clean"] = draw_skeleton(black, cleaned * to_black, driving.skeleton)
        panels = {name: _of_height(panel, result.shape[0]) for name, panel in panels.items()}
        yield _in_a_row({**panels, "result": result})


def _of_height(image: np.ndarray, height: int) -> np.ndarray:
    import cv2

    width = max(round(image.shape[1] * height / image.shape[0]), 1)
    return cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA)


def _in_a_row(panels: dict[str, np.ndarray]) -> np.ndarray:
    gap = np.ones((1, GAP, 3), np.float32)
    parts = []
    for name, panel in panels.items():
        labelled = label(np.asarray(panel, np.float32), name)
        parts += [labelled, np.broadcast_to(gap, (len(labelled), GAP, 3))]
    row = np.concatenate(parts[:-1], axis=1)
    return np.pad(row, ((0, len(row) % 2), (0, row.shape[1] % 2), (0, 0)), constant_values=1)
