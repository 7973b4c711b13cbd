"""What can be measured of a pair that may make it hard: how much is hidden, how far the pose is, what is missing.

* occlusion: share of the target's person that the source's picture would show if nothing were in front of it. By the
  exact flow and visibility where the dataset has them; else by a model's mask, the share that it does not take.
* out_of_frame: share of the target's person that lies outside of the source's picture, by the exact flow; else share of
  the joints of either pose that lie outside of their picture.
* far_pose: mean distance of the joints that both poses have, after each pose's mean is taken away and each is divided
  by the root mean square of its joints' distances from there. 0 is the same pose, however large and wherever it is.
* turn: how far the person turns between the two, 0 for not at all, 2 from front to back: the difference of *facing*,
  the signed width of the shoulders over the length of the torso, 1 from the front, -1 from behind, 0 from the side.
* missing_joints: share of the joints below the head that are missing in either pose.

Keypoints are `[18, 3]` = (x, y, confidence) in pixels, in OpenPose's order; a number that can't be had is NaN. Poses
are measured in the size that they were annotated in, where people are not stretched.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import tensorflow as tf

from gfla_tf.pose.heatmaps import rescale_keypoints
from gfla_tf.pose.skeletons import get_skeleton
from gfla_tf.progress import Progress
from training.data.truth import hidden_points
from training.evaluation.pairs import EvaluationPairs, PairBatch

__all__ = ["FACTS", "facing", "measure", "missing_joints", "pose_distance"]

FACTS = ("occlusion", "turn", "far_pose", "missing_joints", "out_of_frame")
JOINTS = get_skeleton("openpose-18").joints
BODY = [index for index, name in enumerate(JOINTS) if not name.endswith(("nose", "eye", "ear"))]
FRONTAL_WIDTH = 0.6  # of the shoulders, over the length of the torso, from which on somebody counts as seen frontally
FEWEST_JOINTS = 3  # that both poses must have to be compared
BATCH_SIZE = 4

Masks = Callable[[PairBatch], np.ndarray]


def measure(pairs: EvaluationPairs, masks: Masks | None = None) -> dict[str, np.ndarray]:
    """All facts of all pairs.

    Args:
        pairs: an evaluation's.
        masks: gives for a batch `[batch, height, width, 1]` in [0, 1], how much a model takes from the source; used
            where the dataset has no exact visibility. None: occlusion is not known there.

    Returns:
        Name of the fact -> `[pairs]`.
    """
    rows = []
    with Progress(len(pairs), "pairs") as progress:
        for batch in pairs.batches(BATCH_SIZE):
            hidden = _by_truth(batch) if batch.flow is not None else _by_masks(batch, masks)
            ends = (batch.source_keypoints, batch.target_keypoints)
            sizes = pairs.picture_size, pairs.layout.annotation_size
            poses = zip(*(rescale_keypoints(keypoints, *sizes) for keypoints in ends), strict=True)
            rows += [_pose_facts(*pose) | one for pose, one in zip(poses, hidden, strict=True)]
            progress.add(len(batch.positions))
    return {name: np.array([row.get(name, np.nan) for row in rows]) for name in FACTS} | _outside(pairs, rows)


def pose_distance(first: np.ndarray, second: np.ndarray) -> float:
    """How far two poses `[18, 3]` are apart, see the module's text; NaN where fewer than three joints are in both."""
    both = (first[:, 2] > 0) & (second[:, 2] > 0)
    if both.sum() < FEWEST_JOINTS:
        return float("nan")
    difference = _normalized(first[both, :2]) - _normalized(second[both, :2])
    return float(np.linalg.norm(difference, axis=-1).mean())


def facing(keypoints: np.ndarray) -> float:
    """1 from the front, -1 from behind, 0 from the side; NaN without shoulders, neck or hips."""
    points = {name: keypoints[JOINTS.index(name)] for name in JOINTS}
    needed = ("neck", "left_shoulder", "right_shoulder", "left_hip", "right_hip")
    if any(points[name][2] <= 0 for name in needed):
        return float("nan")
    hips = (points["left_hip"][:2] + points["right_hip"][:2]) / 2
    torso = max(float(np.linalg.norm(points["neck"][:2] - hips)), 1e-6)
    # Who faces the viewer has the left shoulder to the viewer's right.
    width = float(points["left_shoulder"][0] - points["right_shoulder"][0])
    return float(np.clip(width / torso / FRONTAL_WIDTH, -1, 1))


def missing_joints(first: np.ndarray, second: np.ndarray) -> float:
    """Share of the joints below the head that are missing in either pose."""
    return float(((first[BODY, 2] <= 0) | (second[BODY, 2] <= 0)).mean())


def _normalized(points: np.ndarray) -> np.ndarray:
    centered = points - points.mean(axis=0)
    return centered / max(float(np.sqrt((centered**2).sum(axis=-1).mean())), 1e-6)


def _pose_facts(source: np.ndarray, target: np.ndarray) -> dict[str, float]:
    return {
        "far_pose": pose_distance(source, target),
        "turn": abs(facing(source) - facing(target)),
        "missing_joints": missing_joints(source, target),
    }


def _by_truth(batch: PairBatch) -> list[dict[str, float]]:
    """Occlusion and what is out of frame, by the exact flow and visibility."""
    facts = []
    for flow, visible, person in zip(batch.flow, batch.visible, batch.person_mask, strict=True):
        shown = (person > 0.5).astype(np.float32)
        inside = hidden_points(tf.constant(flow), tf.constant(visible), tf.constant(1 - shown)).numpy()
        total = max(float(shown.sum()), 1.0)
        hidden = float((shown * (1 - visible)).sum())
        facts.append({"occlusion": float(inside.sum()) / total, "out_of_frame": (hidden - float(inside.sum())) / total})
    return facts


def _by_masks(batch: PairBatch, masks: Masks | None) -> list[dict[str, float]]:
    """Occlusion by what a model does not take from the source."""
    if masks is None:
        return [{} for _ in batch.positions]
    drawn = (1 - masks(batch)) * batch.person_mask
    totals = np.maximum(batch.person_mask.sum(axis=(1, 2, 3)), 1e-6)
    return [{"occlusion": float(share)} for share in drawn.sum(axis=(1, 2, 3)) / totals]


def _outside(pairs: EvaluationPairs, rows: list[dict[str, float]]) -> dict[str, np.ndarray]:
    """What is out of frame by joints, where the exact flow does not say it."""
    if rows and "out_of_frame" in rows[0]:
        return {}
    keypoints = pairs.keypoints()[:, :, BODY]
    height, width = pairs.picture_size
    x, y, there = keypoints[..., 0], keypoints[..., 1], keypoints[..., 2] > 0
    beyond = there & ((x < 0) | (x > width - 1) | (y < 0) | (y > height - 1))
    return {"out_of_frame": beyond.any(axis=1).mean(axis=-1)}
