import numpy as np
import pytest

from training.data.render.body import load_body
from training.data.render.mesh import part_number
from training.data.render.regions import body_measures, cut_triangles, group_uv, triangles


def grid(columns, rows):
    """A sheet `columns` x `rows` of unit quads in the plane z = 0, with its texture coordinates."""
    x, y = np.meshgrid(np.arange(columns + 1.0), np.arange(rows + 1.0))
    vertices = np.stack([x.ravel(), y.ravel(), 0 * x.ravel()], axis=1)
    first = (np.arange(rows)[:, None] * (columns + 1) + np.arange(columns)).ravel()
    faces = triangles(np.stack([first, first + 1, first + columns + 2, first + columns + 1], axis=1))
    return vertices, faces, vertices[faces][..., :2] / [columns, rows]


def placed(cut, vertices):
    first, second = vertices[cut.ends[:, 0]], vertices[cut.ends[:, 1]]
    return first + cut.share[:, None] * (second - first)


def areas(vertices, faces):
    corners = vertices[faces]
    return np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])[:, 2] / 2


@pytest.mark.parametrize("line", [(1.0, 0.0, -1.3), (-1.0, 0.0, 1.3), (0.6, -1.0, 0.35), (0.0, 1.0, -0.999)])
def test_a_cut_sheet_has_the_area_on_the_inner_side(line):
    vertices, faces, uv = grid(3, 2)
    a, b, c = line
    values = vertices[:, 0] * a + vertices[:, 1] * b + c
    cut = cut_triangles(faces, uv, values)
    # Independent: the share of a fine raster of the 3 x 2 sheet that is inside.
    x, y = np.meshgrid((np.arange(1500) + 0.5) / 500, (np.arange(1000) + 0.5) / 500)
    expected = 6 * np.mean(a * x + b * y + c > 0)
    new = placed(cut, vertices)
    assert areas(new, cut.faces).min() > 0, "faces keep their orientation"
    assert areas(new, cut.faces).sum() == pytest.approx(expected, abs=0.02)
    np.testing.assert_allclose(cut.uv, new[cut.faces][..., :2] / [3, 2], atol=1e-6)
    assert (new @ [a, b, 0] + c).min() > -1e-5


def test_faces_share_the_vertices_on_the_cut():
    vertices, faces, uv = grid(3, 2)
    cut = cut_triangles(faces, uv, vertices[:, 0] - 1.5)
    assert len(np.unique(placed(cut, vertices).round(6), axis=0)) == len(cut.ends)


def test_everything_and_nothing():
    vertices, faces, uv = grid(2, 1)
    assert len(cut_triangles(faces, uv, np.ones(len(vertices))).faces) == len(faces)
    assert len(cut_triangles(faces, uv, -np.ones(len(vertices))).faces) == 0


def test_convention_body_measures_at_joints():
    body, measures = load_body(), body_measures()

    def near(bone, distance=0.06):
        joint = body.vertices[body.bone_ends[body.bone_names.index(bone), 0]].mean(axis=0)
        skin = np.unique(body.quads[body.groups["body"]])
        return skin[np.linalg.norm(measures.position[skin] - joint, axis=1) < distance]

    assert measures.height[near("calf_l")].mean() == pytest.approx(-1, abs=0.1)
    assert measures.height[near("foot_r")].mean() == pytest.approx(-2, abs=0.1)
    assert measures.arm[near("lowerarm_l")].mean() == pytest.approx(1, abs=0.1)
    assert measures.arm[near("hand_r")].mean() == pytest.approx(2, abs=0.15)
    assert measures.arm[near("calf_l")].max() == 0


def test_parts_have_sides():
    body, measures = load_body(), body_measures()
    for name, side in (("left_hand", 1), ("right_foot", -1), ("left_upper_leg", 1)):
        x = measures.position[: body.groups["body"].size][
            measures.parts[: body.groups["body"].size] == part_number(name), 0
        ]
        assert len(x) > 50
        assert (np.sign(np.median(x))) == side


def test_group_uv_fills_the_picture():
    uv = group_uv("helper-tights")
    np.testing.assert_allclose(uv.min(axis=(0, 1)), 0.01, atol=1e-5)
    np.testing.assert_allclose(uv.max(axis=(0, 1)), 0.99, atol=1e-5)
