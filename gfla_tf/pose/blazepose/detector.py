"""The person detector: where people are in a square picture.

A single-shot detector looks at a 224 x 224 picture and answers at 2254 fixed places ("anchors") with a box, four
keypoints and a score. Of the keypoints the first two matter here: the middle of the hips and a point on the circle
around the whole body, in the direction of the head. Answers that overlap are averaged, weighted by their scores.

In: a photo `[height, width, 3]` in [-1, 1] and the `Region` of it to search. Out: `Detection`s in fractions of the
region, (0, 0) to (1, 1), as `region.py` defines them.

References:
* The pose detection graph of MediaPipe 0.10.21; Bazarevsky et al., "BlazePose", 2020, arXiv:2006.10204.
* Anchors: Liu et al., "SSD: Single Shot MultiBox Detector", 2016, arXiv:1512.02325.
* Weighted suppression: Bazarevsky et al., "BlazeFace", 2019, arXiv:1907.05047.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import compress
from pathlib import Path

import numpy as np

from gfla_tf.pose.blazepose.interpreter import LiteModel
from gfla_tf.pose.blazepose.region import Region, crop_region

__all__ = ["Detection", "PersonDetector", "decode_detections", "ssd_anchors", "suppress_overlaps"]

INPUT_SIZE = 224
GRIDS = ((8, 2), (16, 2), (32, 6))  # (stride in pixels, anchors at each cell); three layers share the stride 32
ANCHORS = 2254
VALUES_PER_ANCHOR = 12
LARGEST_LOGIT = 100.0
MINIMUM_SCORE = 0.5
MINIMUM_OVERLAP = 0.3
MODEL_PATH = Path(__file__).parent / "models" / "pose_detection.tflite"


@dataclass(frozen=True)
class Detection:
    """A person as the detector sees them; all coordinates are fractions of the searched region.

    Attributes:
        score: confidence in [0, 1].
        box: `[4]` (left, top, right, bottom) of the face.
        keypoints: `[4, 2]` (u, v): middle of the hips, whole-body circle, middle of the shoulders, upper-body circle.
    """

    score: float
    box: np.ndarray
    keypoints: np.ndarray


def ssd_anchors() -> np.ndarray:
    """List the anchors' centres `[2254, 2]` (u, v): grid by grid, row by row, the anchors of a cell in succession."""
    grids = []
    for stride, anchors_a_cell in GRIDS:
        centers = (np.arange(INPUT_SIZE // stride) + 0.5) * stride / INPUT_SIZE
        v, u = np.meshgrid(centers, centers, indexing="ij")
        grids.append(np.repeat(np.stack([u, v], axis=-1).reshape(-1, 2), anchors_a_cell, axis=0))
    return np.concatenate(grids).astype(np.float32)


def decode_detections(boxes: np.ndarray, logits: np.ndarray) -> list[Detection]:
    """Turn the network's answers into detections.

    Args:
        boxes: `[2254, 12]`: box centre (x, y), box size (w, h), four keypoints (x, y), in pixels of the input picture,
            the centre and the keypoints relative to the anchor.
        logits: `[2254]`, scores before the sigmoid.

    Returns:
        The detections of at least `MINIMUM_SCORE`, best first.
    """
    scores = 1 / (1 + np.exp(-np.clip(logits.astype(np.float64), -LARGEST_LOGIT, LARGEST_LOGIT)))
    points = boxes.reshape(-1, 6, 2) / INPUT_SIZE
    half_size = points[:, 1] / 2
    points = points + ssd_anchors()[:, np.newaxis]
    corners = np.concatenate([points[:, 0] - half_size, points[:, 0] + half_size], axis=1)
    order = np.argsort(-scores, kind="stable")
    return [Detection(float(scores[i]), corners[i], points[i, 2:]) for i in order if scores[i] >= MINIMUM_SCORE]


def intersection_over_union(first: np.ndarray, second: np.ndarray) -> float:
    """Measure the overlap of two boxes `[4]` (left, top, right, bottom), 0 where they are apart or empty."""
    low, high = np.maximum(first[:2], second[:2]), np.minimum(first[2:], second[2:])
    intersection = float(np.prod(np.maximum(high - low, 0)))
    union = float(np.prod(first[2:] - first[:2]) + np.prod(second[2:] - second[:2])) - intersection
    return intersection / union if union > 0 else 0.0


def suppress_overlaps(detections: list[Detection]) -> list[Detection]:
    """Merge detections of the same person by weighted non-maximum suppression.

    Args:
        detections: best first.

    Returns:
        One detection for each group that overlaps its best member by more than `MINIMUM_OVERLAP`: boxes and keypoints
        averaged with the scores as weights, the score that of the best. Best first.
    """
    merged = []
    while detections:
        best, *others = detections
        overlaps = [intersection_over_union(best.box, other.box) > MINIMUM_OVERLAP for other in others]
        merged.append(average([best, *compress(others, overlaps)]))
        detections = [other for other, overlapping in zip(others, overlaps, strict=True) if not overlapping]
    return merged


def average(group: list[Detection]) -> Detection:
    """Average boxes and keypoints, weighted by the scores; the score is that of the first."""
    weights = [member.score for member in group]
    box = np.average([member.box for member in group], axis=0, weights=weights)
    keypoints = np.average([member.keypoints for member in group], axis=0, weights=weights)
    return Detection(group[0].score, box, keypoints)


class PersonDetector:
    """The bundled person detector.

    Args:
        threads: how many processor threads to use; None leaves it to the interpreter.
    """

    def __init__(self, threads: int | None = None) -> None:
        self._model = LiteModel(MODEL_PATH, threads)

    def detect(self, image: np.ndarray, region: Region) -> list[Detection]:
        """Find the people in a region of a photo.

        Args:
            image: `[height, width, 3]` float32 RGB in [-1, 1].
            region: what to search; what lies beyond the photo is black.

        Returns:
            Detections in fractions of the region, best first.
        """
        outputs = self._model(crop_region(image, region, INPUT_SIZE, outside=-1.0))
        boxes, logits = outputs[ANCHORS, VALUES_PER_ANCHOR], outputs[ANCHORS, 1][:, 0]
        return suppress_overlaps(decode_detections(boxes, logits))
