"""Cameras around a moving person, and which joints they cannot see.

World: y up, any length unit. A picture is `SIDE` x `SIDE` pixels; keypoints are `[frames, 18, 3]` = (x, y, confidence)
in pixels: confidence 1 visible, 0.5 hidden by the body, 0 outside of the picture.

A camera stands still and is one of four around the person, 90 degrees apart, turned by up to 45 degrees at random. It
looks from 10 degrees below to 30 above, is tilted by 3 degrees as a rule, and has a focal length of 0.8 to 3 times the
picture's side. Its distance is such that the whole movement fills 40 to 94 % of the picture; in one of ten cases it is
so near that the picture cuts the movement off at up to a quarter.

A joint is hidden if the way to it leads through the trunk, an upper leg or a lower leg, taken for rows of balls; parts
of the face also if the head is turned away.
"""

from __future__ import annotations

import numpy as np

from gfla_tf.pose.capture import turned_away
from gfla_tf.pose.skeletons import get_skeleton
from training.data.render.camera import Camera, Framing, fit_camera

__all__ = ["DIRECTIONS", "SIDE", "photograph", "random_camera"]

DIRECTIONS = 4
SIDE = 1000
FRAMED_STEP = 5  # every so many frames are looked at when a camera is placed
CUT_OFF = 0.1
_JOINTS = get_skeleton("openpose-18").joints
# Rows of balls from the first joint to the middle of the others: how many, and their radius as part of the distance
# between the shoulders.
_BALLS = (
    ("neck", ("left_hip", "right_hip"), 5, 0.46),
    *((f"{side}_hip", (f"{side}_knee",), 3, 0.18) for side in ("left", "right")),
    *((f"{side}_knee", (f"{side}_ankle",), 3, 0.1) for side in ("left", "right")),
)
_RADII = np.array([part for _, _, count, part in _BALLS for _ in range(count)])


def random_camera(joints: np.ndarray, direction: int, random: np.random.Generator) -> Camera:
    """A camera that looks at a movement.

    Args:
        joints: `[frames, 18, 3]` in the world.
        direction: which of the four, from 0.
        random: the source of chance.
    """
    framing = Framing(
        azimuth=np.pi / 2 * (direction + random.uniform(-0.5, 0.5)),
        elevation=np.radians(random.uniform(-10, 30)),
        roll=np.radians(3 * random.normal()),
        focal=random.uniform(0.8, 3.0),
        margin=random.uniform(-0.25, 0.0) if random.random() < CUT_OFF else random.uniform(0.03, 0.3),
        shift=random.uniform(-1, 1),
    )
    return fit_camera(joints[::FRAMED_STEP].reshape(-1, 3), framing, SIDE, SIDE)


def photograph(joints: np.ndarray, camera: Camera) -> np.ndarray:
    """The exact keypoints in a camera's picture, float32 `[frames, 18, 3]`; coordinates are kept outside of it, too.

    Args:
        joints: `[frames, 18, 3]` in the world.
        camera: whose picture.
    """
    x, y, depth = np.moveaxis(camera.project(joints), -1, 0)
    inside = (depth > 0) & (np.abs(x - camera.center[0]) < SIDE / 2) & (np.abs(y - camera.center[1]) < SIDE / 2)
    hidden = _behind_body(joints, camera.position) | turned_away(joints, camera.position)
    confidence = np.where(inside, np.where(hidden, 0.5, 1.0), 0.0)
    return np.stack([x, y, confidence], axis=-1).astype(np.float32)


def _joint(joints: np.ndarray, *names: str) -> np.ndarray:
    """The middle of some joints, `[frames, 3]`."""
    return np.mean([joints[:, _JOINTS.index(name)] for name in names], axis=0)


def _behind_body(joints: np.ndarray, position: np.ndarray) -> np.ndarray:
    """Which joints the body hides, bool `[frames, 18]`."""
    width = np.linalg.norm(_joint(joints, "left_shoulder") - _joint(joints, "right_shoulder"), axis=-1)
    ways = joints - position
    distances = np.linalg.norm(ways, axis=-1, keepdims=True)
    balls = _balls(joints) - position
    radius = _RADII * width[:, np.newaxis]
    along = (ways / distances) @ np.swapaxes(balls, 1, 2)  # [frames, 18, balls]
    aside = np.sqrt(np.maximum((balls**2).sum(axis=-1)[:, np.newaxis] - along**2, 0))
    return ((aside < radius[:, np.newaxis]) & (distances - along > radius[:, np.newaxis])).any(axis=-1)


def _balls(joints: np.ndarray) -> np.ndarray:
    """Where the centres of the balls are, `[frames, balls, 3]`."""
    rows = []
    for first, second, count, _ in _BALLS:
        share = np.linspace(0.1, 0.9, count)[:, np.newaxis]
        ends = (_joint(joints, first), _joint(joints, *second))
        rows.append((1 - share) * ends[0][:, np.newaxis] + share * ends[1][:, np.newaxis])
    return np.concatenate(rows, axis=1)
