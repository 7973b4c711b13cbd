"""How far a model's own arithmetic is off: its answers in float32 beside those in float64.

A network can enlarge what is rounded. Trained ones hardly do; the stand-in weights of `person-fashion`, random ones,
make up to 5e-3 in the picture out of the seventh digit. Two programs that compute such a network in float32 differ by
what both are off, and neither is wrong.
"""

from __future__ import annotations

from collections.abc import Iterator

import keras
import numpy as np

from gfla_tf.models.model_files import build_model
from serving.tflite.examples import COUNT, People, expected_clean, expected_frames, expected_transfer
from serving.tflite.verification import Agreement, Limit, compare

__all__ = ["allow_rounding", "own_rounding"]


def own_rounding(model: keras.Model, size: tuple[int, int] | None, count: int = COUNT) -> Agreement:
    """How far the model is off because it computes in float32.

    Args:
        model: of `gfla_tf.load_model`.
        size: (height, width) of the network's picture; None for a motion model.
        count: of examples, those of `serving.tflite.verification`.
    """
    double = build_model(model.preset, dtype="float64")
    double.set_weights(model.get_weights())
    pairs = zip(_answers(model, size, count), _answers(double, size, count), strict=True)
    return compare("Keras beside itself in float64", [np.abs(found - exact) for found, exact in pairs])


def allow_rounding(limit: Limit, rounding: Agreement) -> Limit:
    """A limit of largest and mean difference, at least as wide as two programs that round so may differ."""
    return Limit(max(limit.maximum, 2 * rounding.maximum), max(limit.mean, 2 * rounding.mean))


def _answers(model: keras.Model, size: tuple[int, int] | None, count: int) -> Iterator[np.ndarray]:
    network = model.preset.network
    if network == "motion":
        return (answer for _, answer in expected_clean(model, count))
    people = People(model.preset.skeleton, *size)
    if network == "person":
        return (answer for _, answer in expected_transfer(model, people, count))
    return (answer for _, frames in expected_frames(model, people, count) for _, answer in frames)
