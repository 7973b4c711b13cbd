import numpy as np
import pytest

from training.data.render.body import load_body
from training.data.render.poses import random_pose
from training.data.render.rig import Rig


def heads(pose):
    rig = Rig(load_body(), load_body().vertices)
    return dict(zip(rig.names, rig.transforms(pose)[:, 3], strict=True))


@pytest.fixture(scope="module")
def poses():
    rng = np.random.default_rng(5)
    return [random_pose(rng, heading=0.0) for _ in range(40)]


def test_the_same_seed_gives_the_same_pose():
    first, second, other = (random_pose(np.random.default_rng(seed)) for seed in (3, 3, 4))
    np.testing.assert_array_equal(first.rotations, second.rotations)
    assert np.abs(first.rotations - other.rotations).max() > 0.1


def test_rotations_are_rotations(poses):
    for pose in poses:
        assert pose.root is None
        products = pose.rotations @ np.swapaxes(pose.rotations, 1, 2)
        np.testing.assert_allclose(products, np.tile(np.eye(3), (len(products), 1, 1)), atol=1e-5)
        np.testing.assert_allclose(np.linalg.det(pose.rotations), 1, atol=1e-5)


def test_people_are_upright_and_bend_elbows_and_knees_the_right_way(poses):
    for pose in poses:
        place = heads(pose)
        assert place["head"][1] > 0.45
        for side in "lr":
            assert place[f"foot_{side}"][1] < place[f"thigh_{side}"][1] - 0.2
            thigh, calf = place[f"calf_{side}"] - place[f"thigh_{side}"], place[f"foot_{side}"] - place[f"calf_{side}"]
            across = np.cross(thigh, calf)
            assert across[0] > -0.02, "a knee bends to the back: thigh x calf points to +x"


def test_hands_keep_clear_of_trunk_and_of_each_other(poses):
    for pose in poses:
        place = heads(pose)
        middle = (place["pelvis"] + place["neck_01"]) / 2
        for side in "lr":
            assert np.linalg.norm(place[f"hand_{side}"] - middle) > 0.14
        assert np.linalg.norm(place["hand_l"] - place["hand_r"]) > 0.1


def test_convention_a_heading_of_90_degrees_faces_plus_x():
    pose = random_pose(np.random.default_rng(0), heading=90.0)
    toes = heads(pose)
    forward = toes["ball_l"] - toes["foot_l"] + toes["ball_r"] - toes["foot_r"]
    assert forward[0] > 0.8 * np.linalg.norm(forward[[0, 2]])


def test_headings_are_mostly_to_the_front():
    rng = np.random.default_rng(1)
    pelvis = load_body().bone_names.index("pelvis")
    front = [random_pose(rng).rotations[pelvis, 2, 2] > 0.7 for _ in range(60)]
    assert 0.4 < np.mean(front) < 0.85
