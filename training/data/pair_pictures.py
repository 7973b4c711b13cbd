"""What the datasets of picture pairs share: the table of pictures with their keypoints, and the pairs of them."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import tensorflow as tf

from gfla_tf.pose.heatmaps import rescale_keypoints
from training.data.images import check_resize, picture_error, read_picture
from training.data.layouts import PairLayout
from training.data.pairs_csv import picture_path, read_annotated_pairs

__all__ = ["PairPictures", "check_image_size", "check_levels"]


def check_image_size(image_size: tuple[int, int], sigma: float) -> None:
    """Raise a ValueError unless the size is (height, width), whole pixels above 0, and sigma is above 0."""
    if len(image_size) != 2 or not all(isinstance(side, int) and side > 0 for side in image_size) or not sigma > 0:
        raise ValueError(
            "image_size must be (height, width) in whole pixels and sigma be above 0. "
            f"Received: {image_size} and {sigma}"
        )


def check_levels(levels: Iterable[int], image_size: tuple[int, int]) -> None:
    """Raise a ValueError unless the pictures' sides can be halved so often, without remainder."""
    for level in levels:
        if level < 0 or any(side % 2**level for side in image_size):
            raise ValueError(f"flow_levels must halve the image size {image_size} without remainder. Received: {level}")


class PairPictures:
    """The pictures and pairs of one split, read in the graph.

    Keypoints are moved from the annotated size to the network's as `rescale_keypoints` says.

    Args:
        layout: where the files are.
        image_size: (height, width) of the network's pictures in pixels.
        resize: see `images.RESIZE_METHODS`.

    Attributes:
        names: of the pictures.
        paths: of the pictures.
        pairs: int64 `[pairs, 2]` = (source, target), indices of `names`.
        dropped: how many pairs were dropped for which reason.
        keypoints: float32 `[pictures, 18, 3]` in pixels of the network's picture.

    Raises:
        ValueError: a file can't be read, or no pair can be used.
    """

    def __init__(self, layout: PairLayout, image_size: tuple[int, int], resize: str) -> None:
        check_resize(resize)
        annotated = read_annotated_pairs(layout.pairs, layout.annotations)
        self.image_size = image_size
        self.resize = resize
        self.names = annotated.names
        self.paths = [picture_path(layout.pictures, name) for name in annotated.names]
        self.pairs = annotated.pairs
        self.dropped = annotated.dropped
        self.keypoints = rescale_keypoints(annotated.keypoints, layout.annotation_size, image_size)
        with tf.device("CPU:0"):  # where tf.data works
            self._path_table = tf.constant([str(path) for path in self.paths])
            self._keypoint_table = tf.constant(self.keypoints)
            self._pair_table = tf.constant(self.pairs)

    def pair(self, index: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Numbers of the source's and the target's picture."""
        numbers = tf.gather(self._pair_table, index)
        return numbers[0], numbers[1]

    def read(self, picture: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Image `[height, width, 3]` in [-1, 1] and keypoints `[18, 3]` of the picture of that number."""
        image, _ = read_picture(tf.gather(self._path_table, picture), *self.image_size, self.resize)
        return image, tf.gather(self._keypoint_table, picture)

    def unreadable(self, index: int) -> dict[Path, str]:
        """The pictures of a pair that can't be read, with reasons."""
        reasons = {self.paths[picture]: picture_error(self.paths[picture]) for picture in self.pairs[index]}
        return {path: reason for path, reason in reasons.items() if reason is not None}
