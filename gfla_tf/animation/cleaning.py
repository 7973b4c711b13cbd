"""Motion extraction for any skeleton: a detector's noise out, gaps closed, nobody's back with a face.

Cleaning works on Human3.6M's 17 joints (`gfla_tf.motion`), after gaps of up to 80 frames were closed: a joint that is
missing goes along with the middle of the hips, on a straight line from where it was, as seen from there, to where it
will be. (Cleaning itself closes gaps in the picture: the hidden arm of somebody who walks would be left behind.) What
another skeleton has beyond these, eyes and ears, moves with the head: by as much as cleaning moved that.

Cleaning closes all gaps, but a nose that is not seen says that the person is seen from behind, and the networks have
learned it so. So a part of the face is there in a frame where most of the frames around it have it. Frames in which
nobody is left take the pose of the frame before, or, at the beginning, of the first one that has any.
"""

from __future__ import annotations

import numpy as np

from gfla_tf.motion.filling import SKELETON, interpolate, is_seen
from gfla_tf.motion.methods import Cleaner
from gfla_tf.pose.skeletons import convert_keypoints, get_skeleton

__all__ = ["clean_keypoints"]

REACH = 40  # frames to the nearest one in which a joint is seen, for its gap to be closed
AROUND = 4  # frames before and after that say whether a part of the face is seen
_FACE = ("nose", "eye", "ear")
_HIPS, _HEAD = (get_skeleton(SKELETON).joints.index(name) for name in ("mid_hip", "head"))


def clean_keypoints(
    keypoints: np.ndarray, skeleton: str, clean: Cleaner, image_size: tuple[int, int] | None = None
) -> np.ndarray:
    """Clean a recording.

    Args:
        keypoints: `[frames, joints, 3]` = (x, y, confidence) in pixels, confidence 0 = missing.
        skeleton: of the keypoints.
        clean: of `gfla_tf.motion.methods.make_cleaner`.
        image_size: (height, width) of the pictures in pixels, where it is known.

    Returns:
        float32, same shape.
    """
    body = convert_keypoints(keypoints, skeleton, SKELETON)
    cleaned = clean(_with_gaps_closed(body), image_size)
    result = convert_keypoints(cleaned, SKELETON, skeleton)
    both = is_seen(body[:, _HEAD]) & is_seen(cleaned[:, _HEAD])
    shift = np.where(both[:, np.newaxis], cleaned[:, _HEAD, :2] - body[:, _HEAD, :2], 0)
    for number, joint in enumerate(get_skeleton(skeleton).joints):
        if not joint.endswith(_FACE):
            continue
        seen = is_seen(keypoints[:, number])
        if joint not in get_skeleton(SKELETON).joints:
            result[:, number] = _moved(keypoints[:, number], seen, shift)
        result[~_mostly(seen), number] = 0
    return _held(result)


def _with_gaps_closed(body: np.ndarray) -> np.ndarray:
    """Human3.6M's joints `[frames, 17, 3]`, those that are seen not long before or after moved along with the hips."""
    seen = is_seen(body)
    if not seen[:, _HIPS].any():
        return body
    hips = interpolate(body[:, _HIPS], seen[:, _HIPS]) * [1, 1, 0]
    result = body.copy()
    for joint in np.flatnonzero(seen.any(axis=0)):
        closed = hips + interpolate(body[:, joint] - hips, seen[:, joint])
        near = np.convolve(seen[:, joint], np.ones(2 * REACH + 1))[REACH : REACH + len(body)] > 0
        fill = near & ~seen[:, joint]
        result[fill, joint] = closed[fill]
    return result


def _moved(joint: np.ndarray, seen: np.ndarray, shift: np.ndarray) -> np.ndarray:
    """A joint `[frames, 3]`, its gaps closed, moved by `[frames, 2]`."""
    if not seen.any():
        return np.zeros_like(joint)
    closed = interpolate(joint, seen)
    closed[:, :2] += shift
    return closed.astype(np.float32)


def _mostly(seen: np.ndarray) -> np.ndarray:
    """Whether at least half of the frames around each have it, bool `[frames]`; beyond the ends there are none."""
    window = np.ones(2 * AROUND + 1)
    counts = np.convolve(np.pad(seen.astype(float), AROUND), window, mode="valid")
    frames = np.convolve(np.pad(np.ones(len(seen)), AROUND), window, mode="valid")
    return 2 * counts >= frames


def _held(keypoints: np.ndarray) -> np.ndarray:
    """Frames without anybody replaced by the last one with somebody, or by the first one of all."""
    there = np.flatnonzero((keypoints[..., 2] > 0).any(axis=-1))
    if not len(there):
        return keypoints
    last = np.searchsorted(there, np.arange(len(keypoints)), side="right") - 1
    return keypoints[there[np.maximum(last, 0)]]
