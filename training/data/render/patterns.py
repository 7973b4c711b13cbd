"""Fabrics: colours and patterns drawn at random, so that hardly two garments look alike.

A picture is float32 `[size, size, 3]` sRGB in [0, 1]. Patterns of the test split use prints (shapes) that those of the
train split never use, see `PRINTS`.
"""

from __future__ import annotations

import colorsys
from collections.abc import Callable

import numpy as np

__all__ = ["PRINTS", "random_colour", "random_fabric", "draw_print", "smooth_noise"]

# Outlines of prints as polar curves: number of waves around, their depth, their sharpness. No outline is in both.
PRINTS: dict[str, tuple[tuple[int, float, float], ...]] = {
    "train": ((0, 0.0, 1.0), (3, 0.35, 1.0), (4, 0.45, 1.0), (5, 0.45, 0.6), (6, 0.30, 1.0), (8, 0.55, 0.5)),
    "test": ((2, 0.35, 1.0), (5, 0.20, 2.0), (7, 0.40, 0.7), (10, 0.25, 1.0)),
}
_Grid = tuple[np.ndarray, np.ndarray]


def random_colour(rng: np.random.Generator) -> np.ndarray:
    """A colour that clothes have: greys and muted tones more often than bright ones. float32 `[3]`."""
    kind = rng.random()
    if kind < 0.25:
        return np.full(3, rng.choice([0.04, 0.12, 0.3, 0.55, 0.8, 0.95]) + rng.uniform(-0.04, 0.04), np.float32)
    saturation = rng.uniform(0.15, 0.5) if kind < 0.65 else rng.uniform(0.5, 0.95)
    return np.array(colorsys.hsv_to_rgb(rng.random(), saturation, rng.uniform(0.2, 0.95)), np.float32)


def smooth_noise(rng: np.random.Generator, size: int, cells: int) -> np.ndarray:
    """Smooth random values in [0, 1], float32 `[size, size]`; `cells` is how many ups and downs fit across."""
    import cv2

    coarse = rng.random((cells + 3, cells + 3), np.float32)
    return np.clip(cv2.resize(coarse, (size, size), interpolation=cv2.INTER_CUBIC), 0, 1)


def _grid(rng: np.random.Generator, size: int, turned: bool = True) -> _Grid:
    """Coordinates across and down in [0, 1], turned by a random angle."""
    down, across = np.mgrid[0:size, 0:size].astype(np.float32) / size
    angle = rng.uniform(0, np.pi) if turned else 0.0
    return across * np.cos(angle) + down * np.sin(angle), down * np.cos(angle) - across * np.sin(angle)


def _bands(rng: np.random.Generator, place: np.ndarray, count: float) -> np.ndarray:
    """0 or 1 with edges a texel wide: stripes of one random width and distance."""
    wave = np.cos(2 * np.pi * (place * count + rng.random()))
    return np.clip((wave - rng.uniform(-0.6, 0.7)) * len(place) / count / 6 + 0.5, 0, 1)


def _mix(share: np.ndarray, first: np.ndarray, second: np.ndarray) -> np.ndarray:
    return (1 - share[..., None]) * first + share[..., None] * second


def _plain(rng: np.random.Generator, size: int, colours: np.ndarray, split: str) -> np.ndarray:
    return np.tile(colours[0], (size, size, 1))


def _stripes(rng: np.random.Generator, size: int, colours: np.ndarray, split: str) -> np.ndarray:
    across, down = _grid(rng, size, turned=rng.random() < 0.2)
    place = down if rng.random() < 0.7 else across
    picture = _mix(_bands(rng, place, rng.uniform(12, 50)), colours[0], colours[1])
    return _mix(_bands(rng, place, rng.uniform(5, 20)), picture, colours[2]) if rng.random() < 0.3 else picture


def _checks(rng: np.random.Generator, size: int, colours: np.ndarray, split: str) -> np.ndarray:
    across, down = _grid(rng, size, turned=rng.random() < 0.25)
    count, strength = rng.uniform(10, 40), rng.uniform(0.4, 0.8)
    first, second = _bands(rng, across, count), _bands(rng, down, count)
    picture = _mix((first + second) * strength / 1.6, colours[0], colours[1])
    return _mix(_bands(rng, down, count / 2) * 0.4, picture, colours[2])


def _blob(across: np.ndarray, down: np.ndarray, form: tuple[int, float, float]) -> np.ndarray:
    """Signed distance-like values, above zero inside an outline of radius about 1."""
    waves, depth, sharpness = form
    angle = np.arctan2(across, -down)
    wave = (0.5 + 0.5 * np.cos(waves * angle)) ** sharpness if waves else 1.0
    return (1 - depth) + depth * wave - np.hypot(across, down)


def _form(rng: np.random.Generator, split: str) -> tuple[int, float, float]:
    forms = PRINTS[split]
    return forms[rng.integers(len(forms))]


def _dots(rng: np.random.Generator, size: int, colours: np.ndarray, split: str) -> np.ndarray:
    across, down = _grid(rng, size)
    count = rng.uniform(14, 45)
    row = np.floor(down * count)
    u, v = (across * count + 0.5 * (row % 2)) % 1 - 0.5, (down * count) % 1 - 0.5
    radius = rng.uniform(0.2, 0.45)
    inside = _blob(u / radius, v / radius, _form(rng, split)) * radius * size / count
    return _mix(np.clip(inside + 0.5, 0, 1), colours[0], colours[1])


def _gradient(rng: np.random.Generator, size: int, colours: np.ndarray, split: str) -> np.ndarray:
    _, down = _grid(rng, size, turned=rng.random() < 0.3)
    share = np.clip((down - down.min()) / np.ptp(down) * 1.6 - 0.3, 0, 1)
    return _mix(share, colours[0], colours[1])


def _blotches(rng: np.random.Generator, size: int, colours: np.ndarray, split: str) -> np.ndarray:
    """Camouflage, batik, marble: bands of smooth noise."""
    noise = smooth_noise(rng, size, rng.integers(6, 28))
    edge = rng.choice([3.0, 40.0])
    picture = _mix(np.clip((noise - 0.5) * edge + 0.5, 0, 1), colours[0], colours[1])
    return _mix(np.clip((smooth_noise(rng, size, 20) - 0.66) * edge + 0.5, 0, 1), picture, colours[2])


def _flowers(rng: np.random.Generator, size: int, colours: np.ndarray, split: str) -> np.ndarray:
    picture = _plain(rng, size, colours, split)
    for _ in range(rng.integers(60, 160)):
        colour = colours[rng.integers(1, len(colours))]
        draw_print(rng, picture, rng.random(2), rng.uniform(0.012, 0.035), colour, split)
    return picture


_KINDS: tuple[tuple[Callable[..., np.ndarray], float], ...] = (
    (_plain, 5),
    (_stripes, 3),
    (_checks, 2),
    (_dots, 1.5),
    (_gradient, 1),
    (_blotches, 1.5),
    (_flowers, 1.5),
)


def draw_print(
    rng: np.random.Generator, picture: np.ndarray, centre: np.ndarray, radius: float, colour: np.ndarray, split: str
) -> None:
    """Draw one shape of the split into a picture.

    Args:
        rng: chooses the shape and turns it a little.
        picture: float32 `[size, size, 3]`, changed.
        centre: `[2]`, (across, down) in [0, 1].
        radius: of the shape, as a share of the picture's size.
        colour: float32 `[3]`.
        split: a key of `PRINTS`.
    """
    size = len(picture)
    left, top = (max(int((place - radius) * size) - 1, 0) for place in centre)
    right, bottom = (min(int((place + radius) * size) + 2, size) for place in centre)
    down, across = np.mgrid[top:bottom, left:right].astype(np.float32) / size
    turn, form = rng.normal(0, 0.25), _form(rng, split)
    across, down = (across - centre[0]) / radius, (down - centre[1]) / radius
    turned = across * np.cos(turn) - down * np.sin(turn), across * np.sin(turn) + down * np.cos(turn)
    share = np.clip(_blob(*turned, form) * radius * size + 0.5, 0, 1)
    picture[top:bottom, left:right] = _mix(share, picture[top:bottom, left:right], colour)


def random_fabric(rng: np.random.Generator, size: int = 512, split: str = "train", plain: float = 0.0) -> np.ndarray:
    """A fabric with weave and slight unevenness.

    Args:
        rng: where chance comes from.
        size: texels on each side.
        split: "train" or "test".
        plain: how likely to skip the patterns and take one colour.

    Returns:
        float32 `[size, size, 3]` in [0, 1].

    Raises:
        ValueError: for another split.
    """
    if split not in PRINTS:
        raise ValueError(f"split must be one of {', '.join(PRINTS)}. Received: {split!r}.")
    colours = np.stack([random_colour(rng) for _ in range(4)])
    weights = np.array([weight for _, weight in _KINDS])
    draw = _KINDS[rng.choice(len(_KINDS), p=weights / weights.sum())][0]
    picture = (_plain if rng.random() < plain else draw)(rng, size, colours, split)
    shade = 1 + rng.uniform(0.02, 0.10) * (smooth_noise(rng, size, 14) - 0.5)
    shade += rng.uniform(0.0, 0.08) * (rng.random((size, size), np.float32) - 0.5)
    return np.clip(picture * shade[..., None], 0, 1).astype(np.float32)
