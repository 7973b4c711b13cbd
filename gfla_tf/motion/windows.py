"""Windows of frames as the motion extractor sees them, in training and in use.

A window is some frames that come out of the network and `margin` more on either side, half of what the network sees
around a frame. Beyond the ends of a recording its end frame is repeated. All that a window's channels depend on is in
the window: what is missing is filled in from it, and its frame of reference is found in it.
"""

from __future__ import annotations

import numpy as np

from gfla_tf.motion.filling import fill_missing, is_seen
from gfla_tf.motion.normalization import JointFrame, joint_frame

__all__ = ["cut_window", "find_reach", "prepare_window"]


def cut_window(keypoints: np.ndarray, first: int, count: int) -> np.ndarray:
    """Frames first ... first + count - 1 of `[frames, ...]`, the end frames repeated beyond the ends."""
    return keypoints[np.clip(np.arange(first, first + count), 0, len(keypoints) - 1)]


def prepare_window(
    keypoints: np.ndarray, normalization: str = "person", image_size: tuple[int, int] | None = None
) -> tuple[np.ndarray, np.ndarray, JointFrame]:
    """Fill in and normalize a window.

    Args:
        keypoints: `[frames, 17, 3]` = (x, y, confidence) in pixels, confidence 0 = missing.
        normalization: "person" or "image", see `normalization`.
        image_size: (height, width) of the picture in pixels; needed for "image".

    Returns:
        The network's channels, float32 `[frames, 34]`; the filled keypoints, float64 `[frames, 17, 3]`; and the frame
        of reference, to bring the network's output, or exact joints, from or to pixels.
    """
    filled = fill_missing(keypoints)
    frame = joint_frame(filled, normalization, image_size)
    return frame.channels(filled[..., :2]), filled, frame


def find_reach(keypoints: np.ndarray, margin: int) -> np.ndarray:
    """Which joints are seen at most `margin` frames before or after each frame, bool `[frames - 2 * margin, 17]`."""
    seen = np.cumsum(is_seen(keypoints), axis=0)
    seen = np.concatenate([np.zeros_like(seen[:1]), seen])
    return seen[2 * margin + 1 :] > seen[: -2 * margin - 1]
