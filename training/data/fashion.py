"""DeepFashion's pairs, and rendered ones in the same layout: one person in two poses.

Each element is a dict:

    index                    int64, number of the pair among the usable ones
    source_image, target_image    float32 `[height, width, 3]`, RGB in [-1, 1]
    source_pose, target_pose      float32 `[height, width, 18]` in [0, 1], a Gaussian a joint in OpenPose's order
    source_keypoints, target_keypoints  float32 `[18, 3]` = (x, y, confidence) in pixels of the network's picture
    flow_levelN              float32 `[height / 2^N, width / 2^N, 2]`, exact (dx, dy) in pixels of the level
    visible_levelN           float32 `[height / 2^N, width / 2^N, 1]`, the visible share of each pixel, in [0, 1]

    background_levelN        float32, likewise, the share with the background, which does not move, in both pictures
    hidden_flow_levelN, hidden_levelN    like flow and visible, for points of the person that the source hides

flows and shares for the levels asked for, where the dataset has truth (`truth`); background and hidden where it has the
masks of all pictures, too. The genuine annotations are in pictures of 256x176; keypoints are rescaled to the
network's 256x256 like the pictures. There is no augmentation.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import tensorflow as tf

from gfla_tf.pose.heatmaps import pose_maps_tensor
from training.data.layouts import find_pairs
from training.data.pair_pictures import PairPictures, check_image_size, check_levels
from training.data.truth import (
    has_masks,
    hidden_points,
    level_share,
    level_truth,
    mask_error,
    mask_path,
    read_outside,
    read_truth,
    truth_error,
    truth_path,
)

__all__ = ["FashionPairs", "FashionSettings"]


@dataclass(frozen=True)
class FashionSettings:
    """How fashion pairs are prepared.

    Attributes:
        image_size: (height, width) of the network's pictures in pixels, above 0.
        sigma: of the pose maps' Gaussians in pixels of the network's picture, above 0.
        resize: "bicubic", "bilinear" or "area"; see `images.resize_pictures`.
        flow_levels: levels of exact flow to deliver, 1 = half the side, 2 = a quarter, ...; needs truth.
    """

    image_size: tuple[int, int] = (256, 256)
    sigma: float = 6.0
    resize: str = "bicubic"
    flow_levels: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        check_image_size(self.image_size, self.sigma)
        check_levels(self.flow_levels, self.image_size)


class FashionPairs:
    """The pairs of one split, as a source for `pipeline.Pipeline`.

    Args:
        folder: the dataset's.
        split: "train" or "test".
        settings: how pairs are prepared.

    Attributes:
        layout: where the files are.
        pictures: the table of pictures and pairs; `pictures.dropped` counts the pairs left out.
        has_background: whether elements hold background_levelN and hidden_levelN.

    Raises:
        ValueError: files are missing or can't be read, or flows are asked for and there is no truth.
    """

    def __init__(
        self, folder: str | os.PathLike[str], split: str = "train", settings: FashionSettings | None = None
    ) -> None:
        self.settings = settings = settings or FashionSettings()
        self.layout = find_pairs(folder, split, "fashion")
        self.pictures = PairPictures(self.layout, settings.image_size, settings.resize)
        if settings.flow_levels and self.layout.truth is None:
            raise ValueError(
                f"flow_levels need exact flows: {self.layout.folder}/truth/{split} and truth in dataset.json are "
                f"expected. Received: a dataset without them"
            )
        self.has_background = bool(settings.flow_levels) and has_masks(self.layout.truth, self.pictures.names)

    def __len__(self) -> int:
        return len(self.pictures.pairs)

    def load(self, index: tf.Tensor, seed: tf.Tensor) -> dict[str, tf.Tensor]:
        """Load the pair of that number in the graph; the seed is not used."""
        source, target = self.pictures.pair(index)
        element = {"index": index}
        for name, picture in (("source", source), ("target", target)):
            image, keypoints = self.pictures.read(picture)
            element[f"{name}_image"] = image
            element[f"{name}_keypoints"] = keypoints
            element[f"{name}_pose"] = pose_maps_tensor(keypoints, *self.settings.image_size, self.settings.sigma)
        return element | self._truth(index)

    def _truth(self, index: tf.Tensor) -> dict[str, tf.Tensor]:
        if not self.settings.flow_levels:
            return {}
        flow, visible = tf.numpy_function(
            lambda number: read_truth(self._truth_path(number)), [index], 2 * [tf.float32]
        )
        flow, visible = tf.ensure_shape(flow, [None, None, 2]), tf.ensure_shape(visible, [None, None, 1])
        shares = self._mask_shares(index, flow, visible) if self.has_background else {}
        truth = {}
        for level in self.settings.flow_levels:
            size = [side // 2**level for side in self.settings.image_size]
            truth[f"flow_level{level}"], truth[f"visible_level{level}"] = level_truth(flow, visible, *size)
            if shares:
                truth[f"background_level{level}"] = level_share(shares["background"], *size)
                hidden = level_truth(flow, shares["hidden"], *size)
                truth[f"hidden_flow_level{level}"], truth[f"hidden_level{level}"] = hidden
        return truth

    def _mask_shares(self, index: tf.Tensor, flow: tf.Tensor, visible: tf.Tensor) -> dict[str, tf.Tensor]:
        """What follows from the masks of both pictures, `[h, w, 1]` at their size."""
        source, target = tf.numpy_function(
            lambda number: [read_outside(self.layout.truth, name) for name in self._names(number)],
            [index],
            2 * [tf.float32],
        )
        source, target = tf.ensure_shape(source, [None, None, 1]), tf.ensure_shape(target, [None, None, 1])
        return {"background": source * target, "hidden": hidden_points(flow, visible, target)}

    def _names(self, index: int) -> tuple[str, str]:
        """The names of a pair's pictures, source and target."""
        source, target = self.pictures.pairs[index]
        return self.pictures.names[source], self.pictures.names[target]

    def _truth_path(self, index: int) -> Path:
        return truth_path(self.layout.truth, *self._names(index))

    def unreadable(self, index: int) -> dict[Path, str]:
        """The files of a pair that can't be read, with reasons."""
        files = self.pictures.unreadable(index)
        if self.settings.flow_levels and (reason := truth_error(self._truth_path(index))) is not None:
            files[self._truth_path(index)] = reason
        if self.has_background:
            masks = [mask_path(self.layout.truth, name) for name in self._names(index)]
            files |= {path: reason for path in masks if (reason := mask_error(path)) is not None}
        return files
