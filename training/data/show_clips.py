"""The rows of a sheet for clips: the first frame, and some from the first to the last with the loaders' skeletons."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from gfla_tf.image_io import read_image
from gfla_tf.pose.drawing import draw_skeleton
from gfla_tf.pose.framing import resize_image
from gfla_tf.pose.heatmaps import rescale_keypoints
from training.data.clip_poses import SKELETON, read_frame_keypoints
from training.data.layouts import ClipFolder, find_clips

__all__ = ["clip_panels"]

HEIGHT = 256
FRAMES = 5  # with skeleton


def clip_panels(folder: Path, split: str, rows: int, random: np.random.Generator) -> list[dict[str, np.ndarray]]:
    """Draw clips.

    Args:
        folder: of the dataset.
        split: "train" or "test".
        rows: number of clips.
        random: draws them.

    Returns:
        For each clip its panels by title, `[256, 256, 3]` in [-1, 1]; all have as many as the shortest clip allows.

    Raises:
        ValueError: the dataset is not usable, or a file cannot be read.
    """
    clips = [clip for clip in find_clips(folder, split) if clip.frames]
    if not clips:
        raise ValueError(f"{folder}: clips with frames are expected. Received: none.")
    drawn = [clips[number] for number in random.permutation(len(clips))[:rows]]
    count = min(FRAMES, *(len(clip.frames) for clip in drawn))
    return [_panels(clip, count) for clip in drawn]


def _panels(clip: ClipFolder, count: int) -> dict[str, np.ndarray]:
    panels = {clip.name: resize_image(read_image(clip.frames[0]), HEIGHT, HEIGHT)}
    for frame in np.linspace(0, len(clip.frames) - 1, count).round().astype(int):
        panels[f"frame {frame}"] = _with_skeleton(clip, int(frame))
    return panels


def _with_skeleton(clip: ClipFolder, frame: int) -> np.ndarray:
    picture, keypoints = read_image(clip.frames[frame]), read_frame_keypoints(clip.keypoint_file(frame))
    shown = resize_image(picture, HEIGHT, HEIGHT)
    return draw_skeleton(shown, rescale_keypoints(keypoints, picture.shape[:2], (HEIGHT, HEIGHT)), SKELETON)
