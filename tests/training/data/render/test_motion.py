import numpy as np
import pytest

from training.data.render.body import load_body
from training.data.render.motion import read_motion
from training.data.render.rig import Rig

LIMBS = {
    "Collar": ("chest", (3, 19, -5)),
    "Shldr": ("Collar", (9, -2, 0)),
    "ForeArm": ("Shldr", (28, 0, 0)),
    "Hand": ("ForeArm", (21, 0, 7)),
    "Thigh": ("hip", (9, 0, 0)),
    "Shin": ("Thigh", (0, -40, 0)),
    "Foot": ("Shin", (0, -45, 0)),
}
TRUNK = {"hip": (None, (0, 0, 0)), "abdomen": ("hip", (0, 20, 0)), "chest": ("abdomen", (0, 12, 0))}
TRUNK |= {"neck": ("chest", (0, 22, 0)), "head": ("neck", (0, 7, 0))}


def skeleton():
    joints = dict(TRUNK)
    for side, sign in (("l", 1), ("r", -1)):
        for name, (parent, (x, y, z)) in LIMBS.items():
            joints[side + name] = (parent if parent in TRUNK else side + parent, (sign * x, y, z))
    return joints


def hierarchy(joints, name, order):
    order.append(name)
    parent, offset = joints[name]
    positions = "Xposition Yposition Zposition " if parent is None else ""
    count = 6 if parent is None else 3
    children = [child for child, (above, _) in joints.items() if above == name]
    inner = "\n".join(hierarchy(joints, child, order) for child in children)
    inner = inner or "End Site\n{\nOFFSET 0 -1 0\n}"
    head = f"{'ROOT' if parent is None else 'JOINT'} {name}\n{{\nOFFSET {offset[0]} {offset[1]} {offset[2]}\n"
    return head + f"CHANNELS {count} {positions}Zrotation Xrotation Yrotation\n{inner}\n}}"


def written(tmp_path, frames, joints=None):
    """A clip whose frames are dicts: joint -> (z, x, y) in degrees, `position` -> the hip's place."""
    order = []
    text = "HIERARCHY\n" + hierarchy(joints or skeleton(), "hip", order)
    text += f"\nMOTION\nFrames: {len(frames)}\nFrame Time: 0.02\n"
    for frame in frames:
        values = [*frame.get("position", (0, 85, 0))]
        for name in order:
            values += frame.get(name, (0, 0, 0))
        text += " ".join(map(str, values)) + "\n"
    path = tmp_path / "clip.bvh"
    path.write_text(text)
    return path


def directions(pose):
    rig = Rig(load_body(), load_body().vertices)
    place = dict(zip(rig.names, rig.transforms(pose)[:, 3], strict=True))

    def direction(first, second):
        step = place[second] - place[first]
        return step / np.linalg.norm(step)

    return direction


def test_limbs_point_where_the_clips_do_in_its_rest_pose(tmp_path):
    motion = read_motion(written(tmp_path, [{}]))
    assert motion.frames_per_second == pytest.approx(50)
    direction = directions(motion.poses[0])
    np.testing.assert_allclose(direction("upperarm_l", "lowerarm_l"), [1, 0, 0], atol=1e-5)
    # The clip's forearm is not straight: (21, 0, 7).
    np.testing.assert_allclose(direction("lowerarm_l", "hand_l"), np.array([3, 0, 1]) / np.sqrt(10), atol=1e-5)
    np.testing.assert_allclose(direction("thigh_r", "foot_r"), [0, -1, 0], atol=1e-5)


def test_hands_go_on_where_forearms_point(tmp_path):
    pose = read_motion(written(tmp_path, [{}])).poses[0]
    for side in "lr":
        hand = load_body().bone_names.index(f"hand_{side}")
        np.testing.assert_allclose(pose.rotations[hand], np.eye(3), atol=1e-5)


def test_convention_turns_are_the_clips(tmp_path):
    frames = [{"lShldr": (-90, 0, 0), "rThigh": (0, -90, 0), "rShin": (0, 90, 0)}, {"hip": (0, 0, 90)}]
    motion = read_motion(written(tmp_path, frames))
    direction = directions(motion.poses[0])
    np.testing.assert_allclose(direction("upperarm_l", "lowerarm_l"), [0, -1, 0], atol=1e-5)  # arm down
    np.testing.assert_allclose(direction("thigh_r", "calf_r"), [0, 0, 1], atol=1e-5)  # knee to the front
    np.testing.assert_allclose(direction("calf_r", "foot_r"), [0, -1, 0], atol=1e-5)
    turned = directions(motion.poses[1])  # a quarter about y: the left arm points away from the front
    np.testing.assert_allclose(turned("upperarm_l", "lowerarm_l"), [0, 0, -1], atol=1e-5)


def test_convention_roots_are_in_leg_lengths_from_the_first_place(tmp_path):
    motion = read_motion(
        written(
            tmp_path,
            [{"position": (100, 85, 10), "neck": (0, 50, 0)}, {"position": (185, 170, -75), "neck": (0, 50, 0)}],
        )
    )
    first, second = (pose.root for pose in motion.poses)
    assert first[[0, 2]].tolist() == [0, 0]
    np.testing.assert_allclose(second - first, [1, 1, -1], atol=1e-5)  # legs are 85 long


def test_the_floor_is_where_the_feet_are_lowest(tmp_path):
    low, high = (read_motion(written(tmp_path, [{"position": (0, y, 0)}])).poses[0].root[1] for y in (20, 300))
    assert low == pytest.approx(high, abs=1e-5)
    assert 0.9 < low < 1.2


def test_a_first_frame_in_the_rest_pose_is_left_out(tmp_path):
    frames = [{"neck": (3, 0, 0)}, {"lShldr": (-60, 0, 0)}, {"lShldr": (-70, 0, 0)}]
    assert len(read_motion(written(tmp_path, frames)).poses) == 2
    assert len(read_motion(written(tmp_path, frames[1:])).poses) == 2


def test_other_skeletons_are_refused(tmp_path):
    joints = {"hip": (None, (0, 0, 0)), "Spine": ("hip", (0, 20, 0))}
    path = written(tmp_path, [{}], joints)
    with pytest.raises(ValueError, match=r"clip.bvh must have the joints hip, abdomen.*missing. Received: hip, Spine"):
        read_motion(path)
