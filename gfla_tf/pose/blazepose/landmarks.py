"""The landmark network: the joints and the outline of the one person in a region.

The network looks at a 256 x 256 crop in which the person stands upright and answers with 39 landmarks (33 of the body,
6 auxiliary ones, of which the first two say where the body is and how large), a confidence that there is a person at
all, a mask of the person, and one heatmap of 64 x 64 cells a landmark. The landmarks are first read from numbers and
then moved to the centre of mass of their heatmap nearby, wherever the heatmap is confident.

In: a photo `[height, width, 3]` in [-1, 1] and a `Region`. Out: a `RegionPose` in photo pixels.

The window around a landmark is 9 cells wide. MediaPipe's graph file asks for 7, but its Python package, version
0.10.21, builds the graph without that option and so uses the default of 9; the tests compare with that package.

Reference: the pose landmark graph of MediaPipe 0.10.21; Bazarevsky et al., "BlazePose", 2020, arXiv:2006.10204.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from gfla_tf.pose.blazepose.interpreter import LiteModel
from gfla_tf.pose.blazepose.region import Region, body_region, crop_region
from gfla_tf.pose.framing import are_inside

__all__ = ["LandmarkModel", "RegionPose", "are_seen", "decode_landmarks", "refine_landmarks"]

INPUT_SIZE = 256
LANDMARKS = 39
BODY_LANDMARKS = 33
HEATMAP_SIZE = 64
HEATMAP_WINDOW = 9  # cells
MINIMUM_HEATMAP_CONFIDENCE = 0.5
MODEL_PATH = Path(__file__).parent / "models" / "pose_landmark_full.tflite"


@dataclass(frozen=True)
class RegionPose:
    """The person in a region.

    Attributes:
        landmarks: `[33, 3]` float32: x and y in photo pixels, visibility in [0, 1].
        presence: the network's confidence in [0, 1] that there is a person.
        mask: `[256, 256]` float32 in [0, 1], the person in the region's crop.
        region: where the network looked.
        next_region: where the body is according to these landmarks, the place to look again.
    """

    landmarks: np.ndarray
    presence: float
    mask: np.ndarray
    region: Region
    next_region: Region


def sigmoid(logits: np.ndarray) -> np.ndarray:
    """Apply the logistic function, computed by tanh so that it cannot overflow."""
    return 0.5 + 0.5 * np.tanh(0.5 * logits)


def decode_landmarks(raw: np.ndarray) -> np.ndarray:
    """Read the landmarks from the network's numbers.

    Args:
        raw: `[195]`, for each landmark x, y, z in pixels of the crop and the logits of visibility and presence.

    Returns:
        `[39, 3]`: u and v in fractions of the region, visibility in [0, 1].
    """
    values = raw.reshape(LANDMARKS, 5)
    return np.concatenate([values[:, :2] / INPUT_SIZE, sigmoid(values[:, 3:4])], axis=1)


def refine_landmarks(landmarks: np.ndarray, heatmaps: np.ndarray) -> np.ndarray:
    """Move each landmark to the centre of mass of its heatmap nearby.

    Args:
        landmarks: `[landmarks, 3]` (u, v, visibility), u and v in fractions of the region.
        heatmaps: `[rows, columns, landmarks]` logits; cell (i, j) is at (u, v) = (i / columns, j / rows).

    Returns:
        A copy of the landmarks. Those outside the region, and those whose heatmap stays below
        `MINIMUM_HEATMAP_CONFIDENCE` in the window of `HEATMAP_WINDOW` cells around them, stay where they were.
    """
    rows, columns, _ = heatmaps.shape
    refined = landmarks.copy()
    for index, (u, v) in enumerate(landmarks[:, :2]):
        column, row = int(np.trunc(u * columns)), int(np.trunc(v * rows))
        if not (0 <= column < columns and 0 <= row < rows):
            continue
        reach = HEATMAP_WINDOW // 2
        left, top = max(column - reach, 0), max(row - reach, 0)
        window = sigmoid(heatmaps[top : row + reach + 1, left : column + reach + 1, index].astype(np.float64))
        if window.max() >= MINIMUM_HEATMAP_CONFIDENCE:
            row_weights, column_weights = window.sum(axis=1), window.sum(axis=0)
            refined[index, 0] = (left + np.average(np.arange(window.shape[1]), weights=column_weights)) / columns
            refined[index, 1] = (top + np.average(np.arange(window.shape[0]), weights=row_weights)) / rows
    return refined


def are_seen(landmarks: np.ndarray, width: int, height: int, minimum_visibility: float = 0.5) -> np.ndarray:
    """Tell which landmarks are visible and lie in the photo.

    Args:
        landmarks: `[..., 3]`: x and y in photo pixels, visibility in [0, 1].
        width: of the photo in pixels.
        height: likewise; see `gfla_tf.pose.framing.are_inside`.
        minimum_visibility: the visibility from which on a landmark counts as visible.

    Returns:
        `[...]` bool.
    """
    return are_inside(landmarks, height, width) & (landmarks[..., 2] >= minimum_visibility)


class LandmarkModel:
    """The bundled landmark network.

    Args:
        threads: how many processor threads to use; None leaves it to the interpreter.
    """

    def __init__(self, threads: int | None = None) -> None:
        self._model = LiteModel(MODEL_PATH, threads)

    def predict(self, image: np.ndarray, region: Region) -> RegionPose:
        """Find the landmarks of the person in a region of a photo.

        Args:
            image: `[height, width, 3]` float32 RGB in [-1, 1].
            region: around the person's body; beyond the photo its border pixels are repeated.

        Returns:
            The pose in photo pixels, whether or not there is a person (see `RegionPose.presence`).
        """
        outputs = self._model((crop_region(image, region, INPUT_SIZE) + 1) / 2)
        landmarks = decode_landmarks(outputs[(LANDMARKS * 5,)])
        landmarks = refine_landmarks(landmarks, outputs[HEATMAP_SIZE, HEATMAP_SIZE, LANDMARKS])
        landmarks[:, :2] = region.to_photo(landmarks[:, :2])
        return RegionPose(
            landmarks=landmarks[:BODY_LANDMARKS].astype(np.float32),
            presence=float(outputs[(1,)][0]),
            mask=sigmoid(outputs[INPUT_SIZE, INPUT_SIZE, 1][..., 0]),
            region=region,
            next_region=body_region(landmarks[BODY_LANDMARKS, :2], landmarks[BODY_LANDMARKS + 1, :2]),
        )
