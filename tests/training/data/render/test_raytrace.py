import sys

import numpy as np
import pytest
from helpers.puppets import ellipsoid, patchy_texture

from training.data.render.mesh import Material, Mesh, join_meshes, part_number
from training.data.render.raytrace import Hits, Scene, interpolate, require_embree
from training.data.render.textures import TextureAtlas


@pytest.fixture(autouse=True)
def _needs_embree(request):
    if "without_embree" not in request.node.name:
        pytest.importorskip("embreex")


def triangle(depth, alpha=None):
    """A right triangle at z = -depth with the corners (0, 0), (1, 0), (0, 1), which are its texture coordinates too."""
    texture = np.ones((4, 4, 4), np.float32)
    if alpha is not None:
        texture[..., 3] = alpha
    corners = np.array([[0, 0], [1, 0], [0, 1]], np.float32)
    return Mesh(
        vertices=np.concatenate([corners, np.full((3, 1), -depth, np.float32)], axis=1),
        faces=np.array([[0, 1, 2]], np.int32),
        uv=corners[np.newaxis],
        material_index=np.zeros(1, np.int32),
        materials=(Material("triangle", texture),),
        part_index=np.full(1, part_number("torso"), np.uint8),
    )


def scene_of(*meshes):
    mesh = join_meshes(meshes)
    return Scene(mesh, TextureAtlas(mesh.materials))


def rays(*points, length=1.0):
    """From the plane z = 0 backwards."""
    origins = np.array([[x, y, 0] for x, y in points], np.float32)
    return origins, np.tile(np.float32([0, 0, -length]), (len(points), 1))


def test_convention_u_and_v_weigh_the_second_and_third_corner():
    hits = scene_of(triangle(2)).hit(*rays((0.25, 0.5), (0.9, 0.9), length=0.5))
    assert hits.face.tolist() == [0, -1]
    assert hits.found.tolist() == [True, False]
    np.testing.assert_allclose([hits.u[0], hits.v[0]], [0.25, 0.5], atol=1e-6)
    # In lengths of the direction: 2 m are 4 halves.
    np.testing.assert_allclose(hits.depth, [4, np.inf])


def test_points_of_hits_in_another_pose():
    scene, moved = scene_of(triangle(2)), scene_of(triangle(5))
    hits = scene.hit(*rays((0.25, 0.5)))
    np.testing.assert_allclose(moved.points(hits), [[0.25, 0.5, -5]], atol=1e-6)


def test_rays_pass_transparent_texels():
    alpha = np.ones((4, 4))
    alpha[:, :2] = 0  # the half of small u
    scene = scene_of(triangle(1, alpha), triangle(1.5, alpha), triangle(2))
    hits = scene.hit(*rays((0.1, 0.1), (0.7, 0.1)))
    assert hits.face.tolist() == [2, 0]
    np.testing.assert_allclose(hits.depth, [2, 1], atol=1e-5)


def test_many_transparent_layers_are_nothing():
    hits = scene_of(*[triangle(1 + 0.01 * layer, 0.2) for layer in range(20)]).hit(*rays((0.1, 0.1)))
    assert hits.face.tolist() == [-1]
    assert np.isinf(hits.depth).all()


def test_blocked_counts_what_is_near_and_half_of_hair():
    scene = scene_of(triangle(2))
    np.testing.assert_array_equal(scene.blocked(*rays((0.1, 0.1), (2, 2)), 3.0), [1, 0])
    np.testing.assert_array_equal(scene.blocked(*rays((0.1, 0.1)), 1.0), [0])
    np.testing.assert_array_equal(scene_of(triangle(2, 0.9)).blocked(*rays((0.1, 0.1)), 3.0), [0.5])


def test_sides_of_a_surface():
    scene = scene_of(triangle(2))  # counter-clockwise from +z
    origins, directions = rays((0.1, 0.1))
    hits = scene.hit(origins, directions)
    assert scene.outside_seen(hits, directions).tolist() == [True]
    assert scene.outside_seen(hits, -directions).tolist() == [False]


def test_a_sphere_is_hit_where_geometry_says():
    mesh = ellipsoid((0, 0, -5), (1, 1, 1), "head", patchy_texture(0), rings=120)
    hits = scene_of(mesh).hit(*rays((0, 0), (0.6, 0), (0, -0.8)))
    np.testing.assert_allclose(hits.depth, [4, 5 - 0.8, 5 - 0.6], atol=2e-3)


def test_interpolate():
    corners = np.array([[[0.0], [10.0], [100.0]]])
    np.testing.assert_allclose(interpolate(corners, np.array([0.5]), np.array([0.25])), [[30.0]])


def test_hits_can_be_chosen():
    hits = Hits(*(np.arange(4) for _ in range(4)))
    assert hits[np.array([1, 3])].depth.tolist() == [1, 3]


def test_without_embree_the_message_names_the_command(monkeypatch):
    monkeypatch.setitem(sys.modules, "embreex", None)
    monkeypatch.setitem(sys.modules, "embreex.rtcore_scene", None)
    with pytest.raises(ValueError, match="pip install embreex"):
        require_embree()


def test_a_mesh_without_faces():
    mesh = triangle(1)
    empty = Mesh(
        mesh.vertices, mesh.faces[:0], mesh.uv[:0], mesh.material_index[:0], mesh.materials, mesh.part_index[:0]
    )
    with pytest.raises(ValueError, match="A mesh with faces.*Received: none"):
        Scene(empty, TextureAtlas(mesh.materials))
