"""Sampling correctness and affine regularisation: worked values, an independent NumPy version, gradients."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from gfla_tf.losses import affine_regularization, sampling_correctness

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


@pytest.mark.parametrize("sampling", ["gaussian", "bilinear"])
def test_gradient_of_the_flow(sampling):
    target, source = features(), features()
    flow = tf.constant(RNG.integers(-3, 4, (2, 5, 7, 2)) + RNG.uniform(0.2, 0.8, (2, 5, 7, 2)))
    theory, numeric = tf.test.compute_gradient(
        lambda flow: sampling_correctness(target, source, flow, sampling), [flow]
    )
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


def residual_by_least_squares(flow, kernel_size):
    """The definition: fit each window of source positions by an affine map, sum squared residuals, average."""
    batch, height, width, _ = flow.shape
    rows, columns = np.mgrid[:height, :width]
    positions = flow + np.stack([columns, rows], axis=-1)
    window_rows, window_columns = np.mgrid[:kernel_size, :kernel_size]
    design = np.stack([window_rows.ravel(), window_columns.ravel(), np.ones(kernel_size**2)], axis=1)
    sums = np.zeros(2)
    count = 0
    for picture in range(batch):
        for top in range(height - kernel_size + 1):
            for left in range(width - kernel_size + 1):
                window = positions[picture, top : top + kernel_size, left : left + kernel_size].reshape(-1, 2)
                sums += np.linalg.lstsq(design, window, rcond=None)[1]
                count += 1
    return sums.sum() / count


@pytest.mark.parametrize("kernel_size", [3, 5])
def test_regularization_against_least_squares(kernel_size):
    flow = RNG.uniform(-3, 3, (2, 7, 9, 2))
    expected = residual_by_least_squares(flow, kernel_size)
    np.testing.assert_allclose(affine_regularization(flow, kernel_size), expected, rtol=1e-9)


def test_affine_flows_cost_nothing():
    rows, columns = np.mgrid[:6, :9].astype(float)
    flow = np.stack([0.3 * columns - 0.7 * rows + 2, 0.1 * rows + 0.5 * columns - 1], axis=-1)[np.newaxis]
    assert abs(affine_regularization(flow, 3)) < 1e-10
    flow[0, 3, 4, 0] += 1  # one stray position
    assert affine_regularization(flow, 3) > 0.01


def test_regularization_gradient():
    theory, numeric = tf.test.compute_gradient(
        lambda flow: affine_regularization(flow, 3), [tf.constant(RNG.uniform(-2, 2, (1, 5, 6, 2)))]
    )
    np.testing.assert_allclose(theory[0], numeric[0], atol=1e-6)


def test_regularization_errors():
    with pytest.raises(ValueError, match="A flow of at least 5 x 5 is expected"):
        affine_regularization(np.zeros((1, 4, 9, 2)), 5)
    with pytest.raises(ValueError, match=r"\[batch, height, width, 2\] is expected"):
        affine_regularization(np.zeros((1, 8, 9, 3)), 3)
