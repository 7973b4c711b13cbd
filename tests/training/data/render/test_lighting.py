import numpy as np
import pytest
from helpers.puppets import ellipsoid, patchy_texture

from training.data.render.lighting import FLAT_LIGHT, Light, light_fields, random_light, shade_factor, smooth_within
from training.data.render.mesh import join_meshes
from training.data.render.textures import TextureAtlas

UP, DOWN, FRONT = np.eye(3)[1], -np.eye(3)[1], np.eye(3)[2]


def test_convention_shading_by_hand():
    light = Light(FRONT, key=np.full(3, 0.5), sky=np.full(3, 0.4), ground=np.full(3, 0.2))
    normals = np.array([UP, DOWN, FRONT, FRONT, FRONT], np.float32)
    key_visible, openness = np.array([1, 1, 1, 0.5, 1.0]), np.array([1, 1, 1, 1, 0.5])
    # Sky 0.4 above, 0.2 below, 0.3 sideways; the key light adds 0.5 at the front.
    linear = np.array([0.4, 0.2, 0.3 + 0.5, 0.3 + 0.25, 0.15 + 0.5])
    expected = np.repeat(linear[:, np.newaxis] ** (1 / 2.2), 3, axis=1)
    np.testing.assert_allclose(shade_factor(light, normals, key_visible, openness), expected, rtol=1e-5)


def test_flat_light_shows_colours_as_they_are():
    factor = shade_factor(FLAT_LIGHT, np.float32([UP, DOWN]), np.zeros(2), np.zeros(2))
    np.testing.assert_array_equal(factor, np.ones((2, 3)))
    assert random_light(np.random.default_rng(0), "flat") is FLAT_LIGHT


@pytest.mark.parametrize("kind", ["studio", "random"])
def test_lights_are_about_as_bright_as_flat_light(kind):
    for seed in range(20):
        light = random_light(np.random.default_rng(seed), kind, azimuth=1.0)
        assert np.linalg.norm(light.towards_key) == pytest.approx(1)
        facing = shade_factor(light, light.towards_key[np.newaxis].astype(np.float32), np.ones(1), np.ones(1))
        assert 0.8 < facing.mean() < 1.15


def test_studio_light_comes_from_the_cameras_side():
    for azimuth, towards in ((0.0, FRONT), (np.pi / 2, np.eye(3)[0])):
        lights = [random_light(np.random.default_rng(seed), "studio", azimuth) for seed in range(20)]
        assert all(light.towards_key @ towards > 0.2 for light in lights)
        assert all(light.towards_key[1] > 0.3 for light in lights)


def test_random_lights_are_of_several_kinds():
    lights = [random_light(np.random.default_rng(seed), "random") for seed in range(60)]
    assert 1 <= sum(light.flat for light in lights) < 25
    assert sum(light.softness < 0.25 for light in lights) > 5


def test_a_ball_above_the_floor_casts_a_soft_shadow():
    pytest.importorskip("embreex")
    from training.data.render.raytrace import Scene

    mesh = join_meshes([ellipsoid((0, 0.6, 0), (0.2, 0.2, 0.2), "head", patchy_texture(0))])
    scene = Scene(mesh, TextureAtlas(mesh.materials))
    light = Light(UP, key=np.full(3, 0.5), sky=np.full(3, 0.4), ground=np.full(3, 0.2), softness=0.2)
    # A picture of the floor: 40 x 60 points, 2 cm apart, the ball above the middle.
    x, z = np.meshgrid((np.arange(60) - 30) * 0.02, (np.arange(40) - 20) * 0.02)
    points = np.stack([x, 0 * x, z], axis=-1).reshape(-1, 3).astype(np.float32)
    normals = np.tile(UP.astype(np.float32), (len(points), 1))
    key_visible, openness = light_fields(scene, light, points, normals, np.ones((40, 60), bool))
    assert key_visible[20, 30] < 0.05
    assert 0.1 < key_visible[20, 40] < 0.9  # 0.2 m from the middle: half of the light
    assert key_visible[20, 58] == pytest.approx(1)
    assert openness[20, 30] < openness[20, 50] - 0.05


def test_smoothing_keeps_to_the_mask():
    field, mask = np.zeros((12, 20), np.float32), np.zeros((12, 20), bool)
    field[:, :10], mask[:, :10] = 0.25, True
    smooth = smooth_within(field, mask)
    np.testing.assert_allclose(smooth[:, :11], 0.25, atol=1e-6)
    np.testing.assert_array_equal(smooth[:, 16:], 1)


def test_another_kind():
    with pytest.raises(ValueError, match="light must be one of flat, studio, random. Received: 'neon'"):
        random_light(np.random.default_rng(0), "neon")
