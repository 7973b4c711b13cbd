"""Sheets of held-out clips: what the sequence generator makes of them, below what they are."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping

import numpy as np

from gfla_tf.pose.drawing import skeleton_image
from gfla_tf.sheets import contact_sheet
from training.callbacks.samples import SamplePictures

__all__ = ["ClipSheets", "draw_clips"]

COLUMNS = 6
NEEDED = ("reference_image", "target_images", "target_keypoints")
SKELETON = "h36m-17"


def draw_clips(batch: Mapping[str, np.ndarray], generated: np.ndarray) -> np.ndarray:
    """Draw the sheet: for each clip three rows, the true frames, their poses, and the generated ones.

    Args:
        batch: reference_image `[clips, height, width, 3]` and target_images `[clips, frames, height, width, 3]`, in
            [-1, 1]; target_keypoints `[clips, frames, 17, 3]` = (x, y, confidence) in pixels of them.
        generated: like target_images; numbers that are not finite are drawn as 0.

    Returns:
        float32 image `[sheet height, sheet width, 3]` in [-1, 1]; the reference stands at the left of each row.
    """
    frames, height, width = generated.shape[1:4]
    chosen = np.unique(np.linspace(0, frames - 1, COLUMNS).round().astype(int))
    rows = []
    for clip in range(len(generated)):
        poses = [skeleton_image(person, height, width, SKELETON) for person in batch["target_keypoints"][clip][chosen]]
        true, made = batch["target_images"][clip][chosen], np.nan_to_num(generated[clip][chosen], posinf=0, neginf=0)
        for title, images in (("true", true), ("pose", poses), ("made", made)):
            panels = {f"{title} {number}": image for number, image in zip(chosen, images, strict=True)}
            panels = {f"reference of {title}": batch["reference_image"][clip], **panels}
            rows.append(contact_sheet(panels, columns=len(panels)))
    return np.concatenate(rows, axis=0)


class ClipSheets(SamplePictures):
    """Sheets of clips.

    Args:
        folder: of the sheets; made if it is not there.
        batch: the clips, as `draw_clips` takes them.
        render: gives for the batch the generated frames, `[clips, frames, height, width, 3]`.
        **kwargs: those of `SamplePictures`.

    Raises:
        ValueError: something is missing in the batch; see `SamplePictures`.
    """

    def __init__(
        self,
        folder: str | os.PathLike[str],
        batch: Mapping[str, np.ndarray],
        render: Callable[[Mapping[str, np.ndarray]], np.ndarray],
        **kwargs,
    ) -> None:
        super().__init__(folder, **kwargs)
        if missing := [name for name in NEEDED if name not in batch]:
            raise ValueError(f"A batch with {', '.join(NEEDED)} is expected. Received: one without {missing[0]}.")
        self._batch, self._render = batch, render

    def draw(self) -> np.ndarray:
        return draw_clips(self._batch, self._render(self._batch))
