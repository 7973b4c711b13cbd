import numpy as np
import pytest
from helpers.puppets import Puppet, ellipsoid, patchy_texture

from training.data.render.backgrounds import Background
from training.data.render.camera import Camera, Framing, fit_camera, look_rotation
from training.data.render.lighting import FLAT_LIGHT, Light
from training.data.render.mesh import PARTS, join_meshes, part_number
from training.data.render.picture import render_picture
from training.data.render.textures import TextureAtlas

pytest.importorskip("embreex")
from training.data.render.raytrace import Scene

HEIGHT, WIDTH = 40, 60


def ball_scene(texture, radius=0.5):
    mesh = join_meshes([ellipsoid((0, 1, 0), (radius,) * 3, "head", texture, rings=60)])
    return Scene(mesh, TextureAtlas(mesh.materials))


def front_camera(distance=100.0, focal=2000.0):
    """Far away, so that nearly no perspective is left: 20 pixels a metre."""
    center = ((WIDTH - 1) / 2, (HEIGHT - 1) / 2)
    return Camera(np.array([0, 1.0, distance]), look_rotation(0, 0), focal, center, HEIGHT, WIDTH)


def one_color(*color):
    return np.tile(np.float32([*color, 1]), (8, 8, 1))


def plain(value, floor=False):
    return Background(np.full((HEIGHT, WIDTH, 3), value, np.float32), floor)


def test_a_ball_is_a_disk_of_its_colour():
    picture = render_picture(ball_scene(one_color(1, 0.6, 0.2)), front_camera(), FLAT_LIGHT, plain(0.5))
    # 10 pixels radius: the area is 100 pi.
    assert picture.mask.sum() == pytest.approx(100 * np.pi, rel=0.01)
    np.testing.assert_allclose(picture.image[20, 30], [1, 0.6, 0.2], atol=0.003)
    np.testing.assert_array_equal(picture.image[2, 2], [0.5] * 3)
    inside = np.hypot(*(np.mgrid[:HEIGHT, :WIDTH] - np.array([19.5, 29.5]).reshape(2, 1, 1))) < 9.9
    assert (picture.seen == picture.mask.round().astype(bool)).mean() > 0.995
    assert picture.seen[inside].all()
    assert len(picture.hits.face) == picture.seen.sum()


def test_outlines_are_mixed_by_coverage():
    picture = render_picture(ball_scene(one_color(0, 0, 0)), front_camera(), FLAT_LIGHT, plain(1.0))
    edge = (picture.mask > 0) & (picture.mask < 1)
    assert edge.sum() > 30
    assert (picture.mask[edge] * 4 % 1 > 0).mean() > 0.5  # finer than the first four points
    np.testing.assert_allclose(picture.image[..., 0], 1 - picture.mask, atol=1e-5)


def test_fine_stripes_turn_grey_instead_of_flickering():
    texture = one_color(0, 0, 0).repeat(64, axis=0).repeat(64, axis=1)
    texture[:, ::2, :3] = 1  # 256 stripes around the ball, at 20 pixels across
    picture = render_picture(ball_scene(texture), front_camera(), FLAT_LIGHT, plain(1.0))
    middle = picture.image[15:25, 25:35]
    np.testing.assert_allclose(middle, 0.5, atol=0.05)


def test_texture_is_upright_and_not_mirrored():
    texture = np.ones((64, 64, 4), np.float32)
    texture[..., :3] = 0
    texture[:32, :, 0] = 1  # red above
    texture[:, :32, 1] = 1  # green where u < 0.5: the front's left side, on the right of the picture
    picture = render_picture(ball_scene(texture), front_camera(), FLAT_LIGHT, plain(1.0))
    np.testing.assert_allclose(picture.image[15, 34], [1, 1, 0], atol=0.02)
    np.testing.assert_allclose(picture.image[24, 25], [0, 0, 0], atol=0.02)
    np.testing.assert_allclose(picture.image[24, 34], [0, 1, 0], atol=0.02)


def test_key_light_from_the_left_side_brightens_the_right_of_the_picture():
    light = Light(np.array([1.0, 0, 0]), np.full(3, 0.6), np.full(3, 0.3), np.full(3, 0.3))
    image = render_picture(ball_scene(one_color(0.8, 0.8, 0.8)), front_camera(), light, plain(1.0)).image
    assert image[20, 37].mean() > image[20, 22].mean() + 0.2
    # Turned away from the light: the dome alone, 0.3.
    np.testing.assert_allclose(image[20, 22], 0.8 * 0.3 ** (1 / 2.2), atol=0.03)


def test_parts_and_hidden_parts():
    posed = Puppet(1).posed(0.0)
    scene = Scene(posed.mesh, TextureAtlas(posed.mesh.materials))
    camera = fit_camera(posed.mesh.vertices, Framing(), 96, 64)
    white = Background(np.ones((96, 64, 3), np.float32), floor=True)
    picture = render_picture(scene, camera, FLAT_LIGHT, white)
    assert {PARTS[part - 1] for part in np.unique(picture.parts) if part} == {
        *("torso", "head", "left_upper_leg", "right_upper_leg", "left_upper_arm", "right_upper_arm")
    }
    x, y, _ = camera.project(np.array([0.3, 1.2, 0.0])).round().astype(int)
    assert picture.parts[y, x] == part_number("left_upper_arm")
    assert ((picture.parts > 0) == picture.seen).all()


def test_the_floor_is_darker_under_the_feet():
    posed = Puppet(1).posed(0.0)
    scene = Scene(posed.mesh, TextureAtlas(posed.mesh.materials))
    camera = fit_camera(posed.mesh.vertices, Framing(elevation=0.2, margin=0.1), 96, 96)
    light = Light(np.array([0, 0.8, 0.6]), np.full(3, 0.5), np.full(3, 0.5), np.full(3, 0.4))
    images = [
        render_picture(scene, camera, light, Background(np.ones((96, 96, 3), np.float32), floor)).image
        for floor in (True, False)
    ]
    x, y, _ = camera.project(np.array([0.0, 0.0, 0.0])).round().astype(int)
    assert images[0][y, x].mean() < 0.93
    np.testing.assert_array_equal(images[1][y, x], 1)
    np.testing.assert_allclose(images[0][:20, :20], 1, atol=0.01)


def test_a_person_outside_of_the_picture_leaves_the_background():
    camera = front_camera()
    away = Camera(camera.position + [50, 0, 0], camera.rotation, camera.focal, camera.center, HEIGHT, WIDTH)
    picture = render_picture(ball_scene(one_color(0, 0, 0)), away, FLAT_LIGHT, plain(0.25))
    assert not picture.seen.any()
    np.testing.assert_array_equal(picture.image, np.full((HEIGHT, WIDTH, 3), 0.25))


def test_background_of_another_size():
    with pytest.raises(ValueError, match="40 x 60 pixels is expected. Received: \\(4, 5, 3\\)"):
        render_picture(
            ball_scene(patchy_texture(0)), front_camera(), FLAT_LIGHT, Background(np.ones((4, 5, 3), np.float32), False)
        )
