"""Joints from motion capture files."""

from __future__ import annotations

import numpy as np
import pytest
from helpers.bvh_files import body, swinging, write_bvh

from gfla_tf.pose.capture import BONES, read_capture
from gfla_tf.pose.skeletons import convert_keypoints, get_skeleton

JOINTS = get_skeleton("openpose-18").joints


def places(capture, **lengths):
    return dict(zip(JOINTS, np.moveaxis(capture.joints(lengths), 1, 0), strict=True))


def test_convention_joints_in_the_rest_pose(tmp_path):
    found = places(read_capture(write_bvh(tmp_path / "a.bvh", [{}])))
    expected = {
        "neck": (0, 140, 0),
        "left_shoulder": (12, 140, 0),
        "left_elbow": (42, 140, 0),
        "left_wrist": (67, 140, 0),
        "right_wrist": (-67, 140, 0),
        "left_hip": (10, 90, 0),
        "left_knee": (10, 50, 0),
        "right_ankle": (-10, 5, 0),
        "left_eye": (4, 160, 8),
        "right_eye": (-4, 160, 8),
    }
    for name, place in expected.items():
        np.testing.assert_allclose(found[name], [place], atol=1e-4)
    # Around the head's joint at height 150: the nose before and below the eyes, the ears beside and behind them.
    nose, left_ear, right_ear = (found[name][0] for name in ("nose", "left_ear", "right_ear"))
    assert nose[0] == 0
    assert nose[2] > 8
    assert 150 < nose[1] < 160
    assert left_ear[0] == -right_ear[0] > 4
    assert left_ear[2] < 8


def test_convention_rotations_turn_what_hangs_on_a_joint(tmp_path):
    # 90 degrees about z, which carries x to y; then 90 degrees about y, which carries z to x.
    frames = [{"lForeArm": (90, 0, 0)}, {"hip": (0, 0, 90), "position": (5, 90, 7)}]
    found = places(read_capture(write_bvh(tmp_path / "a.bvh", frames)))
    np.testing.assert_allclose(found["left_wrist"], [(42, 165, 0), (5, 140, 7 - 67)], atol=1e-4)
    assert found["nose"][1, 0] > 5 + 8


def test_the_rest_pose_at_the_beginning_is_left_out(tmp_path):
    moving = {"lForeArm": (90, 0, 0)}
    assert len(read_capture(write_bvh(tmp_path / "a.bvh", [{}, moving, moving]))) == 2
    assert len(read_capture(write_bvh(tmp_path / "b.bvh", [moving, moving]))) == 2


POSITIONS, ROTATIONS = "Xposition Yposition Zposition", "Zrotation Xrotation Yrotation"


def rewrite(path, replaced, change):
    """Change the words of a recording's hierarchy and the values of each of its frames."""
    head, motion = path.read_text().split("MOTION\n")
    for before, after in replaced.items():
        head = head.replace(before, after)
    frames, time, *rows = motion.splitlines()
    rows = [" ".join(change(row.split())) for row in rows]
    path.write_text("\n".join([f"{head}MOTION", frames, time, *rows]) + "\n")
    return path


def test_positions_do_not_hide_the_rest_pose(tmp_path):
    """Rotations before positions, and positions of every joint, which are no angles."""
    path, frames = tmp_path / "a.bvh", [{}, {"lForeArm": (90, 0, 0)}, {"lForeArm": (80, 0, 0)}]
    usual = read_capture(write_bvh(path, frames)).joints()
    replaced = {f"{POSITIONS} {ROTATIONS}": f"{ROTATIONS} {POSITIONS}"}
    rewrite(path, replaced, lambda row: [*row[3:6], *row[:3], *row[6:]])
    np.testing.assert_allclose(read_capture(path).joints(), usual, atol=1e-4)

    def with_positions(row):
        rotations = [row[start : start + 3] for start in range(6, len(row), 3)]
        return [*row[:6], *(word for rotation in rotations for word in ("0", "30", "0", *rotation))]

    rewrite(write_bvh(path, frames), {f"3 {ROTATIONS}": f"6 {POSITIONS} {ROTATIONS}"}, with_positions)
    np.testing.assert_allclose(read_capture(path).joints(), usual, atol=1e-4)


def test_other_proportions(tmp_path):
    capture = read_capture(write_bvh(tmp_path / "a.bvh", swinging(3)))
    usual = places(capture)
    longer = places(capture, lower_arms=2.0)
    reach = np.linalg.norm(longer["left_wrist"] - longer["left_elbow"], axis=-1)
    np.testing.assert_allclose(reach, 50, rtol=1e-5)
    np.testing.assert_allclose(longer["left_elbow"], usual["left_elbow"])
    # With longer legs the whole body rises and steps get longer: feet stay near the ground.
    taller = places(capture, upper_legs=1.2, lower_legs=1.2)
    np.testing.assert_allclose(taller["left_ankle"][0, 1], 1.2 * usual["left_ankle"][0, 1], rtol=0.05)
    assert set(BONES) >= {"lower_arms", "upper_legs", "lower_legs"}


def test_other_times(tmp_path):
    frames = [{"position": (x, 90, 0), "lForeArm": (90, 0, 0)} for x in (0, 10, 30)]
    capture = read_capture(write_bvh(tmp_path / "a.bvh", frames, frame_time=0.02))
    assert capture.frames_per_second == pytest.approx(50)
    hips = places(capture.at(np.array([-1, 0, 0.5, 1.25, 2, 9])))["left_hip"]
    np.testing.assert_allclose(hips[:, 0], np.array([0, 0, 5, 15, 30, 30]) + 10, atol=1e-4)


def test_the_path_to_human36m(tmp_path):
    joints = read_capture(write_bvh(tmp_path / "a.bvh", [{}])).joints()
    names = get_skeleton("h36m-17").joints
    # x and y as a picture's, all seen.
    seen = np.concatenate([joints[..., :2], np.ones_like(joints[..., :1])], axis=-1)
    found = dict(zip(names, convert_keypoints(seen, "openpose-18", "h36m-17")[0], strict=True))
    assert all(place[2] > 0 for place in found.values())
    np.testing.assert_allclose(found["mid_hip"][:2], (0, 90), atol=1e-4)
    np.testing.assert_allclose(found["thorax"][:2], (0, 140), atol=1e-4)
    np.testing.assert_allclose(found["spine"][:2], (0, 115), atol=1e-4)
    np.testing.assert_allclose(found["head"][:2], (0, 160), atol=1e-4)


def test_files_of_another_kind(tmp_path):
    joints = body()
    del joints["leftEye"], joints["rFoot"]
    with pytest.raises(ValueError, match=r"a.bvh must have the joints .*; leftEye, rFoot missing. Received: hip"):
        read_capture(write_bvh(tmp_path / "a.bvh", [{}], joints))
    replaced = {f"3 {ROTATIONS}": "0", f"6 {POSITIONS} {ROTATIONS}": f"3 {POSITIONS}"}
    path = rewrite(write_bvh(tmp_path / "c.bvh", [{}, {}]), replaced, lambda row: row[:3])
    with pytest.raises(ValueError, match="c.bvh: joints with rotation channels are expected. Received: positions"):
        read_capture(path)
    path = write_bvh(tmp_path / "b.bvh", [{}])
    text = path.read_text().replace("CHANNELS 6 Xposition Yposition Zposition", "CHANNELS 3")
    path.write_text(text.replace("0 90 0 ", "", 1))
    with pytest.raises(ValueError, match="hip must be the root, with position channels"):
        read_capture(path)
