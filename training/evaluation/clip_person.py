"""Who is in a clip: the joints of its frames' keypoint files, clean or as a detector saw them.

Of several people in a file, the one with the most confidence counts, as in training; where there is nobody, all joints
are missing. Keypoints are `[frames, joints, 3]` = (x, y, confidence) in pixels of the compared picture.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from gfla_tf.pose.heatmaps import rescale_keypoints
from gfla_tf.pose.keypoint_files import read_keypoint_file
from gfla_tf.pose.keypoint_records import NobodyError
from gfla_tf.pose.skeletons import SKELETONS, convert_keypoints
from training.data.layouts import ClipFolder

__all__ = ["ClipPerson"]


@dataclass(frozen=True)
class ClipPerson:
    """Gives the joints of any skeleton in a clip's frames: `person("h36m-17", noisy=True)`.

    Attributes:
        video: the clip.
        frames: how many of its first frames.
        sizes: `[frames, 2]`, (height, width) of the frames' files.
        picture_size: (height, width) in pixels, to which the joints are brought.
    """

    video: ClipFolder
    frames: int
    sizes: np.ndarray
    picture_size: tuple[int, int]

    def __call__(self, skeleton: str, noisy: bool = False) -> np.ndarray:
        if noisy and not self.video.noisy:
            raise ValueError(f"{self.video.folder}: keypoints_noisy is expected. Received: a clip without.")
        people = [_read_person(self.video.keypoint_file(frame, noisy), skeleton) for frame in range(self.frames)]
        moved = [
            rescale_keypoints(person, size, self.picture_size) for person, size in zip(people, self.sizes, strict=True)
        ]
        return np.stack(moved)


def _read_person(path: Path, skeleton: str) -> np.ndarray:
    """The person of a file with the most confidence; all joints missing where there is nobody."""
    try:
        file = read_keypoint_file(path)
    except NobodyError:
        return np.zeros((len(SKELETONS[skeleton].joints), 3), np.float32)
    except (OSError, ValueError) as error:
        raise ValueError(f"{path}: a readable keypoint file is expected. Received: {error}.") from error
    people = [person for people in file.frames.values() for person in people]
    return convert_keypoints(max(people, key=lambda person: person[:, 2].sum()), file.skeleton, skeleton)
