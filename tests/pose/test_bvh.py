import numpy as np
import pytest

from gfla_tf.pose.bvh import global_rotations, read_bvh

FILE = """HIERARCHY
ROOT hip
{
  OFFSET 0 0 0
  CHANNELS 6 Xposition Yposition Zposition Zrotation Yrotation Xrotation
  JOINT left knee
  {
    OFFSET 1 -40 2
    CHANNELS 3 Zrotation Xrotation Yrotation
    End Site
    {
      OFFSET 0 -30 0
    }
  }
}
MOTION
Frames: 2
Frame Time: 0.04
1 2 3 90 0 0 0 0 0
0 0 0 90 0 90 0 90 90
"""


def written(tmp_path, text=FILE):
    path = tmp_path / "walk.bvh"
    path.write_text(text)
    return path


def test_joints_frames_and_time(tmp_path):
    motion = read_bvh(written(tmp_path))
    assert [(joint.name, joint.parent) for joint in motion.joints] == [
        ("hip", -1),
        ("left knee", 0),
        ("left knee_end", 1),
    ]
    assert motion.joints[1].offset == (1, -40, 2)
    assert motion.joints[1].first_channel == 6
    assert motion.joints[2].channels == ()
    assert motion.frame_time == 0.04
    np.testing.assert_array_equal(motion.values[0], [1, 2, 3, 90, 0, 0, 0, 0, 0])


def test_convention_rotations_multiply_in_the_order_of_the_channels(tmp_path):
    turned = global_rotations(read_bvh(written(tmp_path)))
    assert turned.shape == (2, 3, 3, 3)
    # A quarter about z takes x to y.
    np.testing.assert_allclose(turned[0, 0] @ [1, 0, 0], [0, 1, 0], atol=1e-12)
    np.testing.assert_allclose(turned[0, 1], turned[0, 0])
    # Rz(90) Rx(90): x to y, y by x-turn to z (which z-turn leaves), z by x-turn to -y, which becomes x.
    np.testing.assert_allclose(turned[1, 0], [[0, 0, 1], [1, 0, 0], [0, 1, 0]], atol=1e-12)
    # The knee: Rx(90) Ry(90) takes x to y (by way of -z), y to z and z to x; the hip's turn comes after.
    knee = np.array([[0, 0, 1], [1, 0, 0], [0, 1, 0]])
    np.testing.assert_allclose(turned[1, 1], turned[1, 0] @ knee, atol=1e-12)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("HIERARCHY", "SKELETON", "line 1: HIERARCHY is expected. Received: SKELETON"),
        ("ROOT hip", "ROT hip", "line 2: ROOT, JOINT, End Site or } is expected. Received: ROT hip"),
        ("OFFSET 1 -40 2", "OFFSET 1 -40", "line 8: OFFSET and three numbers are expected. Received: OFFSET 1 -40"),
        ("CHANNELS 3 Z", "CHANNELS 2 Z", "line 9: CHANNELS, their number and names are expected"),
        ("Zrotation Xrotation", "Zrotation Wrotation", "line 9: CHANNELS, their number and names are expected"),
        ("Frame Time: 0.04", "Frame Time: 0", "line 18: a time above zero is expected"),
        ("Frame Time: 0.04", "Frame Time: soon", "line 18: Frame Time: and seconds are expected"),
        ("1 2 3 90", "1 2 nan 90", "line 19: 9 numbers are expected"),
        ("1 2 3 90", "1 2 90", "line 19: 9 numbers are expected. Received: 1 2 90"),
        ("Frames: 2", "Frames: 3", "3 frames are expected, as it says. Received: 2"),
    ],
)
def test_damage_is_named_with_its_line(tmp_path, old, new, message):
    path = written(tmp_path, FILE.replace(old, new, 1))
    with pytest.raises(ValueError, match=f"walk.bvh.*{message}"):
        read_bvh(path)


def test_a_file_that_ends_too_early(tmp_path):
    path = written(tmp_path, FILE[: FILE.index("End Site")])
    with pytest.raises(ValueError, match=r"walk.bvh.* expected. Received: the end of the file"):
        read_bvh(path)
    with pytest.raises(ValueError, match="HIERARCHY is expected"):
        read_bvh(written(tmp_path, ""))


def test_files_that_are_missing_or_binary(tmp_path):
    with pytest.raises(ValueError, match="A BVH motion file is expected. Received: .*nowhere.bvh"):
        read_bvh(tmp_path / "nowhere.bvh")
    (tmp_path / "picture.bvh").write_bytes(b"\x89PNG\xff\xfe")
    with pytest.raises(ValueError, match="A BVH motion file is expected. Received: .*picture.bvh"):
        read_bvh(tmp_path / "picture.bvh")
