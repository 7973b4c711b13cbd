"""Recordings that the motion extractor is judged by: what a detector found, and where the joints are.

* Motion capture: each held-out recording from beginning to end, seen by one camera from each of four sides and by the
  made-up detector of `training.data.motion_detector` with its measured noise. Both follow from the recording's number.
* Rendered clips: what the bundled estimator finds in their frames.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator
from dataclasses import dataclass

import numpy as np

from gfla_tf.motion.filling import person_size
from gfla_tf.motion.windows import find_reach
from gfla_tf.pose.capture import read_capture
from gfla_tf.pose.skeletons import convert_keypoints
from training.data.human36m import RECEPTIVE_FIELD
from training.data.layouts import find_clips
from training.data.motion_cameras import DIRECTIONS, photograph, random_camera
from training.data.motion_clips import RENDERED_RATE, detect_clips
from training.data.motion_detector import detect
from training.data.motion_windows import find_recordings

__all__ = ["Track", "capture_tracks", "clip_tracks"]

_MARGIN = RECEPTIVE_FIELD // 2


@dataclass(frozen=True, eq=False)
class Track:
    """A recording of one person.

    Attributes:
        name: for people.
        found: float32 `[frames, 17, 3]` = (x, y, confidence) in pixels, Human3.6M's joints, confidence 0 = missing.
        exact: likewise; confidence 0 = not in the picture.
        frames_per_second: above 0.
    """

    name: str
    found: np.ndarray
    exact: np.ndarray
    frames_per_second: float = RENDERED_RATE

    @property
    def size(self) -> float:
        """The person's size in pixels (`gfla_tf.motion.person_size` of the exact joints)."""
        return person_size(self.exact[..., :2].astype(np.float64), self.exact[..., 2] > 0)

    @property
    def counted(self) -> np.ndarray:
        """The joints that errors are counted of, bool `[frames, 17]`.

        They are in the picture, and found in a frame that is at most 40 frames away: of others nobody knows.
        """
        padded = np.pad(self.found, ((_MARGIN, _MARGIN), (0, 0), (0, 0)))
        return (self.exact[..., 2] > 0) & find_reach(padded, _MARGIN)


def _track(name: str, found: np.ndarray, exact: np.ndarray, rate: float = RENDERED_RATE) -> Track:
    return Track(name, *(convert_keypoints(joints, "openpose-18", "h36m-17") for joints in (found, exact)), rate)


def capture_tracks(
    folder: str | os.PathLike[str], held_out: Collection[str] = (), split: str = "test", rate: float = RENDERED_RATE
) -> Iterator[Track]:
    """Recordings of motion capture.

    Args:
        folder: of .bvh files.
        held_out: names of files that are for testing, too; see `MotionCaptureSettings`.
        split: "train" or "test".
        rate: frames a second that they are seen at.

    Raises:
        ValueError: no usable file, or a damaged one.
    """
    for number, path in enumerate(find_recordings(folder, split, held_out)):
        capture = read_capture(path)
        joints = capture.at(np.arange(0, len(capture), capture.frames_per_second / rate)).joints()
        for direction in range(DIRECTIONS):
            random = np.random.Generator(np.random.PCG64([number, direction]))
            exact = photograph(joints, random_camera(joints, direction, random))
            found = detect(exact, random, frames_per_second=rate)
            yield _track(f"{path.stem} from side {direction}", found, exact, rate)


def clip_tracks(
    folder: str | os.PathLike[str], split: str = "test", kept: str | os.PathLike[str] | None = None
) -> Iterator[Track]:
    """Rendered clips.

    Args:
        folder: of `data render --kind clips`.
        split: "train" or "test".
        kept: folder for what the estimator found, see `detect_clips`.

    Raises:
        ValueError: no clips, no truth, or a damaged file.
    """
    clips = [clip for clip in find_clips(folder, split) if clip.frames]
    for clip, (found, exact) in zip(clips, detect_clips(clips, kept), strict=True):
        yield _track(clip.name, found, exact)
