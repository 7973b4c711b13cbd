"""Animation with an exported person or sequence model: `gfla_tf.Animator` for whole clips, without TensorFlow.

People are framed by the same rule, "person", and the camera stands still.

A person model renders every frame from the photo alone. Of a sequence model, `reference` runs once a clip and `step`
once a frame, each taking the frame and the pose that the one before gave.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator

import numpy as np

from gfla_tf.animation.retargeting import fit_retargeting
from gfla_tf.animation.staging import check_source, corners
from gfla_tf.lite.model import LiteModel
from gfla_tf.motion.filling import only_seen
from gfla_tf.people import PeopleReader
from gfla_tf.pose.estimator import PoseEstimator
from gfla_tf.pose.framing import fit_frame
from gfla_tf.pose.resizing import crop_frame, resize_image
from gfla_tf.pose.skeletons import check_keypoints

__all__ = ["LiteAnimator"]


class LiteAnimator:
    """Renders a person's movements.

    Args:
        description: path of an exported person or sequence model's JSON.
        source: path of a photo, an image `[height, width, 3]` in [-1, 1], or a `gfla_tf.people.Person` with a photo.
        source_keypoints: the source's keypoints (path or array), where they are known; found otherwise.
        threads: of the processor; None leaves it to the interpreter.
        retarget: "global" or "limbs", see `gfla_tf.animation.retargeting`.
        estimator: finds the keypoints in the photo; the bundled one by default.

    Raises:
        ValueError: it is no such model, or there is nobody, or too little of somebody, in the photo.
    """

    def __init__(
        self,
        description: str | os.PathLike[str],
        source,
        source_keypoints=None,
        threads: int | None = None,
        retarget: str = "global",
        estimator: PoseEstimator | None = None,
    ):
        self.model = LiteModel(description, threads)
        if self.model.network not in ("person", "sequence"):
            raise ValueError(f"A person or sequence model is expected. Received: one of kind {self.model.network}.")
        self.retarget = retarget
        self.source = PeopleReader(self.model.skeleton, estimator).read_source(source, source_keypoints)
        check_source(self.source)

    def __call__(self, keypoints: np.ndarray) -> Iterator[np.ndarray]:
        """Render a clip.

        Args:
            keypoints: `[frames, joints, 3]` = (x, y, confidence) in pixels of the driver's picture.

        Yields:
            One picture a pose, `[height, width, 3]` in [-1, 1], in true proportions.

        Raises:
            ValueError: keypoints of another shape, or nothing that a clip could be framed by.
        """
        clip = only_seen(check_keypoints(keypoints, self.model.skeleton))
        if clip.ndim != 3 or not len(clip):
            raise ValueError(
                f"Keypoints [frames, joints, 3] of one frame or more are expected. Received: {clip.shape}."
            )
        source = self.source.keypoints_in_photo()
        moved = fit_retargeting(clip, source, self.model.skeleton, self.retarget, camera="still").move(clip)
        frame = fit_frame(np.concatenate([source, corners(moved)]), self.model.frame_aspect)
        image = crop_frame(frame, self.source.photo, *self.model.size)
        keypoints, targets = (frame.keypoints_into(poses, *self.model.size) for poses in (self.source.keypoints, moved))
        width = round(self.model.size[0] * frame.width / frame.height)
        for rendered in self.render(image, keypoints, targets):
            yield resize_image(rendered, self.model.size[0], width)

    def render(self, image: np.ndarray, keypoints: np.ndarray, targets: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
        """Render poses of the network's picture.

        Args:
            image: the framed photo, `[height, width, 3]` in [-1, 1].
            keypoints: of the person in it, `[joints, 3]` in its pixels.
            targets: each likewise; without end if that is wanted.

        Yields:
            One image a pose as the network gives it, `[height, width, 3]` in [-1, 1].
        """
        pixels, keypoints = self.model.to_pixels(image), self.model.keypoints(keypoints)
        render = self._from_photo if self.model.network == "person" else self._from_state
        for outputs in render(pixels, keypoints, map(self.model.keypoints, targets)):
            yield self.model.from_pixels(outputs["image"])

    def _from_photo(self, pixels: np.ndarray, keypoints: np.ndarray, targets: Iterator[np.ndarray]) -> Iterator[dict]:
        for target in targets:
            yield self.model["transfer"](source_image=pixels, source_keypoints=keypoints, target_keypoints=target)

    def _from_state(self, pixels: np.ndarray, keypoints: np.ndarray, targets: Iterator[np.ndarray]) -> Iterator[dict]:
        constant = self.model["reference"](reference_image=pixels, reference_keypoints=keypoints)
        image, pose = pixels, constant["reference_pose"]
        for target in targets:
            outputs = self.model["step"](
                reference_image=pixels, previous_image=image, previous_pose=pose, target_keypoints=target, **constant
            )
            image, pose = outputs["image"], outputs["pose"]
            yield outputs
