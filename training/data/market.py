"""Market-1501's pairs: one person in two pictures of 128x64 pixels, moved a little at random.

Each element is a dict:

    index                         int64, number of the pair among the usable ones
    source_image, target_image    float32 `[128, 64, 3]`, RGB in [-1, 1]
    source_pose, target_pose      float32 `[128, 64, 18]` in [0, 1], a Gaussian a joint in OpenPose's order
    source_keypoints, target_keypoints  float32 `[18, 3]` = (x, y, confidence) in pixels of the network's picture

In training the source is turned, shifted and scaled at random; the target makes a fifth of the same turn and half of
the same shift, and is not scaled. Conventions [about the image's centre, positive = clockwise, right, down, larger]:
`affine`. Keypoints move along; outside of a picture its border pixels repeat.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import tensorflow as tf

from gfla_tf.pose.heatmaps import pose_maps_tensor
from training.data.affine import AffineRange, affine_matrix, move_keypoints, move_pictures
from training.data.layouts import find_pairs
from training.data.pair_pictures import PairPictures, check_image_size

__all__ = ["MOTION", "TARGET_ROTATION", "TARGET_SHIFT", "MarketPairs", "MarketSettings"]

MOTION = AffineRange(rotation=5.0, shift=(5.0, 5.0), scale=(0.95, 1.05))  # degrees, pixels, factors
# The target's share of the source's motion.
TARGET_ROTATION = 1 / 5
TARGET_SHIFT = 1 / 2


@dataclass(frozen=True)
class MarketSettings:
    """How Market pairs are prepared.

    Attributes:
        image_size: (height, width) of the network's pictures in pixels, above 0.
        sigma: of the pose maps' Gaussians in pixels of the network's picture, above 0.
        resize: "bicubic", "bilinear" or "area"; see `images.resize_pictures`.
        motion: of the source, in degrees, pixels of the network's picture and factors; None for none.
    """

    image_size: tuple[int, int] = (128, 64)
    sigma: float = 6.0
    resize: str = "bicubic"
    motion: AffineRange | None = MOTION

    def __post_init__(self) -> None:
        check_image_size(self.image_size, self.sigma)


class MarketPairs:
    """The pairs of one split, as a source for `pipeline.Pipeline`.

    Args:
        folder: the dataset's.
        split: "train" or "test"; only "train" is moved at random.
        settings: how pairs are prepared.

    Attributes:
        layout: where the files are.
        pictures: the table of pictures and pairs; `pictures.dropped` counts the pairs left out.

    Raises:
        ValueError: files are missing or can't be read.
    """

    def __init__(
        self, folder: str | os.PathLike[str], split: str = "train", settings: MarketSettings | None = None
    ) -> None:
        self.settings = settings or MarketSettings()
        self.layout = find_pairs(folder, split, "market")
        self.pictures = PairPictures(self.layout, self.settings.image_size, self.settings.resize)
        self.motion = self.settings.motion if split == "train" else None

    def __len__(self) -> int:
        return len(self.pictures.pairs)

    def load(self, index: tf.Tensor, seed: tf.Tensor) -> dict[str, tf.Tensor]:
        """Load the pair of that number in the graph, moved as the seed says."""
        element = {"index": index}
        matrices = self._matrices(seed)
        for name, picture in zip(("source", "target"), self.pictures.pair(index), strict=True):
            image, keypoints = self.pictures.read(picture)
            if name in matrices:
                image = move_pictures(image[tf.newaxis], matrices[name])[0]
                keypoints = move_keypoints(keypoints, matrices[name])
            element[f"{name}_image"] = image
            element[f"{name}_keypoints"] = keypoints
            element[f"{name}_pose"] = pose_maps_tensor(keypoints, *self.settings.image_size, self.settings.sigma)
        return element

    def _matrices(self, seed: tf.Tensor) -> dict[str, tf.Tensor]:
        if self.motion is None:
            return {}
        angle, shift, scale = self.motion.draw(seed)
        return {
            "source": affine_matrix(angle, shift, scale, *self.settings.image_size),
            "target": affine_matrix(TARGET_ROTATION * angle, TARGET_SHIFT * shift, 1.0, *self.settings.image_size),
        }

    def unreadable(self, index: int) -> dict[Path, str]:
        """The pictures of a pair that can't be read, with reasons."""
        return self.pictures.unreadable(index)
