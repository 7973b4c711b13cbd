"""All textures of a person in one array, each in halved sizes (a mip pyramid), sampled bilinearly.

Texture coordinates: u to the right, v up, both 0 to 1 and repeating; row 0 of a texture is v = 1, texel i of n covers
i / n to (i + 1) / n. Level 0 is the texture as it is, each further level half as wide and high. Colours of transparent
texels don't bleed into their neighbours: sizes are halved with alpha as weight.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from training.data.render.mesh import Material

__all__ = ["TextureAtlas"]

ALPHA_SIDE = 512  # texels: alpha is read at the largest level that is not wider or higher than this


class TextureAtlas:
    """The pyramids of several textures, for lookups of many points at once."""

    def __init__(self, materials: Sequence[Material]) -> None:
        """Halve the textures down to one texel.

        Raises:
            ValueError: no materials.
        """
        if not materials:
            raise ValueError("At least one material is expected. Received: none.")
        pyramids = [_halvings(material.texture) for material in materials]
        levels = max(len(pyramid) for pyramid in pyramids)
        # A short pyramid repeats its last level.
        pyramids = [pyramid + [pyramid[-1]] * (levels - len(pyramid)) for pyramid in pyramids]
        self.sizes = np.array([[level.shape[:2] for level in pyramid] for pyramid in pyramids], np.int32)
        counts = self.sizes.astype(np.int64).prod(axis=-1).ravel()
        self._starts = (np.cumsum(counts) - counts).reshape(len(materials), levels)
        texels = np.concatenate([level.reshape(-1, 4) for pyramid in pyramids for level in pyramid])
        self._texels = texels.view(np.uint32)[:, 0]
        self.has_alpha = np.array([bool((material.texture[..., 3] < 1).any()) for material in materials])
        self._alpha_level = np.array([_first_not_above(sizes, ALPHA_SIDE) for sizes in self.sizes.max(axis=-1)])

    @property
    def levels(self) -> int:
        """How many sizes there are of each texture."""
        return self.sizes.shape[1]

    def sample(self, material: np.ndarray, uv: np.ndarray, level: np.ndarray) -> np.ndarray:
        """Texture colours.

        Args:
            material: int `[n]`.
            uv: float32 `[n, 2]`.
            level: int `[n]`, in 0 ... levels - 1.

        Returns:
            float32 `[n, 4]` RGBA in [0, 1].
        """
        height, width = self.sizes[material, level].T
        left, right, across = _neighbours(uv[:, 0], width)
        top, bottom, down = _neighbours(1 - uv[:, 1], height)
        start = self._starts[material, level]
        upper, lower = start + top * width, start + bottom * width
        first = self._blend(upper + left, upper + right, across)
        return (first + down[:, np.newaxis] * (self._blend(lower + left, lower + right, across) - first)) / 255

    def alpha(self, material: np.ndarray, uv: np.ndarray) -> np.ndarray:
        """Alpha alone, float32 `[n]`, at a level that depends on the material only."""
        return self.sample(material, uv, self._alpha_level[material])[:, 3]

    def _blend(self, first: np.ndarray, second: np.ndarray, weight: np.ndarray) -> np.ndarray:
        first = self._texels[first].view(np.uint8).reshape(-1, 4).astype(np.float32)
        second = self._texels[second].view(np.uint8).reshape(-1, 4).astype(np.float32)
        return first + weight[:, np.newaxis] * (second - first)


def _neighbours(position: np.ndarray, count: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The texels before and after a position in [0, 1] (repeating), and the weight of the second."""
    texel = (position - np.floor(position)) * count - np.float32(0.5)
    before = np.floor(texel).astype(np.int64)
    weight = (texel - before).astype(np.float32)
    return np.where(before < 0, count - 1, before), np.where(before + 1 >= count, 0, before + 1), weight


def _halvings(texture: np.ndarray) -> list[np.ndarray]:
    """A texture as uint8 RGBA in sizes halved down to one texel."""
    import cv2

    solid = bool((texture[..., 3] >= 1).all())
    color, alpha = texture[..., :3], texture[..., 3]
    levels = [texture]
    while max(levels[-1].shape[:2]) > 1:
        size = tuple(max(side // 2, 1) for side in (levels[-1].shape[1], levels[-1].shape[0]))
        if solid:
            levels.append(cv2.resize(levels[-1], size, interpolation=cv2.INTER_AREA))
            continue
        # A little weight for transparent texels keeps the colour defined where nothing is solid.
        weight = alpha + np.float32(1e-3)
        color = cv2.resize(color * weight[..., np.newaxis], size, interpolation=cv2.INTER_AREA)
        color = (
            color.reshape(size[1], size[0], 3) / cv2.resize(weight, size, interpolation=cv2.INTER_AREA)[..., np.newaxis]
        )
        alpha = cv2.resize(alpha, size, interpolation=cv2.INTER_AREA)
        levels.append(np.concatenate([color, alpha[..., np.newaxis]], axis=-1))
    return [np.rint(np.clip(level, 0, 1) * 255).astype(np.uint8) for level in levels]


def _first_not_above(sizes: np.ndarray, limit: int) -> int:
    return int(np.argmax(sizes <= limit))
