"""What every layer has to stand, as functions of a `LayerCase`; `CHECKS` lists them for `pytest.mark.parametrize`."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from typing import NamedTuple

import keras
import numpy as np
import tensorflow as tf

from helpers.fitting import fit_one_step

__all__ = ["CHECKS", "LayerCase", "randomize", "random_tensors"]

Shapes = tuple | list[tuple]


class LayerCase(NamedTuple):
    """A layer and what is known about it.

    Attributes:
        name: of the test.
        make: gives a new layer; further arguments, such as dtype, go to its constructor.
        input_shapes: of a batch, with numbers throughout; a list for a layer of several inputs.
        output_shapes: likewise.
        trainable: how many trained numbers there are, worked out by hand.
        non_trainable: how many others.
        unmoved: how many of its variables have no influence on the output, as a bias in front of a norm.
        half_precision_error: allowed mean difference under mixed_bfloat16, in standard deviations of the output.
    """

    name: str
    make: Callable[..., keras.layers.Layer]
    input_shapes: Shapes
    output_shapes: Shapes
    trainable: int
    non_trainable: int = 0
    unmoved: int = 0
    half_precision_error: float = 0.02


def random_tensors(shapes: Shapes, seed: int = 0):
    """Normal float32 arrays of these shapes, from -1 to 1 mostly."""
    random = np.random.default_rng(seed)
    if isinstance(shapes, list):
        return [random.standard_normal(shape).astype(np.float32) for shape in shapes]
    return random.standard_normal(shapes).astype(np.float32)


def randomize(layer: keras.layers.Layer, seed: int = 0) -> keras.layers.Layer:
    """Fill a built layer with random weights: kernels that keep the scale, vectors around 0.5."""
    random = np.random.default_rng(seed)
    weights = []
    for value in layer.get_weights():
        spread = 0.3 if value.ndim == 1 else 1.0 / math.sqrt(value.size / value.shape[-1])
        weights.append(random.standard_normal(value.shape) * spread + (0.5 if value.ndim == 1 else 0.0))
    layer.set_weights(weights)
    return layer


def built(case: LayerCase, **config) -> keras.layers.Layer:
    """A layer of the case with random weights."""
    layer = case.make(**config)
    layer.build(case.input_shapes)
    return randomize(layer)


def largest_difference(actual, expected) -> float:
    pairs = zip(tf.nest.flatten(actual), tf.nest.flatten(expected), strict=True)
    return max(float(np.abs(np.asarray(a, np.float64) - np.asarray(b, np.float64)).max()) for a, b in pairs)


def shapes_of(outputs) -> Shapes:
    if isinstance(outputs, (list, tuple)):
        return [tuple(output.shape) for output in outputs]
    return tuple(outputs.shape)


def check_config_round_trip(case: LayerCase) -> None:
    """Another layer from the same config, filled with the same weights, computes the same."""
    layer, inputs = built(case), random_tensors(case.input_shapes)
    config = layer.get_config()
    json.dumps(config)
    other = type(layer).from_config(config)
    assert other.name == layer.name
    other.build(case.input_shapes)
    other.set_weights(layer.get_weights())
    assert largest_difference(other(inputs), layer(inputs)) == 0.0


def check_serialization(case: LayerCase) -> None:
    """Keras finds the class again under its registered name."""
    layer = case.make(name="layer_of_a_test")
    other = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(layer))
    assert type(other) is type(layer)
    assert other.name == "layer_of_a_test"


def check_weight_count(case: LayerCase) -> None:
    layer = built(case)
    assert sum(math.prod(weight.shape) for weight in layer.trainable_variables) == case.trainable
    assert sum(math.prod(weight.shape) for weight in layer.non_trainable_variables) == case.non_trainable


def check_output_shape(case: LayerCase) -> None:
    """The shape that is computed without running is the one of the result; unknown sizes stay unknown."""
    layer = built(case)
    assert shapes_of(layer(random_tensors(case.input_shapes))) == case.output_shapes
    assert layer.compute_output_shape(case.input_shapes) == case.output_shapes
    unknown = _with_unknown_sizes(case.input_shapes)
    assert layer.compute_output_shape(unknown) == _with_unknown_sizes(case.output_shapes)


def _with_unknown_sizes(shapes: Shapes) -> Shapes:
    if isinstance(shapes, list):
        return [_with_unknown_sizes(shape) for shape in shapes]
    return (*(None for _ in shapes[:-1]), shapes[-1])


def check_fit(case: LayerCase) -> None:
    """One step of `fit` moves every weight that has an influence."""
    layer = built(case)
    before = fit_one_step(layer, random_tensors(case.input_shapes))
    steps = [np.abs(now.numpy() - old).max() for now, old in zip(layer.trainable_variables, before, strict=True)]
    assert np.all(np.isfinite(steps))
    assert sum(step < 1e-6 for step in steps) == case.unmoved


def check_mixed_precision(case: LayerCase) -> None:
    """Under mixed_bfloat16 the weights stay float32, and the output is bfloat16 and near the exact one."""
    layer, inputs = built(case, dtype="mixed_bfloat16"), random_tensors(case.input_shapes)
    exact = tf.nest.flatten(built(case)(inputs))
    assert {tf.as_dtype(weight.dtype) for weight in layer.variables} == {tf.float32}
    for output, expected in zip(tf.nest.flatten(layer(inputs)), exact, strict=True):
        assert output.dtype == tf.bfloat16
        error = np.abs(np.asarray(tf.cast(output, tf.float32)) - expected).mean()
        assert 0.0 < error / np.std(expected) < case.half_precision_error


CHECKS = (
    check_config_round_trip,
    check_serialization,
    check_weight_count,
    check_output_shape,
    check_fit,
    check_mixed_precision,
)
