from __future__ import annotations

import numpy as np
import pytest
from helpers.tiny_models import TINY, TINY_WIDTHS, tiny

from gfla_tf.models import ViewGenerator


@pytest.fixture(scope="module")
def model() -> ViewGenerator:
    return tiny("view")


def one_hot(azimuth: int, elevation: int) -> np.ndarray:
    view = np.zeros((1, 21), np.float32)
    view[0, [azimuth, 18 + elevation]] = 1.0
    return view


@pytest.mark.parametrize(
    ("shapes", "message"),
    [
        (
            [(1, 64, 40, 3), (1, 21), (1, 21)],
            r"source_image must have shape .* multiples of 32. Received: \(1, 64, 40, 3\)",
        ),
        ([(1, 64, 32, 1), (1, 21), (1, 21)], r"source_image must have shape .*Received: \(1, 64, 32, 1\)"),
        ([(1, 64, 32, 3), (1, 20), (1, 21)], r"source_view must have shape \[batch, 21\]. Received: \(1, 20\)"),
        ([(1, 64, 32, 3), (1, 21), (21,)], r"target_view must have shape \[batch, 21\]. Received: \(21,\)"),
        ([(1, 64, 32, 3), (1, 21)], r"A list \[source_image, source_view, target_view\] is expected"),
    ],
)
def test_wrong_shapes(model, shapes, message):
    with pytest.raises(ValueError, match=message):
        model([np.zeros(shape, np.float32) for shape in shapes])


def test_wrong_batches(model):
    image, source_view, target_view = TINY["view"].inputs(2, (64, 32))
    message = r"source_image and {} must agree in batch. Received: \(2, 64, 32, 3\) and \(1, 21\)"
    with pytest.raises(ValueError, match=message.format("source_view")):
        model([image, source_view[:1], target_view])
    with pytest.raises(ValueError, match=message.format("target_view")):
        model([image, source_view, target_view[:1]])


def test_whole_numbers_as_views(model):
    image, source_view, target_view = TINY["view"].inputs(1, (64, 32))
    with pytest.raises(ValueError, match="target_view must hold floats. Received: int32"):
        model([image, source_view, target_view.astype(np.int32)])


def test_flows_depend_on_the_difference_of_the_views(model):
    image = TINY["view"].inputs(1, (64, 32))[0]
    turned = [model([image, one_hot(0, 0), one_hot(1, 0)]), model([image, one_hot(0, 2), one_hot(1, 2)])]
    np.testing.assert_allclose(turned[0]["flows"][0], turned[1]["flows"][0], atol=1e-5)
    other = model([image, one_hot(0, 0), one_hot(2, 0)])
    assert np.abs(turned[0]["flows"][0] - other["flows"][0]).max() > 1e-2


def test_flow_widths_are_two_longer():
    with pytest.raises(ValueError, match="flow_widths must be two longer than widths. Received: .4, 8, 8, 16. and"):
        ViewGenerator(**{**TINY_WIDTHS, "flow_widths": (4, 8, 8, 16)})
