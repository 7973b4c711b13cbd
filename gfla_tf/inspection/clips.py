"""A clip of a sequence generator, inspected: a video that shows for each frame where it came from.

Two rows of maps, of the finest level: what was taken from the frame that was drawn last, and what from the reference.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import keras
import numpy as np

from gfla_tf.animation.animator import Animator
from gfla_tf.animation.cleaning import clean_keypoints
from gfla_tf.animation.driving import Driving, check_driving, read_driving
from gfla_tf.animation.staging import Stage
from gfla_tf.animation.video_writer import write_animation
from gfla_tf.inspection.attention import AttentionMaps, recorded_attention, with_masks
from gfla_tf.inspection.discriminators import DiscriminatorView, load_discriminator
from gfla_tf.inspection.drawings import overlay
from gfla_tf.inspection.files import make_folder
from gfla_tf.inspection.layout import Panel, Row, lay_out
from gfla_tf.inspection.level_panels import level_panels
from gfla_tf.inspection.pairs import PairInspection
from gfla_tf.models.discriminators import TemporalDiscriminator
from gfla_tf.motion.methods import make_cleaner
from gfla_tf.pose.drawing import skeleton_image
from gfla_tf.pose.framing import resize_image
from gfla_tf.progress import show_progress

if TYPE_CHECKING:
    from gfla_tf.inspection.job import InspectionJob

__all__ = ["ClipJudge", "draw_frame", "inspected_frames", "write_clip_inspection"]

PANEL_HEIGHT = 288  # pixels
TITLES = {"previous": "From the frame before", "reference": "From the reference"}


def write_clip_inspection(job: InspectionJob, model: keras.Model, path: Path) -> Path:
    """Animate a source with a sequence generator and write what happened.

    Args:
        job: says source, driver, keypoints, framing, number of frames and discriminator.
        model: a sequence generator.
        path: video to write; its folder is made.

    Returns:
        The video's path.

    Raises:
        ValueError: something can't be read or written.
    """
    check_driving(job.pose)
    animator = Animator(job.source, model, source_keypoints=job.source_keypoints, framing=job.framing)
    discriminator = None if job.discriminator is None else load_discriminator(job.discriminator)
    driving = read_driving(job.pose, animator.skeleton)
    clip = _cleaned(driving)[: job.frames]
    stage = animator.prepare(clip, driving.frames_per_second, driving.image_size)
    frames = partial(_drawn_frames, animator, stage, discriminator)
    make_folder(path.parent)
    write_animation(path, frames, len(clip), driving.frames_per_second)
    return path


def _drawn_frames(animator: Animator, stage: Stage, discriminator: keras.Model | None) -> Iterator[np.ndarray]:
    judge = None if discriminator is None else ClipJudge(discriminator, stage.source_image.shape[:2])
    inspected = show_progress(inspected_frames(animator, stage), len(stage.targets), "frames")
    for number, inspections in enumerate(inspected):
        evidence = None if judge is None else judge(inspections[-1].image)
        yield draw_frame(f"frame {number}", inspections, evidence)


def inspected_frames(animator: Animator, stage: Stage) -> Iterator[list[PairInspection]]:
    """Render a clip and look on.

    Args:
        animator: with a sequence generator.
        stage: of the animator, with the clip's poses.

    Yields:
        For each frame two inspections, the frame drawn last being the source, then the reference.
    """
    model, renderer = animator.model, animator.renderer
    state = renderer.start(stage.source_image, stage.source_keypoints, None)
    previous_keypoints = stage.source_keypoints
    for target in stage.targets:
        previous = np.asarray(state.previous_image)[0]
        with recorded_attention(model) as maps:
            outputs, state = model.step(state, renderer.pose(target))
        maps = with_masks(maps, outputs["masks"])
        sources = {
            "previous": (previous, previous_keypoints),
            "reference": (stage.source_image, stage.source_keypoints),
        }
        yield [
            PairInspection(
                name,
                *source,
                target,
                animator.skeleton,
                np.asarray(outputs["image"])[0],
                [one for one in maps if one.source == name],
                stage.picture_size[1] / stage.picture_size[0],
            )
            for name, source in sources.items()
        ]
        previous_keypoints = target


def draw_frame(title: str, inspections: Sequence[PairInspection], evidence: np.ndarray | None = None) -> np.ndarray:
    """One frame of the video, with even sides.

    Args:
        title: of the frame.
        inspections: of `inspected_frames`.
        evidence: `[height, width]` in [0, 1], of a discriminator; None for none.
    """
    reference = inspections[-1]
    size = PANEL_HEIGHT, round(PANEL_HEIGHT * reference.aspect)
    pose = skeleton_image(reference.target_keypoints, *reference.size, reference.skeleton)
    panels = [Panel(reference.source_image, "reference"), Panel(pose, "pose"), Panel(reference.image, "result")]
    if evidence is not None:
        panels.append(Panel(overlay(reference.image, evidence), "Grad-CAM", "where it looks real"))
    shown = [Panel(resize_image(one.image, *size), one.title, one.note) for one in panels]
    rows = [Row("The frame", "", shown)]
    for inspection in inspections:
        maps: AttentionMaps = inspection.maps[-1]
        rows.append(
            Row(f"{TITLES[inspection.name]}, at {maps.name} of its side", "", level_panels(inspection, maps, size))
        )
    sheet = lay_out(title, rows)
    return np.pad(sheet, ((0, len(sheet) % 2), (0, sheet.shape[1] % 2), (0, 0)), constant_values=1)


def _cleaned(driving: Driving) -> np.ndarray:
    """The driver's keypoints without a detector's noise."""
    if driving.exact:
        return driving.keypoints
    clean = make_cleaner("network", driving.frames_per_second)
    return clean_keypoints(driving.keypoints, driving.skeleton, clean, driving.image_size)


class ClipJudge:
    """Grad-CAM of a clip's newest frame: by a discriminator of pictures, or by one of clips once it has seen enough.

    Called with a frame `[height, width, 3]` in [-1, 1], it gives `[height, width]` in [0, 1], before that zeros.

    Args:
        discriminator: of `load_discriminator`.
        size: (height, width) of the frames.

    Raises:
        ValueError: tf-keras-vis is missing.
    """

    def __init__(self, discriminator: keras.Model, size: tuple[int, int]) -> None:
        self._view = DiscriminatorView(discriminator, size)
        self._temporal = isinstance(discriminator, TemporalDiscriminator)
        self._seen: deque[np.ndarray] = deque(maxlen=discriminator.frames if self._temporal else 1)

    def __call__(self, image: np.ndarray) -> np.ndarray:
        self._seen.append(image)
        if not self._temporal:
            return self._view.grad_cam(image)
        if len(self._seen) < self._seen.maxlen:
            return np.zeros(image.shape[:2], np.float32)
        return self._view.grad_cam(np.stack(self._seen))[-1]
