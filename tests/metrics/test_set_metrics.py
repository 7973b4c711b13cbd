"""The Keras metrics of sets: what the functions give, whatever the batches, in models, through configs."""

from __future__ import annotations

import json

import keras
import numpy as np
import pytest
import tensorflow as tf

from gfla_tf.metrics import (
    FeatureStatistics,
    StreamingFrechetDistance,
    StreamingKernelDistance,
    frechet_distance,
    kernel_distance,
)

RANDOM = np.random.default_rng(3)
SIZE = 6
REAL = RANDOM.normal(100, 2, (23, SIZE)).astype(np.float32)  # a large common mean
GENERATED = (REAL @ RANDOM.normal(0, 0.4, (SIZE, SIZE)) + RANDOM.normal(0, 1, (23, SIZE)) + 5).astype(np.float32)
BATCHES = [slice(0, 8), slice(8, 16), slice(16, 22), slice(22, 23)]


def frechet(real, generated):
    return frechet_distance(FeatureStatistics.of(real), FeatureStatistics.of(generated))


def kernel_of_batches(real, generated, batches):
    pairs = [(real[part], generated[part]) for part in batches if len(real[part]) > 1]
    return np.average([kernel_distance(*pair) for pair in pairs], weights=[len(pair[0]) - 1 for pair in pairs])


@pytest.mark.parametrize("pictures", [23, 4])  # also fewer than features
def test_frechet_distance_whatever_the_batches(pictures):
    real, generated = REAL[:pictures], GENERATED[:pictures]
    metric = StreamingFrechetDistance(SIZE)
    for part in BATCHES:
        metric.update_state(real[part], generated[part])
    assert float(metric.result()) == pytest.approx(frechet(real, generated), rel=1e-9)
    metric.reset_state()
    metric.update_state(real, generated)
    assert float(metric.result()) == pytest.approx(frechet(real, generated), rel=1e-9)
    metric.reset_state()
    metric.update_state(real, real[::-1])
    assert float(metric.result()) == pytest.approx(0, abs=1e-6)


def test_frechet_distance_of_too_few():
    metric = StreamingFrechetDistance(SIZE)
    assert np.isnan(float(metric.result()))
    metric.update_state(REAL[:1], GENERATED[:2])
    assert np.isnan(float(metric.result()))
    metric.update_state(REAL[1:2], GENERATED[:0])
    assert float(metric.result()) == pytest.approx(frechet(REAL[:2], GENERATED[:2]), rel=1e-9)


def test_kernel_distance_is_the_mean_of_batches():
    metric = StreamingKernelDistance()
    assert float(metric.result()) == 0
    for part in BATCHES:
        metric.update_state(REAL[part], GENERATED[part])
    assert float(metric.result()) == pytest.approx(kernel_of_batches(REAL, GENERATED, BATCHES), rel=1e-9)
    metric.reset_state()
    metric.update_state(REAL, GENERATED)
    assert float(metric.result()) == pytest.approx(kernel_distance(REAL, GENERATED), rel=1e-9)


def test_kernel_distance_is_unbiased_in_small_batches():
    """Two Gaussians of one feature with means 0 and 1: 22, see test_kernel_distance."""
    random, metric, values = np.random.default_rng(4), StreamingKernelDistance(), []
    for _ in range(100):
        batch = random.normal(size=(4, 1)), random.normal(1, 1, (4, 1))
        values.append(kernel_distance(*batch))
        metric.update_state(*batch)
    assert float(metric.result()) == pytest.approx(np.mean(values), rel=1e-9)
    assert abs(float(metric.result()) - 22) < 4 * np.std(values) / 10


METRICS = {"frechet": (lambda: StreamingFrechetDistance(SIZE), frechet), "kernel": (StreamingKernelDistance, None)}


@pytest.fixture(params=METRICS.values(), ids=METRICS)
def case(request):
    """A metric, and what it gives of batches of 8."""
    make, function = request.param
    batches = [slice(start, start + 8) for start in (0, 8, 16)]
    return make(), function or (lambda real, generated: kernel_of_batches(real, generated, batches))


def test_in_a_graph(case):
    metric, function = case

    @tf.function(input_signature=[tf.TensorSpec([None, None])] * 2)
    def update(real, generated):
        metric.update_state(real, generated)
        return metric.result()

    for start in (0, 8, 16):
        result = update(REAL[start : start + 8], GENERATED[start : start + 8])
    np.testing.assert_allclose(result, function(REAL, GENERATED), rtol=1e-9)


def test_in_a_model(case):
    metric, function = case
    model = keras.Sequential([keras.layers.Rescaling(0.5)])
    model.compile(loss="mse", metrics=[metric])
    found = model.evaluate(GENERATED, REAL, batch_size=8, verbose=0, return_dict=True)[metric.name]
    np.testing.assert_allclose(found, function(REAL, GENERATED / 2), rtol=1e-4)
    assert model.weights == []


def test_config_round_trip(case):
    metric, function = case
    again = keras.metrics.deserialize(json.loads(json.dumps(keras.metrics.serialize(metric))))
    assert type(again) is type(metric)
    assert again.name == metric.name
    for start in (0, 8, 16):
        again.update_state(REAL[start : start + 8], GENERATED[start : start + 8])
    np.testing.assert_allclose(again.result(), function(REAL, GENERATED), rtol=1e-9)


def test_errors(case):
    metric, _ = case
    with pytest.raises(ValueError, match="takes no sample weights"):
        metric.update_state(REAL, GENERATED, np.ones(23))
    with pytest.raises(ValueError, match=r"Features \[pictures, features\] are expected. Received: \(23, 6, 1\)"):
        metric.update_state(REAL[..., None], GENERATED)
    with pytest.raises(ValueError, match="Finite features are expected"):
        metric.update_state(REAL, GENERATED * np.nan)
    with pytest.raises(ValueError, match=r"features are expected. Received: \(23, 6\) and \(23, 5\)."):
        metric.update_state(REAL, GENERATED[:, :5])
    with pytest.raises(ValueError, match="At least one feature is expected. Received: 0."):
        StreamingFrechetDistance(0)
