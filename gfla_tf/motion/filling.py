"""Joints that a detector missed: filled in, so that every frame has all joints.

Keypoints are `[frames, 17, 3]` = (x, y, confidence) in pixels, Human3.6M's joints (`h36m-17`), confidence 0 = missing.

* A joint that is missing between two frames lies on the straight line between its places in these, in time; before the
  first and after the last frame that has it, it stays where it is there. Its confidence is filled likewise.
* A joint that no frame has is a guess: as far above or below the nearest joint of the skeleton that some frame has as
  it is on somebody who stands, in proportion to the person's size. Its confidence stays 0.
* Where nobody is found in any frame, nothing can be filled.

The person's size is the height in pixels of the standing body that the limbs belong to. It needs neither all joints
nor an upright person: of every limb, the length that nine of ten frames stay below is compared with a standing body's,
and the median of the limbs counts.
"""

from __future__ import annotations

import numpy as np

from gfla_tf.pose.skeletons import check_keypoints, get_skeleton

__all__ = ["SKELETON", "fill_missing", "interpolate", "is_seen", "only_seen", "person_size"]

SKELETON = "h36m-17"
# Heights above the ground of a standing body with hanging arms, as parts of its own height. All but the nose: Drillis
# and Contini, "Body segment parameters", New York University, 1966; the nose lies between their chin and eyes.
_STANDING_HEIGHTS = {
    "hip": 0.530,
    "knee": 0.285,
    "ankle": 0.039,
    "spine": 0.674,
    "thorax": 0.818,
    "shoulder": 0.818,
    "elbow": 0.630,
    "wrist": 0.485,
    "nose": 0.910,
    "head": 0.936,  # h36m-17's head is between the eyes where it comes from a detector
}
_JOINTS = get_skeleton(SKELETON).joints
_HEIGHTS = np.array([_STANDING_HEIGHTS[name.split("_")[-1]] for name in _JOINTS])
# Those that are foreshortened least while somebody turns around; hips and shoulders are.
_UPRIGHT_LIMBS = [limb for limb in get_skeleton(SKELETON).limbs if abs(np.subtract(*_HEIGHTS[list(limb)])) > 0.05]
_LIMB_HEIGHTS = np.array([abs(np.subtract(*_HEIGHTS[list(limb)])) for limb in _UPRIGHT_LIMBS])
_USUAL_LENGTH = 0.9  # quantile over frames


def is_seen(keypoints: np.ndarray) -> np.ndarray:
    """Which joints are there: bool `[..., joints]`, confidence above 0 and coordinates that are numbers."""
    return (keypoints[..., 2] > 0) & np.isfinite(keypoints).all(axis=-1)


def only_seen(keypoints: np.ndarray) -> np.ndarray:
    """Keypoints `[..., joints, 3]` with (0, 0, 0) for each joint that is not there."""
    return np.where(is_seen(keypoints)[..., np.newaxis], keypoints, keypoints.dtype.type(0))


def fill_missing(keypoints: np.ndarray) -> np.ndarray:
    """Fill in the joints that are missing, by the rules at the top of this module.

    Args:
        keypoints: `[frames, 17, 3]` = (x, y, confidence) in pixels.

    Returns:
        float64 `[frames, 17, 3]`. All coordinates are numbers, also of guessed joints, whose confidence is 0; all is 0
        where nobody is found in any frame.

    Raises:
        ValueError: keypoints of another shape.
    """
    keypoints = check_keypoints(keypoints, SKELETON).astype(np.float64)
    if keypoints.ndim != 3:
        raise ValueError(f"Keypoints [frames, 17, 3] are expected. Received: shape {keypoints.shape}.")
    seen = is_seen(keypoints)
    filled = only_seen(keypoints)
    for joint in np.flatnonzero(seen.any(axis=0) & ~seen.all(axis=0)):
        filled[:, joint] = interpolate(keypoints[:, joint], seen[:, joint])
    if seen.any():
        _guess(filled, seen)
    return filled


def interpolate(joint: np.ndarray, seen: np.ndarray) -> np.ndarray:
    """A joint in all frames, on straight lines between those in which it is seen, and beyond the ends as there.

    Args:
        joint: `[frames, 3]` = (x, y, confidence).
        seen: bool `[frames]`; at least one is true.

    Returns:
        New float64 `[frames, 3]`.
    """
    frames = np.arange(len(joint))
    return np.stack([np.interp(frames, frames[seen], values[seen]) for values in joint.T], axis=-1)


def _guess(filled: np.ndarray, seen: np.ndarray) -> None:
    """Put the joints that no frame has near those that are there."""
    known = seen.any(axis=0)
    if known.all():
        return
    size = person_size(filled[:, :, :2], known)
    for joint in np.flatnonzero(~known):
        nearest = _nearest_known(int(joint), known)
        below = size * (_HEIGHTS[nearest] - _HEIGHTS[joint])  # y points down
        filled[:, joint, :2] = filled[:, nearest, :2] + [0.0, below]


def _nearest_known(joint: int, known: np.ndarray) -> int:
    """The known joint that the fewest limbs lie between; of several the first of the skeleton's order."""
    reached = {joint}
    while not any(known[other] for other in reached):
        reached |= {end for limb in get_skeleton(SKELETON).limbs if reached & set(limb) for end in limb}
    return min(other for other in reached if known[other])


def person_size(points: np.ndarray, known: np.ndarray | None = None) -> float:
    """The height in pixels of the standing body that the joints belong to.

    Args:
        points: `[frames, 17, 2]` = (x, y) in pixels.
        known: bool `[17]`, which joints count, or `[frames, 17]`, in which frames; all by default.

    Returns:
        A size above 0. Where no limb has a length, it is the larger side of the box of all joints, or else 1 pixel.
    """
    known = np.broadcast_to(True if known is None else known, points.shape[:2])
    sizes = _usual_lengths(points, known) / _LIMB_HEIGHTS
    size = float(np.median(sizes[np.isfinite(sizes)])) if np.isfinite(sizes).any() else 0.0
    if size <= 0 and known.any():
        size = float(np.ptp(points[known], axis=0).max())
    return size if size > 0 else 1.0


def _usual_lengths(points: np.ndarray, known: np.ndarray) -> np.ndarray:
    """The length in pixels of each upright limb that nine of ten frames stay below; infinite where no frame has it."""
    first, second = np.transpose(_UPRIGHT_LIMBS)
    both = known[:, first] & known[:, second]
    lengths = np.where(both, np.linalg.norm(points[:, first] - points[:, second], axis=-1), np.inf)
    # Where the quantile lies among the known ones, by the usual straight line between two of them.
    place = _USUAL_LENGTH * np.maximum(both.sum(axis=0) - 1, 0)
    below, limbs = place.astype(int), np.arange(len(first))
    lengths = np.sort(lengths, axis=0)
    above = lengths[np.ceil(place).astype(int), limbs]
    with np.errstate(invalid="ignore"):
        return np.where(
            np.isinf(above), np.inf, lengths[below, limbs] + (place - below) * (above - lengths[below, limbs])
        )
