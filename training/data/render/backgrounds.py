"""What is behind the person: half of the time a plain studio, otherwise something like a photographed place.

A background is float32 sRGB `[height, width, 3]` in [0, 1]. Pictures of one person share one background, as pictures of
one shoot do.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

__all__ = ["BACKGROUNDS", "Background", "random_background"]

BACKGROUNDS = ("studio", "white", "scene", "mixed")


@dataclass(frozen=True)
class Background:
    """A picture to put a person in front of.

    Attributes:
        image: float32 sRGB `[height, width, 3]` in [0, 1].
        floor: whether the person stands on something that catches a shadow.
    """

    image: np.ndarray
    floor: bool


def random_background(random: np.random.Generator, kind: str, height: int, width: int) -> Background:
    """A background of one kind.

    Args:
        random: the source of chance.
        kind: `white`, `studio` (white, grey or a pale colour, evenly lit), `scene` (gradients, blurred places, rooms)
            or `mixed` (half studio, half scene).
        height: in pixels.
        width: likewise.

    Raises:
        ValueError: another kind.
    """
    if kind not in BACKGROUNDS:
        raise ValueError(f"background must be one of {', '.join(BACKGROUNDS)}. Received: {kind!r}.")
    if kind == "white":
        return Background(np.ones((height, width, 3), np.float32), floor=False)
    if kind == "studio" or (kind == "mixed" and random.random() < 0.5):
        return _studio(random, height, width)
    return (_gradient, _blurred_place, _room)[random.integers(3)](random, height, width)


def _studio(random: np.random.Generator, height: int, width: int) -> Background:
    """Paper rolled from wall to floor: one tone, a little darker towards a side and the corners."""
    tone = random.choice([1.0, random.uniform(0.9, 0.98), random.uniform(0.45, 0.85)], p=[0.35, 0.35, 0.3])
    color = tone * (1 + random.normal(0, 0.02, 3)) if random.random() < 0.7 or tone == 1 else _pale(random)
    x, y = _grid(height, width)
    slope = random.uniform(-0.06, 0.02) * y + random.uniform(-0.03, 0.03) * x
    corners = -random.uniform(0, 0.08) * ((x - 0.5) ** 2 + (y - 0.5) ** 2)
    lightness = np.zeros_like(x) if tone == 1 else slope + corners
    return _finish(color + lightness[..., np.newaxis], floor=bool(random.random() < 0.8))


def _gradient(random: np.random.Generator, height: int, width: int) -> Background:
    x, y = _grid(height, width)
    angle = random.uniform(0, 2 * np.pi)
    way = np.clip(0.5 + np.cos(angle) * (x - 0.5) + np.sin(angle) * (y - 0.5), 0, 1)[..., np.newaxis]
    return _finish(_color(random) * (1 - way) + _color(random) * way, floor=False)


def _blurred_place(random: np.random.Generator, height: int, width: int) -> Background:
    """Patches of colour at several scales, as behind a lens with a short depth of field, over darker ground."""
    picture = np.ones((height, width, 3)) * _color(random)
    for cells in (3, 6, 12):
        patches = random.normal(0, 0.35 / np.sqrt(cells), (cells, cells, 1))
        patches = patches + random.normal(0, 0.2 / cells, (cells, cells, 3))
        picture += _enlarge(patches, height, width)
    _, y = _grid(height, width)
    horizon = random.uniform(0.55, 0.8)
    ground = 1 / (1 + np.exp(-(y - horizon) * 40))[..., np.newaxis]
    return _finish(picture * (1 - ground) + (0.4 * picture + 0.6 * _color(random)) * ground, floor=True)


def _room(random: np.random.Generator, height: int, width: int) -> Background:
    """A wall with panels, bricks or plaster, a skirting board, and a floor."""
    x, y = _grid(height, width)
    horizon, skirting = random.uniform(0.68, 0.85), random.uniform(0.01, 0.03)
    wall = _color(random) * (1 + _wall_pattern(random, x, y)[..., np.newaxis])
    depth = np.maximum(y - horizon, 1e-3)
    boards = np.floor((x - 0.5) / (0.25 + depth) * random.integers(6, 16))
    floor = _color(random) * (0.85 + 0.1 * np.sin(boards * 12.9898)[..., np.newaxis] + 0.3 * depth[..., np.newaxis])
    grain = _enlarge(random.normal(0, 0.02, (128, 128, 1)), height, width)
    is_floor, is_skirting = (y > horizon)[..., np.newaxis], (np.abs(y - horizon) < skirting)[..., np.newaxis]
    picture = np.where(is_floor, floor, wall) + grain
    return _finish(np.where(is_skirting, 0.5 + 0.5 * _pale(random), picture), floor=True, blur=random.uniform(0.3, 1.6))


def _wall_pattern(random: np.random.Generator, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Relative brightness of a wall, about 0."""
    count, strength, kind = random.integers(4, 14), random.uniform(0.03, 0.2), random.integers(3)
    light = random.uniform(-0.25, 0.25) * (x - 0.5)
    if kind == 0:
        return light
    if kind == 1:
        return light + strength * np.sign(np.sin(2 * np.pi * count * x)) * 0.5
    row = np.floor(y * count * 2)
    joint = (((x * count + 0.5 * (row % 2)) % 1) < 0.06) | ((y * count * 2) % 1 < 0.12)
    return light + strength * np.where(
        joint, -1.0, 0.2 * np.sin(row * 7.1 + np.floor(x * count + 0.5 * (row % 2)) * 3.7)
    )


def _grid(height: int, width: int) -> tuple[np.ndarray, np.ndarray]:
    """Coordinates x and y of pixel centres as parts of the width and height."""
    return tuple(np.meshgrid((np.arange(width) + 0.5) / width, (np.arange(height) + 0.5) / height))


def _color(random: np.random.Generator) -> np.ndarray:
    """Muted, as most of what photographs show."""
    return np.clip(random.uniform(0.2, 0.85) + random.normal(0, 0.08, 3), 0.05, 0.95)


def _pale(random: np.random.Generator) -> np.ndarray:
    return np.clip(random.uniform(0.78, 0.95) + random.normal(0, 0.06, 3), 0, 1)


def _enlarge(values: np.ndarray, height: int, width: int) -> np.ndarray:
    import cv2

    enlarged = cv2.resize(values.astype(np.float32), (width, height), interpolation=cv2.INTER_CUBIC)
    return enlarged.reshape(height, width, values.shape[-1])


def _finish(picture: np.ndarray, floor: bool, blur: float = 0.0) -> Background:
    """Clip, and blur by a standard deviation given in pixels of a picture 256 high."""
    import cv2

    picture = np.clip(picture, 0, 1).astype(np.float32)
    if blur > 0:
        picture = cv2.GaussianBlur(picture, (0, 0), max(blur * picture.shape[0] / 256, 0.1))
    return Background(picture, floor)
