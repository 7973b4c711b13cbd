import numpy as np
import pytest

from training.data.render.patterns import _KINDS, PRINTS, draw_print, random_colour, random_fabric, smooth_noise


def test_fabrics_are_pictures_and_follow_their_seed():
    pictures = [random_fabric(np.random.default_rng(seed), 64) for seed in (1, 1, 2)]
    assert pictures[0].shape == (64, 64, 3)
    assert pictures[0].dtype == np.float32
    assert 0 <= pictures[0].min() <= pictures[0].max() <= 1
    np.testing.assert_array_equal(pictures[0], pictures[1])
    assert np.abs(pictures[0] - pictures[2]).max() > 0.05


def test_no_two_of_many_fabrics_look_alike():
    means = np.array([random_fabric(np.random.default_rng(seed), 32).mean(axis=(0, 1)) for seed in range(60)])
    distances = np.abs(means[:, None] - means).max(axis=-1) + np.eye(60)
    assert distances.min() > 1e-4
    assert means.std(axis=0).min() > 0.1


@pytest.mark.parametrize("draw", [draw for draw, _ in _KINDS], ids=lambda draw: draw.__name__)
def test_every_kind_uses_its_colours(draw):
    colours = np.eye(4, 3, dtype=np.float32)
    picture = draw(np.random.default_rng(3), 128, colours, "train")
    assert picture.shape == (128, 128, 3)
    assert picture[..., 0].max() > 0.5  # the first colour is there
    assert (draw.__name__ == "_plain") == (np.ptp(picture, axis=(0, 1)).max() == 0)


def test_prints_of_the_splits_are_disjoint():
    assert not set(PRINTS["train"]) & set(PRINTS["test"])


def test_convention_a_print_is_placed_across_then_down():
    picture = np.zeros((100, 100, 3), np.float32)
    draw_print(np.random.default_rng(0), picture, np.array([0.7, 0.2]), 0.1, np.ones(3, np.float32), "test")
    down, across = np.nonzero(picture[..., 0] > 0.5)
    assert 60 <= across.min() < across.max() <= 80
    assert 10 <= down.min() < down.max() <= 30
    assert picture[20, 70, 0] == 1


def test_prints_may_stick_out():
    picture = np.zeros((20, 20, 3), np.float32)
    draw_print(np.random.default_rng(0), picture, np.array([0.0, 1.0]), 0.3, np.ones(3, np.float32), "train")
    assert picture.max() == 1


def test_noise_and_colours_are_in_range():
    rng = np.random.default_rng(0)
    noise = smooth_noise(rng, 50, 5)
    assert noise.shape == (50, 50)
    assert 0 <= noise.min() < noise.max() <= 1
    assert np.abs(np.diff(noise, axis=0)).max() < 0.3
    colours = np.array([random_colour(rng) for _ in range(200)])
    assert colours.min() >= 0
    assert colours.max() <= 1


def test_another_split_is_refused():
    with pytest.raises(ValueError, match="split must be one of train, test. Received: 'validation'"):
        random_fabric(np.random.default_rng(0), 8, "validation")
