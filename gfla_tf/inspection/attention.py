"""What local attention did while a model rendered: taken down as it happens, not computed again.

    with recorded_attention(model) as maps:
        outputs = model([source_image, source_pose, target_pose])
    maps[0].weights                 # exactly those that the picture was rendered with

Conventions: a level's maps are `[height, width, ...]` in pixels of that level; position l reads around l + flow(l); of
the k x k taps, row major, the middle one reads at l + flow(l) itself.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import keras
import numpy as np
import tensorflow as tf

__all__ = ["AttentionMaps", "recorded_attention", "with_masks"]

SOURCE_NAMES = {"": "source", "_p": "previous", "_r": "reference"}


@dataclass(frozen=True, eq=False)
class AttentionMaps:
    """What one attention layer did in one picture.

    Attributes:
        level: 2 for a quarter of the picture's side, 3 for an eighth.
        source: what was attended to: "source", or "previous" and "reference" in a sequence generator.
        weights: `[height, width, k * k]`, taps row major, summing to 1.
        flow: `[height, width, 2]`, (dx, dy) in pixels of the level.
        mask: `[height, width, 1]` in [0, 1], how much of the result is taken from there; None until it is known.
    """

    level: int
    source: str
    weights: np.ndarray
    flow: np.ndarray
    mask: np.ndarray | None = None

    @property
    def kernel_size(self) -> int:
        """The k of k x k taps."""
        return round(self.weights.shape[-1] ** 0.5)

    @property
    def size(self) -> tuple[int, int]:
        """(height, width) of the level in pixels."""
        return self.weights.shape[:2]

    @property
    def name(self) -> str:
        """For titles: `1/4`, the level's side in parts of the picture's."""
        return f"1/{2**self.level}"


@contextlib.contextmanager
def recorded_attention(model: keras.Model) -> Iterator[list[AttentionMaps]]:
    """Take down what the local attention of a generator does within the block.

    Args:
        model: a generator with a texture renderer, called eagerly with one picture.

    Yields:
        A list, to which each call of the model adds its maps: coarse first, previous before reference.

    Raises:
        ValueError: the model has no local attention, renders several pictures at once, or is called in a graph.
    """
    places = _places(model)
    maps: list[AttentionMaps] = []
    for layer, (level, source) in places:
        observed = _observed(layer.attention_weights, maps, level, source)
        # Past Keras, which would keep track of it: it is there for the length of the block only.
        object.__setattr__(layer, "attention_weights", observed)
    try:
        yield maps
    finally:
        for layer, _ in places:
            vars(layer).pop("attention_weights", None)


def with_masks(maps: list[AttentionMaps], masks: list) -> list[AttentionMaps]:
    """The maps of one call with the masks that it gave, `[1, height, width, 1]` or `[height, width, 1]`."""
    arrays = [np.asarray(mask).reshape(np.shape(mask)[-3:]) for mask in masks]
    return [replace(one, mask=mask) for one, mask in zip(maps, arrays, strict=True)]


def _places(model: keras.Model) -> list[tuple[keras.layers.Layer, tuple[int, str]]]:
    """The attention layers in the order in which they run, with level and source."""
    renderer = getattr(model, "texture_renderer", None)
    if renderer is None or not renderer.attentions:
        raise ValueError(f"A generator with local attention is expected. Received: {type(model).__name__} without.")
    return [
        (layer, (level, SOURCE_NAMES.get(suffix, suffix)))
        for level in renderer.attention_kernels
        for suffix, layer in zip(renderer.sources, renderer.attentions_of_level(level), strict=True)
    ]


def _observed(
    attention_weights: Callable[[list[tf.Tensor]], tf.Tensor], maps: list[AttentionMaps], level: int, source: str
) -> Callable[[list[tf.Tensor]], tf.Tensor]:
    """A layer's `attention_weights` that also takes down what it is given and gives."""

    def observed(inputs: list[tf.Tensor]) -> tf.Tensor:
        weights, flow = attention_weights(inputs), inputs[2]
        if not hasattr(weights, "numpy") or weights.shape[0] != 1:
            raise ValueError(f"One picture, rendered eagerly, is expected. Received: weights of shape {weights.shape}.")
        maps.append(AttentionMaps(level, source, weights.numpy()[0], np.asarray(flow)[0]))
        return weights

    return observed
