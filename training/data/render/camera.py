"""A pinhole camera, and the ways a fashion photographer places one.

World: metres, right-handed, y up; a person in the rest pose faces +z with the left hand towards +x. Picture: x to the
right, y down, integers at pixel centres, (0, 0) the top left pixel. The camera's axes are right, down and forward.

Azimuth 0 looks at the person's front, 90 degrees at the left side, 180 degrees at the back; a positive elevation looks
down from above; a positive roll turns the camera clockwise as the photographer sees it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

__all__ = ["Camera", "Framing", "look_rotation", "fit_camera", "random_framing", "heading"]

FIT_ROUNDS = 6  # each leaves a few per cent of the error of the one before
FEET_DOWN = 0.8  # part of the room above and below that is left above
UPPER_BODY_BELOW_HIPS = 0.12  # metres below the hips where an upper-body picture ends


@dataclass(frozen=True)
class Camera:
    """A camera without lens errors.

    Attributes:
        position: float64 `[3]` in metres.
        rotation: float64 `[3, 3]`, orthonormal; the rows are right, down and forward in the world.
        focal: focal length in pixels.
        center: (x, y) of the optical axis in pixels.
        height: of the picture in pixels.
        width: likewise.
    """

    position: np.ndarray
    rotation: np.ndarray
    focal: float
    center: tuple[float, float]
    height: int
    width: int

    def project(self, points: np.ndarray) -> np.ndarray:
        """Where points appear.

        Args:
            points: `[..., 3]` in metres, in front of the camera.

        Returns:
            float64 `[..., 3]` = (x, y) in pixels and the depth in metres along the optical axis.
        """
        local = (np.asarray(points, np.float64) - self.position) @ self.rotation.T
        depth = local[..., 2:]
        return np.concatenate([local[..., :2] / depth * self.focal + np.asarray(self.center), depth], axis=-1)

    def rays(self, x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The rays through points of the picture.

        Args:
            x: `[n]` in pixels.
            y: likewise.

        Returns:
            Origins and directions, float32 `[n, 3]`. Directions have length 1 along the optical axis, so that the
            distance to a hit, counted in directions, is its depth.
        """
        right, down, forward = self.rotation.astype(np.float32)
        across = ((np.asarray(x, np.float64) - self.center[0]) / self.focal).astype(np.float32)
        below = ((np.asarray(y, np.float64) - self.center[1]) / self.focal).astype(np.float32)
        directions = across[:, np.newaxis] * right + below[:, np.newaxis] * down + forward
        return np.tile(self.position.astype(np.float32), (len(directions), 1)), directions


@dataclass(frozen=True)
class Framing:
    """How a picture is taken, independent of the person and the pose.

    Attributes:
        azimuth: in radians, from the person's front towards the left side.
        elevation: in radians, positive from above.
        roll: in radians.
        focal: focal length as a multiple of the picture's height.
        margin: part of the picture's height left free above and below (left and right likewise, if that is tighter).
        shift: sideways place in the room that is left, -1 leftmost to 1 rightmost.
        upper_body: whether the picture ends below the hips.
    """

    azimuth: float = 0.0
    elevation: float = 0.0
    roll: float = 0.0
    focal: float = 2.5
    margin: float = 0.06
    shift: float = 0.0
    upper_body: bool = False


def look_rotation(azimuth: float, elevation: float, roll: float = 0.0) -> np.ndarray:
    """The rotation of a camera that looks at the world's origin from a direction.

    Args:
        azimuth: of the camera seen from the origin, in radians from +z towards +x.
        elevation: likewise, from the horizon upwards.
        roll: in radians.

    Returns:
        float64 `[3, 3]`; rows right, down, forward.
    """
    towards_camera = np.array(
        [np.sin(azimuth) * np.cos(elevation), np.sin(elevation), np.cos(azimuth) * np.cos(elevation)]
    )
    right = np.array([np.cos(azimuth), 0.0, -np.sin(azimuth)])
    down = np.cross(-towards_camera, right)
    turned_right = np.cos(roll) * right + np.sin(roll) * down
    turned_down = np.cos(roll) * down - np.sin(roll) * right
    return np.stack([turned_right, turned_down, -towards_camera])


def fit_camera(points: np.ndarray, framing: Framing, height: int, width: int) -> Camera:
    """A camera placed so that points fill the picture up to the framing's margin.

    Args:
        points: `[n, 3]` in metres: what has to be in the picture.
        framing: how it is taken; `framing.azimuth` is counted from the world's +z here.
        height: of the picture in pixels.
        width: likewise.

    Returns:
        The camera.

    Raises:
        ValueError: fewer than two points, or a picture without pixels.
    """
    points = np.asarray(points, np.float64)
    if points.ndim != 2 or points.shape[1] != 3 or len(points) < 2:
        raise ValueError(f"At least two points [n, 3] are expected. Received: shape {points.shape}.")
    if height < 1 or width < 1:
        raise ValueError(f"A picture of at least one pixel is expected. Received: {height} x {width}.")
    rotation = look_rotation(framing.azimuth, framing.elevation, framing.roll)
    middle, extent = points.mean(axis=0), np.ptp(points, axis=0).max() + 1e-6
    start = middle - rotation[2] * framing.focal * extent * 1.5
    camera = Camera(start, rotation, framing.focal * height, ((width - 1) / 2, (height - 1) / 2), height, width)
    for _ in range(FIT_ROUNDS):
        camera = _step_towards_fit(camera, points, framing)
    return camera


def _step_towards_fit(camera: Camera, points: np.ndarray, framing: Framing) -> Camera:
    """Move the camera so that the box of the points gets nearer to its place and size."""
    projected = camera.project(points)
    low, high = projected[:, :2].min(axis=0), projected[:, :2].max(axis=0)
    size = np.array([camera.width, camera.height], np.float64)
    room = size - 2 * framing.margin * camera.height
    box = np.maximum(high - low, 1e-6)
    scale = (box / np.maximum(room, 1.0)).max()
    free = np.maximum(room - box / scale, 0.0) / 2
    # Feet stay near the lower border when the width is what limits.
    wanted = np.asarray(camera.center) + np.array([framing.shift, FEET_DOWN]) * free
    depth = projected[:, 2].min() + np.ptp(projected[:, 2]) / 2
    sideways = ((low + high) / 2 - wanted) / camera.focal * depth
    back = depth * (scale - 1)
    move = sideways[0] * camera.rotation[0] + sideways[1] * camera.rotation[1] - back * camera.rotation[2]
    return replace(camera, position=camera.position + move)


def random_framing(random: np.random.Generator) -> Framing:
    """A framing as in fashion catalogues: mostly from the front, some from the side and from behind.

    Args:
        random: the source of chance; a fixed number of draws is taken.
    """
    kind, turn, anywhere = random.random(), random.normal(), random.uniform(-np.pi, np.pi)
    azimuth = np.radians(32) * turn if kind < 0.6 else anywhere if kind < 0.8 else np.pi + np.radians(25) * turn
    return Framing(
        azimuth=float(azimuth),
        elevation=float(np.radians(np.clip(random.normal(4, 6), -8, 24))),
        roll=float(np.radians(np.clip(random.normal(0, 1.2), -4, 4))),
        focal=float(random.uniform(1.8, 3.8)),
        margin=float(random.uniform(0.03, 0.10)),
        shift=float(np.clip(random.normal(0, 0.25), -1, 1)),
        upper_body=bool(random.random() < 0.15),
    )


def heading(joints: dict[str, np.ndarray]) -> float:
    """Where a person faces, in radians from +z towards +x: across the shoulders and hips, seen from above.

    Args:
        joints: 3-D positions by name; shoulders and hips of both sides are used.
    """
    left = sum(joints[f"left_{name}"] - joints[f"right_{name}"] for name in ("shoulder", "hip"))
    # Front = left x up.
    return float(np.arctan2(-left[2], left[0]))
