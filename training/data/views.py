"""Objects seen from many directions, in HDF5: what the novel view network (`view`) learns from.

The layout is that of Sun et al., "Multi-view to Novel View", ECCV 2018, who rendered ShapeNet's cars and chairs:

    DIR/data_CLASS.hdf5       a group for each view, MODEL_AZIMUTH_ELEVATION, with `image` uint8 `[h, w, 3]`, RGB
    DIR/id_CLASS_train.txt    the names of the groups to train on, one a line
    DIR/id_CLASS_test.txt     likewise

AZIMUTH counts tens of degrees, 0, 2, ..., 34; ELEVATION is 0, 10 or 20 degrees. Each element is a dict:

    index                         int64, number of the source view in the list
    source_image, target_image    float32 `[height, width, 3]`, RGB in [-1, 1]
    source_view, target_view      float32 `[21]`, one-hot 18 azimuths, then one-hot 3 elevations

The target is another view of the same object: in training one at random, otherwise the next one in the list (after the
last one the first). HDF5 files are read by h5py, on this machine only.
"""

from __future__ import annotations

import os
from collections import defaultdict
from pathlib import Path

import numpy as np
import tensorflow as tf

from training.data.images import check_resize, resize_pictures
from training.data.layouts import SPLITS

__all__ = ["AZIMUTHS", "ELEVATIONS", "ViewPairs", "view_vector"]

AZIMUTHS = tuple(range(0, 36, 2))  # in tens of degrees
ELEVATIONS = (0, 10, 20)  # in degrees


def view_vector(name: str) -> np.ndarray:
    """The view of a group's name: float32 `[21]`, one-hot 18 azimuths, then one-hot 3 elevations.

    Raises:
        ValueError: the name is not of the form MODEL_AZIMUTH_ELEVATION, or the view not one of the 54.
    """
    try:
        _, azimuth, elevation = name.rsplit("_", 2)
        places = [AZIMUTHS.index(int(azimuth)), len(AZIMUTHS) + ELEVATIONS.index(int(elevation))]
    except ValueError:
        raise ValueError(
            f"A view MODEL_AZIMUTH_ELEVATION is expected, azimuth 0, 2, ..., 34 tens of degrees, elevation 0, 10 or 20 "
            f"degrees. Received: {name!r}"
        ) from None
    return np.eye(len(AZIMUTHS) + len(ELEVATIONS), dtype=np.float32)[places].sum(axis=0)


class ViewPairs:
    """Pairs of views of one split, as a source for `pipeline.Pipeline`.

    Args:
        folder: the dataset's.
        category: CLASS in the names of its files, "car" or "chair".
        split: "train" or "test"; only "train" is random.
        image_size: (height, width) of the network's pictures in pixels.
        resize: see `images.RESIZE_METHODS`.

    Attributes:
        names: of the groups, object by object, those of objects with a single view left out.
        objects: int64 `[views, 2]`, the number of the first view of the same object, and how many it has.

    Raises:
        ValueError: a file is missing or is none of HDF5, a name is no view, or no object has two.
    """

    def __init__(
        self,
        folder: str | os.PathLike[str],
        category: str,
        split: str = "train",
        image_size: tuple[int, int] = (256, 256),
        resize: str = "bicubic",
    ) -> None:
        if split not in SPLITS:
            raise ValueError(f"split must be one of {', '.join(SPLITS)}. Received: {split!r}")
        check_resize(resize)
        self.image_size, self.resize, self.random = image_size, resize, split == "train"
        self.path = Path(folder) / f"data_{category}.hdf5"
        self._file = _open(self.path)
        self.names, self.objects = _by_object(_read_names(Path(folder) / f"id_{category}_{split}.txt"))
        with tf.device("CPU:0"):  # where tf.data works
            self._objects = tf.constant(self.objects)
            self._views = tf.constant(np.stack([view_vector(name) for name in self.names]))

    def __len__(self) -> int:
        return len(self.names)

    def load(self, index: tf.Tensor, seed: tf.Tensor) -> dict[str, tf.Tensor]:
        """Load the view of that number, and another one of its object, as the seed says."""
        first, count = tf.unstack(tf.gather(self._objects, index))
        step = tf.constant(1, tf.int64)
        if self.random:
            step = tf.random.stateless_uniform([], seed, 1, count, tf.int64, alg="philox")
        element = {"index": index}
        for name, number in (("source", index), ("target", first + (index - first + step) % count)):
            element[f"{name}_image"] = self._read(number)
            element[f"{name}_view"] = tf.gather(self._views, number)
        return element

    def _read(self, number: tf.Tensor) -> tf.Tensor:
        pixels = tf.ensure_shape(tf.numpy_function(self._pixels, [number], tf.uint8), [None, None, 3])
        return resize_pictures(tf.cast(pixels, tf.float32) / 127.5 - 1.0, *self.image_size, self.resize)

    def _pixels(self, number: int) -> np.ndarray:
        pixels = self._file[f"{self.names[number]}/image"][()]
        if pixels.dtype != np.uint8 or pixels.ndim != 3 or pixels.shape[-1] != 3:
            raise ValueError(f"uint8 [height, width, 3] is expected. Received: {pixels.dtype} {list(pixels.shape)}")
        return pixels

    def unreadable(self, index: int) -> dict[Path, str]:
        """The views of an object that can't be read, by the path of the file and the name of the group."""
        reasons, (first, count) = {}, self.objects[index]
        for number in range(first, first + count):
            try:
                self._pixels(number)
            except (KeyError, OSError, ValueError) as error:
                reasons[self.path / self.names[number]] = str(error)
        return reasons


def _open(path: Path):
    import h5py

    try:
        return h5py.File(path, "r")
    except OSError as error:
        raise ValueError(f"{path}: an HDF5 file of views is expected. Received: {error}") from error


def _read_names(path: Path) -> list[str]:
    try:
        return list(dict.fromkeys(path.read_text(encoding="utf-8").split()))
    except OSError as error:
        raise ValueError(f"{path}: a list of views is expected. Received: {error.strerror}") from error


def _by_object(names: list[str]) -> tuple[list[str], np.ndarray]:
    """The names of objects with two views or more; for each, the number of the object's first one and their count."""
    found = defaultdict(list)
    for name in names:
        found[name.rsplit("_", 2)[0]].append(name)
    kept = [views for views in found.values() if len(views) > 1]
    if not kept:
        raise ValueError(f"Objects with two views or more are expected. Received: {len(found)} objects without.")
    counts = np.array([len(views) for views in kept], np.int64)
    objects = np.stack([np.cumsum(counts) - counts, counts], axis=-1)
    return [name for views in kept for name in views], np.repeat(objects, counts, axis=0)
