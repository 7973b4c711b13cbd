import numpy as np
import pytest
import scipy.sparse

from training.data.render.body import Shape, load_body
from training.data.render.rig import Pose, Rig, rotation_between, skin_weights, skinning_matrix


def rig_of(shape=None):
    body = load_body()
    vertices = body.shaped(shape or Shape())
    return Rig(body, vertices), vertices


def places(rig, turns=None, root=None):
    rotations = np.tile(np.eye(3, dtype=np.float32), (len(rig.names), 1, 1))
    for name, matrix in (turns or {}).items():
        rotations[rig.names.index(name)] = matrix
    heads = rig.transforms(Pose(rotations, root))[:, 3]
    return dict(zip(rig.names, heads, strict=True))


def about_x(degrees):
    c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    return np.array([[1, 0, 0], [0, c, -s], [0, s, c]])


def test_convention_identities_are_the_t_stance():
    joints = places(rig_of()[0])
    np.testing.assert_allclose(joints["pelvis"], 0)
    for side, sign in (("l", 1), ("r", -1)):
        shoulder, elbow, wrist = (joints[f"{name}_{side}"] for name in ("upperarm", "lowerarm", "hand"))
        np.testing.assert_allclose((elbow - shoulder) / np.linalg.norm(elbow - shoulder), [sign, 0, 0], atol=1e-6)
        np.testing.assert_allclose((wrist - elbow) / np.linalg.norm(wrist - elbow), [sign, 0, 0], atol=1e-6)
        hip, knee, ankle = (joints[f"{name}_{side}"] for name in ("thigh", "calf", "foot"))
        np.testing.assert_allclose((ankle - hip) / np.linalg.norm(ankle - hip), [0, -1, 0], atol=1e-6)
        assert knee[1] > ankle[1]


def test_convention_a_turn_about_minus_x_lifts_the_left_knee_to_the_front():
    rig, _ = rig_of()
    before, after = places(rig), places(rig, {"thigh_l": about_x(-90)})
    thigh = before["thigh_l"][1] - before["calf_l"][1]
    np.testing.assert_allclose(after["calf_l"] - after["thigh_l"], [0, 0, thigh], atol=1e-6)
    np.testing.assert_allclose(after["calf_r"], before["calf_r"])


def test_a_turned_parent_carries_its_children():
    rig, _ = rig_of()
    before, after = places(rig), places(rig, {"pelvis": about_x(90)})
    for name in ("head", "hand_l", "foot_r"):
        np.testing.assert_allclose(after[name], about_x(90) @ before[name], atol=1e-6)


def test_convention_the_root_is_in_leg_lengths():
    rig, _ = rig_of(Shape(gender=1.0))
    joints = places(rig, root=np.array([0.5, 1.0, -2.0]))
    leg = joints["thigh_l"][1] - joints["foot_l"][1]
    assert rig.leg_length == pytest.approx(leg, rel=0.01)
    np.testing.assert_allclose(joints["pelvis"], np.array([0.5, 1.0, -2.0]) * rig.leg_length)


def test_skinning_with_one_bone_is_rigid():
    rig, vertices = rig_of()
    count = len(rig.names)
    bone = rig.names.index("calf_l")
    weights = scipy.sparse.csr_array((np.ones(5), (np.arange(5), np.full(5, bone))), (5, count))
    rotations = np.tile(np.eye(3, dtype=np.float32), (count, 1, 1))
    rotations[bone] = about_x(40)
    transforms = rig.transforms(Pose(rotations))
    posed = skinning_matrix(vertices[:5], weights, rig.heads) @ transforms.reshape(-1, 3)
    expected = (vertices[:5] - rig.heads[bone]) @ transforms[bone, :3] + transforms[bone, 3]
    np.testing.assert_allclose(posed, expected, atol=1e-5)
    np.testing.assert_allclose(
        np.linalg.norm(posed[0] - posed[1]), np.linalg.norm(vertices[0] - vertices[1]), atol=1e-5
    )


def test_undoing_the_t_stance_gives_the_rest_shape_back():
    rig, vertices = rig_of()
    weights = skin_weights(load_body())
    rotations = np.empty((len(rig.names), 3, 3))
    for bone, parent in enumerate(load_body().bone_parents):
        undone = rig._to_t_stance[bone].T
        rotations[bone] = undone if parent < 0 else rig._to_t_stance[parent] @ undone
    transforms = rig.transforms(Pose(rotations))
    posed = skinning_matrix(vertices, weights, rig.heads) @ transforms.reshape(-1, 3)
    body = np.unique(load_body().quads)
    np.testing.assert_allclose(posed[body], vertices[body] - rig.heads[0], atol=2e-3)


@pytest.mark.parametrize(
    ("first", "second"),
    [((1, 0, 0), (0, 2, 0)), ((1, 2, 3), (-3, 1, 0.5)), ((0, 1, 0), (0, -1, 0)), ((1, 0, 0), (3, 0, 0))],
)
def test_rotation_between_directions(first, second):
    first, second = np.array(first, float), np.array(second, float)
    matrix = rotation_between(first, second)
    np.testing.assert_allclose(matrix @ first / np.linalg.norm(first), second / np.linalg.norm(second), atol=1e-9)
    np.testing.assert_allclose(matrix @ matrix.T, np.eye(3), atol=1e-9)
    assert np.linalg.det(matrix) == pytest.approx(1)


def test_wrong_poses_are_refused():
    with pytest.raises(ValueError, match=r"Rotations \[bones, 3, 3\] are expected. Received: \[3, 3\]"):
        Pose(np.eye(3))
    with pytest.raises(ValueError, match=r"A root \[3\] is expected. Received: \[2\]"):
        Pose(np.eye(3)[None], np.zeros(2))
    with pytest.raises(ValueError, match="Rotations of 52 bones are expected. Received: 1"):
        rig_of()[0].transforms(Pose(np.eye(3)[None]))
