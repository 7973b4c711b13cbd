"""Stand-in weights follow a fixed recipe: other programs rebuild the same numbers."""

from __future__ import annotations

import numpy as np
import pytest

from gfla_tf.stand_in import stand_in_state, stand_in_weights


@pytest.mark.parametrize(
    ("name", "shape", "seed", "expected"),
    [
        # A scale, around 1.
        ("source.block0.model.0.weight", (3,), 11, [0.97995645, 0.7349369, 1.020346]),
        # An offset, around 0.
        ("source.block0.model.2.bias", (2,), 11, [0.13678738, -0.095081836]),
        # A kernel of three inputs.
        (
            "target.decoder0.1.model.2.weight",
            (2, 3, 1, 1),
            0,
            [0.5449746, 0.6495133, -0.23571904, -0.5764231, -0.23542078, -0.48487368],
        ),
        # A flow head, three times as large.
        ("flow_net.output1.weight", (2, 2, 1, 1), 0, [-2.225901, 1.8250114, -0.08289366, -0.60152566]),
        # Scale and offset of the motion extractor's layer norm, kept as columns.
        ("kp_input.expand_ln.weight", (3, 1), 31, [0.9703567, 0.9819761, 1.0196753]),
        ("kp_input.expand_ln.bias", (3, 1), 31, [0.037948027, 0.0024051452, -0.03924581]),
        # A kernel of VGG, times the square root of 2.
        ("features.0.weight", (1, 3, 1, 1), 61, [1.0475842, 0.2607504, 0.52387893]),
    ],
)
def test_numbers(name, shape, seed, expected):
    weights = stand_in_weights(name, shape, seed)
    assert weights.dtype == np.float32
    assert weights.shape == shape
    np.testing.assert_allclose(weights.ravel(), expected, rtol=1e-6)


def test_another_name_or_seed_gives_other_numbers():
    weights = stand_in_weights("a.weight", (4, 5), 0)
    assert not np.array_equal(weights, stand_in_weights("b.weight", (4, 5), 0))
    assert not np.array_equal(weights, stand_in_weights("a.weight", (4, 5), 1))
    np.testing.assert_array_equal(weights, stand_in_weights("a.weight", (4, 5)))


def test_deviations():
    kernel = stand_in_weights("source.encoder0.model.2.weight", (64, 32, 4, 4), 0)
    assert np.std(kernel) == pytest.approx(1 / np.sqrt(32 * 16), rel=0.02)
    scale = stand_in_weights("norm.weight", (10_000,), 0)
    assert np.mean(scale) == pytest.approx(1.0, abs=0.005)
    assert np.std(scale) == pytest.approx(0.1, rel=0.05)


def test_spectral_vectors_are_the_leading_ones():
    shapes = {"conv.bias": (6,), "conv.weight_orig": (6, 2, 3, 3), "conv.weight_u": (6,), "conv.weight_v": (18,)}
    state = stand_in_state(shapes, 3)
    assert {name: value.shape for name, value in state.items()} == shapes
    matrix = state["conv.weight_orig"].reshape(6, 18)
    sigma = state["conv.weight_u"] @ matrix @ state["conv.weight_v"]
    assert sigma == pytest.approx(np.linalg.norm(matrix, 2), rel=1e-5)
    np.testing.assert_array_equal(state["conv.bias"], stand_in_weights("conv.bias", (6,), 3))
