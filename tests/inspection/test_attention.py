"""Attention that is taken down while a model renders."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf
from helpers.tiny_models import TINY, tiny

from gfla_tf.inspection.attention import recorded_attention, with_masks
from gfla_tf.ops import local_attention


@pytest.fixture(scope="module")
def inputs():
    random = np.random.default_rng(0)
    return [random.uniform(-1, 1, (1, 64, 48, channels)).astype(np.float32) for channels in (3, 18, 18)]


def test_weights_are_those_that_the_picture_was_rendered_with(model, inputs, monkeypatch):
    plain = model(inputs)
    layers, seen = model.texture_renderer.attentions, []
    for layer in layers:
        call = layer.call

        def observed(tensors, call=call):
            seen.append((tensors, call(tensors)))
            return seen[-1][1]

        monkeypatch.setattr(layer, "call", observed)
    with recorded_attention(model) as maps:
        outputs = model(inputs)
    np.testing.assert_array_equal(outputs["image"], plain["image"])  # looking on changes nothing
    assert [(one.level, one.source, one.kernel_size, one.size) for one in maps] == [
        (3, "source", 3, (8, 6)),
        (2, "source", 5, (16, 12)),
    ]
    for one, flow, (tensors, attended) in zip(maps, outputs["flows"], seen, strict=True):
        np.testing.assert_array_equal(one.flow, flow[0])
        np.testing.assert_allclose(one.weights.sum(axis=-1), 1, rtol=1e-5)
        # What these weights gather, by the definition, is what the layer gave.
        gathered = local_attention(tensors[0], one.flow[np.newaxis], one.weights[np.newaxis], "reference", "mean")
        np.testing.assert_allclose(gathered, attended, atol=1e-5)
    assert seen[0][1].numpy().std() > 0


def test_the_model_is_as_before(model, inputs):
    with recorded_attention(model) as maps:
        pass
    model(inputs)
    assert maps == []
    assert all("attention_weights" not in vars(layer) for layer in model.texture_renderer.attentions)


def test_sequence_generators_have_two_sources():
    model = tiny("sequence")
    with recorded_attention(model) as maps:
        outputs = model(TINY["sequence"].inputs(batch=1, size=(32, 32)))
    maps = with_masks(maps, outputs["masks"])
    assert [(one.source, one.name) for one in maps] == [("previous", "1/8"), ("reference", "1/8")]
    for one, flow, mask in zip(maps, outputs["flows"], outputs["masks"], strict=True):
        np.testing.assert_array_equal(one.flow, flow[0])
        np.testing.assert_array_equal(one.mask, mask[0])


def test_several_pictures_are_refused(model, inputs):
    with pytest.raises(ValueError, match="One picture, rendered eagerly, is expected"), recorded_attention(model):
        model([np.concatenate([one, one]) for one in inputs])


def test_graphs_are_refused(model):
    maps = [tf.zeros((1, 8, 6, channels)) for channels in (8, 8, 2)]
    with pytest.raises(ValueError, match="One picture, rendered eagerly, is expected"), recorded_attention(model):
        tf.function(model.texture_renderer.attentions[0])(maps)


def test_models_without_attention_are_refused():
    with (
        pytest.raises(ValueError, match="with local attention is expected. Received: MotionExtractor without"),
        recorded_attention(tiny("motion")),
    ):
        pass
