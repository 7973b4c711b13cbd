"""Sampling correctness: worked values, an independent NumPy version, gradients."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from gfla_tf.losses import sampling_correctness
from gfla_tf.losses.correctness import best_similarity

RNG = np.random.default_rng(3)


def features(height=5, width=7, channels=6, batch=2):
    return RNG.uniform(0.1, 1, (batch, height, width, channels))


def best_similarities(target, source):
    """The largest cosine similarity of each target position with any source position, by loops over the batch."""
    result = []
    for one, other in zip(target, source, strict=True):
        one = one.reshape(-1, one.shape[-1])
        other = other.reshape(-1, other.shape[-1])
        cosines = one @ other.T / np.outer(np.linalg.norm(one, axis=1), np.linalg.norm(other, axis=1))
        result.append(cosines.max(axis=1))
    return np.array(result).reshape(target.shape[:3])


def test_a_flow_that_finds_the_same_features_everywhere_costs_nothing():
    source = features()
    zero = np.zeros((2, 5, 7, 2))
    assert abs(sampling_correctness(source, source, zero, sampling="bilinear")) < 1e-7


def test_convention_flow_points_from_target_to_source():
    source = features(width=8)
    target = np.roll(source, shift=-2, axis=2)  # target x shows what the source has at x + 2
    flow = np.zeros((2, 5, 8, 2))
    flow[..., 0] = 2
    mask = np.ones((2, 5, 8, 1))
    mask[:, :, 6:] = 0  # what rolled around the border
    assert sampling_correctness(target, source, flow, "bilinear", mask) < 1e-7
    assert sampling_correctness(target, source, -flow, "bilinear", mask) > 1e-3
    assert sampling_correctness(target, source, flow[..., ::-1], "bilinear", mask) > 1e-3


def test_value_against_numpy_for_whole_pixels():
    target, source = features(), features()
    sampled = source[:, np.clip(np.arange(5) + 1, 0, 4)][:, :, np.clip(np.arange(7) - 2, 0, 6)]
    flow = np.broadcast_to(np.array([-2.0, 1.0]), (2, 5, 7, 2))
    norms = np.linalg.norm(sampled, axis=-1) * np.linalg.norm(target, axis=-1)
    similarity = (sampled * target).sum(-1) / norms
    expected = np.mean(np.exp(-similarity / best_similarities(target, source))) - np.exp(-1)
    np.testing.assert_allclose(sampling_correctness(target, source, flow, "bilinear"), expected, rtol=1e-6)


def test_a_smaller_flow_is_repeated_with_its_values():
    target, source = features(6, 8), features(6, 8)
    flow = RNG.uniform(-2, 2, (2, 3, 4, 2))
    repeated = flow.repeat(2, axis=1).repeat(2, axis=2)
    np.testing.assert_allclose(
        sampling_correctness(target, source, flow), sampling_correctness(target, source, repeated), rtol=1e-9
    )


def test_mask_weights_positions():
    target, source = features(), features()
    flow = RNG.uniform(-2, 2, (2, 5, 7, 2))
    whole = sampling_correctness(target, source, flow)
    half = sampling_correctness(target, source, flow, mask=np.full((2, 5, 7, 1), 0.5))
    np.testing.assert_allclose(half, whole / 2, rtol=1e-9)
    assert sampling_correctness(target, source, flow, mask=np.zeros((2, 5, 7, 1))) == 0


@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("sampling", ["gaussian", "bilinear"])
def test_gradient_of_the_flow(sampling, masked):
    target, source = features(3, 4, batch=1), features(3, 4, batch=1)
    mask = RNG.uniform(0, 1, (1, 3, 4, 1)) if masked else None
    flow = tf.constant(RNG.integers(-2, 3, (1, 3, 4, 2)) + RNG.uniform(0.2, 0.8, (1, 3, 4, 2)))
    loss = tf.function(lambda flow: sampling_correctness(target, source, flow, sampling, mask))
    theory, numeric = tf.test.compute_gradient(loss, [flow])
    np.testing.assert_allclose(theory[0], numeric[0], atol=1e-8)
    assert np.abs(theory[0]).max() > 1e-4


def test_features_get_no_gradient():
    target, source = tf.constant(features()), tf.constant(features())
    with tf.GradientTape() as tape:
        tape.watch([target, source])
        loss = sampling_correctness(target, source, tf.zeros([2, 5, 7, 2], tf.float64))
    assert tape.gradient(loss, [target, source]) == [None, None]


def test_works_in_a_graph_with_unknown_sizes():
    signature = [tf.TensorSpec([None, None, None, channels], tf.float64) for channels in (6, 6, 2)]
    compiled = tf.function(sampling_correctness, input_signature=signature)
    target, source, flow = features(), features(), RNG.uniform(-2, 2, (2, 5, 7, 2))
    np.testing.assert_allclose(compiled(target, source, flow), sampling_correctness(target, source, flow), rtol=1e-9)


def test_correctness_errors():
    with pytest.raises(ValueError, match="sampling must be one of gaussian, bilinear. Received: 'cubic'"):
        sampling_correctness(features(), features(), np.zeros((2, 5, 7, 2)), "cubic")
    with pytest.raises(ValueError, match=r"same channels are expected. Received: \(2, 5, 7, 6\) and \(2, 5, 7, 4\)"):
        sampling_correctness(features(), features(channels=4), np.zeros((2, 5, 7, 2)))
    for target, source in ((features(batch=1), features()), (features(), features(batch=1))):
        with pytest.raises(ValueError, match="of the same batch and the same channels are expected"):
            sampling_correctness(target, source, np.zeros((len(source), 5, 7, 2)))
    for shape in ((2, 5, 7), (2, 5, 7, 2), (1, 5, 7, 1)):
        with pytest.raises(ValueError, match=r"A mask of shape \[batch, height, width, 1\] of the same batch"):
            sampling_correctness(features(), features(), np.zeros((2, 5, 7, 2)), mask=np.ones(shape))


@pytest.mark.parametrize("block", [1, 5 * 7 * 7, 2 * 5 * 7 * 7, 3 * 5 * 7 * 7, 2**22])
def test_best_similarity_in_blocks(block):
    """The 5 rows of 7 target positions, with 35 source positions each, in blocks of 1, 1, 2, 3 and 5 rows."""
    target, source = features(), features()
    expected = best_similarities(target, source)
    np.testing.assert_allclose(best_similarity(target, source, block), expected, rtol=1e-6)
    np.testing.assert_allclose(
        tf.function(best_similarity, jit_compile=True)(target, source, block), expected, rtol=1e-6
    )


def test_similarities_are_never_held_all_at_once(monkeypatch):
    sizes = []
    matmul = tf.matmul

    def recorded(*args, **kwargs):
        product = matmul(*args, **kwargs)
        sizes.append(int(tf.size(product)))
        return product

    monkeypatch.setattr(tf, "matmul", recorded)
    best_similarity(*(tf.constant(features(64, 64, 2, batch=2), tf.float32) for _ in range(2)))
    assert sizes == [2**22] * 8  # four blocks a picture: 16 rows of 64 positions, 4096 source positions each


@pytest.mark.parametrize("dtype", [tf.bfloat16, tf.float16])
def test_features_of_16_bits_are_compared_in_float32(dtype):
    target, source = (tf.cast(features() * 500, dtype) for _ in range(2))  # squares of 6 channels overflow float16
    flow = tf.constant(RNG.uniform(-2, 2, (2, 5, 7, 2)), tf.float32)
    value = sampling_correctness(target, source, flow)
    assert value.dtype == tf.float32
    exact = (tf.cast(tensor, tf.float64) for tensor in (target, source, flow))
    np.testing.assert_allclose(value, sampling_correctness(*exact), rtol=1e-5)
    with tf.GradientTape() as tape:
        tape.watch(flow)
        loss = sampling_correctness(target, source, flow)
    assert tape.gradient(loss, flow).dtype == tf.float32
