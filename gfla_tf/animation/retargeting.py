"""Somebody's movement on the body of somebody else, in the pixels of that person's photo.

How the driver's proportions become the source's:

* none: not at all. The driver's picture is laid over the source's photo: x and y grow as the pictures' sides do.
* global: all grows by one factor, the quotient of the two people's sizes (`gfla_tf.motion.filling.person_size`).
* limbs: besides, each part of the body gets its length in the source (`proportions`), 0.75 to 1.33 times what "global"
  gives it: not more, since a bone that points at the camera looks short in a photo.

Factors are the same for a whole clip, so that nothing jitters.

Where the person is: the middle of the hips (or another joint that both have) comes to where it is in the photo,

* still: at its median over the clip: the person moves about as the driver does;
* follow: at its mean over about a second before and after each frame: the camera goes along.

With "none" the driver's places are kept.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from gfla_tf.animation.proportions import change_lengths, part_lengths
from gfla_tf.motion.filling import SKELETON, interpolate, is_seen, person_size
from gfla_tf.pose.skeletons import convert_keypoints, get_skeleton

__all__ = ["CAMERAS", "MODES", "Retargeting", "check_modes", "check_retargeting", "fit_retargeting"]

MODES = ("none", "global", "limbs")
CAMERAS = ("follow", "still")
LARGEST_CHANGE = 4 / 3
SECONDS = 1.0  # standard deviation of the window over which a camera that follows takes the mean
_JOINTS = get_skeleton(SKELETON).joints
_ANCHORS = [_JOINTS.index(name) for name in ("mid_hip", "thorax", "head", "nose")]


@dataclass(frozen=True, eq=False)
class Retargeting:
    """How a driver's keypoints come to the source's photo.

    Attributes:
        skeleton: of the keypoints.
        scale: (x, y), photo pixels a pixel of the driver.
        factors: part of the body -> factor of its length beyond that.
        place: (x, y) in the photo of what follows.
        anchor: (x, y) in the driver's pixels of what comes to `place`, for frames that have none of their own.
        anchors: the same for each frame of the clip that this was fitted to, `[frames, 2]`.
    """

    skeleton: str
    scale: np.ndarray
    place: np.ndarray
    anchor: np.ndarray
    anchors: np.ndarray
    factors: Mapping[str, float] = field(default_factory=dict)

    def move(self, keypoints: np.ndarray, anchors: np.ndarray | None = None) -> np.ndarray:
        """Keypoints of the driver in pixels of the source's photo.

        Args:
            keypoints: `[frames, joints, 3]` = (x, y, confidence) in pixels of the driver.
            anchors: `[frames, 2]`; the same `anchor` for all by default.

        Returns:
            float32 `[frames, joints, 3]`; missing joints stay (0, 0, 0).
        """
        changed = change_lengths(keypoints, self.skeleton, self.factors)
        origin = self.anchor if anchors is None else anchors[:, np.newaxis]
        points = self.place + self.scale * (changed[..., :2] - origin)
        moved = np.concatenate([points, changed[..., 2:]], axis=-1)
        return np.where(changed[..., 2:] > 0, moved, 0).astype(np.float32)


def check_modes(mode: str, camera: str = "follow") -> None:
    """Raise a ValueError for another mode or camera; worth asking before there is a driver."""
    for name, value, known in (("retarget", mode, MODES), ("camera", camera, CAMERAS)):
        if value not in known:
            raise ValueError(f"{name} must be one of {', '.join(known)}. Received: {value!r}.")


def check_retargeting(mode: str, camera: str = "follow", image_size: tuple[int, int] | None = None) -> None:
    """Raise a ValueError unless a driver can be retargeted so; worth asking before it is cleaned.

    Args:
        mode: "none", "global" or "limbs".
        camera: "follow" or "still".
        image_size: (height, width) of the driver's pictures in pixels, None where it is not known; needed for "none".
    """
    check_modes(mode, camera)
    if mode == "none" and image_size is None:
        raise ValueError("Retargeting none needs a driver with pictures of a known size. Received: none.")


def fit_retargeting(
    clip: np.ndarray,
    source: np.ndarray,
    skeleton: str,
    mode: str = "global",
    camera: str = "follow",
    frames_per_second: float = 30.0,
    sizes: tuple[tuple[int, int] | None, tuple[int, int]] | None = None,
) -> Retargeting:
    """Fit to a clip of the driver.

    Args:
        clip: `[frames, joints, 3]` = (x, y, confidence) in pixels of the driver.
        source: `[joints, 3]`, likewise in pixels of the source's photo.
        skeleton: of both.
        mode: "none", "global" or "limbs".
        camera: "follow" or "still".
        frames_per_second: of the clip; for the camera.
        sizes: (height, width) in pixels of the driver's pictures and of the source's photo; for "none".

    Raises:
        ValueError: another mode or camera, no joint that both have, or no size of pictures for "none".
    """
    check_retargeting(mode, camera, None if sizes is None else sizes[0])
    if mode == "none":
        return _laid_over(clip, skeleton, sizes)
    driver, person = (convert_keypoints(people, skeleton, SKELETON) for people in (clip, source[np.newaxis]))
    scale = person_size(person[..., :2], is_seen(person)) / person_size(driver[..., :2], is_seen(driver))
    factors = _limb_factors(clip, source[np.newaxis], skeleton, scale) if mode == "limbs" else {}
    changed = convert_keypoints(change_lengths(clip, skeleton, factors), skeleton, SKELETON)
    joint = _anchor_joint(changed, person)
    path = interpolate(changed[:, joint], is_seen(changed[:, joint]))[:, :2]
    middle = np.median(path, axis=0)
    anchors = _smooth(path, frames_per_second) if camera == "follow" else np.broadcast_to(middle, path.shape)
    place = person[0, joint, :2].astype(np.float64)
    return Retargeting(skeleton, np.array([scale, scale]), place, middle, anchors, factors)


def _laid_over(clip: np.ndarray, skeleton: str, sizes) -> Retargeting:
    (height, width), (photo_height, photo_width) = sizes
    scale = np.array([photo_width / width, photo_height / height])
    return Retargeting(skeleton, scale, np.zeros(2), np.zeros(2), np.zeros([len(clip), 2]))


def _limb_factors(clip: np.ndarray, source: np.ndarray, skeleton: str, scale: float) -> dict[str, float]:
    driver, person = part_lengths(clip, skeleton), part_lengths(source, skeleton)
    wanted = {part: person[part] / (scale * driver[part]) for part in person if part in driver}
    return {part: float(np.clip(factor, 1 / LARGEST_CHANGE, LARGEST_CHANGE)) for part, factor in wanted.items()}


def _anchor_joint(clip: np.ndarray, person: np.ndarray) -> int:
    """The joint, among Human3.6M's, by which one is put over the other."""
    common = is_seen(clip).any(axis=0) & is_seen(person)[0]
    if not common.any():
        raise ValueError("A source and a driver with a joint in common are expected. Received: people without.")
    return next(joint for joint in (*_ANCHORS, *np.flatnonzero(common)) if common[joint])


def _smooth(path: np.ndarray, frames_per_second: float) -> np.ndarray:
    """The mean around each frame; beyond the ends the path goes on as it came, mirrored at its end points."""
    from scipy.ndimage import gaussian_filter1d

    deviation = SECONDS * frames_per_second
    beyond = int(min(np.ceil(4 * deviation), len(path) - 1))
    longer = np.pad(path, ((beyond, beyond), (0, 0)), mode="reflect", reflect_type="odd")
    return gaussian_filter1d(longer, deviation, axis=0, mode="nearest")[beyond : len(longer) - beyond]
