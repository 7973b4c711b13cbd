import numpy as np
import pytest

from training.data.render.mesh import PARTS, Material, Mesh, join_meshes, part_number, vertex_normals


def square(shift=0.0, part=1):
    """Two triangles in the plane z = 0, counter-clockwise seen from +z."""
    vertices = np.array([[0, 0, 0], [2, 0, 0], [2, 1, 0], [0, 1, 0]], np.float32) + np.float32(shift)
    faces = np.array([[0, 1, 2], [0, 2, 3]], np.int32)
    material = Material("cloth", np.ones((2, 3, 4), np.float32))
    uv = vertices[faces][..., :2] / 2
    return Mesh(vertices, faces, uv, np.zeros(2, np.int32), (material,), np.full(2, part, np.uint8))


def test_part_numbers_begin_at_one_and_background_is_none():
    assert PARTS[0] == "head"
    assert part_number("head") == 1
    assert part_number("hair") == len(PARTS) == 16
    with pytest.raises(ValueError, match="Received: 'tail'"):
        part_number("tail")


def test_convention_normals_point_to_where_corners_run_counter_clockwise():
    mesh = square()
    np.testing.assert_allclose(vertex_normals(mesh.vertices, mesh.faces), np.tile([0, 0, 1.0], (4, 1)))
    quads = np.array([[0, 3, 2, 1]])
    np.testing.assert_allclose(vertex_normals(mesh.vertices, quads), np.tile([0, 0, -1.0], (4, 1)))


def test_normals_are_weighted_by_area_and_zero_without_faces():
    # A triangle of area 2 facing +z and one of area 1 facing +x meet at the origin.
    vertices = np.array([[0, 0, 0], [2, 0, 0], [0, 2, 0], [0, 0, 1], [9, 9, 9]], np.float32)
    normals = vertex_normals(vertices, np.array([[0, 1, 2], [0, 2, 3]]))
    np.testing.assert_allclose(normals[0], np.array([1, 0, 2]) / np.sqrt(5), atol=1e-6)
    np.testing.assert_allclose(normals[4], 0)


def test_joining_keeps_the_order_of_faces_and_their_materials():
    joined = join_meshes([square(part=1), square(shift=5.0, part=3)])
    np.testing.assert_array_equal(joined.faces, [[0, 1, 2], [0, 2, 3], [4, 5, 6], [4, 6, 7]])
    np.testing.assert_array_equal(joined.material_index, [0, 0, 1, 1])
    np.testing.assert_array_equal(joined.part_index, [1, 1, 3, 3])
    assert joined.vertices[4].tolist() == [5, 5, 5]
    assert len(joined.materials) == 2


def test_moved_vertices_leave_everything_else():
    mesh = square()
    moved = mesh.with_vertices(mesh.vertices + 1)
    assert moved.faces is mesh.faces
    assert moved.vertices[0].tolist() == [1, 1, 1]


def test_wrong_arrays_are_refused():
    mesh = square()
    with pytest.raises(ValueError, match=r"uv must be float32 \[2, 3, 2\]. Received: float32 \[2, 3, 1\]"):
        Mesh(mesh.vertices, mesh.faces, mesh.uv[..., :1], mesh.material_index, mesh.materials, mesh.part_index)
    with pytest.raises(ValueError, match="faces must be int32.*Received: int64"):
        Mesh(mesh.vertices, mesh.faces.astype(int), mesh.uv, mesh.material_index, mesh.materials, mesh.part_index)
    with pytest.raises(ValueError, match=r"texture \[h, w, 4\] is expected for skin. Received: float32 \[4, 4, 3\]"):
        Material("skin", np.zeros((4, 4, 3), np.float32))
