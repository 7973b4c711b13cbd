"""Animate a person in a photo by keypoints: those of a whole clip, or live, as they come.

    animator = gfla_tf.Animator("me.jpg")
    for picture in animator(keypoints):         # [frames, joints, 3] of `animator.skeleton`, or an endless generator
        ...

What is constant over a clip, such as the source's proportions and the frame, is found in a clip of the driver: the one
to render where all of it is there, else one that is given as `clip`, or only the first pose. It should show the driver
as large, and moving as far, as will come. Only with a clip that is all there, the camera can follow; else it stands
still.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterable, Iterator

import keras
import numpy as np

from gfla_tf.animation.renderers import make_renderer
from gfla_tf.animation.retargeting import check_modes, fit_retargeting
from gfla_tf.animation.staging import Stage, check_source, set_stage
from gfla_tf.motion.filling import only_seen
from gfla_tf.people import PeopleReader
from gfla_tf.pipelines import load_trained
from gfla_tf.pose.estimator import PoseEstimator
from gfla_tf.pose.framing import check_framing
from gfla_tf.pose.skeletons import check_keypoints
from gfla_tf.published import published_models

__all__ = ["DEFAULT_MODELS", "Animator"]

DEFAULT_MODELS = ("sequence-demo", "person-demo")


class Animator:
    """Renders a person's movements.

    Args:
        source: path of a photo, an image `[height, width, 3]` in [-1, 1], or a `gfla_tf.people.Person` with a photo.
        model: a published model's name, a sequence or person preset, a folder of `save_model`, or a model of
            `load_model`; by default the first of `DEFAULT_MODELS` that is published.
        weights: a safetensors file, or "stand-in" for weights that have learned nothing; needed for a preset.
        source_keypoints: the source's keypoints (path or array), where they are known; found otherwise.
        person: which of several people in the photo; the largest by default.
        retarget: "none", "global" or "limbs", see `retargeting`.
        camera: "follow" or "still", likewise.
        framing: "person" frames the source and the movement; "whole" takes the whole photo.
        estimator: finds the keypoints in the photo; the bundled one by default.

    Attributes:
        skeleton: the joints that keypoints must have.
        source: the person in the photo.

    Raises:
        ValueError: another model, weights that do not fit, settings that are not there, or nobody, or too little of
            somebody, in the photo.
    """

    def __init__(
        self,
        source,
        model: str | os.PathLike | keras.Model | None = None,
        weights: str | os.PathLike | None = None,
        source_keypoints=None,
        person: int | None = None,
        retarget: str = "global",
        camera: str = "follow",
        framing: str = "person",
        estimator: PoseEstimator | None = None,
    ):
        check_modes(retarget, camera)
        check_framing(framing)
        self.model = model if isinstance(model, keras.Model) else load_trained(model or _default_model(), weights)
        self.renderer = make_renderer(self.model)
        self.preset = self.model.preset
        self.skeleton = self.preset.skeleton
        self.retarget, self.camera, self.framing = retarget, camera, framing
        self.source = PeopleReader(self.skeleton, estimator).read_source(source, source_keypoints, person)
        check_source(self.source)

    def __call__(
        self,
        keypoints: Iterable[np.ndarray],
        clip: np.ndarray | None = None,
        frames_per_second: float = 30.0,
        image_size: tuple[int, int] | None = None,
    ) -> Iterator[np.ndarray]:
        """Render poses as they come.

        Args:
            keypoints: array `[frames, joints, 3]`, or anything that gives `[joints, 3]` = (x, y, confidence) in pixels
                of the driver's picture, without end if that is wanted. A joint with confidence 0, or without finite
                coordinates, is missing.
            clip: `[frames, joints, 3]` of the driver, see the module's text.
            frames_per_second: of the clip; for the camera.
            image_size: (height, width) in pixels of the driver's pictures; needed to retarget "none".

        Yields:
            One picture a pose, `[height, width, 3]` in [-1, 1], in true proportions.

        Raises:
            ValueError: keypoints of another shape, or nothing that a clip could be framed by.
        """
        if clip is None and isinstance(keypoints, np.ndarray):
            stage = self.prepare(keypoints, frames_per_second, image_size)
            targets = iter(stage.targets)
        else:
            poses = iter(keypoints)
            if clip is None:
                first = list(itertools.islice(poses, 1))
                clip, poses = np.array(first, np.float32), itertools.chain(first, poses)
            stage = self.prepare(clip, frames_per_second, image_size)
            targets = (stage.target(pose) for pose in poses)
        for image in self.render(stage, targets):
            yield stage.picture(image)

    def prepare(
        self, clip: np.ndarray, frames_per_second: float = 30.0, image_size: tuple[int, int] | None = None
    ) -> Stage:
        """Find what is constant over a clip, and its poses in the network's picture.

        Args:
            clip: `[frames, joints, 3]` = (x, y, confidence) in pixels of the driver's picture.
            frames_per_second: of the clip; for the camera.
            image_size: (height, width) in pixels of the driver's pictures; needed to retarget "none".

        Raises:
            ValueError: no frame, keypoints of another shape, or nothing that the clip could be framed by.
        """
        clip = only_seen(check_keypoints(clip, self.skeleton))
        if clip.ndim != 3 or not len(clip):
            raise ValueError(
                f"Keypoints [frames, joints, 3] of one frame or more are expected. Received: {clip.shape}."
            )
        sizes = image_size, self.source.photo.shape[:2]
        keypoints = self.source.keypoints_in_photo()
        retargeting = fit_retargeting(
            clip, keypoints, self.skeleton, self.retarget, self.camera, frames_per_second, sizes
        )
        return set_stage(self.source, retargeting, clip, self.preset, self.framing)

    def render(
        self,
        stage: Stage,
        targets: Iterable[np.ndarray],
        previous: tuple[np.ndarray, np.ndarray] | None = None,
    ) -> Iterator[np.ndarray]:
        """Render poses of the network's picture.

        Args:
            stage: of `prepare`.
            targets: each `[joints, 3]` = (x, y, confidence) in pixels of the network's picture.
            previous: the image and the pose that came last, to continue a clip.

        Yields:
            One image a pose as the network gives it, `[height, width, 3]` in [-1, 1].
        """
        state = self.renderer.start(stage.source_image, stage.source_keypoints, previous)
        for target in targets:
            image, state = self.renderer.step(state, target)
            yield image


def _default_model() -> str:
    published = published_models()
    return next((name for name in DEFAULT_MODELS if name in published), DEFAULT_MODELS[0])
