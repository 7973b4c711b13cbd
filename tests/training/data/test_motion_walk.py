"""Made-up walks."""

from __future__ import annotations

import numpy as np
import pytest

from gfla_tf.pose.capture import read_capture
from gfla_tf.pose.skeletons import get_skeleton
from training.__main__ import main

JOINTS = get_skeleton("openpose-18").joints
HIPS, KNEES, ANKLES, WRISTS = (
    [JOINTS.index(f"{side}_{part}") for side in ("left", "right")] for part in ("hip", "knee", "ankle", "wrist")
)


@pytest.fixture(scope="module")
def walks(tmp_path_factory):
    """Joints of three walks of four seconds, `[240, 18, 3]` each."""
    folder = tmp_path_factory.mktemp("walks")
    assert main(["data", "walk", "--clips", "3", "--seconds", "4", "--output", str(folder)]) == 0
    captures = [read_capture(folder / f"walk_{number:02}.bvh") for number in range(3)]
    assert all(capture.frames_per_second == pytest.approx(60, rel=1e-5) for capture in captures)
    return [capture.joints() for capture in captures]


def test_feet_stay_at_the_floor_by_turns(walks):
    for joints in walks:
        assert len(joints) == 240
        heights = joints[:, ANKLES, 1]
        # Centimetres: the ankle of the carrying foot is 8 above the floor.
        assert abs(np.median(heights.min(axis=1)) - 8) < 1
        assert 4 < heights.min() < heights.min(axis=1).max() < 13
        left_carries = heights[:, 0] < heights[:, 1]
        assert 0.35 < left_carries.mean() < 0.65
        assert (left_carries[1:] != left_carries[:-1]).sum() >= 4


def test_convention_they_walk_where_they_look(walks):
    for joints in walks:
        hips = joints[:, HIPS].mean(axis=1)
        steps = np.diff(hips[::20], axis=0)
        # The left hip is at the left hand of somebody who looks along +z, at +x.
        across = (joints[:, HIPS[0]] - joints[:, HIPS[1]])[::20][:-1]
        ahead = np.cross(across, [0, 1, 0])
        along = (steps * ahead).sum(axis=1) / np.linalg.norm(ahead, axis=1)
        assert (along > 0).all()
        speed = along.sum() / (len(along) * 20 / 60) / 100
        assert 0.4 < speed < 2.0  # metres a second


def test_knees_bend_backwards_and_hips_move_softly(walks):
    for joints in walks:
        hips = joints[:, HIPS].mean(axis=1)
        assert np.abs(np.diff(hips, 2, axis=0)).max() < 0.5  # cm a frame a frame
        across = joints[:, HIPS[0]] - joints[:, HIPS[1]]
        ahead = np.cross(across, [0, 1, 0])
        for hip, knee, ankle in zip(HIPS, KNEES, ANKLES, strict=True):
            straight = (joints[:, hip] + joints[:, ankle]) / 2
            assert (((joints[:, knee] - straight) * ahead).sum(axis=1) > 0).all()


def test_clips_differ_and_seeds_repeat(walks, tmp_path):
    assert np.abs(walks[0] - walks[1]).max() > 5
    for name in ("a", "b"):
        main(["data", "walk", "--clips", "1", "--seconds", "1", "--seed", "3", "--output", str(tmp_path / name)])
    assert (tmp_path / "a" / "walk_00.bvh").read_bytes() == (tmp_path / "b" / "walk_00.bvh").read_bytes()


@pytest.mark.parametrize(
    "wrong", [("--clips", "0"), ("--seconds", "nan"), ("--seconds", "inf"), ("--seconds", "0.001"), ("--seed", "-1")]
)
def test_wrong_numbers(tmp_path, capsys, wrong):
    assert main(["data", "walk", *wrong, "--output", str(tmp_path / "a")]) == 2
    error = capsys.readouterr().err
    assert "--clips from 1, --seconds from 0.1 to 3600.0 and --seed from 0 are expected" in error
    assert not (tmp_path / "a").exists()
