"""A view: one picture of a person with everything that truth is made of."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from training.data.render.backgrounds import Background
from training.data.render.camera import UPPER_BODY_BELOW_HIPS, Camera, Framing, fit_camera, heading
from training.data.render.cast import Posed
from training.data.render.lighting import random_light
from training.data.render.picture import Picture, render_picture
from training.data.render.plan import SHOOT, Settings, chance
from training.data.render.raytrace import Scene
from training.data.render.textures import TextureAtlas
from training.data.render.truth import correspond, true_keypoints

__all__ = ["View", "take_view", "aim_camera", "flow_between"]

VERTEX_STEP = 5  # every so many vertices are looked at when a person is framed


@dataclass(frozen=True)
class View:
    """One picture with its scene and camera.

    Attributes:
        scene: the posed person.
        camera: where it was seen from.
        picture: what was seen.
        keypoints: float32 `[18, 3]`, see `true_keypoints`.
    """

    scene: Scene
    camera: Camera
    picture: Picture
    keypoints: np.ndarray


def aim_camera(bodies: list[Posed], framing: Framing, height: int, width: int) -> Camera:
    """A camera that frames a person in all poses of a list, its azimuth counted from the heading in the first."""
    points = np.concatenate([_framed_points(posed, framing.upper_body) for posed in bodies])
    turned = replace(framing, azimuth=framing.azimuth + heading(bodies[0].joints))
    return fit_camera(points, turned, height, width)


def _framed_points(posed: Posed, upper_body: bool) -> np.ndarray:
    points = posed.mesh.vertices[::VERTEX_STEP]
    if not upper_body:
        return points
    lowest = (posed.joints["left_hip"][1] + posed.joints["right_hip"][1]) / 2 - UPPER_BODY_BELOW_HIPS
    return points[points[:, 1] > lowest]


def take_view(
    settings: Settings, shoot: int, posed: Posed, atlas: TextureAtlas, camera: Camera, background: Background
) -> View:
    """Render a picture.

    Args:
        settings: light and seed are taken from here.
        shoot: number that pictures under the same light share; the light stands where the camera stands.
        posed: the person.
        atlas: of the person's textures.
        camera: where it is seen from.
        background: of the picture's size.
    """
    backward = camera.rotation[2]
    light = random_light(
        chance(settings.seed, SHOOT, shoot, 1), settings.light, float(np.arctan2(-backward[0], -backward[2]))
    )
    scene = Scene(posed.mesh, atlas)
    picture = render_picture(scene, camera, light, background)
    return View(scene, camera, picture, true_keypoints(scene, camera, posed.joints))


def flow_between(target: View, source: View) -> tuple[np.ndarray, np.ndarray]:
    """Exact flow and visibility from the target to the source, see `correspond`."""
    return correspond(target.picture, source.scene, source.camera)
