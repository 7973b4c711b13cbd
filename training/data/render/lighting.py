"""Studio light: an ambient dome, one large key light with soft shadows, and darker places where little sky is seen.

Light intensities are linear and 1 is the one under which a picture shows a texture's own colour. Textures and pictures
are sRGB; multiplying intensities in linear light equals multiplying sRGB numbers by intensity ** (1 / 2.2), which is
what `shade_factor` returns. Directions are unit vectors of the world (y up), normals face the viewer.

Shadows and occlusion are found at pixel centres, a few rays each; the directions alternate within blocks of 4 x 4
pixels and the result is averaged over such blocks, so that there is no noise and nothing depends on chance.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from training.data.render.camera import look_rotation
from training.data.render.raytrace import Scene

__all__ = ["LIGHTS", "Light", "FLAT_LIGHT", "random_light", "shade_factor", "light_fields", "smooth_within"]

LIGHTS = ("flat", "studio", "random")
GAMMA = 2.2
BLOCK = 4  # pixels
RAYS = 2  # a pixel, for each of shadow and occlusion
REACH = 0.5  # metres: farther surfaces don't darken a place
LIFT = 0.004  # metres above the surface where rays start, more than cloth lies above skin
FULL_POWER = 1.05  # intensity on a surface that faces the key light


@dataclass(frozen=True)
class Light:
    """What shines on the person.

    Attributes:
        towards_key: unit vector from the person to the key light.
        key: linear RGB of the key light on a surface that faces it; all 0 for flat light.
        sky: linear RGB on a surface that faces up and sees nothing but the dome.
        ground: linear RGB on one that faces down.
        softness: half angle of the key light seen from the person, in radians.
        flat: whether textures are shown as they are, without any shading.
    """

    towards_key: np.ndarray
    key: np.ndarray
    sky: np.ndarray
    ground: np.ndarray
    softness: float = 0.3
    flat: bool = False


FLAT_LIGHT = Light(np.array([0.0, 1.0, 0.0]), np.zeros(3), np.ones(3), np.ones(3), flat=True)


def random_light(random: np.random.Generator, kind: str, azimuth: float = 0.0) -> Light:
    """A light of one kind.

    Args:
        random: the source of chance.
        kind: `flat`, `studio` (soft, nearly white, from the front) or `random` (any of these, and harder, coloured or
            from the side).
        azimuth: of the camera that the light is set up around, in radians from +z towards +x.

    Raises:
        ValueError: another kind.
    """
    if kind not in LIGHTS:
        raise ValueError(f"light must be one of {', '.join(LIGHTS)}. Received: {kind!r}.")
    choice, side, height = random.random(), random.uniform(-1, 1), random.uniform(20, 60)
    strength, softness, tint = random.uniform(0.25, 0.45), random.uniform(0.25, 0.5), random.normal(0, 0.02, 3)
    hard = random.uniform(0.45, 0.7), random.uniform(0.06, 0.25), random.normal(0, 0.07, 3)
    if kind == "flat" or (kind == "random" and choice < 0.15):
        return FLAT_LIGHT
    reach = np.radians(40)
    if kind == "random" and choice > 0.6:
        strength, softness, tint = hard
        reach = np.radians(75)
    towards_key = -look_rotation(azimuth + side * reach, np.radians(height))[2]
    ambient = FULL_POWER * (1 - strength) * (1 - tint)
    return Light(towards_key, FULL_POWER * strength * (1 + tint), 1.1 * ambient, 0.9 * ambient, softness)


def shade_factor(light: Light, normals: np.ndarray, key_visible: np.ndarray, openness: np.ndarray) -> np.ndarray:
    """What sRGB colours of a surface are multiplied by.

    Args:
        light: the light.
        normals: float32 `[n, 3]` unit vectors.
        key_visible: `[n]`, part of the key light that is not in shadow, in [0, 1].
        openness: `[n]`, part of the dome that is seen, in [0, 1].

    Returns:
        float32 `[n, 3]`.
    """
    if light.flat:
        return np.ones((len(normals), 3), np.float32)
    upward = (0.5 + 0.5 * normals[:, 1:2]).astype(np.float32)
    sky, ground, key = (color.astype(np.float32) for color in (light.sky, light.ground, light.key))
    ambient = openness[:, np.newaxis] * (ground + upward * (sky - ground))
    facing = np.maximum(normals @ light.towards_key.astype(np.float32), 0) * key_visible
    return np.power(ambient + facing[:, np.newaxis] * key, np.float32(1 / GAMMA))


def light_fields(
    scene: Scene, light: Light, points: np.ndarray, normals: np.ndarray, mask: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Shadow and occlusion at the pixels of a person.

    Args:
        scene: what casts shadows.
        light: the light.
        points: float32 `[n, 3]`, the points seen at the centres of the pixels where `mask` is true, row by row.
        normals: float32 `[n, 3]`, unit, facing the viewer.
        mask: bool `[height, width]`.

    Returns:
        `key_visible` and `openness`, float32 `[height, width]` in [0, 1]; also defined a few pixels around the mask.
    """
    fields = np.ones((2, *mask.shape), np.float32)
    if light.flat or len(points) == 0:
        return fields[0], fields[1]
    rows, columns = np.nonzero(mask)
    block = (rows % BLOCK) * BLOCK + columns % BLOCK
    starts = points + np.float32(LIFT) * normals
    for ray in range(RAYS):
        sphere = _SPHERE[ray::RAYS][block]
        to_key = light.towards_key.astype(np.float32) + np.float32(np.tan(light.softness)) * sphere
        # A unit normal plus a point of the unit sphere is distributed like the cosine.
        to_dome = normals + np.float32(0.999) * sphere
        fields[0][mask] -= scene.blocked(starts, _unit(to_key), 3.0) / RAYS
        fields[1][mask] -= scene.blocked(starts, _unit(to_dome), REACH) / RAYS
    return smooth_within(fields[0], mask), smooth_within(fields[1], mask)


def smooth_within(field: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Means over 4 x 4 pixels, and again 3 x 3, of a float32 field `[height, width]`, of the mask's pixels only."""
    import cv2

    weight = mask.astype(np.float32)
    total = field * weight
    for side in (BLOCK, BLOCK - 1):
        total, weight = cv2.blur(total, (side, side)), cv2.blur(weight, (side, side))
    return np.where(weight > 1e-6, total / np.maximum(weight, 1e-6), np.float32(1))


def _unit(vectors: np.ndarray) -> np.ndarray:
    return vectors / np.sqrt(np.einsum("ij,ij->i", vectors, vectors))[:, np.newaxis]


def _fibonacci_sphere(count: int) -> np.ndarray:
    """Unit vectors spread evenly, in an order that mixes all directions."""
    index = np.arange(count) + 0.5
    height, turn = 1 - 2 * index / count, np.pi * (1 + 5**0.5) * index
    radius = np.sqrt(1 - height**2)
    sphere = np.stack([radius * np.cos(turn), height, radius * np.sin(turn)], axis=-1).astype(np.float32)
    return sphere[(np.arange(count) * 7) % count]


_SPHERE = _fibonacci_sphere(BLOCK * BLOCK * RAYS)
