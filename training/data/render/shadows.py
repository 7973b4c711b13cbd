"""The shadow that a person casts on the floor, so that feet stand on something."""

from __future__ import annotations

import numpy as np

from training.data.render.camera import Camera
from training.data.render.lighting import GAMMA, Light
from training.data.render.raytrace import Scene

__all__ = ["floor_shadow"]

COARSE = 4  # pixels between the points where the shadow is found
RAYS = 8  # towards the dome and as many towards the key light
FADE = 1.5  # metres from the person at which the floor's shadow has ended
DOME_REACH = 0.4  # metres


def floor_shadow(scene: Scene, camera: Camera, light: Light) -> np.ndarray:
    """What the background is multiplied by.

    Args:
        scene: the person; the floor is the level of its lowest vertex.
        camera: where it is seen from.
        light: what casts the shadow.

    Returns:
        float32 `[height, width]` in (0, 1]; 1 where no floor is seen, or no shadow lies.
    """
    import cv2

    height, width = -(-camera.height // COARSE), -(-camera.width // COARSE)
    columns, rows = np.meshgrid((np.arange(width) + 0.5) * COARSE - 0.5, (np.arange(height) + 0.5) * COARSE - 0.5)
    points, near = _floor_points(scene, camera, columns.ravel(), rows.ravel())
    shadow = np.ones(height * width, np.float32)
    shadow[near > 0] = 1 - near[near > 0] * (1 - _light_left(scene, light, points[near > 0]))
    coarse = cv2.GaussianBlur(shadow.reshape(height, width), (0, 0), 0.8)
    size = (width * COARSE, height * COARSE)
    return cv2.resize(coarse, size, interpolation=cv2.INTER_LINEAR)[: camera.height, : camera.width]


def _floor_points(scene: Scene, camera: Camera, x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Points of the floor seen at pixels, and how near to the person they are: 1 at the feet, 0 far away or none."""
    lowest = scene.mesh.vertices[:, 1].min()
    feet = scene.mesh.vertices[scene.mesh.vertices[:, 1] < lowest + 0.1].mean(axis=0)
    origins, directions = camera.rays(x, y)
    falling = np.minimum(directions[:, 1], -1e-4)
    points = origins + ((lowest - 1e-3 - origins[:, 1]) / falling)[:, np.newaxis] * directions
    distance = np.linalg.norm((points - feet)[:, [0, 2]], axis=1)
    near = np.clip(1 - distance / FADE, 0, 1) * (directions[:, 1] < -1e-4) * (origins[:, 1] > lowest)
    return points, near.astype(np.float32)


def _light_left(scene: Scene, light: Light, points: np.ndarray) -> np.ndarray:
    """Part of the light that reaches points of the floor, as a factor of sRGB numbers, float32 `[n]`."""
    turn = np.arange(RAYS) * np.pi * (3 - 5**0.5)
    radius = np.sqrt((np.arange(RAYS) + 0.5) / RAYS)
    disk = np.stack([radius * np.cos(turn), np.sqrt(1 - radius**2), radius * np.sin(turn)], axis=-1)
    key = float(np.mean(light.key)) * max(float(light.towards_key[1]), 0.0)
    dome = float(np.mean(light.sky))
    lost = np.zeros(len(points), np.float32)
    for upward in disk:
        to_key = light.towards_key + np.tan(light.softness) * (upward - [0, 0.7, 0])
        lost += key / RAYS * scene.blocked(points, _spread(to_key, len(points)), 3.0)
        lost += dome / RAYS * scene.blocked(points, _spread(upward, len(points)), DOME_REACH)
    return np.power(np.maximum(1 - lost / (key + dome), 0.02), np.float32(1 / GAMMA))


def _spread(direction: np.ndarray, count: int) -> np.ndarray:
    unit = (direction / np.linalg.norm(direction)).astype(np.float32)
    return np.ascontiguousarray(np.broadcast_to(unit, (count, 3)))
