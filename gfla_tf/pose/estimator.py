"""Keypoints and a mask of the people in a photo, with nothing to install or to download.

The bundled networks are BlazePose (see `gfla_tf.pose.blazepose`). In: a photo `[height, width, 3]`, float32 RGB in
[-1, 1], of any size. Out: one `PoseEstimate` a person, with coordinates in the photo's pixels: (0, 0) is the centre of
the top left one. Left and right are the person's own.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from gfla_tf.pose.blazepose.detector import PersonDetector
from gfla_tf.pose.blazepose.landmarks import LandmarkModel, RegionPose, are_seen
from gfla_tf.pose.blazepose.people import find_people
from gfla_tf.pose.blazepose.region import paste_region
from gfla_tf.pose.skeletons import convert_keypoints

__all__ = ["PoseEstimate", "PoseEstimator"]

LONGEST_SIDE = 2048  # pixels; larger photos are shrunk, the networks see no more than 256 x 256 of a person
LARGEST_VALUE = 1.1  # leaves room for the overshoot of a bicubic resize


@dataclass(frozen=True, eq=False)
class PoseEstimate:
    """One person in a photo.

    Attributes:
        landmarks: `[33, 3]` float32, BlazePose's landmarks: x and y in photo pixels, visibility in [0, 1]. Those that
            are hidden or outside the photo are guesses.
        mask: `[height, width]` float32 in [0, 1], the person in the photo.
        score: confidence in [0, 1] that this is a person.
        box: `[4]` float32 (left, top, right, bottom) in pixels, around the landmarks in the photo whose visibility is
            at least 0.5.
        minimum_confidence: the visibility in [0, 1] from which on a landmark counts as seen.
    """

    landmarks: np.ndarray
    mask: np.ndarray
    score: float
    box: np.ndarray
    minimum_confidence: float = 0.5

    def keypoints(self, skeleton: str = "openpose-18") -> np.ndarray:
        """Give the joints of a skeleton.

        Args:
            skeleton: name of the skeleton, see `gfla_tf.pose.skeletons`.

        Returns:
            `[joints, 3]` float32: x and y in photo pixels, confidence in [0, 1]. Confidence is 0 for joints that are
            not seen (visibility below `minimum_confidence`), lie outside the photo, or are unknown to BlazePose.

        Raises:
            ValueError: unknown skeleton.
        """
        height, width = self.mask.shape
        landmarks = self.landmarks.copy()
        landmarks[~are_seen(landmarks, width, height, self.minimum_confidence), 2] = 0
        return convert_keypoints(landmarks, "blazepose-33", skeleton)


class PoseEstimator:
    """Finds the people in a photo.

    The networks are loaded at the first photo and kept. Not to be used by several threads at once.

    Args:
        minimum_confidence: the visibility in [0, 1] from which on a joint counts as seen.
        threads: how many processor threads to use; None leaves it to the interpreter.

    Raises:
        ValueError: an argument is out of range.
    """

    def __init__(self, minimum_confidence: float = 0.5, threads: int | None = None) -> None:
        if not 0 <= minimum_confidence <= 1:
            raise ValueError(f"A minimum confidence in [0, 1] is expected. Received: {minimum_confidence}.")
        if threads is not None and (not isinstance(threads, int) or threads < 1):
            raise ValueError(f"threads is expected to be a whole number from 1 on, or None. Received: {threads!r}.")
        self.minimum_confidence = float(minimum_confidence)
        self.threads = threads

    @cached_property
    def _networks(self) -> tuple[PersonDetector, LandmarkModel]:
        return PersonDetector(self.threads), LandmarkModel(self.threads)

    def estimate(self, image: np.ndarray) -> list[PoseEstimate]:
        """Find all the people in a photo.

        Args:
            image: `[height, width, 3]` float RGB in [-1, 1].

        Returns:
            One estimate a person, the one with the largest box first; empty if there is nobody.

        Raises:
            ValueError: the image is not of that kind, or (as a `MissingInterpreterError`, which is an ImportError too)
                no TensorFlow Lite interpreter is installed.
        """
        image = check_image(image)
        factor = math.ceil(max(image.shape[:2]) / LONGEST_SIDE)
        people = self._find(shrink(image, factor))
        estimates = [self._estimate(person, factor, *image.shape[:2]) for person in people]
        return sorted(estimates, key=lambda estimate: -box_area(estimate.box))

    def _find(self, image: np.ndarray) -> list[RegionPose]:
        return find_people(image, *self._networks)

    def estimate_largest(self, image: np.ndarray) -> PoseEstimate:
        """Find the largest person in a photo: the first of `estimate`.

        Args:
            image: `[height, width, 3]` float RGB in [-1, 1].

        Returns:
            The estimate.

        Raises:
            ValueError: as `estimate`, and if nobody is found.
        """
        estimates = self.estimate(image)
        if not estimates:
            raise ValueError(
                "A picture of a person is expected, but nobody was found in the picture. "
                f"Received: an image of shape {np.shape(image)}."
            )
        return estimates[0]

    def _estimate(self, person: RegionPose, factor: int, height: int, width: int) -> PoseEstimate:
        landmarks = person.landmarks.copy()
        landmarks[:, :2] = landmarks[:, :2] * factor + (factor - 1) / 2
        seen = landmarks[are_seen(landmarks, width, height), :2]
        box = np.concatenate([seen.min(axis=0), seen.max(axis=0)])
        mask = paste_region(person.mask, person.region.magnified(factor), width, height)
        return PoseEstimate(landmarks, mask, person.presence, box, self.minimum_confidence)


def check_image(image: np.ndarray) -> np.ndarray:
    """Return the image as float32, or raise a ValueError that says what was expected."""
    image = np.asarray(image)
    kind = f"{image.dtype} of shape {image.shape}"
    if image.ndim != 3 or image.shape[-1] != 3 or image.size == 0 or not np.issubdtype(image.dtype, np.floating):
        raise ValueError(f"A float image [height, width, 3], RGB in [-1, 1], is expected. Received: {kind}.")
    if not np.all(np.isfinite(image)):
        raise ValueError(f"An image of finite numbers is expected. Received: {kind} with NaN or infinity.")
    if np.max(np.abs(image)) > LARGEST_VALUE:
        raise ValueError(f"An image in [-1, 1] is expected. Received: values from {image.min()} to {image.max()}.")
    return image.astype(np.float32, copy=False)


def shrink(image: np.ndarray, factor: int) -> np.ndarray:
    """Average blocks of `factor` x `factor` pixels; border pixels are repeated to fill the last blocks.

    Pixel i of the result is at `factor * i + (factor - 1) / 2` of the image.
    """
    if factor == 1:
        return image
    height, width, channels = image.shape
    image = np.pad(image, ((0, -height % factor), (0, -width % factor), (0, 0)), mode="edge")
    return image.reshape(image.shape[0] // factor, factor, -1, factor, channels).mean(axis=(1, 3))


def box_area(box: np.ndarray) -> float:
    """Compute the area of a box `[4]` (left, top, right, bottom) in square pixels."""
    return float((box[2] - box[0]) * (box[3] - box[1]))
