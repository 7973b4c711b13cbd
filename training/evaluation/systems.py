"""What is evaluated: anything that makes a picture of a pair.

A system has a `name`; an `identity`, JSON that changes whenever its pictures may change; and `render`, which makes
pictures of a batch, float32 `[batch, height, width, 3]` in [-1, 1] in the size of the batch's, and gives its flows if
it has any.

Baselines: "copy" gives back the source; its flow is zero. "warp" moves the source's pixels by the exact flow, as a
method that only moves pixels and knows the way would; where the target shows what is hidden in the source, it shows
what hides it there, and the background stays where it is in the source. "warp-completed" takes those places from the
target instead: what is missing there can't be found in the source. "truth" is the target itself: what it scores where
it is not perfect is what a measure itself adds, like joints that the estimator finds elsewhere.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Protocol

import numpy as np
import tensorflow as tf

from gfla_tf.models.intermediate_poses import render_through
from gfla_tf.models.model_files import WEIGHTS_FILE, load_model
from gfla_tf.ops import bilinear_sample
from gfla_tf.pose.between import poses_between
from gfla_tf.pose.heatmaps import pose_maps, rescale_keypoints
from gfla_tf.pose.skeletons import convert_keypoints
from gfla_tf.weights import read_state
from training.data.images import resize_pictures
from training.evaluation.hashes import arrays_sha256, json_sha256
from training.evaluation.pairs import PairBatch

__all__ = ["BASELINES", "Baseline", "ModelSystem", "Rendered", "System"]

BASELINES = ("copy", "warp", "warp-completed", "truth")
ZERO_FLOW_LEVELS = (3, 2)


@dataclass(frozen=True, eq=False)
class Rendered:
    """What a system makes of a batch.

    Attributes:
        image: `[batch, height, width, 3]` in [-1, 1].
        flows: level -> `[batch, h, w, 2]`, (dx, dy) in pixels of its own grid; empty if there are none.
    """

    image: np.ndarray
    flows: Mapping[int, np.ndarray] = field(default_factory=dict)


class System(Protocol):
    """See the module's text."""

    name: str
    identity: dict

    def render(self, batch: PairBatch) -> Rendered: ...


class Baseline:
    """One of `BASELINES`, as the module's text says.

    Args:
        name: which one.
        has_flow: whether batches come with the exact flow, which those that warp need.

    Raises:
        ValueError: there is no such baseline, or no flow for it.
    """

    def __init__(self, name: str, has_flow: bool = True) -> None:
        if name not in BASELINES:
            raise ValueError(f"--baseline must be one of {', '.join(BASELINES)}. Received: {name}.")
        if name.startswith("warp") and not has_flow:
            raise ValueError(f"--baseline {name} needs exact flow. Received: a protocol without.")
        self.name = name
        self.identity = {"kind": "baseline", "baseline": name}

    def render(self, batch: PairBatch) -> Rendered:
        if self.name == "truth":
            return Rendered(batch.target_image)
        if self.name == "copy":
            return Rendered(batch.source_image, _zero_flows(batch))
        warped = bilinear_sample(tf.constant(batch.source_image), tf.constant(batch.flow)).numpy()
        if self.name == "warp":
            return Rendered(warped)
        return Rendered(np.where(batch.visible > 0, warped, batch.target_image))


def _zero_flows(batch: PairBatch) -> dict[int, np.ndarray]:
    count, height, width = batch.source_image.shape[:3]
    shapes = {level: (count, -(-height // 2**level), -(-width // 2**level), 2) for level in ZERO_FLOW_LEVELS}
    return {level: np.zeros(shape, np.float32) for level, shape in shapes.items()}


class ModelSystem:
    """A person generator from a folder of `gfla_tf.save_model`.

    Args:
        name: what to call it.
        folder: the model's.
        resize: rule by which pictures come to the network's size and back.
        intermediate_poses: that the flow goes through, see `gfla_tf.models.intermediate_poses`.

    Raises:
        ValueError: the folder holds no model, or one of another kind.
    """

    def __init__(
        self, name: str, folder: str | os.PathLike[str], resize: str = "bicubic", intermediate_poses: int = 0
    ) -> None:
        folder = Path(folder)
        if not folder.is_dir():
            raise ValueError(f"{name}: a model's folder is expected. Received: {folder}.")
        self.model = load_model(folder.absolute())  # never a preset of that name, whose weights are random
        self.preset = self.model.preset
        if self.preset.network != "person":
            raise ValueError(f"{name}: a person generator is expected. Received: {self.preset.network}.")
        self.name, self.resize, self.intermediate_poses = name, resize, intermediate_poses
        self.identity = {
            "kind": "model",
            "preset": self.preset.name,
            "config": json_sha256(asdict(self.preset)),
            # Of the values: a file's bytes may differ where the weights are the same.
            "weights": arrays_sha256(read_state(folder / WEIGHTS_FILE)),
            **({"intermediate_poses": intermediate_poses} if intermediate_poses else {}),
        }
        # One graph for batches of all sizes, so that a picture does not depend on what was drawn before.
        size = (None, self.preset.height, self.preset.width)
        poses = (2 + intermediate_poses) * [self.model.pose_channels]
        signature = [tf.TensorSpec((*size, channels), tf.float32) for channels in (3, *poses)]
        self._call = tf.function(self._draw, signature)

    def _draw(self, source_image: tf.Tensor, *poses: tf.Tensor) -> dict:
        if self.intermediate_poses:
            return render_through(self.model, source_image, poses)
        return self.model([source_image, *poses], training=False)

    def render(self, batch: PairBatch) -> Rendered:
        outputs, size = self._outputs(batch), (self.preset.height, self.preset.width)
        image = resize_pictures(outputs["image"], *batch.source_image.shape[1:3], self.resize).numpy()
        return Rendered(image, {_level(flow, size): flow.numpy() for flow in outputs["flows"]})

    def finest_mask(self, batch: PairBatch) -> np.ndarray:
        """How much the model takes from the source, at the finest level with attention, of which it needs one.

        Returns:
            `[batch, height, width, 1]` in [0, 1], in the size of the batch's pictures, each of the level's pixels a
            block.
        """
        mask = self._outputs(batch)["masks"][-1]
        return tf.image.resize(mask, batch.source_image.shape[1:3], method="nearest").numpy()

    def _outputs(self, batch: PairBatch) -> dict:
        """What the network makes of a batch, in its own size."""
        size, picture_size = (self.preset.height, self.preset.width), batch.source_image.shape[1:3]
        source_image = resize_pictures(tf.constant(batch.source_image), *size, self.resize)
        people = poses_between(batch.source_keypoints, batch.target_keypoints, self.intermediate_poses)
        return self._call(source_image, *(self._pose(person, picture_size) for person in people))

    def _pose(self, keypoints: np.ndarray, picture_size: tuple[int, int]) -> tf.Tensor:
        """The pose maps, in the network's size and skeleton, of keypoints in pixels of the compared picture."""
        size = (self.preset.height, self.preset.width)
        keypoints = convert_keypoints(keypoints, "openpose-18", self.preset.skeleton)
        return tf.constant(pose_maps(rescale_keypoints(keypoints, picture_size, size), *size))


def _level(flow: tf.Tensor, size: tuple[int, int]) -> int:
    """Level of a flow `[batch, h, w, 2]`: how often the network's side was halved."""
    return round(float(np.log2(size[0] / flow.shape[1])))
