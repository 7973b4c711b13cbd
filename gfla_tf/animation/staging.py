"""Where an animation takes place: the part of the source's photo that the network sees, the same for a whole clip.

It holds the source and, as far as that is sensible, all poses: of every side, the poses of the outermost hundredth of
the frames are left out, which may be a detector's mistakes.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from gfla_tf.animation.retargeting import Retargeting
from gfla_tf.motion.filling import only_seen
from gfla_tf.people import Person
from gfla_tf.pose.framing import Frame, check_framing, fit_frame, resize_image, whole_frame
from gfla_tf.pose.skeletons import check_keypoints

__all__ = ["Stage", "check_source", "corners", "set_stage"]

LEFT_OUT = 0.01  # of the frames, on every side


@dataclass(frozen=True, eq=False)
class Stage:
    """A source and how poses come to it.

    Attributes:
        frame: in the source's photo.
        source_image: what the network sees of it, `[height, width, 3]` in [-1, 1].
        source_keypoints: `[joints, 3]` in pixels of the network's picture.
        targets: of the clip that this was made for, `[frames, joints, 3]`, likewise.
        picture_size: (height, width) of frames in true proportions, even numbers, as videos need them.
        retargeting: of the driver to the photo.
    """

    frame: Frame
    source_image: np.ndarray
    source_keypoints: np.ndarray
    targets: np.ndarray = field(repr=False)
    picture_size: tuple[int, int]
    retargeting: Retargeting = field(repr=False)

    def target(self, keypoints: np.ndarray) -> np.ndarray:
        """A pose of the driver, `[joints, 3]` in its pixels, in pixels of the network's picture.

        Raises:
            ValueError: keypoints of another shape.
        """
        pose = check_keypoints(keypoints, self.retargeting.skeleton)
        if pose.ndim != 2:
            raise ValueError(f"The keypoints [joints, 3] of a pose are expected. Received: shape {pose.shape}.")
        moved = self.retargeting.move(only_seen(pose)[np.newaxis])
        return self.frame.keypoints_into(moved, *self.source_image.shape[:2])[0]

    def picture(self, image: np.ndarray) -> np.ndarray:
        """A frame as the network gives it, in its true proportions, `[*picture_size, 3]`."""
        return resize_image(image, *self.picture_size)


def set_stage(source: Person, retargeting: Retargeting, clip: np.ndarray, preset, framing: str = "person") -> Stage:
    """Frame a source and a clip.

    Args:
        source: with a photo.
        retargeting: that was fitted to the clip.
        clip: `[frames, joints, 3]` = (x, y, confidence) in pixels of the driver.
        preset: of the network.
        framing: "person" frames the people; "whole" takes the whole photo, for photos that are framed already.

    Raises:
        ValueError: another framing.
    """
    check_framing(framing)
    moved = retargeting.move(clip, retargeting.anchors)
    if framing == "whole":
        frame = whole_frame(*source.photo.shape[:2])
        aspect = frame.width / frame.height
    else:
        aspect = preset.frame_aspect
        frame = fit_frame(np.concatenate([source.keypoints_in_photo(), corners(moved)]), aspect)
    size = preset.height, preset.width
    return Stage(
        frame,
        frame.crop(source.photo, *size),
        frame.keypoints_into(source.keypoints, *size),
        frame.keypoints_into(moved, *size),
        (_even(preset.height), _even(preset.height * aspect)),
        retargeting,
    )


def check_source(source: Person) -> None:
    """Raise a ValueError unless enough of somebody is in the photo to be framed."""
    if (joints := int((source.keypoints_in_photo()[:, 2] > 0).sum())) < 2:
        raise ValueError(f"{source.name}: at least two joints in the photo are expected. Received: {joints}.")


def corners(clip: np.ndarray) -> np.ndarray:
    """Two opposite corners, as keypoints `[2, 3]`, of the box of nearly all poses; none for a clip without anybody."""
    there = clip[(clip[..., 2] > 0).any(axis=-1)]
    if not len(there):
        return np.zeros([0, 3], np.float32)
    known = there[..., 2:] > 0
    lowest = np.where(known, there[..., :2], np.inf).min(axis=1)
    highest = np.where(known, there[..., :2], -np.inf).max(axis=1)
    box = [np.quantile(lowest, LEFT_OUT, axis=0), np.quantile(highest, 1 - LEFT_OUT, axis=0)]
    return np.column_stack([box, np.ones(2)]).astype(np.float32)


def _even(side: float) -> int:
    return max(2 * round(side / 2), 2)
