"""Where people, poses and movements come from: everything the renderer needs to know about bodies.

A cast is made anew in every process. Tests and other renderers may bring their own.
"""

from __future__ import annotations

import copy
import functools
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np

from training.data.render.mesh import Mesh
from training.data.render.plan import SPLITS, Settings

__all__ = ["Actor", "Cast", "Posed", "load_cast", "blend_rotations"]

FRAMES_A_SECOND = 30
POSE_STEP = 10  # frames between the poses of a recording that pictures are taken of
BEAT = 15  # frames from one made-up pose to the next


class Posed(Protocol):
    """A person in a pose: the mesh, and the 18 joints of OpenPose in metres by name."""

    mesh: Mesh
    joints: dict[str, np.ndarray]


class Actor(Protocol):
    """A person with a body and clothes."""

    def posed(self, pose) -> Posed:
        """The person in a pose."""


@dataclass(frozen=True)
class Cast:
    """Who and what can be rendered.

    Attributes:
        person: makes the person of a seed, for a split (`train` or `test`).
        pose: makes up a pose, for a split.
        movement: gives a number of consecutive poses, 30 a second, for a split.
    """

    person: Callable[[int, str], Actor]
    pose: Callable[[np.random.Generator, str], object]
    movement: Callable[[np.random.Generator, int, str], list]


def load_cast(settings: Settings) -> Cast:
    """The people of this package, dressed from the settings' wardrobe, moving as in its BVH files.

    Recordings are split between training and testing by their names; if one split gets none, both share all.

    Raises:
        ValueError: a folder that holds nothing of use.
    """
    from training.data.render import poses
    from training.data.render.people import sample_person

    wardrobe = _open_wardrobe(settings.wardrobe)
    # Cameras turn around the person, so the person needn't turn.
    random_pose = functools.partial(poses.random_pose, heading=0.0)
    if settings.motion is None:
        pose, movement = (lambda random, split: random_pose(random)), functools.partial(_made_up, random_pose)
    else:
        pose, movement = _recorded_poses(settings.motion, random_pose)
    return Cast(lambda seed, split: sample_person(seed, wardrobe, split), pose, movement)


def _open_wardrobe(folder: str | None):
    if folder is None:
        return None
    from training.data.render.wardrobe import Wardrobe

    return Wardrobe(folder)


def _recorded_poses(folder: str, random_pose: Callable) -> tuple[Callable, Callable]:
    """The functions `pose` and `movement` of a cast that moves as in a folder's recordings."""
    paths = _recordings(folder)
    # Reading takes long and all poses take much memory; single poses are taken from a few of each recording.
    read_all = functools.lru_cache(maxsize=1)(_read_poses)
    read_some = functools.cache(lambda path: copy.deepcopy(_read_poses(path)[::POSE_STEP]))

    def movement(random: np.random.Generator, frames: int, split: str) -> list:
        return _excerpt(read_all(_choose(random, paths[split])), random, frames)

    def pose(random: np.random.Generator, split: str):
        """Half of the poses are made up, half recorded."""
        if random.random() < 0.5:
            return random_pose(random)
        return _choose(random, read_some(_choose(random, paths[split])))

    return pose, movement


def _choose(random: np.random.Generator, items: list):
    return items[random.integers(len(items))]


def _recordings(folder: str) -> dict[str, list[Path]]:
    """The .bvh files of each split, in the order of their names."""
    from training.data.render.people import clip_split

    paths = sorted(Path(folder).glob("**/*.bvh"))
    if not paths:
        raise ValueError(f"A folder with .bvh files is expected. Received: {folder}.")
    splits = {split: [path for path in paths if clip_split(path) == split] for split in SPLITS}
    return splits if all(splits.values()) else dict.fromkeys(SPLITS, paths)


def _read_poses(path: Path) -> list:
    """The poses of a recording, 30 a second."""
    from training.data.render.poses import read_motion

    motion = read_motion(path)
    step = max(round(motion.frames_per_second / FRAMES_A_SECOND), 1)
    return list(motion.poses[::step])


def _excerpt(poses: list, random: np.random.Generator, frames: int) -> list:
    """Part of a recording that is long enough; a shorter one is played back and forth."""
    there_and_back = poses + poses[-2:0:-1]
    start = random.integers(max(len(poses) - frames + 1, 1))
    return [there_and_back[(start + frame) % len(there_and_back)] for frame in range(frames)]


def _made_up(random_pose: Callable, random: np.random.Generator, frames: int, split: str) -> list:
    """Random poses, half a second apart, with smooth ways between them."""
    keys = [random_pose(random) for _ in range((frames - 1) // BEAT + 2)]
    poses = []
    for frame in range(frames):
        beat, part = frame // BEAT, (frame % BEAT) / BEAT
        rotations = blend_rotations(keys[beat].rotations, keys[beat + 1].rotations, part * part * (3 - 2 * part))
        poses.append(type(keys[beat])(rotations))
    return poses


def blend_rotations(first: np.ndarray, second: np.ndarray, part: float) -> np.ndarray:
    """Rotations `[n, 3, 3]` on the shortest way from one to the other: part 0 is the first, 1 the second; float32."""
    from scipy.spatial.transform import Rotation

    start = Rotation.from_matrix(first)
    way = (start.inv() * Rotation.from_matrix(second)).as_rotvec()
    return (start * Rotation.from_rotvec(part * way)).as_matrix().astype(np.float32)
