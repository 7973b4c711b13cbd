"""Pose transfer from photos: find the person, frame them, run the network, put the result where it belongs.

    transfer = gfla_tf.PoseTransfer()  # the published model; or ("person-fashion", weights="weights.safetensors")
    transfer("me.jpg", "pose.jpg").save("me_in_that_pose.png")

Source and pose are framed by the same rule (`gfla_tf.pose.framing`), so that a person far away and one close up meet at
the same size. A pose may come from a photo or from any keypoint file that `gfla_tf.pose.read_keypoints` reads.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import keras
import numpy as np

from gfla_tf.image_io import write_image
from gfla_tf.models.intermediate_poses import render_through
from gfla_tf.models.model_files import STAND_IN, load_model
from gfla_tf.models.presets import PRESETS
from gfla_tf.people import PeopleReader, Person
from gfla_tf.pose.between import poses_between
from gfla_tf.pose.estimator import PoseEstimator
from gfla_tf.pose.framing import Frame, check_framing, fit_frame, resize_image, whole_frame
from gfla_tf.pose.heatmaps import pose_maps
from gfla_tf.published import find_model
from gfla_tf.sheets import contact_sheet, transfer_panels

__all__ = ["PoseTransfer", "TransferResult", "load_trained"]


@dataclass(frozen=True, eq=False)
class TransferResult:
    """What a pose transfer gives; images are `[height, width, 3]` float32 in [-1, 1].

    Attributes:
        image: the person in the target pose, as the network gives it.
        source_image: the framed source, as the network saw it.
        source_keypoints: `[joints, 3]` in pixels of the frame.
        target_keypoints: likewise.
        flows: one `[h, w, 2]` a level, coarse first, (dx, dy) in pixels of that level.
        masks: one `[h, w, 1]` a level in [0, 1].
        frame: where the frame lies in the source's photo.
        photo: the source's photo.
        skeleton: of the keypoints.
    """

    image: np.ndarray
    source_image: np.ndarray
    source_keypoints: np.ndarray
    target_keypoints: np.ndarray
    flows: list[np.ndarray] = field(repr=False)
    masks: list[np.ndarray] = field(repr=False)
    frame: Frame
    photo: np.ndarray = field(repr=False)
    skeleton: str = "openpose-18"

    @property
    def picture(self) -> np.ndarray:
        """The result in its true proportions: networks may see people squeezed, see `Preset.frame_aspect`."""
        height = self.image.shape[0]
        return resize_image(self.image, height, round(height * self.frame.width / self.frame.height))

    def pasted(self) -> np.ndarray:
        """The source's photo with the result in place of its frame, blended in at the border."""
        return self.frame.paste(self.photo, self.image)

    def sheet(self) -> np.ndarray:
        """Source, both skeletons, flow, mask and warped source of each level, and result side by side."""
        return contact_sheet(transfer_panels(self))

    def save(self, path: str | os.PathLike, paste: bool = False) -> None:
        """Write the result, or with `paste` the photo that it is pasted into, as PNG, JPEG or WebP."""
        write_image(path, self.pasted() if paste else self.picture)


class PoseTransfer:
    """Render people in other poses.

    Args:
        model: name of a published model or of a person preset, a folder of `save_model`, or a model of `load_model`.
        weights: a safetensors file, or "stand-in" for weights that have learned nothing; needed for a preset that no
            published model has the name of.
        framing: "person" frames source and pose around the joints; "whole" takes whole pictures, for datasets whose
            pictures are framed already (poses must then come from pictures, or be in pixels of the source's picture).
        estimator: finds the keypoints in photos; the bundled one by default.
        intermediate_poses: how many poses between source and target the flow goes through; 0 for the paper's way,
            straight. See `gfla_tf.models.intermediate_poses`.

    Raises:
        ValueError: if the model is not a person generator, a preset comes without weights, or weights do not fit.
    """

    def __init__(
        self,
        model: str | os.PathLike | keras.Model = "person-demo",
        weights: str | os.PathLike | None = None,
        framing: str = "person",
        estimator: PoseEstimator | None = None,
        intermediate_poses: int = 0,
    ):
        check_framing(framing)
        if intermediate_poses < 0:
            raise ValueError(f"intermediate_poses must be 0 or more. Received: {intermediate_poses}.")
        self.model = model if isinstance(model, keras.Model) else load_trained(model, weights)
        self.preset = getattr(self.model, "preset", None)
        if self.preset is None or self.preset.network != "person":
            kind = self.preset.network if self.preset else type(self.model).__name__
            raise ValueError(f"A model of a person preset is expected. Received: one of kind {kind}.")
        self.framing, self.intermediate_poses = framing, intermediate_poses
        self.people = PeopleReader(self.preset.skeleton, estimator)

    def __call__(self, source, pose, source_keypoints=None) -> TransferResult:
        """Render one person in one pose.

        Args:
            source: path of a photo, an image `[height, width, 3]` in [-1, 1], or a `Person` with a photo.
            pose: path of a photo or of a keypoint file, an image, keypoints `[joints, 3]`, or a `Person`.
            source_keypoints: the source's keypoints (path or array), where they are known; found otherwise.

        Returns:
            The result in the network's frame; see `TransferResult` for pasting, saving and inspecting it.

        Raises:
            ValueError: if a file cannot be read, nobody is found, or too few joints are there.
        """
        pair = (self.people.read_source(source, source_keypoints), self.people.read_pose(pose))
        return next(self.run([pair], batch_size=1))

    def run(self, pairs: Iterable[tuple[Person, Person]], batch_size: int = 4) -> Iterator[TransferResult]:
        """Render many pairs of source and pose, batch by batch.

        Args:
            pairs: sources and poses, from `people.read_source` and `people.read_pose`; may be a generator.
            batch_size: pictures that go through the network at once.

        Yields:
            One result a pair, in order.
        """
        if batch_size < 1:
            raise ValueError(f"batch_size must be at least 1. Received: {batch_size}.")
        batch = []
        for pair in pairs:
            batch.append(self._prepare(*pair))
            if len(batch) == batch_size:
                yield from self._render(batch)
                batch = []
        if batch:
            yield from self._render(batch)

    def check_pair(self, source: Person, pose: Person) -> None:
        """Raise a ValueError unless both people can be framed."""
        self._frame(source)
        if pose.photo_size is not None or self.framing == "person":
            self._frame(pose)

    def _frame(self, person: Person) -> Frame:
        if self.framing == "whole" and person.photo_size is not None:
            return whole_frame(*person.photo_size)
        try:
            return fit_frame(person.keypoints_in_photo(), self.preset.frame_aspect)
        except ValueError as error:
            raise ValueError(f"{person.name}: {error}") from error

    def _prepare(self, source: Person, pose: Person) -> dict:
        """One pair in the network's frame."""
        height, width = self.preset.height, self.preset.width
        frame = self._frame(source)
        same_picture = self.framing == "whole" and pose.photo_size is None
        pose_frame = frame if same_picture else self._frame(pose)
        return {
            "source_image": frame.crop(source.photo, height, width),
            "source_keypoints": frame.keypoints_into(source.keypoints, height, width),
            "target_keypoints": pose_frame.keypoints_into(pose.keypoints, height, width),
            "frame": frame,
            "photo": source.photo,
            "skeleton": self.preset.skeleton,
        }

    def _render(self, batch: list[dict]) -> Iterator[TransferResult]:
        """One pass of the network over prepared pairs."""
        height, width = self.preset.height, self.preset.width
        images = np.stack([item["source_image"] for item in batch])
        ends = (np.stack([item[name] for item in batch]) for name in ("source_keypoints", "target_keypoints"))
        poses = [pose_maps(pose, height, width) for pose in poses_between(*ends, self.intermediate_poses)]
        straight = self.intermediate_poses == 0
        outputs = (
            self.model([images, *poses], training=False) if straight else render_through(self.model, images, poses)
        )
        flows, masks = ([np.asarray(level) for level in outputs[name]] for name in ("flows", "masks"))
        for index, item in enumerate(batch):
            yield TransferResult(
                image=np.asarray(outputs["image"][index]),
                flows=[level[index] for level in flows],
                masks=[level[index] for level in masks],
                **item,
            )


def load_trained(model: str | os.PathLike, weights: str | os.PathLike | None) -> keras.Model:
    """A model with weights; ValueError that says where weights come from if there are none."""
    name = find_model(model, weights)
    if weights is None and name in PRESETS:
        raise ValueError(
            f"The preset {name} comes without weights. Convert a checkpoint of the authors by `gfla convert "
            f"CHECKPOINT.pth --preset {name} --output weights.safetensors` and give that file as weights, or give "
            f'"{STAND_IN}" to try everything with a network that has learned nothing.'
        )
    return load_model(name, weights)
