"""Pose accuracy of results: the bundled estimator looks for the joints that were asked for.

Pictures that were squeezed for the comparison (DeepFashion's 256 x 176 to 256 x 256) are brought back to the true
proportions first: an estimator has never seen such people. Heights stay, so that distances are in pixels of the
compared picture's height. Of several people, the largest counts.
"""

from __future__ import annotations

import numpy as np

from gfla_tf.metrics import PoseAccuracy, pose_accuracy
from gfla_tf.pose.blazepose import detector, landmarks
from gfla_tf.pose.estimator import PoseEstimator
from gfla_tf.pose.framing import resize_image
from gfla_tf.pose.heatmaps import rescale_keypoints
from training.evaluation.hashes import files_sha256

__all__ = ["POSE_METRICS", "PoseScorer", "estimator_sha256"]

POSE_METRICS = ("pckh", "pose_distance")  # those that it gives
SKELETON = "openpose-18"


def estimator_sha256() -> str:
    """One hash of the bundled estimator's networks."""
    return files_sha256({path.name: path for path in (detector.MODEL_PATH, landmarks.MODEL_PATH)})


class PoseScorer:
    """Finds poses again.

    Args:
        true_size: (height, width) whose proportions are true; None if those of the compared pictures are.
        estimator: finds people in pictures; the bundled one by default.
    """

    def __init__(self, true_size: tuple[int, int] | None = None, estimator: PoseEstimator | None = None) -> None:
        self._true_size = true_size
        self._estimator = estimator or PoseEstimator(threads=1)

    def __call__(self, target_keypoints: np.ndarray, images: np.ndarray) -> PoseAccuracy:
        """Compare.

        Args:
            target_keypoints: `[batch, 18, 3]` in pixels of the pictures.
            images: `[batch, height, width, 3]` in [-1, 1].
        """
        size = images.shape[1:3]
        height, width = size if self._true_size is None else _true_proportions(size[0], self._true_size)
        found = [self._find(resize_image(image, height, width)) for image in images]
        return pose_accuracy(rescale_keypoints(target_keypoints, size, (height, width)), np.stack(found))

    def _find(self, image: np.ndarray) -> np.ndarray:
        """The largest person's joints `[18, 3]`, all missing if there is nobody."""
        people = self._estimator.estimate(image)
        return people[0].keypoints(SKELETON) if people else np.zeros((18, 3), np.float32)


def _true_proportions(height: int, true_size: tuple[int, int]) -> tuple[int, int]:
    return height, round(height * true_size[1] / true_size[0])
