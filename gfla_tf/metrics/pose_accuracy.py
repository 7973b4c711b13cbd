"""Pose accuracy: is the person in a picture in the pose that was asked for?

The joints that an estimator finds in the result are compared with the joints that the result was made from:

* PCKh: the share of the wanted joints that were found within half a head of where they belong. A head is the distance
  from the neck to the middle of what is known of the face (nose, eyes, ears). A joint that is not found is wrong.
* mean distance: in pixels, over the wanted joints that were found.

The estimator itself errs, also on true pictures: compare with what those score.

Keypoints are `[batch, 18, 3]` = (x, y, confidence) in pixels, OpenPose's joints, confidence 0 = missing; a joint
with a coordinate that is not finite counts as missing, too.

Reference: Andriluka, Pishchulin, Gehler and Schiele, "2D human pose estimation: new benchmark and state of the art
analysis", CVPR 2014; PCKh there divides by the diagonal of a head box, which is not known here.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from gfla_tf.pose.skeletons import SKELETONS, check_keypoints

__all__ = ["PoseAccuracy", "pose_accuracy"]

SKELETON = "openpose-18"
HEADS = 0.5
FACE = ("nose", "right_eye", "left_eye", "right_ear", "left_ear")


class PoseAccuracy(NamedTuple):
    """Of each picture, `[batch]`, float64.

    Attributes:
        pckh: in [0, 1]; NaN where no joint is wanted, or neck or face are missing among the wanted ones.
        distance: in pixels; NaN where no wanted joint was found.
    """

    pckh: np.ndarray
    distance: np.ndarray


def pose_accuracy(target_keypoints, keypoints) -> PoseAccuracy:
    """Compare poses.

    Args:
        target_keypoints: that were wanted.
        keypoints: that were found, in the same pictures.

    Raises:
        ValueError: if they are not as in the module's text, or not as many.
    """
    target, found = (check_keypoints(one, SKELETON).astype(np.float64) for one in (target_keypoints, keypoints))
    if target.ndim != 3 or target.shape != found.shape:
        raise ValueError(
            f"Keypoints [batch, 18, 3] of the same pictures are expected. Received: {target.shape}, {found.shape}."
        )
    target, found = _without_missing(target), _without_missing(found)
    wanted, both = target[..., 2] > 0, (target[..., 2] > 0) & (found[..., 2] > 0)
    distances = np.where(both, np.linalg.norm(target[..., :2] - found[..., :2], axis=-1), np.inf)
    right = wanted & (distances <= HEADS * _head_lengths(target)[:, np.newaxis])
    pckh = _ratio(right.sum(axis=1), np.where(np.isnan(_head_lengths(target)), 0, wanted.sum(axis=1)))
    return PoseAccuracy(pckh, _ratio(np.where(both, distances, 0).sum(axis=1), both.sum(axis=1)))


def _without_missing(keypoints: np.ndarray) -> np.ndarray:
    """Keypoints in which joints that are missing, or not at a finite place, are (0, 0, 0)."""
    known = (keypoints[..., 2:] > 0) & np.isfinite(keypoints[..., :2]).all(axis=-1, keepdims=True)
    return np.where(known, keypoints, 0.0)


def _head_lengths(keypoints: np.ndarray) -> np.ndarray:
    """From the neck to the middle of the face, in pixels, NaN where one is missing."""
    joints = SKELETONS[SKELETON].joints
    face, neck = keypoints[:, [joints.index(name) for name in FACE]], keypoints[:, joints.index("neck")]
    known = face[..., 2] > 0
    middles = [_ratio((face[..., axis] * known).sum(axis=1), known.sum(axis=1)) for axis in (0, 1)]
    lengths = np.hypot(middles[0] - neck[:, 0], middles[1] - neck[:, 1])
    return np.where(neck[:, 2] > 0, lengths, np.nan)


def _ratio(sums: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Means, NaN where there is nothing to take one of."""
    return np.divide(sums, counts, out=np.full(len(counts), np.nan), where=counts > 0)
