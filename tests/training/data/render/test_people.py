import dataclasses

import numpy as np
import pytest

from gfla_tf.pose.skeletons import get_skeleton
from training.data.render.body import load_body
from training.data.render.mesh import PARTS, part_number
from training.data.render.people import clip_split, random_shape, sample_person
from training.data.render.poses import random_pose
from training.data.render.rig import Pose


@pytest.fixture(scope="module")
def person():
    return sample_person(11)


def t_stance(root=None):
    return Pose(np.tile(np.eye(3, dtype=np.float32), (len(load_body().bone_names), 1, 1)), root)


def test_the_same_seed_is_the_same_person(person):
    again = sample_person(11)
    np.testing.assert_array_equal(person.rest.vertices, again.rest.vertices)
    np.testing.assert_array_equal(person.rest.materials[-1].texture, again.rest.materials[-1].texture)
    assert person.name == again.name == "train-000011"


def test_nobody_is_in_both_splits(person):
    other = sample_person(11, split="test")
    assert other.name == "test-000011"
    assert other.shape != person.shape
    shapes = {
        split: [random_shape(np.random.default_rng([i, seed])) for seed in range(50)] for i, split in enumerate("ab")
    }
    assert not any(shape in shapes["b"] for shape in shapes["a"])


def test_a_pose_moves_vertices_only(person):
    for seed in range(3):
        posed = person.posed(random_pose(np.random.default_rng(seed)))
        assert posed.mesh.faces is person.rest.faces
        assert posed.mesh.materials is person.rest.materials
        assert posed.mesh.vertices.dtype == np.float32
        assert np.isfinite(posed.mesh.vertices).all()
        assert posed.mesh.vertices[:, 1].min() == pytest.approx(0, abs=1e-5)
        assert 0.9 < posed.mesh.vertices[:, 1].max() < 2.9


def test_convention_joints_are_openpose_and_where_they_belong(person):
    joints = person.posed(t_stance()).joints
    assert tuple(joints) == get_skeleton("openpose-18").joints
    assert joints["left_wrist"][0] > joints["left_elbow"][0] > joints["left_shoulder"][0] > 0.08
    assert joints["right_wrist"][0] < joints["right_shoulder"][0] < -0.08
    assert joints["nose"][2] > joints["neck"][2] + 0.03  # faces +z
    assert joints["left_eye"][0] > 0 > joints["right_eye"][0]
    levels = [joints[name][1] for name in ("left_eye", "neck", "left_hip", "left_knee", "left_ankle")]
    assert levels == sorted(levels, reverse=True)
    np.testing.assert_allclose(joints["neck"], (joints["left_shoulder"] + joints["right_shoulder"]) / 2, atol=1e-5)


def test_a_root_places_the_person(person):
    here, there = (person.posed(t_stance(np.array(root))) for root in ((0, 1, 0), (1, 1, 0)))
    step = there.mesh.vertices - here.mesh.vertices
    np.testing.assert_allclose(step, np.tile(step[0], (len(step), 1)), atol=1e-5)
    assert step[0, 0] == pytest.approx(there.joints["neck"][0] - here.joints["neck"][0], abs=1e-5)
    assert 0.6 < step[0, 0] < 1.1  # a leg


@pytest.mark.parametrize("seed", range(4))
def test_every_person_has_all_parts_and_only_so_many_faces(seed):
    mesh = sample_person(seed).rest
    assert set(np.unique(mesh.part_index)) >= {part_number(name) for name in PARTS if name != "hair"}
    assert mesh.part_index.min() >= 1
    assert 8000 < len(mesh.faces) < 60000
    assert mesh.material_index.max() == len(mesh.materials) - 1
    assert 0 <= mesh.uv.min() <= mesh.uv.max() <= 1


def test_clips_belong_to_one_split_by_name():
    assert clip_split("a/salsa_01.bvh") == clip_split("b/salsa_01.txt")
    splits = [clip_split(f"clip_{number:03d}.bvh") for number in range(300)]
    assert 0.12 < splits.count("test") / 300 < 0.3
    assert set(splits) == {"train", "test"}


def test_bad_arguments_are_refused():
    with pytest.raises(ValueError, match="split must be one of train, test. Received: 'both'"):
        sample_person(0, split="both")
    with pytest.raises(ValueError, match="seed must be 0 or above. Received: -1"):
        sample_person(-1)


def test_people_are_frozen(person):
    with pytest.raises(dataclasses.FrozenInstanceError):
        person.name = "somebody else"
