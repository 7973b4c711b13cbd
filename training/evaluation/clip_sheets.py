"""Sheets of clips for people to look at: some frames of each, as they are and as systems drew them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from gfla_tf.pose.drawing import skeleton_image
from gfla_tf.sheets import contact_sheet
from training.evaluation.clips import Clip, EvaluationClips
from training.evaluation.sheets import Results

__all__ = ["draw_clip_sheet"]

FRAMES = 6  # of a clip that are shown, evenly spread


def draw_clip_sheet(clips: EvaluationClips, positions: Sequence[int], results: Results) -> np.ndarray:
    """Draw clips: for each a row of its poses, a row of its true frames, and a row of every result.

    Args:
        clips: the evaluation's.
        positions: which, in the order of the sheet; at least one.
        results: makes the frames of one clip, by title.

    Returns:
        float32 image `[height, width, 3]` in [-1, 1]. At the left of each row stands the reference.
    """
    rows = []
    for position in positions:
        clip = clips.read([position])
        rows += [_row(position, title, clip, frames) for title, frames in _titled(clip, results(clip)).items()]
    return np.concatenate(rows, axis=0)


def _titled(clip: Clip, results: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    poses = [skeleton_image(person, *clip.target_image.shape[1:3]) for person in clip.target_keypoints]
    return {"pose": np.stack(poses), "true": clip.target_image, **results}


def _row(position: int, title: str, clip: Clip, frames: np.ndarray) -> np.ndarray:
    chosen = np.linspace(0, len(frames) - 1, min(FRAMES, len(frames))).round().astype(int)
    panels = {f"{position} {title}": clip.source_image[0]}
    panels |= {f"frame {number}": frames[number] for number in chosen}
    return contact_sheet(panels, columns=len(panels))
