"""The command `gfla motion`."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from helpers.terminals import Terminal

from gfla_tf.cli import main
from gfla_tf.image_io import read_image
from gfla_tf.models.model_files import build_model, save_model
from gfla_tf.models.presets import PRESETS
from gfla_tf.motion.video import read_frames, video_info, write_video
from gfla_tf.pose.sequences import KeypointSequence, read_sequence, write_sequence

WALKER = Path(__file__).parents[1] / "samples" / "walker.jpg"


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    """A folder with a small network that has learned nothing."""
    folder = tmp_path_factory.mktemp("model") / "tiny"
    preset = replace(PRESETS["motion"], config={"filters": 4, "blocks": 2, "hidden": 4}, parameters=0)
    save_model(build_model(preset), folder)
    return str(folder)


@pytest.fixture
def noisy(tmp_path, monkeypatch):
    """The current folder, with a recording of 12 frames in noisy.json."""
    monkeypatch.chdir(tmp_path)
    random = np.random.default_rng(0)
    keypoints = np.ones((12, 17, 3), np.float32)
    keypoints[..., :2] = random.uniform((20, 20), (60, 100), (17, 2)) + random.normal(0, 1, (12, 17, 2))
    keypoints[4:6, 3] = 0
    names = tuple(f"{number:03}" for number in range(12))
    write_sequence("noisy.json", KeypointSequence(names, keypoints, "h36m-17", (120, 80)))
    return keypoints


def test_keypoints_in_keypoints_out(noisy, tiny, tmp_path):
    assert main(["motion", "noisy.json", "--model", tiny, "--output", "clean.json"]) == 0
    clean = read_sequence("clean.json")
    assert clean.names == tuple(f"{number:03}" for number in range(12))
    assert clean.image_size == (120, 80)
    assert (clean.keypoints[..., 2] > 0).all()
    assert np.abs(clean.keypoints - noisy).max() > 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["clean.json", "noisy.json"]


def test_a_hash_may_be_part_of_a_name(noisy):
    Path("noisy.json").rename("take #3.json")
    assert main(["motion", "take #3.json", "--method", "fill", "--output", "clean.json"]) == 0


def test_pictures_of_before_and_after(noisy, capsys):
    command = "motion noisy.json --method fill --output clean.json --draw a.mp4 --plot a.png --joint left_wrist"
    assert main([*command.split(), "--save-keypoints", "before.json"]) == 0
    assert capsys.readouterr().out.split() == ["clean.json", "before.json", "a.mp4", "a.png"]
    info = video_info("a.mp4")
    assert (info.frames, info.frames_per_second, info.height, info.width) == (12, 30.0, 120, 80)
    assert read_image("a.png").shape == (600, 1000, 3)
    np.testing.assert_array_equal(read_sequence("before.json").keypoints, noisy)
    filled = read_sequence("clean.json").keypoints
    np.testing.assert_allclose(filled[4, 3, 0], np.interp(1, [0, 3], noisy[[3, 6], 3, 0]), rtol=1e-5)


@pytest.mark.parametrize("method", ["savitzky-golay", "one-euro"])
def test_classical_filters_need_no_weights(noisy, method):
    assert main(["motion", "noisy.json", "--method", method, "--output", "clean.json"]) == 0
    clean = read_sequence("clean.json").keypoints
    assert np.abs(np.diff(clean[..., :2], axis=0)).mean() < np.abs(np.diff(noisy[6:, ..., :2], axis=0)).mean()


def test_live(noisy, tiny, monkeypatch):
    monkeypatch.setattr("sys.stderr", Terminal())
    assert main(["motion", "noisy.json", "--model", tiny, "--causal", "3", "--output", "live.json"]) == 0
    assert len(read_sequence("live.json").names) == 12
    assert "12/12 frames cleaned, " in sys.stderr.getvalue()


def test_image_normalization_needs_a_size(noisy, tiny, capsys):
    command = ["motion", "--model", tiny, "--normalization", "image", "--output", "clean.json"]
    assert main([*command, "noisy.json"]) == 0
    sequence = read_sequence("noisy.json")
    write_sequence("sizeless.json", replace(sequence, image_size=None))
    assert main([*command, "sizeless.json"]) == 2
    assert "The picture's size" in capsys.readouterr().err


def test_a_video_with_the_bundled_estimator(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    photo = read_image(WALKER)[::2, ::2]
    black = np.full_like(photo, -1)
    write_video("walk.mp4", [photo, black, photo], 10.0)
    command = "motion walk.mp4 --method fill --output clean.json --save-keypoints found.json --draw drawn.mp4"
    assert main(command.split()) == 0
    found, clean = (read_sequence(path).keypoints for path in ("found.json", "clean.json"))
    assert (found[:, :, 2] > 0).sum(axis=1)[[0, 2]].min() > 12
    assert not found[1].any()
    assert (clean[1, :, 2] > 0).sum() > 12
    assert video_info("drawn.mp4").frames_per_second == 10
    drawn = next(read_frames("drawn.mp4"))
    assert np.abs(drawn - photo[: drawn.shape[0], : drawn.shape[1]]).max() > 0.5


def test_keypoints_drawn_on_a_video_that_is_too_short(noisy):
    write_video("back.mp4", [np.full((120, 80, 3), value, np.float32) for value in (0, 1)], 15.0)
    command = "motion noisy.json --method fill --output clean.json --video back.mp4 --draw drawn.mp4"
    assert main(command.split()) == 0
    assert (video_info("drawn.mp4").frames, video_info("drawn.mp4").frames_per_second) == (12, 15)


def test_without_a_size_the_canvas_holds_all_joints(noisy):
    write_sequence("sizeless.json", replace(read_sequence("noisy.json"), image_size=None))
    assert main(["motion", "sizeless.json", "--method", "fill", "--output", "clean.json", "--draw", "drawn.mp4"]) == 0
    info = video_info("drawn.mp4")
    assert info.height > noisy[..., 1].max()
    assert info.width > noisy[..., 0].max()


def test_a_wild_joint_does_not_blow_up_the_canvas(noisy):
    keypoints = noisy.copy()
    keypoints[6, 3, :2] = 1e6
    names = tuple(f"{number:03}" for number in range(12))
    write_sequence("wild.json", KeypointSequence(names, keypoints, "h36m-17"))
    assert main(["motion", "wild.json", "--method", "fill", "--output", "clean.json", "--draw", "drawn.mp4"]) == 0
    info = video_info("drawn.mp4")
    assert noisy[..., 1].max() < info.height < 200
    write_sequence("huge.json", KeypointSequence(names, keypoints, "h36m-17", (500, 2_000_000)))
    assert main(["motion", "huge.json", "--method", "fill", "--output", "clean.json", "--draw", "drawn.mp4"]) == 0
    assert (video_info("drawn.mp4").height, video_info("drawn.mp4").width) == (2, 4096)


WRONG = [
    ("motion noisy.json --output a.json --model motion", "comes without weights"),
    ("motion noisy.json --output a.json --weights absent.safetensors", "absent.safetensors"),
    ("motion noisy.json --output a.json --weights stand-in --model person-market", "Received: person-market"),
    ("motion noisy.json --output a.json --weights stand-in --causal 41", "A look-ahead of 0 to 40"),
    ("motion noisy.json --output a.json --method fill --causal 3", "A look-ahead is for the network"),
    ("motion noisy.json --output absent/a.json --method fill", "existing, writable folder"),
    ("motion noisy.json --output a.json --method fill --draw a.gif", "A file ending in .mp4"),
    ("motion noisy.json --output a.json --method fill --plot a.txt", "A file ending in .png"),
    ("motion noisy.json --output text.mp4 --method fill", "A file ending in .json is expected. Received: text.mp4"),
    ("motion noisy.json --output a.json --method fill --save-keypoints a.jpg", "A file ending in .json"),
    ("motion noisy.json --output noisy.json --method fill", "Different files are expected"),
    ("motion black.mp4 --output a.json --method fill --draw black.mp4", "Different files are expected"),
    ("motion noisy.json --output a.json --method fill --joint tail", "joint must be one of mid_hip"),
    ("motion noisy.json --output a.json --method fill --person 4", "there is 1 person, number 0. Received: 4"),
    ("motion noisy.json --output a.json --method fill --person -1", "The number of a person from 0"),
    ("motion noisy.json --output a.json --method fill --frames-per-second 0", "frames_per_second above 0"),
    ("motion noisy.json --output a.json --method fill --frames-per-second nan", "frames_per_second above 0"),
    ("motion noisy.json --output a.json --method fill --frames-per-second inf", "frames_per_second above 0"),
    ("motion noisy.json --output a.json --method fill --draw a.mp4 --frames-per-second 7e4", "from 0.01 to 65535"),
    ("motion noisy.json --output a.json --method fill --draw a.mp4 --video text.mp4", "A video is expected"),
    ("motion absent.json --output a.json --method fill", "A video, a keypoint file or a folder"),
    ("motion text.mp4 --output a.json --method fill", "text.mp4, which OpenCV cannot read as a video"),
    ("motion empty.json --output a.json --method fill", "Received: an empty file"),
    ("motion photo.jpg --output a.json --method fill", "Received: photo.jpg, which is a picture"),
    ("motion broken.json --output a.json --method fill", "broken JSON"),
    ("motion nobody.json --output a.json --method fill", "nobody in"),
    ("motion folder --output a.json --method fill", "expected keypoint files"),
    ("motion black.mp4 --output a.json --method fill", "nobody in black.mp4"),
]


@pytest.mark.parametrize(("command", "reason"), WRONG, ids=[command for command, _ in WRONG])
def test_wrong_input_is_one_line_and_exit_code_2(noisy, tmp_path, capsys, command, reason):
    Path("text.mp4").write_text("no video", encoding="utf-8")
    Path("broken.json").write_text("{", encoding="utf-8")
    Path("nobody.json").write_text('{"people": []}', encoding="utf-8")
    Path("folder").mkdir()
    for name in ("empty.json", "photo.jpg"):
        Path(name).touch()
    write_video("black.mp4", [np.full((32, 32, 3), -1, np.float32)], 30.0)
    before = sorted(path.name for path in tmp_path.iterdir())
    assert main(command.split()) == 2
    (line,) = [line for line in capsys.readouterr().err.splitlines() if "stand-in weights" not in line]
    assert line.startswith("gfla motion: error: ")
    assert reason in line
    assert sorted(path.name for path in tmp_path.iterdir()) == before


@pytest.mark.parametrize("wrong", ["--causal 41", "--person -1"])
def test_wrong_options_are_found_before_the_video_is_looked_at(tiny, tmp_path, monkeypatch, wrong):
    monkeypatch.chdir(tmp_path)
    write_video("black.mp4", [np.full((32, 32, 3), -1, np.float32)], 30.0)
    monkeypatch.setattr("gfla_tf.motion_files.find_video_people", lambda _: pytest.fail("was looked at"))
    assert main(["motion", "black.mp4", "--model", tiny, "--output", "a.json", *wrong.split()]) == 2


def test_an_interruption_leaves_no_part_of_a_file(noisy, tmp_path, monkeypatch):
    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("gfla_tf.motion_files.draw_before_and_after", interrupt)
    assert main(["motion", "noisy.json", "--method", "fill", "--output", "clean.json", "--draw", "a.mp4"]) == 130
    assert sorted(path.name for path in tmp_path.iterdir()) == ["clean.json", "noisy.json"]
    assert len(read_sequence("clean.json").names) == 12


def test_joints_are_there_even_if_their_video_cannot_be_written(noisy, monkeypatch, capsys):
    monkeypatch.setattr("gfla_tf.pose.drawing.LARGEST_CANVAS", 9000)
    write_sequence("wide.json", replace(read_sequence("noisy.json"), image_size=(20, 8200)))
    assert main(["motion", "wide.json", "--method", "fill", "--output", "clean.json", "--draw", "a.mp4"]) == 2
    assert "a size and a rate that MPEG-4 can have are expected" in capsys.readouterr().err
    assert len(read_sequence("clean.json").names) == 12
