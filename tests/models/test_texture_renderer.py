from __future__ import annotations

import numpy as np
import pytest
from helpers.layer_checks import random_tensors, randomize

from gfla_tf.models import TextureRenderer
from gfla_tf.models.texture_renderer import TextureDecoder

WIDTHS = (4, 6, 8)
SIZES = [(16, 24), (8, 12), (4, 6)]  # of levels 1, 2, 3 for pictures of 32 x 48


def made(**config) -> TextureRenderer:
    renderer = TextureRenderer(WIDTHS, attention_hidden=8, attention_reduction="sum", **config)
    renderer.build([(None, None, None, 5)])
    return randomize(renderer)


def source(mask: float, seed: int, levels=(3, 2)) -> tuple:
    """Features finest first; flows and masks, equal everywhere, coarse first."""
    features = random_tensors([(1, *size, width) for size, width in zip(SIZES, WIDTHS, strict=True)], seed)
    flows = random_tensors([(1, *SIZES[level - 1], 2) for level in levels], seed + 100)
    return features, flows, [np.full((1, *SIZES[level - 1], 1), mask, np.float32) for level in levels]


POSE = random_tensors((1, 32, 48, 5), seed=9)


def rendered(renderer: TextureRenderer, *sources: tuple) -> np.ndarray:
    return np.asarray(renderer([POSE, list(sources)]))


def test_with_mask_0_the_source_does_not_show():
    renderer = made()
    np.testing.assert_array_equal(rendered(renderer, source(0.0, 1)), rendered(renderer, source(0.0, 2)))
    assert np.abs(rendered(renderer, source(0.5, 1)) - rendered(renderer, source(0.5, 2))).max() > 1e-3


def test_without_attention_at_a_level_its_features_do_not_show():
    renderer = made(attention_kernels={2: 3})
    assert renderer.attention_kernels == {2: 3}
    features, flows, masks = source(1.0, 1, (2,))
    others = [10 * features[0], features[1], 10 * features[2]]
    expected = rendered(renderer, (features, flows, masks))
    np.testing.assert_array_equal(rendered(renderer, (others, flows, masks)), expected)
    others = [features[0], 10 * features[1], features[2]]
    assert np.abs(rendered(renderer, (others, flows, masks)) - expected).max() > 1e-3


def test_blending_follows_the_definition():
    renderer = made(attention_kernels={3: 3}, sources=("_p", "_r"))
    sources = [source(0.25, 1, (3,)), source(0.75, 2, (3,))]
    out = renderer.pose_encoder(POSE)[-1]
    attended = [
        attention([features[2], out, flows[0]])
        for attention, (features, flows, _) in zip(renderer.attentions, sources, strict=True)
    ]
    out = (0.75 * out + 0.25 * attended[0]) + (0.25 * out + 0.75 * attended[1])
    for residual, up in zip(renderer.residuals, renderer.ups, strict=True):
        out = up(residual(out))
    np.testing.assert_allclose(rendered(renderer, *sources), renderer.output_block(out), atol=1e-5)


@pytest.mark.parametrize("norm", [True, False])
def test_what_a_spot_changes_far_from_it(norm):
    decoder = TextureDecoder((4,), {}, norm=norm)
    decoder.build()
    target_map = random_tensors((1, 16, 16, 4), seed=3)
    spotted = target_map.copy()
    spotted[:, 0, 0] = 100.0
    before, after = (np.asarray(decoder([each, []])) for each in (target_map, spotted))
    assert (np.abs(before - after)[:, 16:, 16:].max() > 1e-6) == norm


def test_kernels_by_level_may_be_in_any_order_and_text():
    assert TextureRenderer(WIDTHS, {"2": 5, "3": 3}).get_config()["attention_kernels"] == {3: 3, 2: 5}
    assert list(TextureRenderer(WIDTHS, {2: 5, 3: 3}).attention_kernels) == [3, 2]


@pytest.mark.parametrize("level", [0, 4])
def test_attention_at_a_level_that_is_not_there(level):
    with pytest.raises(ValueError, match=rf"attention_kernels must be at levels 1 to 3. Received: {{{level}: 3}}"):
        TextureRenderer(WIDTHS, {level: 3})
