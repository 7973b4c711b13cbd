"""The Keras metrics: what the functions give, in batches, with masks and weights, in models, through configs."""

from __future__ import annotations

import json

import keras
import numpy as np
import pytest
import tensorflow as tf

from gfla_tf.metrics import L1, LPIPS, PSNR, SSIM, ImageMetric, LpipsNetwork, l1, load_lpips, lpips, psnr, ssim
from gfla_tf.metrics.network_weights import head_shapes
from gfla_tf.metrics.networks import parameter_shapes
from gfla_tf.stand_in import stand_in_input, stand_in_state
from gfla_tf.weights import write_state

TARGET, IMAGES = (stand_in_input(name, (5, 32, 40, 3)) for name in ("target", "image"))
MASK = (stand_in_input("mask", (5, 32, 40, 1)) > 0).astype(np.float32)
HEADS = {key: np.abs(array) for key, array in stand_in_state(head_shapes("alexnet")).items()}
STATE = {**stand_in_state(parameter_shapes("alexnet")), **HEADS}
NETWORK = LpipsNetwork("alexnet", STATE)

CASES = {
    "l1": (L1, {}, l1),
    "psnr": (PSNR, {}, psnr),
    "ssim": (SSIM, {}, ssim),
    "ssim of a variant": (
        SSIM,
        {"variant": "gaussian-1.2", "data_range": "generated"},
        lambda target, image, mask=None: ssim(target, image, "gaussian-1.2", "generated", mask),
    ),
    "lpips": (LPIPS, {"network": NETWORK}, lambda target, image, mask=None: lpips(target, image, NETWORK, mask)),
}


@pytest.fixture(params=CASES.values(), ids=CASES)
def case(request):
    metric, arguments, function = request.param
    return metric(**arguments), function


def test_mean_over_batches_of_any_size(case):
    metric, function = case
    for part in (slice(0, 3), slice(3, 4), slice(4, 5)):
        metric.update_state(TARGET[part], IMAGES[part])
    expected = function(TARGET, IMAGES)
    assert expected.shape == (5,)
    np.testing.assert_allclose(metric.result(), np.mean(expected), rtol=1e-5)
    metric.reset_state()
    assert float(metric.result()) == 0
    np.testing.assert_allclose(metric(TARGET[:1], IMAGES[:1]), expected[0], rtol=1e-5)


def test_masks_come_with_the_targets(case):
    metric, function = case
    metric.update_state([TARGET, MASK], IMAGES)
    np.testing.assert_allclose(metric.result(), np.mean(function(TARGET, IMAGES, mask=MASK)), rtol=1e-5)
    np.testing.assert_allclose(metric.per_image(TARGET, IMAGES, MASK), function(TARGET, IMAGES, mask=MASK), rtol=1e-5)


def test_sample_weights(case):
    metric, function = case
    weights = np.array([1, 0, 2, 0, 0], np.float32)
    metric.update_state(TARGET, IMAGES, weights)
    values = function(TARGET, IMAGES).numpy()
    np.testing.assert_allclose(metric.result(), (values[0] + 2 * values[2]) / 3, rtol=1e-5)


def test_a_picture_of_weight_0_does_not_count_where_its_value_is_infinite():
    metric = PSNR()
    images = np.concatenate([IMAGES[:1], TARGET[1:2]])  # the second is equal to its target
    metric.update_state(TARGET[:2], images, [1, 0])
    np.testing.assert_allclose(metric.result(), psnr(TARGET[:1], IMAGES[:1])[0], rtol=1e-6)


def test_in_a_graph(case):
    metric, function = case

    @tf.function(input_signature=[tf.TensorSpec([None, None, None, 3])] * 2)
    def update(target, images):
        metric.update_state(target, images)

    update(TARGET, IMAGES)
    np.testing.assert_allclose(metric.result(), np.mean(function(TARGET, IMAGES)), rtol=1e-5)


def test_in_a_model(case):
    metric, function = case
    model = keras.Sequential([keras.layers.Rescaling(0.5)])
    model.compile(loss="mse", metrics=[metric])
    found = model.evaluate(TARGET, IMAGES, batch_size=2, verbose=0, return_dict=True)[metric.name]
    np.testing.assert_allclose(found, np.mean(function(IMAGES, TARGET / 2)), rtol=1e-4)
    assert model.weights == []


def test_config_round_trip(case, tmp_path):
    metric, function = case
    if isinstance(metric, LPIPS):
        with pytest.raises(ValueError, match="A network of load_lpips is expected. Received: .* made from arrays"):
            LPIPS.from_config(metric.get_config())
        write_state(tmp_path / "alexnet.safetensors", STATE)
        metric = LPIPS(load_lpips("alexnet", tmp_path / "alexnet.safetensors"))
    again = keras.metrics.deserialize(json.loads(json.dumps(keras.metrics.serialize(metric))))
    assert type(again) is type(metric)
    assert again.name == metric.name
    again.update_state(TARGET, IMAGES)
    np.testing.assert_allclose(again.result(), np.mean(function(TARGET, IMAGES)), rtol=1e-5)


def test_names():
    assert L1().name == "l1"
    assert SSIM(name="mask_ssim").name == "mask_ssim"


def test_many_pictures_are_summed_in_64_bits():
    metric = L1()
    metric.total.assign(2.0**25)
    metric.weight.assign(2.0**25)
    metric.update_state(np.zeros((1, 1, 1, 3), np.float32), np.ones((1, 1, 1, 3), np.float32))
    assert float(metric.total) == 2.0**25 + 1  # not a float32


def test_errors():
    with pytest.raises(ValueError, match=r"One sample weight a picture, \(5,\), is expected. Received: \(5, 1\)"):
        L1().update_state(TARGET, IMAGES, np.ones((5, 1)))
    with pytest.raises(ValueError, match="variant must be one of"):
        SSIM("gaussian")
    with pytest.raises(NotImplementedError, match="ImageMetric does not say what it measures"):
        ImageMetric().update_state(TARGET, IMAGES)
