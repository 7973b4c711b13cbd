from __future__ import annotations

import functools

import numpy as np
import pytest
import tensorflow as tf
from helpers import numpy_reference

from gfla_tf.ops import bilinear_sample, displaced_patches, gaussian_sample, pad_edge

# A map of 2 rows and 3 columns: the value says where it is, row * 10 + column.
RAMP = np.array([[[[0.0], [1.0], [2.0]], [[10.0], [11.0], [12.0]]]])

SAMPLERS = {
    "bilinear": (bilinear_sample, numpy_reference.bilinear),
    "gaussian": (gaussian_sample, numpy_reference.gaussian),
}


def constant_flow(dx: float, dy: float, height: int = 2, width: int = 3) -> np.ndarray:
    return np.broadcast_to([float(dx), float(dy)], (1, height, width, 2))


def random_map_and_flow(source_size=(5, 7), size=(4, 6), spread: float = 6.0, seed: int = 0):
    """Two pictures of three channels, and flows that leave the map on every side."""
    random = np.random.default_rng(seed)
    return random.standard_normal((2, *source_size, 3)), random.uniform(-spread, spread, (2, *size, 2))


@pytest.mark.parametrize(
    ("flow", "expected"),
    [
        ((0, 0), [[0, 1, 2], [10, 11, 12]]),
        ((1, 0), [[1, 2, 2], [11, 12, 12]]),  # dx moves along the width; the last column repeats
        ((0, 1), [[10, 11, 12], [10, 11, 12]]),  # dy moves along the height; the last row repeats
        ((-1, 0), [[0, 0, 1], [10, 10, 11]]),
        ((0.25, 0), [[0.25, 1.25, 2], [10.25, 11.25, 12]]),
        ((0, -0.5), [[0, 1, 2], [5, 6, 7]]),
        ((0.5, 0.5), [[5.5, 6.5, 7], [10.5, 11.5, 12]]),
        ((100, -100), [[2, 2, 2], [2, 2, 2]]),
    ],
)
def test_convention_bilinear_sample(flow, expected, fast_implementation):
    warped = bilinear_sample(RAMP, constant_flow(*flow), fast_implementation)
    np.testing.assert_allclose(warped[0, ..., 0], expected, atol=1e-12)


def test_convention_gaussian_sample(fast_implementation):
    # Along one axis the taps at -1, 0, 1, 2 weigh exp(-d^2 / 8): 0.8825, 1, 0.8825, 0.6065, whose sum is 3.3715. In
    # the first column of row 0 they read columns 0, 0, 1, 2 and rows 0, 0, 10, 10.
    column = (0.8824969 * 1 + 0.6065307 * 2) / 3.3715245
    row = (0.8824969 + 0.6065307) * 10 / 3.3715245
    warped = gaussian_sample(RAMP, constant_flow(0, 0), fast_implementation)
    np.testing.assert_allclose(warped[0, 0, 0, 0], row + column, rtol=1e-6)
    # Half a pixel to the right the taps lie at -1.5, -0.5, 0.5, 1.5: 0.7548, 0.9692, 0.9692, 0.7548.
    column = (0.9692332 * 1 + 0.7548396 * 2) / 3.4481456
    warped = gaussian_sample(RAMP, constant_flow(0.5, 0), fast_implementation)
    np.testing.assert_allclose(warped[0, 0, 0, 0], row + column, rtol=1e-6)


def test_convention_displaced_patches():
    patches = displaced_patches(RAMP, constant_flow(1, 0), 3)
    assert patches.shape == (1, 2, 3, 9, 1)
    # Position (0, 0) reads around (x, y) = (1, 0), rows of the patch from top to bottom.
    np.testing.assert_array_equal(patches[0, 0, 0, :, 0], [0, 1, 2, 0, 1, 2, 10, 11, 12])
    # Position (0, 1), x = 0 and y = 1, reads around (1, 1).
    np.testing.assert_array_equal(patches[0, 1, 0, :, 0], [0, 1, 2, 10, 11, 12, 10, 11, 12])


def test_convention_pad_edge():
    padded = pad_edge(tf.constant(RAMP), 1)[0, ..., 0]
    expected = [[0, 0, 1, 2, 2], [0, 0, 1, 2, 2], [10, 10, 11, 12, 12], [10, 10, 11, 12, 12]]
    np.testing.assert_array_equal(padded, expected)
    np.testing.assert_array_equal(pad_edge(tf.constant(RAMP), 0), RAMP)


@pytest.mark.parametrize("name", SAMPLERS)
@pytest.mark.parametrize("size", [(5, 7), (4, 6), (9, 3)])
def test_sampling_follows_the_definition(name, size, fast_implementation):
    sample, at = SAMPLERS[name]
    source, flow = random_map_and_flow(size=size)
    expected = np.stack([numpy_reference.sample(*pair, at) for pair in zip(source, flow, strict=True)])
    np.testing.assert_allclose(sample(source, flow, fast_implementation), expected, atol=1e-12)


@pytest.mark.parametrize("kernel_size", [1, 3, 5])
def test_patches_follow_the_definition(kernel_size):
    source, flow = random_map_and_flow()
    expected = np.stack([numpy_reference.patches(*pair, kernel_size) for pair in zip(source, flow, strict=True)])
    np.testing.assert_allclose(displaced_patches(source, flow, kernel_size), expected, atol=1e-12)


@pytest.mark.parametrize("name", SAMPLERS)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_huge_flows_read_the_corners(name, dtype, fast_implementation):
    source, _ = random_map_and_flow()
    corners = [(1e9, 1e9, -1, -1), (-1e9, 1e9, -1, 0), (1e9, -1e9, 0, -1), (-1e9, -1e9, 0, 0)]
    for dx, dy, row, column in corners:
        flow = np.broadcast_to(np.array([dx, dy], dtype), (2, 4, 6, 2))
        warped = SAMPLERS[name][0](source.astype(dtype), flow, fast_implementation)
        expected = np.broadcast_to(source[:, row, column][:, None, None], (2, 4, 6, 3))
        np.testing.assert_allclose(warped, expected, atol=1e-6)


@pytest.mark.parametrize("name", SAMPLERS)
def test_gradients(name, fast_implementation):
    source, flow = random_map_and_flow((3, 4), (2, 3), 3.0)
    source, flow = source[:1], flow[:1]
    # Away from whole positions, where the derivative by the flow jumps.
    flow = np.floor(flow) + np.random.default_rng(1).uniform(0.1, 0.9, flow.shape)
    function = tf.function(functools.partial(SAMPLERS[name][0], implementation=fast_implementation))
    theoretical, numeric = tf.test.compute_gradient(function, [tf.constant(source), tf.constant(flow)])
    for analytic, difference in zip(theoretical, numeric, strict=True):
        assert np.abs(difference).max() > 0.1
        np.testing.assert_allclose(analytic, difference, atol=1e-8)


@pytest.mark.parametrize("name", SAMPLERS)
def test_unknown_shapes(name, fast_implementation):
    function = functools.partial(SAMPLERS[name][0], implementation=fast_implementation)
    signature = [tf.TensorSpec([None] * 4, tf.float64), tf.TensorSpec([None] * 4, tf.float64)]
    compiled = tf.function(function, input_signature=signature)
    for sizes in ((5, 7), (4, 6)), ((3, 2), (6, 5)):
        source, flow = random_map_and_flow(*sizes)
        np.testing.assert_allclose(compiled(source, flow), function(source, flow), atol=1e-12)


@pytest.mark.parametrize("function", [bilinear_sample, gaussian_sample, lambda *maps: displaced_patches(*maps, 3)])
@pytest.mark.parametrize(
    ("source_shape", "flow_shape", "message"),
    [
        ((4, 5, 3), (1, 4, 5, 2), r"source of shape \[batch, height, width, channels\].*Received: \(4, 5, 3\)"),
        ((1, 4, 5, 3), (4, 5, 2), r"flow of shape \[batch, height, width, 2\].*Received: \(4, 5, 2\)"),
        ((1, 4, 5, 3), (1, 4, 5, 3), r"flow of shape .*Received: \(1, 4, 5, 3\)"),
        ((2, 4, 5, 3), (3, 4, 5, 2), r"agree in batch.*Received: \(2, 4, 5, 3\) and \(3, 4, 5, 2\)"),
    ],
)
def test_wrong_shapes(function, source_shape, flow_shape, message):
    with pytest.raises(ValueError, match=message):
        function(np.zeros(source_shape), np.zeros(flow_shape))


@pytest.mark.parametrize("function", [bilinear_sample, gaussian_sample, lambda *maps: displaced_patches(*maps, 3)])
def test_integers_are_refused(function):
    message = "Source and flow must hold floats. Received: {} and {}."
    with pytest.raises(ValueError, match=message.format("int32", "float64")):
        function(np.zeros((1, 4, 5, 3), np.int32), np.zeros((1, 4, 5, 2)))
    with pytest.raises(ValueError, match=message.format("float64", "int32")):
        function(np.zeros((1, 4, 5, 3)), np.zeros((1, 4, 5, 2), np.int32))


@pytest.mark.parametrize("kernel_size", [0, 2, -1])
def test_patches_have_an_odd_side(kernel_size):
    with pytest.raises(ValueError, match=f"kernel_size must be a positive odd number. Received: {kernel_size}"):
        displaced_patches(np.zeros((1, 4, 5, 2)), np.zeros((1, 4, 5, 2)), kernel_size)


@pytest.mark.parametrize("name", SAMPLERS)
def test_wrong_implementation(name):
    source, flow = random_map_and_flow()
    choices = "auto, native, fused, addons" if name == "bilinear" else "auto, native, fused"
    with pytest.raises(ValueError, match=f"implementation must be one of {choices}. Received: 'reference'"):
        SAMPLERS[name][0](source, flow, "reference")
