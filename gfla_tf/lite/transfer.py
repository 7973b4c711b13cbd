"""Pose transfer with an exported person model: `gfla_tf.PoseTransfer` without TensorFlow.

Source and pose are framed by the same rule, as there.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field

import numpy as np

from gfla_tf.image_io import write_image
from gfla_tf.lite.model import LiteModel
from gfla_tf.people import PeopleReader, Person
from gfla_tf.pose.estimator import PoseEstimator
from gfla_tf.pose.framing import Frame, fit_frame
from gfla_tf.pose.resizing import crop_frame, resize_image

__all__ = ["LitePoseTransfer", "LiteResult"]


@dataclass(frozen=True, eq=False)
class LiteResult:
    """What a pose transfer gives; images are `[height, width, 3]` float32 in [-1, 1].

    Attributes:
        image: the person in the target pose, as the network gives it.
        source_image: the framed source, as the network saw it.
        source_keypoints: `[joints, 3]` in pixels of the network's picture.
        target_keypoints: likewise.
        frame: where the frame lies in the source's photo.
    """

    image: np.ndarray
    source_image: np.ndarray = field(repr=False)
    source_keypoints: np.ndarray = field(repr=False)
    target_keypoints: np.ndarray = field(repr=False)
    frame: Frame

    @property
    def picture(self) -> np.ndarray:
        """The result in its true proportions: networks may see people squeezed."""
        height = self.image.shape[0]
        return resize_image(self.image, height, round(height * self.frame.width / self.frame.height))

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the result as PNG, JPEG or WebP."""
        write_image(path, self.picture)


class LitePoseTransfer:
    """Render people in other poses.

    Args:
        description: path of an exported person model's JSON.
        threads: of the processor; None leaves it to the interpreter.
        estimator: finds the keypoints in photos; the bundled one by default.

    Raises:
        ValueError: it is no exported person model.
    """

    def __init__(
        self,
        description: str | os.PathLike[str],
        threads: int | None = None,
        estimator: PoseEstimator | None = None,
    ):
        self.model = LiteModel(description, threads)
        if self.model.network != "person":
            raise ValueError(f"A person model is expected. Received: one of kind {self.model.network}.")
        self.people = PeopleReader(self.model.skeleton, estimator)

    def __call__(self, source, pose, source_keypoints=None) -> LiteResult:
        """Render one person in one pose.

        Args:
            source: path of a photo, an image `[height, width, 3]` in [-1, 1], or a `Person` with a photo.
            pose: path of a photo or of a keypoint file, an image, keypoints `[joints, 3]`, or a `Person`.
            source_keypoints: the source's keypoints (path or array), where they are known; found otherwise.

        Raises:
            ValueError: if a file cannot be read, nobody is found, or too few joints are there.
        """
        source, pose = self.people.read_source(source, source_keypoints), self.people.read_pose(pose)
        frame, pose_frame = self._frame(source), self._frame(pose)
        image = crop_frame(frame, source.photo, *self.model.size)
        keypoints = frame.keypoints_into(source.keypoints, *self.model.size)
        target = pose_frame.keypoints_into(pose.keypoints, *self.model.size)
        outputs = self.model["transfer"](
            source_image=self.model.to_pixels(image),
            source_keypoints=self.model.keypoints(keypoints),
            target_keypoints=self.model.keypoints(target),
        )
        return LiteResult(self.model.from_pixels(outputs["image"]), image, keypoints, target, frame)

    def _frame(self, person: Person) -> Frame:
        try:
            return fit_frame(person.keypoints_in_photo(), self.model.frame_aspect)
        except ValueError as error:
            raise ValueError(f"{person.name}: {error}") from error
