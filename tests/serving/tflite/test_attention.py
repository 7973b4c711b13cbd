"""The restated local attention gives what the layer gives."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from gfla_tf.layers.local_attention import LocalAttention
from serving.tflite import attention

random = np.random.default_rng(0)


@pytest.mark.parametrize(("size", "reduction"), [(1, "sum"), (3, "mean"), (5, "sum")])
def test_it_gives_what_the_layer_gives_by_its_definition(size, reduction):
    shape = (1, 6, 9, 4)
    layer = LocalAttention(size, hidden=5, reduction=reduction, implementation="reference")
    layer.build([shape, shape, (1, 6, 9, 2)])
    layer.set_weights([random.normal(0, 0.5, weight.shape) for weight in layer.get_weights()])
    source, target = (tf.constant(random.normal(size=shape), tf.float32) for _ in range(2))
    flow = tf.constant(random.uniform(-9, 9, (1, 6, 9, 2)), tf.float32)  # far outside, too
    found = attention.attend(layer, source, target, flow)
    np.testing.assert_allclose(found, layer([source, target, flow]), rtol=1e-4, atol=1e-5)


def test_convention_flow_is_dx_dy_in_pixels_and_the_border_repeats():
    source = tf.reshape(tf.range(6, dtype=tf.float32), [1, 2, 3, 1])  # 0 1 2 / 3 4 5
    flow = np.zeros((1, 2, 3, 2), np.float32)
    flow[0, 0, 0] = (1, 0)  # the pixel to the right
    flow[0, 0, 1] = (0, 1)  # the pixel below
    flow[0, 0, 2] = (-0.5, 0.5)  # between four pixels
    flow[0, 1, 0] = (-7, -7)  # beyond the top left corner
    found = attention._gather(source, tf.constant(flow), 1)
    np.testing.assert_allclose(found[0, ..., 0], [[1, 4, 3], [0, 4, 5]])


def test_convention_the_edge_repeats_outwards():
    source = tf.reshape(tf.range(6, dtype=tf.float32), [1, 2, 3, 1])
    expected = [[0, 0, 1, 2, 2], [0, 0, 1, 2, 2], [3, 3, 4, 5, 5], [3, 3, 4, 5, 5]]
    np.testing.assert_array_equal(attention.pad_edge(source, 1)[0, ..., 0], expected)


def test_a_tap_is_spread_over_its_four_neighbours():
    places = attention.placement(1).reshape(4, 2, 2)  # copies: near both, far in x, far in y, far in both
    # Columns first: the second copy is the one that is far along the width.
    np.testing.assert_array_equal(places.sum(axis=0), np.ones((2, 2)))
    assert places[0, 0, 0] == places[1, 0, 1] == places[2, 1, 0] == places[3, 1, 1] == 1
