from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf
from helpers.layer_checks import CHECKS, LayerCase, random_tensors, randomize

from gfla_tf.layers import AdaptiveLayerNorm, ChannelAffine

CASES = [
    LayerCase("affine", lambda **config: ChannelAffine(**config), (2, 9, 6), (2, 9, 6), 2 * 6),
    LayerCase(
        "adaptive",
        lambda **config: AdaptiveLayerNorm(8, **config),
        [(2, 9, 6), (2, 5)],
        (2, 9, 6),
        (5 * 8 + 8) + 2 * (8 * 6 + 6),
    ),
]


@pytest.mark.parametrize("check", CHECKS)
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_layer(case, check):
    check(case)


def normalized(clip: np.ndarray) -> np.ndarray:
    """A clip to mean 0 and variance 1 over time and channels together."""
    return (clip - clip.mean()) / np.sqrt(clip.var() + 1e-5)


def test_channel_affine_follows_the_definition():
    layer = ChannelAffine()
    layer.build((None, None, 4))
    clips, scale, offset = random_tensors([(2, 7, 4), (4,), (4,)])
    clips = 3 * clips + np.array([0, 1, 2, 3], np.float32)
    layer.set_weights([scale, offset])
    expected = [normalized(clip) * scale + offset for clip in clips]
    np.testing.assert_allclose(layer(clips), expected, atol=1e-5)


def test_adaptive_layer_norm_follows_the_definition():
    layer = AdaptiveLayerNorm(8)
    layer.build([(None, None, 4), (None, 5)])
    randomize(layer)
    clips, vectors = random_tensors([(2, 7, 4), (2, 5)])
    shared, gamma, beta = ((part.kernel.numpy(), part.bias.numpy()) for part in (layer.shared, layer.gamma, layer.beta))
    hidden = np.maximum(vectors @ shared[0] + shared[1], 0.0)
    gammas, betas = hidden @ gamma[0] + gamma[1], hidden @ beta[0] + beta[1]
    expected = [normalized(clip) * (1 + g) + b for clip, g, b in zip(clips, gammas, betas, strict=True)]
    np.testing.assert_allclose(layer([clips, vectors]), expected, atol=1e-5)


def test_adaptive_layer_norm_of_unknown_batch():
    # TensorFlow 2.15's graph optimiser ended the process over another way of writing the same formula.
    layer = AdaptiveLayerNorm(8)
    layer.build([(None, None, 4), (None, 5)])
    randomize(layer)
    signature = [tf.TensorSpec([None, 7, 4]), tf.TensorSpec([None, 5])]
    compiled = tf.function(lambda clips, vectors: layer([clips, vectors]), input_signature=signature)
    inputs = random_tensors([(2, 7, 4), (2, 5)])
    np.testing.assert_allclose(compiled(*inputs), layer(inputs), atol=1e-5)
