"""People from photos and keypoint files: what a pose transfer starts from.

Keypoints are `[joints, 3]` = (x, y, confidence) in pixels of the photo, or of the image that a keypoint file was made
from, confidence 0 = missing. Photos are `[height, width, 3]` float32 RGB in [-1, 1].
"""

from __future__ import annotations

import os
import warnings
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from pathlib import Path

import numpy as np

from gfla_tf.image_io import read_image
from gfla_tf.pose.estimator import PoseEstimator, check_image
from gfla_tf.pose.framing import are_inside
from gfla_tf.pose.keypoint_files import KEYPOINT_EXTENSIONS, read_keypoints, split_image_name
from gfla_tf.pose.person_choice import check_person
from gfla_tf.pose.skeletons import get_skeleton, missing_joints
from gfla_tf.remote import as_path

__all__ = ["PeopleReader", "Person", "check_there", "is_keypoint_file", "warn_of_missing_joints"]

REMEMBERED_PHOTOS = 2
LIMB_JOINTS = ("_shoulder", "_elbow", "_wrist", "_hip", "_knee", "_ankle")
KEYPOINT_FILE_MARKS = (b"{", b"[", b"name")


@dataclass(frozen=True, eq=False)
class Person:
    """A person to render or to imitate.

    Attributes:
        keypoints: `[joints, 3]` = (x, y, confidence) in pixels of the photo, or of the keypoint file.
        photo: `[height, width, 3]` in [-1, 1]; None for a keypoint file, and for a pose from a photo's file.
        name: where it comes from, for messages.
        photo_size: (height, width) of the photo in pixels, which need not be there; None for a keypoint file.
    """

    keypoints: np.ndarray
    photo: np.ndarray | None = None
    name: str = "the picture"
    photo_size: tuple[int, int] | None = None

    def __post_init__(self):
        if self.photo is not None:
            object.__setattr__(self, "photo_size", self.photo.shape[:2])

    def keypoints_in_photo(self) -> np.ndarray:
        """The keypoints, those outside the photo set to missing."""
        if self.photo_size is None:
            return self.keypoints
        inside = are_inside(self.keypoints, *self.photo_size)
        return np.where(inside[:, np.newaxis], self.keypoints, 0)


class PeopleReader:
    """Reads people with the joints of one skeleton.

    Who is in a photo's file is remembered, since folders of sources and poses meet each photo many times; its pixels,
    which only a source needs, are not for long.

    Args:
        skeleton: name of the skeleton.
        estimator: finds the keypoints in photos; the bundled one by default.
    """

    def __init__(self, skeleton: str = "openpose-18", estimator: PoseEstimator | None = None):
        self.skeleton = skeleton
        self.estimator = estimator or PoseEstimator()
        self._remember = cache(self._search)
        self._read = lru_cache(maxsize=REMEMBERED_PHOTOS)(lambda path, written: read_image(path))

    def read_source(self, source, keypoints=None, person: int | None = None) -> Person:
        """The person to render.

        Args:
            source: path of a photo, an image `[height, width, 3]` in [-1, 1], or a `Person` with a photo.
            keypoints: path of a keypoint file or array `[joints, 3]`, where they are known; found otherwise. A `Person`
                has its own.
            person: which of several people, see `read_pose`.

        Raises:
            ValueError: if a file cannot be read, an image is of another kind, or there is nobody in the photo.
        """
        if isinstance(source, Person):
            if source.photo is None:
                raise ValueError("A source with a photo is expected. Received: a person with keypoints only.")
            if keypoints is not None:
                raise ValueError("A person's own keypoints are expected. Received: others besides.")
            _checked(source.photo, source.name)
            return source
        if isinstance(source, (str, os.PathLike)) and is_keypoint_file(source):
            raise ValueError(f"A photo is expected as the source. Received: {source}, which is a keypoint file.")
        if keypoints is None:
            found = self._find(source, person)
            return found if found.photo is not None else replace(found, photo=self._pixels(found.name))
        if isinstance(source, np.ndarray):
            return Person(self._read_keypoints(keypoints, person), _checked(source, "the source"), "the source")
        return Person(self._read_keypoints(keypoints, person), self._pixels(os.fspath(source)), str(source))

    def read_pose(self, pose, person: int | None = None) -> Person:
        """The person to imitate.

        Args:
            pose: path of a photo or of a keypoint file, an image, keypoints `[joints, 3]`, or a `Person`.
            person: which of several people: in a photo counted from the largest, in a keypoint file in its order,
                beginning with 0; the largest by default.

        Raises:
            ValueError: if a file cannot be read or there is nobody in it.
        """
        if isinstance(pose, Person):
            return pose
        if isinstance(pose, np.ndarray) and pose.ndim == 2:
            return Person(self._read_keypoints(pose), name="the pose")
        if isinstance(pose, (str, os.PathLike)):
            check_there(pose, "A photo or a keypoint file")
            if is_keypoint_file(pose):
                return Person(self._read_keypoints(pose, person), name=str(pose))
        return self._find(pose, person)

    def _read_keypoints(self, keypoints, person: int | None = None) -> np.ndarray:
        if isinstance(keypoints, (str, os.PathLike)):
            return read_keypoints(keypoints, self.skeleton, person)
        keypoints = np.asarray(keypoints, np.float32)
        joints = len(get_skeleton(self.skeleton).joints)
        if keypoints.shape != (joints, 3) or not np.all(np.isfinite(keypoints)):
            raise ValueError(f"Finite keypoints of shape [{joints}, 3] are expected. Received: {keypoints.shape}.")
        return keypoints

    def _find(self, photo, person: int | None) -> Person:
        if isinstance(photo, np.ndarray):
            return self._find_in_image(photo, "the picture", person)
        path = os.fspath(photo)
        found = self._remember(path, person, _time_written(path))
        if isinstance(found, str):
            raise ValueError(found)
        return found

    def _pixels(self, path: str) -> np.ndarray:
        return self._read(path, _time_written(path))

    def _search(self, path: str, person: int | None, written: float | None) -> Person | str:
        """Somebody in a photo's file, without its pixels, or why there is nobody."""
        try:
            found = self._find_in_image(self._read(path, written), path, person)
        except ValueError as error:
            return str(error)
        return replace(found, photo=None)

    def _find_in_image(self, photo: np.ndarray, name: str, person: int | None) -> Person:
        try:
            estimates = self.estimator.estimate(photo)
        except ValueError as error:
            raise ValueError(f"{name}: {error}") from error
        if not estimates:
            raise ValueError(f"{name}: a picture of a person is expected, but nobody was found in it.")
        check_person(person or 0, len(estimates), name)
        keypoints = estimates[person or 0].keypoints(self.skeleton)
        warn_of_missing_joints(keypoints, self.skeleton, name)
        return Person(keypoints, photo, name)


def _checked(photo: np.ndarray, name: str) -> np.ndarray:
    try:
        return check_image(photo)
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from error


def _time_written(path: str) -> float | None:
    """When a file was written, so that another one under its name is not taken for it; None where that isn't known."""
    return os.path.getmtime(path) if os.path.isfile(path) else None


def check_there(path: str | os.PathLike, expected: str) -> None:
    """Raise a ValueError, which says what is expected, unless a path leads somewhere; worth asking before long work.

    `FILE#IMAGE` leads to its file. Addresses (`gfla_tf.remote`) are not looked at.
    """
    file, _ = split_image_name(path)
    if isinstance(as_path(file), Path) and not os.path.exists(file):
        raise ValueError(f"{expected} is expected. Received: {path}, which is not there.")


def is_keypoint_file(path: str | os.PathLike) -> bool:
    """Tell by a file's ending, or else by its content, whether it is for keypoints (JSON or CSV) rather than a picture.

    `FILE#IMAGE` counts too. A file that is empty or not there has its ending all the same.
    """
    file, _ = split_image_name(path)
    if file.lower().endswith(KEYPOINT_EXTENSIONS):
        return True
    if not os.path.isfile(file):
        return False
    with open(file, "rb") as file:
        start = file.read(64).removeprefix(b"\xef\xbb\xbf").lstrip()
    return start.startswith(KEYPOINT_FILE_MARKS)


def warn_of_missing_joints(keypoints: np.ndarray, skeleton: str, name: str) -> None:
    """Warn, with their names, if half of the joints are missing, or half of those of arms and legs.

    The face has five joints in a small place: somebody cut off at the waist still has most joints of OpenPose.
    """
    missing = missing_joints(keypoints, skeleton)
    limbs = [joint for joint in get_skeleton(skeleton).joints if joint.endswith(LIMB_JOINTS)]
    missing_limbs = [joint for joint in missing if joint in limbs]
    if 2 * len(missing) >= len(keypoints) or 2 * len(missing_limbs) >= len(limbs):
        names = ", ".join(joint.replace("_", " ") for joint in missing)
        warnings.warn(f"{name}: {len(missing)} of {len(keypoints)} joints were not found: {names}.", stacklevel=3)
