"""Ten examples for every kind of model: rendered people that come with the project, and what the Keras model gives.

Photos and keypoints are those of `samples/rendered`; the joints of sequence models are found from them. A clip is the
photo, then two of the others' poses. Motions are random walks around a standing person.
"""

from __future__ import annotations

import csv
import itertools
from collections.abc import Iterator
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from gfla_tf.image_io import from_uint8, read_image, to_uint8
from gfla_tf.pose.drawn_maps import COLORS
from gfla_tf.pose.framing import resize_image, whole_frame
from gfla_tf.pose.heatmaps import pose_maps_tensor
from gfla_tf.pose.keypoint_files import read_keypoints
from gfla_tf.pose.skeletons import get_skeleton
from serving.exchange import Arrays
from serving.graphs.skeletons import drawn_pose_maps_tensor
from serving.tflite.graphs import CLEAN_FRAMES

__all__ = ["COUNT", "People", "expected_clean", "expected_frames", "expected_transfer", "noisy_motions"]

COUNT = 10
SAMPLES = Path(__file__).resolve().parents[2] / "samples" / "rendered"


class People:
    """The photos and their keypoints in the network's picture.

    Args:
        skeleton: of the keypoints.
        height: of the network's picture in pixels.
        width: likewise.
    """

    def __init__(self, skeleton: str, height: int, width: int):
        self.size, self.skeleton = (height, width), skeleton

    def pairs(self, count: int = COUNT) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
        """(image `[1, height, width, 3]` in [-1, 1], its keypoints `[1, joints, 3]`, those of another picture)."""
        for part, names in itertools.islice(_pairs(), count):
            (image, source), (_, target) = (self._read(part, name) for name in names)
            yield image, source, target

    def _read(self, part: str, name: str) -> tuple[np.ndarray, np.ndarray]:
        image = read_image(SAMPLES / part / name)
        keypoints = read_keypoints(f"{SAMPLES / f'fasion-annotation-{part}.csv'}#{name}", self.skeleton)
        moved = whole_frame(*image.shape[:2]).keypoints_into(keypoints, *self.size)
        levels = from_uint8(to_uint8(resize_image(image, *self.size)))  # the same in floats and in bytes
        return levels[np.newaxis], moved[np.newaxis]

    def draw(self, keypoints: np.ndarray, channels: int) -> tf.Tensor:
        """A pose as the network with so many pose channels sees it."""
        if channels == len(get_skeleton(self.skeleton).joints) + COLORS:
            return drawn_pose_maps_tensor(tf.constant(keypoints), *self.size, self.skeleton)
        return pose_maps_tensor(tf.constant(keypoints), *self.size)


def _pairs() -> Iterator[tuple[str, tuple[str, str]]]:
    for part in ("test", "train"):
        with open(SAMPLES / f"fasion-pairs-{part}.csv", encoding="utf-8", newline="") as file:
            yield from ((part, (row["from"], row["to"])) for row in csv.DictReader(file))


def expected_transfer(model: keras.Model, people: People, count: int = COUNT) -> Iterator[tuple[Arrays, np.ndarray]]:
    """Inputs and the image of a person model."""
    network = tf.function(lambda *inputs: model(list(inputs), training=False), autograph=False)
    for image, source, target in people.pairs(count):
        poses = (people.draw(keypoints, model.pose_channels) for keypoints in (source, target))
        inputs = {"source_image": image, "source_keypoints": source, "target_keypoints": target}
        yield inputs, network(tf.constant(image), *poses)["image"].numpy()


def expected_frames(model: keras.Model, people: People, count: int = COUNT) -> Iterator[tuple[Arrays, list]]:
    """Inputs of `reference`, and for each frame of a clip its keypoints and the image."""
    step = tf.function(model.step, autograph=False)
    for image, source, target in people.pairs(count):
        state, frames = model.start(tf.constant(image), people.draw(source, model.pose_channels)), []
        for keypoints in ((source + target) / 2 * (target > 0) * (source > 0), target):
            outputs, state = step(state, people.draw(keypoints, model.pose_channels))
            frames.append((keypoints.astype(np.float32), outputs["image"].numpy()))
        yield {"reference_image": image, "reference_keypoints": source}, frames


def noisy_motions(channels: int, frames: int, count: int = COUNT) -> Iterator[np.ndarray]:
    """Windows `[1, frames, channels]`, about -1 to 1: a person who drifts, and a detector's noise."""
    random = np.random.default_rng(0)
    for _ in range(count):
        standing = random.uniform(-0.8, 0.8, channels)
        drift = np.cumsum(random.normal(0, 0.01, (frames, channels)), axis=0)
        yield (standing + drift + random.normal(0, 0.02, drift.shape)).astype(np.float32)[np.newaxis]


def expected_clean(model: keras.Model, count: int = COUNT) -> Iterator[tuple[Arrays, np.ndarray]]:
    """Inputs and the clean motion of a motion model."""
    network = tf.function(lambda noisy: model(noisy, training=False), autograph=False)
    for noisy in noisy_motions(2 * model.joints, CLEAN_FRAMES + model.receptive_field - 1, count):
        yield {"noisy": noisy}, network(tf.constant(noisy)).numpy()
