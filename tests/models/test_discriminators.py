from __future__ import annotations

import numpy as np
import pytest
from helpers.tiny_models import TINY, tiny

from gfla_tf.models import ImageDiscriminator, TemporalDiscriminator


@pytest.mark.parametrize(("filters", "size"), [((32, 64, 128, 128), (4, 2)), ((32, 64, 128), (8, 4)), ((8,), (32, 16))])
def test_image_scores(filters, size):
    scores = ImageDiscriminator(filters)(np.zeros((2, 64, 32, 3), np.float32))
    assert scores.shape == (2, *size, 1)


def test_temporal_scores():
    scores = TemporalDiscriminator((4, 4), (8, 8))(np.zeros((2, 6, 64, 32, 3), np.float32))
    assert scores.shape == (2, 4, 2, 1)


@pytest.mark.parametrize(
    ("shape", "message"),
    [
        ((2, 64, 36, 3), r"height and width multiples of 8. Received: \(2, 64, 36, 3\)"),
        ((2, 64, 32, 4), r"images must have shape \[batch, height, width, 3\].*Received: \(2, 64, 32, 4\)"),
        ((64, 32, 3), r"images must have shape .*Received: \(64, 32, 3\)"),
    ],
)
def test_wrong_images(shape, message):
    with pytest.raises(ValueError, match=message):
        tiny("image-discriminator")(np.zeros(shape, np.float32))


@pytest.mark.parametrize(
    ("shape", "message"),
    [
        ((2, 5, 64, 32, 3), r"clips must have shape \[batch, 6, height, width, 3\]. Received: \(2, 5, 64, 32, 3\)"),
        ((2, 64, 32, 3), r"clips must have shape \[batch, 6, height, width, 3\]. Received: \(2, 64, 32, 3\)"),
        ((2, 6, 64, 40, 3), r"frames of clips must have shape .* multiples of 16. Received: \(2, 64, 40, 3\)"),
        ((2, 6, 64, 32, 1), r"frames of clips must have shape .*Received: \(2, 64, 32, 1\)"),
    ],
)
def test_wrong_clips(shape, message):
    with pytest.raises(ValueError, match=message):
        tiny("temporal-discriminator")(np.zeros(shape, np.float32))


@pytest.mark.parametrize("name", ["image-discriminator", "temporal-discriminator"])
def test_training_moves_the_singular_vectors(name):
    model, inputs = tiny(name), TINY[name].inputs(1, (32, 48))
    model.blocks[0].conv1.vector_u.assign(np.ones(model.blocks[0].conv1.vector_u.shape, np.float32))
    before = [weight.numpy() for weight in model.non_trainable_variables]
    model(inputs, training=False)
    for weight, old in zip(model.non_trainable_variables, before, strict=True):
        np.testing.assert_array_equal(weight.numpy(), old)
    model(inputs, training=True)
    assert np.abs(model.blocks[0].conv1.vector_u.numpy() - 1.0).max() > 0.1
    np.testing.assert_allclose(np.linalg.norm(model.blocks[0].conv1.vector_u.numpy()), 1.0, rtol=1e-5)


def test_the_order_of_frames_matters():
    model, clips = tiny("temporal-discriminator"), TINY["temporal-discriminator"].inputs(1, (32, 48))
    assert np.abs(model(clips) - model(clips[:, ::-1])).max() > 1e-4
