"""Pixels to the motion extractor's channels and back.

Channels are `[..., 34]`: y of the 17 joints, then their x; channel = (coordinate - centre) / unit, with one centre and
one unit for a whole window of frames. Two frames of reference:

* `person_frame`: the centre is the median of the joints over the window, the unit half of the person's size
  (`filling.person_size`), so that a standing person reaches from about -1 to 1. Whoever is moved in the picture or
  shown at another size has the same channels: the result moves and grows with the input, up to rounding.
* `image_frame`: 2 * coordinate / side - 1, so that the picture's edges are at -1 and 1, as the paper's authors do.

What a network was trained with must be used with it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gfla_tf.motion.filling import is_seen, person_size

__all__ = [
    "NORMALIZATIONS",
    "JointFrame",
    "check_normalization",
    "image_frame",
    "joint_frame",
    "normalize_joints",
    "person_frame",
]

NORMALIZATIONS = ("person", "image")


def check_normalization(normalization: str) -> str:
    """Return the name of a normalization, or raise a ValueError that says which there are."""
    if normalization not in NORMALIZATIONS:
        raise ValueError(f"normalization must be one of {', '.join(NORMALIZATIONS)}. Received: {normalization!r}.")
    return normalization


@dataclass(frozen=True)
class JointFrame:
    """A frame of reference.

    Attributes:
        center: (x, y) in pixels of what becomes 0.
        unit: (x, y), pixels of what becomes 1; above 0.
    """

    center: tuple[float, float]
    unit: tuple[float, float]

    def channels(self, points: np.ndarray) -> np.ndarray:
        """`[..., joints, 2]` = (x, y) in pixels to float32 `[..., 2 * joints]`, all y, then all x."""
        moved = (np.asarray(points, np.float64) - self.center) / self.unit
        return np.concatenate([moved[..., 1], moved[..., 0]], axis=-1).astype(np.float32)

    def points(self, channels: np.ndarray) -> np.ndarray:
        """The inverse of `channels`, float64 `[..., joints, 2]` = (x, y) in pixels."""
        y, x = np.split(np.asarray(channels, np.float64), 2, axis=-1)
        return np.stack([x, y], axis=-1) * self.unit + self.center


def image_frame(height: int, width: int) -> JointFrame:
    """The frame of reference of a picture of that size in pixels."""
    return JointFrame((width / 2, height / 2), (width / 2, height / 2))


def person_frame(filled: np.ndarray) -> JointFrame:
    """The frame of reference of a person.

    Args:
        filled: `[frames, 17, 3]` of `filling.fill_missing`; guessed joints, whose confidence is 0, don't count.
    """
    known = is_seen(filled)
    points = filled[..., :2]
    center = np.median(points[known], axis=0) if known.any() else np.zeros(2)
    unit = person_size(points, known) / 2
    return JointFrame((float(center[0]), float(center[1])), (unit, unit))


def joint_frame(filled: np.ndarray, normalization: str, image_size: tuple[int, int] | None = None) -> JointFrame:
    """The frame of reference of a window, by name.

    Args:
        filled: `[frames, 17, 3]` of `filling.fill_missing`.
        normalization: "person" or "image".
        image_size: (height, width) of the picture in pixels; needed for "image".

    Raises:
        ValueError: another name, or no size where it is needed.
    """
    if check_normalization(normalization) == "person":
        return person_frame(filled)
    if image_size is None or min(image_size) < 1:
        raise ValueError(f"The picture's size (height, width) is needed to normalize by it. Received: {image_size}.")
    return image_frame(*image_size)


def normalize_joints(joints: np.ndarray, height: int, width: int) -> np.ndarray:
    """Bring joints to the network's channels in the frame of reference of the picture.

    Args:
        joints: `[..., 17, 2]` = (x, y) in pixels.
        height: of the image in pixels.
        width: likewise.

    Returns:
        float32 `[..., 34]`: 2 * y / height - 1 of all joints, then 2 * x / width - 1 of all joints.
    """
    return image_frame(height, width).channels(joints)
