"""Bring a downloaded dataset into the layout that the loaders read."""

from __future__ import annotations

from gfla_tf.commands.table import Table

__all__ = ["COMMANDS"]

COMMANDS: Table = {
    "fashion": (
        "DeepFashion In-shop: flatten the folders, cut the pictures to 256x176",
        "training.data.prepare_fashion",
    ),
    "pictures": (
        "your own pictures, a folder a person: pictures of one size, keypoints, pairs",
        "training.data.prepare_pictures",
    ),
    "video": ("videos or folders of frames: frames of one size and keypoints", "training.data.prepare_video"),
}
