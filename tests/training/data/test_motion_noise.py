"""The made-up detector, its numbers, and measuring them."""

from __future__ import annotations

import json
import types
from dataclasses import replace

import numpy as np
import pytest

from training.data.motion_detector import JOINT_PARTS, JOINTS, body_ways, detect, size_of, velocity
from training.data.motion_noise import DetectorNoise, read_noise, write_noise
from training.data.motion_noise_statistics import measure_noise

SILENT = DetectorNoise().scaled(0.0)
LEFT_WRIST, RIGHT_WRIST, NOSE = (JOINTS.index(name) for name in ("left_wrist", "right_wrist", "nose"))


def film(frames=400, confidence=1.0, speed=0.0):
    """Somebody 100 pixels tall who stands, or moves to the right."""
    heights = {"nose": 91, "neck": 81.8, "shoulder": 81.8, "elbow": 63, "wrist": 48.5, "hip": 53, "knee": 28.5}
    heights |= {"ankle": 3.9, "eye": 93.6, "ear": 92}
    sides = [10 if name.startswith("left") else -10 if name.startswith("right") else 0 for name in JOINTS]
    keypoints = np.zeros((frames, 18, 3), np.float32)
    keypoints[..., 0] = np.array(sides) + 100 + speed * np.arange(frames)[:, np.newaxis]
    keypoints[..., 1] = [150 - heights[part] for part in JOINT_PARTS]
    keypoints[..., 2] = confidence
    return keypoints


def random(seed=0):
    return np.random.default_rng(seed)


def test_a_detector_without_errors():
    exact = film(confidence=0.5)
    found = detect(exact, random(), SILENT)
    np.testing.assert_allclose(found[..., :2], exact[..., :2], atol=1e-4)
    np.testing.assert_allclose(found[..., 2], SILENT.confidence[1])


def test_convention_ways_of_the_body():
    exact = film(2)
    exact[:, JOINTS.index("left_shoulder"), 0] += 5  # shoulders 25 pixels apart, hips 20
    ways = body_ways(exact)[1]
    outwards = {name: ways[JOINTS.index(name), 0].tolist() for name in ("left_ear", "right_elbow", "left_knee", "nose")}
    assert outwards == {"left_ear": [25, 0], "right_elbow": [-25, 0], "left_knee": [20, 0], "nose": [0, 0]}
    # From 53 % of the height to 81.8 %, shoulders 2.5 pixels further to the right; then to 93.6 %.
    np.testing.assert_allclose(ways[:, 1], [[2.5, -28.8]] * 18, atol=1e-4)
    np.testing.assert_allclose(ways[:, 2], [[-2.5, -11.8]] * 18, atol=1e-4)
    exact[1, JOINTS.index("right_hip"), 2] = 0
    assert not body_ways(exact)[1].any()


def test_a_bias_moves_joints_along_the_body():
    noise = replace(SILENT, bias=SILENT.bias | {"wrist": (0.1, 0.5, 0.0)})
    moved = (detect(film(3), random(), noise) - film(3))[..., :2]
    np.testing.assert_allclose(moved[:, LEFT_WRIST], [[2.0, -14.4]] * 3, atol=1e-4)
    np.testing.assert_allclose(moved[:, RIGHT_WRIST], [[-2.0, -14.4]] * 3, atol=1e-4)
    assert np.abs(np.delete(moved, [LEFT_WRIST, RIGHT_WRIST], axis=1)).max() < 1e-4


def test_errors_are_parts_of_the_size_and_differ_between_joints():
    assert size_of(film()) == pytest.approx(100, rel=0.02)
    noise = replace(SILENT, spread=dict.fromkeys(SILENT.spread, 0.01) | {"wrist": 0.03})
    error = (detect(film(3000), random(), noise) - film(3000))[..., :2].std(axis=(0, 2))
    assert error[LEFT_WRIST] == pytest.approx(3, rel=0.1)  # pixels
    assert error[NOSE] == pytest.approx(1, rel=0.1)
    doubled = (detect(2 * film(3000), random(), noise) - 2 * film(3000))[..., :2].std(axis=(0, 2))
    np.testing.assert_allclose(doubled[:1], 2 * error[:1], rtol=0.01)


def test_errors_fade_with_the_memory_at_any_rate():
    noise = replace(SILENT, spread=dict.fromkeys(SILENT.spread, 0.01), memory=0.2, fresh=0.0, face=0.0)
    for rate in (25.0, 50.0):
        error = (detect(film(3000), random(), noise, rate) - film(3000))[..., :2]
        later = round(0.2 * rate)
        assert (error[later:] * error[:-later]).mean() / (error**2).mean() == pytest.approx(np.exp(-1), abs=0.05)


def test_the_face_errs_together():
    noise = replace(SILENT, spread=dict.fromkeys(SILENT.spread, 0.01), face=0.81)
    error = (detect(film(3000), random(), noise) - film(3000))[..., 0]
    correlation = np.corrcoef(error.T)
    assert correlation[NOSE, JOINTS.index("left_eye")] == pytest.approx(0.9, abs=0.05)
    assert abs(correlation[NOSE, LEFT_WRIST]) < 0.2


def test_lag_and_speed():
    exact = film(50, speed=3.0)
    late = detect(exact, random(), replace(SILENT, lag=0.1), frames_per_second=30.0)
    np.testing.assert_allclose((late - exact)[..., 0], -0.1 * 3 * 30, rtol=1e-3)
    noise = replace(SILENT, spread=dict.fromkeys(SILENT.spread, 0.01), speed=1.0)
    still, moving = (np.abs(detect(x, random(), noise) - x)[..., 1].mean() for x in (film(), film(speed=10.0)))
    assert moving / still == pytest.approx(1 + 10 * 30 / 100, rel=0.03)


def test_swapped_arms():
    noise = replace(SILENT, swapped={"arms": 0.3, "legs": 0.0})
    found, exact = detect(film(2000), random(), noise), film(2000)
    crossed = np.abs(found[:, LEFT_WRIST, 0] - exact[:, RIGHT_WRIST, 0]) < 0.01
    assert crossed.mean() == pytest.approx(0.3, abs=0.1)
    np.testing.assert_allclose(found[:, JOINTS.index("left_knee"), 0], exact[:, JOINTS.index("left_knee"), 0])


def test_missed_joints_come_in_runs_and_hidden_ones_more_often():
    noise = replace(SILENT, missed=dict.fromkeys(SILENT.missed, (0.1, 0.5)), missed_duration=0.5)
    for confidence, share in ((1.0, 0.1), (0.5, 0.5)):
        missed = detect(film(3000, confidence), random(), noise)[..., 2] == 0
        assert missed.mean() == pytest.approx(share, abs=0.03)
        ends = (missed[:-1] & ~missed[1:]).sum() / missed.sum()
        assert ends == pytest.approx((1 - share) / (0.5 * 30), rel=0.2)


def test_joints_outside_of_the_picture_stay_missing():
    exact = film(20)
    exact[5:8, NOSE] = 0
    found = detect(exact, random())
    assert (found[5:8, NOSE] == 0).all()
    assert np.abs(found[..., :2]).max() < 400
    np.testing.assert_array_equal(velocity(film(4, speed=2.0))[..., 0], 2)
    moving = film(5, speed=2.0)
    moving[2, NOSE] = 0
    np.testing.assert_array_equal(velocity(moving)[:, NOSE, 0], [2, 2, 0, 2, 2])


@pytest.mark.parametrize("frames", [1, 2])
def test_short_films(frames):
    assert detect(film(frames), random()).shape == (frames, 18, 3)


def test_the_same_chance_gives_the_same_film():
    np.testing.assert_array_equal(detect(film(), random(5)), detect(film(), random(5)))


def test_another_shape():
    with pytest.raises(ValueError, match=r"Keypoints \[frames, 18, 3\] .* Received: shape \(18, 3\)"):
        detect(np.zeros((18, 3)), random())


def test_scaled_noise():
    noise = DetectorNoise().scaled(2.0)
    assert noise.spread["knee"] == 2 * DetectorNoise().spread["knee"]
    assert noise.missed["wrist"] == (2 * DetectorNoise().missed["wrist"][0], 1.0)
    assert noise.memory == DetectorNoise().memory
    assert noise.missed_duration == DetectorNoise().missed_duration
    assert noise.bias["hip"] == tuple(2 * number for number in DetectorNoise().bias["hip"])
    assert DetectorNoise().scaled(2.0, keep_bias=True).bias == DetectorNoise().bias


def test_noise_to_a_file_and_back(tmp_path):
    noise = DetectorNoise(memory=0.5, missed=dict.fromkeys(SILENT.missed, (0.25, 0.5)))
    write_noise(tmp_path / "noise.json", noise)
    again = read_noise(tmp_path / "noise.json")
    assert again.memory == 0.5
    np.testing.assert_array_equal(detect(film(9), random(), again), detect(film(9), random(), noise))


@pytest.mark.parametrize("text", ["", "{", '{"wind": 1}', '{"memory": "long"}', '{"spread": {"nose": 1}}', "[]"])
def test_damaged_files(tmp_path, text):
    (tmp_path / "noise.json").write_text(text)
    with pytest.raises(ValueError, match=r"noise.json: a detector's noise, JSON of `data noise`, is expected"):
        read_noise(tmp_path / "noise.json")


def test_impossible_numbers():
    with pytest.raises(ValueError, match="none but bias and lag below 0"):
        DetectorNoise(memory=-1.0)
    with pytest.raises(ValueError, match="none but bias and lag below 0"):
        DetectorNoise(far=float("nan"))
    with pytest.raises(ValueError, match="swapped must have numbers for arms, legs. Received: \\['arms'\\]"):
        DetectorNoise(swapped={"arms": 0.1})
    assert DetectorNoise(lag=-0.01).lag == -0.01


def test_what_is_measured_is_what_was_put_in():
    noise = DetectorNoise(
        memory=0.15,
        fresh=0.2,
        lag=0.02,
        far=0.3,
        far_off=(0.02, 0.04),
        missed=dict.fromkeys(SILENT.missed, (0.1, 0.4)),
        missed_duration=0.2,
        swapped={"arms": 0.1, "legs": 0.05},
        swapped_duration=0.15,
        speed=0.5,
        face=0.6,
    )
    chance = random()
    tracks = []
    for number in range(20):
        exact = film(200, confidence=(1.0, 0.5)[number % 2])
        exact[..., 0] += 30 * np.sin(np.arange(200) / 15 + np.arange(18)[:, np.newaxis]).T
        tracks.append((detect(exact, chance, noise), exact))
    report = measure_noise(tracks)
    found = report.noise
    assert report.frames == 4000
    assert found.memory == pytest.approx(0.15, rel=0.2)
    assert found.fresh == pytest.approx(0.2, abs=0.06)
    assert found.lag == pytest.approx(0.02, abs=0.005)
    assert found.hidden == pytest.approx(noise.hidden, rel=0.1)
    assert found.speed == pytest.approx(0.5, rel=0.3)
    assert found.face == pytest.approx(0.6, abs=0.1)
    assert found.far == pytest.approx(0.3, rel=0.2)
    np.testing.assert_allclose(found.far_off, noise.far_off, rtol=0.35)
    np.testing.assert_allclose(list(found.missed.values()), [(0.1, 0.4)] * 10, atol=0.06)
    assert found.missed_duration == pytest.approx(noise.missed_duration, rel=0.35)
    assert found.swapped_duration == pytest.approx(noise.swapped_duration, rel=0.5)
    np.testing.assert_allclose(list(found.bias.values()), [noise.bias[part] for part in found.bias], atol=0.05)
    assert found.swapped["arms"] == pytest.approx(0.1, abs=0.05)
    for part in ("wrist", "knee", "hip"):
        assert found.spread[part] == pytest.approx(noise.spread[part], rel=0.15)
        assert found.offset[part] == pytest.approx(noise.offset[part], rel=0.5)


def test_measuring_needs_joints_over_some_frames():
    with pytest.raises(ValueError, match="Recordings with joints found over 11 frames are expected"):
        measure_noise([(film(5), film(5))])
    with pytest.raises(ValueError, match="Recordings with joints found over 11 frames are expected"):
        measure_noise([])


def test_a_perfect_detector_can_be_measured():
    report = measure_noise([(film(30), film(30))])
    assert report.median_error == 0
    assert report.noise.spread["knee"] == 0


def test_the_command_reads_clips_and_writes_numbers(tmp_path, monkeypatch, capsys):
    from gfla_tf.commands.table import run_table
    from gfla_tf.image_io import write_image
    from training.data.cli import COMMANDS

    exact = film(24)
    exact[..., 0] += np.arange(24)[:, np.newaxis]
    found = iter(detect(exact, random()))
    clip = tmp_path / "clips" / "train" / "clip000000"
    for folder in ("frames", "keypoints", "truth"):
        (clip / folder).mkdir(parents=True)
    for number, keypoints in enumerate(exact):
        write_image(clip / "frames" / f"{number:06}.png", np.zeros((4, 4, 3), np.float32))
        np.savez(clip / "truth" / f"{number:06}.npz", keypoints=keypoints)

    class Estimator:
        def estimate(self, image):
            keypoints = next(found)
            return [types.SimpleNamespace(keypoints=lambda skeleton: keypoints)] if keypoints.any() else []

    monkeypatch.setattr("gfla_tf.pose.PoseEstimator", Estimator)
    output = tmp_path / "noise.json"
    arguments = ["noise", str(tmp_path / "clips"), "--output", str(output)]
    assert run_table("training data", "", COMMANDS, arguments) == 0
    assert "24 frames" in capsys.readouterr().out
    assert set(json.loads(output.read_text())) == set(vars(DetectorNoise()))
    assert run_table("training data", "", COMMANDS, [*arguments, "--frames-per-second", "nan"]) == 2
    assert "--frames-per-second must be above 0. Received: nan." in capsys.readouterr().err
    (clip / "truth" / "000003.npz").unlink()
    assert run_table("training data", "", COMMANDS, arguments) == 2
    assert "000003.npz: the truth of a rendered clip is expected" in capsys.readouterr().err


def test_accidents_that_last_longer_are_as_frequent():
    noise = replace(SILENT, missed=dict.fromkeys(SILENT.missed, (0.3, 0.3)), missed_duration=0.1)
    missed = [
        detect(film(3000), random(), changed)[..., 2] == 0 for changed in (noise, noise.scaled(1.0, durations=4.0))
    ]
    shares = [flags.mean() for flags in missed]
    ends = [(flags[:-1] & ~flags[1:]).sum() for flags in missed]
    assert shares == pytest.approx([0.3, 0.3], abs=0.03)
    assert ends[0] / ends[1] == pytest.approx(4.0, rel=0.15)
