"""Everybody's joints in every frame of a video, found once and kept beside it.

Finding people takes far longer than reading what was found, so that is kept: as `VIDEO.keypoints.npz` beside the video,
or, where nothing can be written there, in the user's folder for caches. It belongs to the video's content and to the
networks that found it: another video under the same name is looked at anew. While a video is looked at, what was found
so far is kept there from time to time, and an interrupted look goes on; what it finds is the same.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from gfla_tf.kept_arrays import read_kept_arrays
from gfla_tf.motion.video import read_timed_frames, video_info
from gfla_tf.outputs import whole_file
from gfla_tf.pose.skeletons import convert_keypoints
from gfla_tf.progress import show_progress

__all__ = ["VideoPeople", "find_video_people", "keep_people"]

SKELETON = "blazepose-33"
_VERSION = b"BlazePose full, confidence 0.5, 2"  # to be changed with the networks or with what is kept
_BLOCK = 2**20
_KEPT_EVERY = 300  # frames; each such one is searched as the first one is, so that a look can go on there


@dataclass(frozen=True, eq=False)
class VideoPeople:
    """The people in a video.

    Attributes:
        people: float32 `[people, 33, 3]` = (x, y, confidence) in pixels, confidence 0 = not seen; those of a frame
            follow each other, the largest first.
        frame: int64 `[people]`, which frame each is in.
        times: float64 `[frames]`, when each frame is shown, in seconds.
        image_size: (height, width) of the frames in pixels.
    """

    people: np.ndarray
    frame: np.ndarray
    times: np.ndarray
    image_size: tuple[int, int]

    def by_frame(self, skeleton: str) -> dict[str, list[np.ndarray]]:
        """The people of every frame, each `[joints, 3]` of a skeleton, by the frame's number as six digits."""
        people = convert_keypoints(self.people, SKELETON, skeleton)
        frames: dict[str, list[np.ndarray]] = {f"{number:06}": [] for number in range(len(self.times))}
        for number, person in zip(self.frame, people, strict=True):
            frames[f"{number:06}"].append(person)
        return frames


def find_video_people(path: str | os.PathLike[str]) -> VideoPeople:
    """Find the people in a video, or read what was found before.

    Args:
        path: the video.

    Raises:
        ValueError: it is no video that OpenCV can read, or it has no frame.
    """
    info = video_info(path)
    key = _content_key(path)
    found = next(filter(None, (_read(file, key) for file in _places(path, key))), None)
    if found is None:
        found = _look(path, info.frames, key)
        if len(found.people):
            keep_people(found, path, key)
    return found


def keep_people(found: VideoPeople, path: str | os.PathLike[str], key: str | None = None) -> Path | None:
    """Keep what was found in a video for `find_video_people`.

    Args:
        found: the people.
        path: the video.
        key: of its content, where it is known already.

    Returns:
        The file; None where nothing can be written, so that the next time takes as long again.
    """
    key = key or _content_key(path)
    return _keep(found, _places(path, key), key)


def _keep(found: VideoPeople, places: Iterable[Path], key: str) -> Path | None:
    for file in places:
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            with whole_file(file) as temporary, open(temporary, "wb") as stream:
                np.savez_compressed(stream, key=key, **vars(found))
            return file
        except (ValueError, OSError):
            continue
    return None


def _look(path: str | os.PathLike[str], frames: int, key: str) -> VideoPeople:
    """Find the people in a video, from where an interrupted look at it was kept last."""
    from gfla_tf.pose.tracker import PoseTracker

    tracker, begun = PoseTracker(), f"begun {key}"
    nobody = VideoPeople(np.zeros((0, 33, 3), np.float32), np.zeros(0, np.int64), np.zeros(0), (0, 0))
    kept = next(filter(None, (_read(file, begun) for file in _places(path, key))), nobody)
    people, numbers, times, size = list(kept.people), list(kept.frame), list(kept.times), kept.image_size

    def so_far() -> VideoPeople:
        everybody = np.array(people, np.float32).reshape(-1, 33, 3)
        return VideoPeople(everybody, np.array(numbers, np.int64), np.array(times), size)

    for number, (time, image) in enumerate(show_progress(read_timed_frames(path), frames, "frames looked at")):
        if number < len(kept.times):
            continue
        if number % _KEPT_EVERY == 0:
            tracker.forget()
            if people:
                _keep(so_far(), _places(path, key), begun)
        found = [estimate.keypoints(SKELETON) for estimate in tracker.estimate(image)]
        people += found
        numbers += [number] * len(found)
        times.append(time)
        size = image.shape[:2]
    if not times:
        raise ValueError(f"A video with frames is expected. Received: {path}, of which none can be read.")
    return so_far()


def _places(path: str | os.PathLike[str], key: str) -> Iterator[Path]:
    """Where it may be kept, the best place first."""
    yield Path(f"{os.fspath(path)}.keypoints.npz")
    home = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    yield Path(home, "gfla_tf", f"{key}.keypoints.npz")


def _content_key(path: str | os.PathLike[str]) -> str:
    digest = hashlib.sha256(_VERSION)
    with open(path, "rb") as file:
        while block := file.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()


def _read(file: Path, key: str) -> VideoPeople | None:
    """What is kept in a file, None if that is nothing, damaged or of another video."""
    arrays = read_kept_arrays(file)
    if arrays is None or str(arrays.pop("key", "")) != key or set(arrays) != set(VideoPeople.__annotations__):
        return None
    height, width = arrays.pop("image_size").tolist()
    return VideoPeople(**arrays, image_size=(height, width))
