"""What goes into each file: a graph with its inputs and outputs by name, everything of batch 1 and of fixed size.

* person: one file, `transfer`.
* sequence: `reference`, run once a clip, and `step`, run once a frame. Nothing is kept inside between two calls: `step`
  takes what `reference` gave, and the image and the pose that it gave itself for the frame before. At a clip's first
  frame, the reference's own image and pose stand for these.
* motion: `denoise`, for a window of frames.

Conventions: keypoints are (x, y, confidence) in pixels of the network's picture, (0, 0) the centre of the top left
pixel, confidence 0 = missing, everything finite. Images are RGB, float32 in [-1, 1] or uint8 in 0..255.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import keras
import tensorflow as tf

from gfla_tf.models.presets import Preset
from gfla_tf.pose.drawn_maps import COLORS
from gfla_tf.pose.skeletons import get_skeleton
from serving.signatures import NETWORKS, TensorField
from serving.tflite.generators import encode_source, render_frame, render_person
from serving.tflite.motion import clean_joints
from serving.tflite.poses import draw_pose

__all__ = ["CLEAN_FRAMES", "PIXELS", "LiteGraph", "graphs_of", "picture_size"]

PIXELS = ("float32", "uint8")
CLEAN_FRAMES = 30  # that come out of a motion model, as many as in its training


@dataclass(frozen=True)
class LiteGraph:
    """One file.

    Attributes:
        name: of the graph.
        meaning: one line.
        function: takes the inputs by name, gives the outputs by name, all with a batch of 1.
        inputs: without the batch.
        outputs: likewise.
    """

    name: str
    meaning: str
    function: Callable[..., dict[str, tf.Tensor]]
    inputs: tuple[TensorField, ...]
    outputs: tuple[TensorField, ...]


def picture_size(preset: Preset, multiple: int, size: int | None = None) -> tuple[int, int]:
    """(height, width) of the network's picture for a wanted height, in about the preset's proportions.

    Raises:
        ValueError: the height is no multiple of what the network needs.
    """
    height = preset.height if size is None else size
    if height < multiple or height % multiple:
        raise ValueError(f"size must be a multiple of {multiple} pixels. Received: {height}.")
    return height, max(round(height * preset.width / preset.height / multiple), 1) * multiple


def graphs_of(model: keras.Model, size: int | None = None, pixels: str = "float32") -> list[LiteGraph]:
    """The graphs of a model.

    Args:
        model: of `gfla_tf.load_model`: a person or sequence generator, or a motion extractor.
        size: height of the network's picture in pixels; the preset's by default.
        pixels: "float32" or "uint8", what images go in and come out as.

    Raises:
        ValueError: a model of another kind, another size, or other pixels.
    """
    preset = getattr(model, "preset", None)
    if not isinstance(preset, Preset) or preset.network not in NETWORKS or preset.skeleton is None:
        kind = preset.network if isinstance(preset, Preset) else type(model).__name__
        raise ValueError(f"A model of a {', '.join(NETWORKS)} preset is expected. Received: one of kind {kind}.")
    if pixels not in PIXELS:
        raise ValueError(f"pixels must be one of {', '.join(PIXELS)}. Received: {pixels!r}.")
    if preset.network == "motion":
        if size is not None:
            raise ValueError(f"A size is for models that render pictures. Received: {size} for a motion model.")
        return [_motion(model)]
    picture = _Picture(model, *picture_size(preset, model.size_multiple, size), pixels)
    return [_person(model, picture)] if preset.network == "person" else _sequence(model, picture)


class _Picture:
    """Images and poses of one size: their fields, and how they enter and leave a graph."""

    def __init__(self, model: keras.Model, height: int, width: int, pixels: str):
        self.height, self.width, self.pixels = height, width, pixels
        self.skeleton = model.preset.skeleton
        self.joints = len(get_skeleton(self.skeleton).joints)
        self.channels = model.pose_channels
        if self.channels not in (self.joints, self.joints + COLORS):
            raise ValueError(
                f"Poses of {self.joints} or {self.joints + COLORS} channels are expected for {self.skeleton}. "
                f"Received: a network for {self.channels}."
            )

    def image_field(self, name: str, meaning: str) -> TensorField:
        low, high = (0, 255) if self.pixels == "uint8" else (-1.0, 1.0)
        return TensorField(name, self.pixels, (self.height, self.width, 3), f"{meaning}, RGB", low, high)

    def keypoints_field(self, name: str, meaning: str) -> TensorField:
        return TensorField(name, "float32", (self.joints, 3), f"{meaning}, (x, y, confidence) in pixels")

    def map_field(self, name: str, meaning: str, level: int, channels: int) -> TensorField:
        size = self.height >> level, self.width >> level
        return TensorField(name, "float32", (*size, channels), meaning)

    def pose_field(self, name: str, meaning: str) -> TensorField:
        return self.map_field(name, f"{meaning}, as the network sees it", 0, self.channels)

    def enter(self, image: tf.Tensor) -> tf.Tensor:
        return tf.cast(image, tf.float32) * (1 / 127.5) - 1.0 if self.pixels == "uint8" else image

    def leave(self, image: tf.Tensor) -> tf.Tensor:
        return tf.cast(tf.floor((image + 1.0) * 127.5 + 0.5), tf.uint8) if self.pixels == "uint8" else image

    def draw(self, keypoints: tf.Tensor) -> tf.Tensor:
        return draw_pose(keypoints, self.height, self.width, self.skeleton, self.channels > self.joints)


def _person(model: keras.Model, picture: _Picture) -> LiteGraph:
    def transfer(source_image, source_keypoints, target_keypoints):
        poses = picture.draw(source_keypoints), picture.draw(target_keypoints)
        outputs = render_person(model, picture.enter(source_image), *poses)
        return {**outputs, "image": picture.leave(outputs["image"])}

    outputs = [picture.image_field("image", "the person in the target pose")]
    if model.attention_levels:
        level = min(model.attention_levels)
        flow = picture.map_field(
            "flow", "(dx, dy) to the texture's place in the source, in pixels of this map", level, 2
        )
        outputs += [flow, picture.map_field("mask", "how far that texture is taken, from 0 to 1", level, 1)]
    inputs = (
        picture.image_field("source_image", "the framed photo"),
        picture.keypoints_field("source_keypoints", "the person in it"),
        picture.keypoints_field("target_keypoints", "the pose to render"),
    )
    return LiteGraph("transfer", "a person from a framed photo in another pose", transfer, inputs, tuple(outputs))


def _sequence(model: keras.Model, picture: _Picture) -> list[LiteGraph]:
    levels = model.attention_levels
    names = {level: f"reference_features_{level}" for level in levels}

    def reference(reference_image, reference_keypoints):
        features = encode_source(model.reference_encoder, picture.enter(reference_image), levels)
        return {"reference_pose": picture.draw(reference_keypoints), **{names[n]: features[n] for n in levels}}

    def step(reference_image, reference_pose, previous_image, previous_pose, target_keypoints, **features):
        pose = picture.draw(target_keypoints)
        sources = (picture.enter(reference_image), reference_pose), (picture.enter(previous_image), previous_pose)
        features = {level: features[name] for level, name in names.items()}
        return {"image": picture.leave(render_frame(model, sources[0], features, sources[1], pose)), "pose": pose}

    image = picture.image_field("reference_image", "the framed photo")
    state = (
        picture.pose_field("reference_pose", "its pose"),
        *(picture.map_field(names[n], f"its features at 1/{2**n} of the size", n, model.widths[n - 1]) for n in levels),
    )
    step_inputs = (
        image,
        *state,
        picture.image_field("previous_image", "the frame that came last; at first the reference image"),
        picture.pose_field("previous_pose", "the pose that came with it; at first the reference pose"),
        picture.keypoints_field("target_keypoints", "the pose to render"),
    )
    step_outputs = (picture.image_field("image", "the frame"), picture.pose_field("pose", "the pose to render"))
    keypoints = picture.keypoints_field("reference_keypoints", "the person in the photo")
    return [
        LiteGraph(
            "reference", "once a clip: what every frame needs of the photo", reference, (image, keypoints), state
        ),
        LiteGraph("step", "a clip's next frame", step, step_inputs, step_outputs),
    ]


def _motion(model: keras.Model) -> LiteGraph:
    channels, needed = 2 * model.joints, model.receptive_field - 1
    meaning = "y of all joints, then their x, as in gfla_tf.motion.normalization"
    return LiteGraph(
        "denoise",
        "clean joints from noisy ones",
        lambda noisy: {"clean": clean_joints(model, noisy)},
        (TensorField("noisy", "float32", (CLEAN_FRAMES + needed, channels), f"frames of {meaning}"),),
        (TensorField("clean", "float32", (CLEAN_FRAMES, channels), f"the frames in the middle: {meaning}"),),
    )
