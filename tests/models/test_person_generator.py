from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf
from helpers.tiny_models import TINY, TINY_WIDTHS, tiny

from gfla_tf.models import PersonGenerator
from gfla_tf.ops.warp import bilinear_sample


@pytest.fixture(scope="module")
def model() -> PersonGenerator:
    return tiny("person")


@pytest.mark.parametrize(
    ("shapes", "message"),
    [
        (
            [(1, 64, 48, 3), (1, 64, 48, 18), (1, 64, 48, 18)],
            r"source_image must have shape \[batch, height, width, 3\], height and width multiples of 32. "
            r"Received: \(1, 64, 48, 3\)",
        ),
        (
            [(1, 64, 32, 4), (1, 64, 32, 18), (1, 64, 32, 18)],
            r"source_image must have shape \[batch, height, width, 3\].*Received: \(1, 64, 32, 4\)",
        ),
        (
            [(1, 64, 32, 3), (1, 64, 32, 17), (1, 64, 32, 18)],
            r"source_pose must have shape \[batch, height, width, 18\].*Received: \(1, 64, 32, 17\)",
        ),
        (
            [(1, 64, 32, 3), (1, 64, 32, 18), (64, 32, 18)],
            r"target_pose must have shape .*Received: \(64, 32, 18\)",
        ),
        (
            [(1, 64, 32, 3), (1, 64, 32, 18), (1, 32, 64, 18)],
            r"source_image, source_pose, target_pose must agree in batch, height and width. "
            r"Received: \(1, 64, 32, 3\), \(1, 64, 32, 18\), \(1, 32, 64, 18\)",
        ),
        (
            [(2, 64, 32, 3), (1, 64, 32, 18), (2, 64, 32, 18)],
            r"must agree in batch, height and width. Received: \(2, 64, 32, 3\), \(1, 64, 32, 18\)",
        ),
        (
            [(1, 64, 32, 3), (1, 64, 32, 18)],
            r"A list of 3 inputs is expected: \[source_image, source_pose, target_pose\]. Received: 2 inputs",
        ),
    ],
)
def test_wrong_shapes(model, shapes, message):
    with pytest.raises(ValueError, match=message):
        model([np.zeros(shape, np.float32) for shape in shapes])


def test_a_single_input_is_refused(model):
    with pytest.raises(ValueError, match="A list of 3 inputs is expected.* Received: [A-Za-z]*Tensor"):
        model(np.zeros((1, 64, 32, 3), np.float32))


def test_bytes_are_refused(model):
    inputs = TINY["person"].inputs(1, (64, 32))
    with pytest.raises(ValueError, match="source_image must hold floats. Received: uint8"):
        model([np.zeros((1, 64, 32, 3), np.uint8), *inputs[1:]])


def test_tuples_are_inputs_too(model):
    inputs = TINY["person"].inputs(1, (64, 32))
    np.testing.assert_array_equal(model(tuple(inputs))["image"], model(inputs)["image"])


def test_outputs(model):
    outputs = model(TINY["person"].inputs(2, (64, 32)))
    assert list(outputs) == ["image", "flows", "masks"]
    assert outputs["image"].shape == (2, 64, 32, 3)
    assert [tuple(flow.shape) for flow in outputs["flows"]] == [(2, 8, 4, 2), (2, 16, 8, 2)]
    assert [tuple(mask.shape) for mask in outputs["masks"]] == [(2, 8, 4, 1), (2, 16, 8, 1)]


def test_the_image_follows_from_features_flows_and_masks(model):
    source_image, source_pose, target_pose = TINY["person"].inputs(1, (64, 32))
    outputs = model([source_image, source_pose, target_pose])
    flows, masks = model.flow_estimator([source_image, source_pose, target_pose])
    image = model.texture_renderer([target_pose, [(model.source_encoder(source_image), flows, masks)]])
    np.testing.assert_allclose(outputs["image"], image, atol=1e-6)


@pytest.mark.parametrize(
    ("config", "least", "most"),
    [({}, 0, 1e-3), ({"source_input_norm": False}, 0.1, 10), ({"source_norm": False}, 0.1, 10)],
)
def test_without_input_norm_a_change_of_colour_changes_the_features(config, least, most):
    image = tf.constant(TINY["person"].inputs(1, (64, 32))[0])
    redder = image * [1.5, 1.0, 1.0] + [0.4, 0.0, 0.0]
    encoder = tiny("person", **config).source_encoder
    pairs = zip(encoder(image), encoder(redder), strict=True)
    assert least <= max(float(np.abs(before - after).max()) for before, after in pairs) < most


def test_size_multiple_follows_from_the_levels():
    assert PersonGenerator(**TINY_WIDTHS).size_multiple == 32
    shallow = PersonGenerator(widths=(8, 8, 8), flow_widths=(4, 8, 8, 8), attention_hidden=8)
    assert shallow.size_multiple == 16
    assert shallow([np.zeros((1, 16, 48, channels), np.float32) for channels in (3, 18, 18)])["image"].shape[2] == 48


def test_without_attention_the_source_does_not_matter():
    model = tiny("person", attention_kernels={})
    assert model.flow_estimator is None
    assert set(model.checkpoint_parts()) == {"source", "target"}
    pose = tf.random.uniform([1, 64, 32, 18])
    first, second = (model([tf.random.uniform([1, 64, 32, 3]), pose, pose]) for _ in range(2))
    assert first["flows"] == first["masks"] == []
    np.testing.assert_array_equal(first["image"], second["image"])


def test_attention_of_side_1_warps_bilinearly():
    attention = tiny("person", attention_kernels={2: 1}).texture_renderer.attentions[0]
    channels = attention.patch_conv.kernel.shape[2] // 2
    source, target = tf.random.uniform([2, 1, 5, 4, channels])
    flow = tf.random.uniform([1, 5, 4, 2], -2, 2)
    np.testing.assert_allclose(attention([source, target, flow]), bilinear_sample(source, flow), atol=1e-6)
