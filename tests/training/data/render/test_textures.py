import numpy as np
import pytest

from training.data.render.mesh import Material
from training.data.render.textures import TextureAtlas


def solid(color):
    return np.concatenate([color, np.ones((*color.shape[:2], 1))], axis=-1).astype(np.float32)


def look_up(atlas, u, v, level=0, material=0):
    one = np.array
    return atlas.sample(one([material]), one([[u, v]], np.float32), one([level]))[0]


def test_convention_row_0_is_v_1_and_texels_have_centres():
    # 2 rows, 4 columns: red counts columns, green rows.
    rows, columns = np.mgrid[:2, :4]
    atlas = TextureAtlas([Material("ramp", solid(np.stack([columns / 3, rows / 1.0, 0 * rows], axis=-1)))])
    np.testing.assert_allclose(look_up(atlas, 0.5 / 4, 0.75), [0, 0, 0, 1], atol=0.003)
    np.testing.assert_allclose(look_up(atlas, 2.5 / 4, 0.25), [2 / 3, 1, 0, 1], atol=0.003)
    np.testing.assert_allclose(look_up(atlas, 2.0 / 4, 0.5), [0.5, 0.5, 0, 1], atol=0.003)


def test_coordinates_repeat():
    texture = solid(np.random.default_rng(0).random((4, 8, 3)))
    atlas = TextureAtlas([Material("noise", texture)])
    np.testing.assert_allclose(look_up(atlas, 0.3, 0.6), look_up(atlas, -1.7, 3.6), atol=1e-4)
    # On the seam: between the last and the first column.
    expected = (texture[0, 0] + texture[0, 7]) / 2
    np.testing.assert_allclose(look_up(atlas, 0.0, 7 / 8), expected, atol=0.005)


def test_levels_are_means_of_blocks_and_end_in_one_texel():
    texture = solid(np.random.default_rng(0).random((4, 8, 3)))
    atlas = TextureAtlas([Material("noise", texture), Material("other", solid(np.zeros((2, 2, 3))))])
    assert atlas.levels == 4
    np.testing.assert_allclose(look_up(atlas, 0.125, 0.75, 1), texture[:2, :2].mean((0, 1)), atol=0.005)
    np.testing.assert_allclose(look_up(atlas, 0.5, 0.5, 3), texture.mean((0, 1)), atol=0.01)
    np.testing.assert_allclose(look_up(atlas, 0.5, 0.5, 3, material=1), [0, 0, 0, 1], atol=0.005)


def test_colours_of_transparent_texels_do_not_bleed():
    texture = np.zeros((2, 2, 4), np.float32)
    texture[0, 0] = [1, 0, 0, 1]  # one solid red texel, three black ones that nobody sees
    atlas = TextureAtlas([Material("hair", texture)])
    np.testing.assert_allclose(look_up(atlas, 0.5, 0.5, 1), [1, 0, 0, 0.25], atol=0.01)
    assert atlas.has_alpha.tolist() == [True]


def test_alpha_is_read_at_one_level():
    texture = np.ones((1024, 1024, 4), np.float32)
    texture[::2, :, 3] = 0  # finer than the level at which alpha is read
    atlas = TextureAtlas([Material("net", texture)])
    uv = np.random.default_rng(0).random((50, 2)).astype(np.float32)
    np.testing.assert_allclose(atlas.alpha(np.zeros(50, int), uv), 0.5, atol=0.01)


def test_no_materials():
    with pytest.raises(ValueError, match="At least one material.*Received: none"):
        TextureAtlas([])
