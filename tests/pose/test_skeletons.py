from __future__ import annotations

import numpy as np
import pytest

from gfla_tf.pose.skeletons import (
    SKELETONS,
    Skeleton,
    check_keypoints,
    convert_keypoints,
    flip_keypoints,
    get_skeleton,
    missing_joints,
)


def one_person(skeleton, **joints):
    """Keypoints with the named joints set and all others missing."""
    skeleton = get_skeleton(skeleton)
    keypoints = np.zeros((len(skeleton.joints), 3), np.float32)
    for name, point in joints.items():
        keypoints[skeleton.joints.index(name)] = point
    return keypoints


def joint(keypoints, skeleton, name):
    return keypoints[..., get_skeleton(skeleton).joints.index(name), :].tolist()


@pytest.mark.parametrize(
    ("name", "joint_count", "landmarks"),
    [
        (
            "openpose-18",
            18,
            {0: "nose", 1: "neck", 4: "right_wrist", 7: "left_wrist", 13: "left_ankle", 14: "right_eye"},
        ),
        ("openpose-25", 25, {8: "mid_hip", 11: "right_ankle", 15: "right_eye", 19: "left_big_toe", 24: "right_heel"}),
        ("coco-17", 17, {1: "left_eye", 4: "right_ear", 5: "left_shoulder", 10: "right_wrist", 16: "right_ankle"}),
        (
            "h36m-17",
            17,
            {0: "mid_hip", 3: "right_ankle", 6: "left_ankle", 8: "thorax", 13: "left_wrist", 16: "right_wrist"},
        ),
        (
            "blazepose-33",
            33,
            {7: "left_ear", 12: "right_shoulder", 15: "left_wrist", 24: "right_hip", 31: "left_foot_index"},
        ),
    ],
)
def test_convention_joint_order(name, joint_count, landmarks):
    skeleton = SKELETONS[name]
    assert skeleton.name == name
    assert len(skeleton.joints) == len(set(skeleton.joints)) == joint_count
    assert {index: skeleton.joints[index] for index in landmarks} == landmarks


def test_convention_flip_indices():
    assert SKELETONS["openpose-18"].flip == (0, 1, 5, 6, 7, 2, 3, 4, 11, 12, 13, 8, 9, 10, 15, 14, 17, 16)
    assert SKELETONS["coco-17"].flip == (0, 2, 1, 4, 3, 6, 5, 8, 7, 10, 9, 12, 11, 14, 13, 16, 15)
    assert SKELETONS["h36m-17"].flip == (0, 4, 5, 6, 1, 2, 3, 7, 8, 9, 10, 14, 15, 16, 11, 12, 13)


@pytest.mark.parametrize("skeleton", SKELETONS.values(), ids=str)
def test_limbs_are_mirrored_too(skeleton):
    limbs = {frozenset(limb) for limb in skeleton.limbs}
    assert len(limbs) == len(skeleton.limbs)
    assert {frozenset(skeleton.flip[end] for end in limb) for limb in limbs} == limbs
    assert {end for limb in limbs for end in limb} == set(range(len(skeleton.joints)))


def test_get_skeleton():
    assert get_skeleton("coco-17") is SKELETONS["coco-17"]
    own = Skeleton("stick", ("left_end", "right_end"), ((0, 1),), (1, 0))
    assert get_skeleton(own) is own


@pytest.mark.parametrize("name", ["coco", None, ["coco-17"]])
def test_unknown_skeleton(name):
    with pytest.raises(ValueError, match=r"openpose-18, openpose-25, coco-17, h36m-17, blazepose-33.*Received: .*"):
        get_skeleton(name)


def test_impossible_skeletons():
    with pytest.raises(ValueError, match="flip must pair up the 2 joints"):
        Skeleton("stick", ("a", "b"), (), (0, 0))
    with pytest.raises(ValueError, match="flip must pair up the 3 joints"):
        Skeleton("stick", ("a", "b", "c"), (), (1, 2, 0))
    with pytest.raises(ValueError, match="limbs must hold indices of the 2 joints"):
        Skeleton("stick", ("a", "b"), ((0, 2),), (0, 1))


@pytest.mark.parametrize("keypoints", [np.zeros((17, 3)), np.zeros(3), np.zeros((18, 2)), "nose", [[1, 2], [3]], None])
def test_keypoints_of_another_shape(keypoints):
    with pytest.raises(ValueError, match=r"shape \[\.\.\., 18, 3\] \(openpose-18\)\. Received"):
        check_keypoints(keypoints, "openpose-18")


def test_conversion_goes_by_name():
    keypoints = one_person("coco-17", left_wrist=(10, 20, 0.5), right_ankle=(30, 40, 0.25))
    converted = convert_keypoints(keypoints, "coco-17", "openpose-18")
    np.testing.assert_array_equal(
        converted, one_person("openpose-18", left_wrist=(10, 20, 0.5), right_ankle=(30, 40, 0.25))
    )
    assert converted.dtype == np.float32


@pytest.mark.parametrize("name", SKELETONS)
def test_conversion_to_itself_copies(name):
    keypoints = np.random.default_rng(0).random((2, len(SKELETONS[name].joints), 3), np.float32)
    keypoints[0, 1] = (7, 8, 0)
    converted = convert_keypoints(keypoints, name, name)
    np.testing.assert_array_equal(converted, keypoints)
    assert not np.shares_memory(converted, keypoints)


def test_everything_openpose_18_has_comes_back_from_blazepose():
    """All but the neck, which is derived, take the round trip through a larger skeleton unchanged."""
    keypoints = np.random.default_rng(1).uniform(1, 9, (4, 5, 18, 3)).astype(np.float32)
    back = convert_keypoints(convert_keypoints(keypoints, "openpose-18", "blazepose-33"), "blazepose-33", "openpose-18")
    kept = [index for index in range(18) if index != 1]
    np.testing.assert_array_equal(back[..., kept, :], keypoints[..., kept, :])
    np.testing.assert_allclose(back[..., 1, :2], (keypoints[..., 2, :2] + keypoints[..., 5, :2]) / 2, rtol=1e-6)


def test_derived_joints():
    keypoints = one_person(
        "coco-17",
        left_shoulder=(20, 10, 0.9),
        right_shoulder=(10, 12, 0.7),
        left_hip=(18, 30, 0.5),
        right_hip=(12, 34, 0.6),
        left_eye=(16, 2, 0.8),
        right_eye=(14, 4, 1.0),
    )
    h36m = convert_keypoints(keypoints, "coco-17", "h36m-17")
    np.testing.assert_allclose(joint(h36m, "h36m-17", "thorax"), [15, 11, 0.7])
    np.testing.assert_allclose(joint(h36m, "h36m-17", "mid_hip"), [15, 32, 0.5])
    np.testing.assert_allclose(joint(h36m, "h36m-17", "spine"), [15, 21.5, 0.5])
    np.testing.assert_allclose(joint(h36m, "h36m-17", "head"), [15, 3, 0.8])
    assert joint(h36m, "h36m-17", "nose") == [0, 0, 0]
    np.testing.assert_allclose(
        joint(convert_keypoints(keypoints, "coco-17", "openpose-25"), "openpose-25", "neck")[:2], [15, 11]
    )


def test_head_from_the_ears_where_an_eye_is_missing():
    keypoints = np.stack([one_person("coco-17", left_ear=(8, 6, 0.5), right_ear=(4, 6, 0.25), left_eye=(7, 5, 1))] * 2)
    keypoints[1, SKELETONS["coco-17"].joints.index("right_eye")] = (5, 3, 1)
    heads = convert_keypoints(keypoints, "coco-17", "h36m-17")
    assert joint(heads, "h36m-17", "head") == [[6, 6, 0.25], [6, 4, 1]]


def test_a_missing_parent_makes_a_derived_joint_missing():
    keypoints = one_person("coco-17", left_shoulder=(20, 10, 1), left_hip=(20, 30, 1), right_hip=(10, 30, 1))
    keypoints[6] = (np.nan, np.nan, 0)  # right shoulder
    h36m = convert_keypoints(keypoints, "coco-17", "h36m-17")
    assert joint(h36m, "h36m-17", "thorax") == [0, 0, 0]
    assert joint(h36m, "h36m-17", "spine") == [0, 0, 0]
    assert joint(h36m, "h36m-17", "mid_hip") == [15, 30, 1]


def test_one_point_under_two_names():
    h36m = one_person("h36m-17", thorax=(3, 4, 0.5), left_shoulder=(9, 9, 1), right_shoulder=(7, 7, 1))
    assert joint(convert_keypoints(h36m, "h36m-17", "openpose-18"), "openpose-18", "neck") == [3, 4, 0.5]
    blazepose = one_person("blazepose-33", right_foot_index=(5, 6, 0.5))
    assert joint(convert_keypoints(blazepose, "blazepose-33", "openpose-25"), "openpose-25", "right_big_toe") == [
        5,
        6,
        0.5,
    ]


def test_convention_flip_keypoints():
    """Of a picture 10 wide, 0 is the first column and 9 the last."""
    keypoints = one_person("openpose-18", nose=(0, 5, 1), right_wrist=(2.5, 7, 0.5))
    flipped = flip_keypoints(keypoints, 10)
    np.testing.assert_array_equal(flipped, one_person("openpose-18", nose=(9, 5, 1), left_wrist=(6.5, 7, 0.5)))
    np.testing.assert_array_equal(keypoints, one_person("openpose-18", nose=(0, 5, 1), right_wrist=(2.5, 7, 0.5)))


def test_flip_follows_the_pixels():
    image = np.zeros((4, 7))
    image[1, 2] = 1
    x, y, _ = flip_keypoints(one_person("coco-17", left_knee=(2, 1, 1)), 7, "coco-17")[14]
    assert image[:, ::-1][int(y), int(x)] == 1


def test_missing_joints():
    keypoints = np.ones((18, 3), np.float32)
    keypoints[[1, 17], 2] = 0
    keypoints[4, 2] = np.nan
    assert missing_joints(keypoints) == ["neck", "right_wrist", "left_ear"]
    with pytest.raises(ValueError, match=r"of one person.*Received: shape \(2, 18, 3\)"):
        missing_joints(np.ones((2, 18, 3)))
