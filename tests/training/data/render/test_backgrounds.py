import numpy as np
import pytest

from training.data.render.backgrounds import random_background


@pytest.mark.parametrize("kind", ["white", "studio", "scene", "mixed"])
@pytest.mark.parametrize(("height", "width"), [(64, 44), (30, 50)])
def test_pictures_of_the_size_wanted(kind, height, width):
    for seed in range(12):
        background = random_background(np.random.default_rng(seed), kind, height, width)
        assert background.image.shape == (height, width, 3)
        assert background.image.dtype == np.float32
        assert 0 <= background.image.min() <= background.image.max() <= 1


def test_the_seed_decides():
    first, again, other = (random_background(np.random.default_rng(seed), "scene", 32, 48).image for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert np.abs(first - other).mean() > 0.02


def test_white_is_white():
    assert (random_background(np.random.default_rng(0), "white", 8, 9).image == 1).all()


def test_half_of_the_mixed_ones_are_plain():
    spread = [
        random_background(np.random.default_rng(seed), "mixed", 32, 32).image.std((0, 1)).max() for seed in range(80)
    ]
    assert 20 < sum(value < 0.025 for value in spread) < 60


def test_studios_are_light_and_nearly_even():
    for seed in range(20):
        image = random_background(np.random.default_rng(seed), "studio", 32, 32).image
        assert image.mean() > 0.35
        assert image.std((0, 1)).max() < 0.05


def test_another_kind():
    with pytest.raises(ValueError, match="background must be one of .* Received: 'beach'"):
        random_background(np.random.default_rng(0), "beach", 8, 8)
