from __future__ import annotations

import numpy as np
import pytest
from helpers.layer_checks import random_tensors, randomize

from gfla_tf.models import FlowEstimator, SourceEncoder

WIDTHS = (4, 6, 8, 10)


@pytest.mark.parametrize(
    ("levels", "shapes"),
    [
        ((3, 2), [(2, 4, 6), (2, 8, 12)]),
        ((2,), [(2, 8, 12)]),
        ((1, 3), [(2, 4, 6), (2, 16, 24)]),  # given in any order, put out coarse first
    ],
)
@pytest.mark.parametrize("fields", [1, 2])
def test_flows_and_masks_come_coarse_first(levels, shapes, fields):
    estimator = FlowEstimator(WIDTHS, levels, fields)
    estimator.build([(None, None, None, 3), (None, None, None, 5)])
    flows, masks = randomize(estimator)(random_tensors([(2, 32, 48, 3), (2, 32, 48, 5)]))
    assert [tuple(flow.shape) for flow in flows] == [(*shape, 2 * fields) for shape in shapes]
    assert [tuple(mask.shape) for mask in masks] == [(*shape, fields) for shape in shapes]
    assert all(0.0 <= np.min(mask) < np.max(mask) <= 1.0 for mask in masks)


@pytest.mark.parametrize("levels", [(), (4,), (3, 0), (5, 2)])
def test_levels_outside_the_decoder(levels):
    with pytest.raises(ValueError, match="attention_levels must lie between 1 and 3 for 4 widths. Received: "):
        FlowEstimator(WIDTHS, levels)


def test_inputs_are_joined_along_channels():
    estimator = FlowEstimator(WIDTHS)
    estimator.build([(None, None, None, 3), (None, None, None, 5)])
    image, pose = random_tensors([(1, 32, 48, 3), (1, 32, 48, 5)])
    joined, _ = randomize(estimator)([np.concatenate([image, pose], axis=-1)])
    apart, _ = estimator([image, pose])
    np.testing.assert_array_equal(apart[0], joined[0])


def test_source_encoder_gives_all_levels_finest_first():
    encoder = SourceEncoder((4, 6, 8))
    maps = encoder(random_tensors((2, 16, 24, 3)))
    shapes = [(2, 8, 12, 4), (2, 4, 6, 6), (2, 2, 3, 8)]
    assert [tuple(tensor.shape) for tensor in maps] == shapes
    assert encoder.compute_output_shape((2, 16, 24, 3)) == shapes
