"""`gfla inspect`: pairs, and clips of sequence models."""

from __future__ import annotations

import sys

import numpy as np
import pytest
from helpers.animations import PERSON, make_model, photo, standing, walking
from helpers.terminals import Terminal

from gfla_tf import image_io
from gfla_tf.cli import main
from gfla_tf.inspection import clips, job
from gfla_tf.models.model_files import save_model
from gfla_tf.motion.video import read_frames
from gfla_tf.pose import write_openpose_json


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """A photo, its keypoints, two poses, and a sequence of them."""
    folder = tmp_path_factory.mktemp("files")
    image_io.write_image(folder / "me.png", photo())
    write_openpose_json(folder / "me.json", [standing(50, 110, 90)], (120, 100))
    (folder / "walk").mkdir()
    for frame, person in enumerate(walking(2, "openpose-18")):
        write_openpose_json(folder / "walk" / f"{frame}_keypoints.json", [person], (240, 320))
    return folder


@pytest.fixture(scope="module")
def person(tmp_path_factory):
    folder = tmp_path_factory.mktemp("person")
    save_model(make_model(PERSON), folder)
    return folder


@pytest.fixture(scope="module")
def sequence(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sequence")
    save_model(make_model(), folder)
    return folder


def inspect(files, pose, model, output, *arguments):
    common = ["--model", str(model), "--source-keypoints", str(files / "me.json"), "--output", str(output)]
    return main(["inspect", str(files / "me.png"), str(pose), *common, *arguments])


def test_a_pair(files, person, tmp_path, capsys):
    pose = files / "walk" / "0_keypoints.json"
    assert inspect(files, pose, person, tmp_path / "out", "--pixel", "20,30") == 0
    written = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert written == ["me_in_0_keypoints.html", "me_in_0_keypoints.png"]
    assert capsys.readouterr().out.splitlines() == [str(tmp_path / "out" / name) for name in written[::-1]]
    assert '"pixel": [20, 30]' in (tmp_path / "out" / written[0]).read_text(encoding="utf-8")


def test_a_folder_with_a_pose_that_cannot_be_read(files, person, tmp_path, monkeypatch):
    monkeypatch.setattr("sys.stderr", Terminal())
    (tmp_path / "poses").mkdir()
    (tmp_path / "poses" / "good.json").write_bytes((files / "walk" / "1_keypoints.json").read_bytes())
    (tmp_path / "poses" / "bad.json").write_text("{}", encoding="utf-8")
    assert inspect(files, tmp_path / "poses", person, tmp_path / "out") == 2
    assert "bad.json" in sys.stderr.getvalue()
    assert "\x1b[K2/2 pairs, " in sys.stderr.getvalue()
    written = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert written == ["index.html", "me_in_good.html", "me_in_good.png"]


def test_a_clip(files, sequence, tmp_path):
    assert inspect(files, files / "walk", sequence, tmp_path / "out", "--frames", "2") == 0
    (video,) = (tmp_path / "out").iterdir()
    assert video.name == "me_in_walk.mp4"
    frames = list(read_frames(video))
    assert len(frames) == 2
    assert all(side % 2 == 0 for side in frames[0].shape[:2])
    assert np.std(frames[0]) > 0.1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--pixel", "3"], "--pixel must be X,Y, two numbers. Received: 3."),
        (["--pixel", "a,b"], "--pixel must be X,Y, two numbers. Received: a,b."),
        (["--pixel", "500,0"], "A pixel X,Y inside 48x64 (width x height) is expected. Received: 500,0."),
        (["--frames", "0"], "--frames must be at least 1. Received: 0."),
        (["--discriminator", "nowhere"], "The folder of a discriminator is expected. Received: nowhere, no folder."),
        (["--model", "nowhere"], "A folder or one of the presets"),
    ],
)
def test_wrong_input_ends_in_one_line(files, person, tmp_path, capsys, arguments, message):
    assert inspect(files, files / "walk" / "0_keypoints.json", person, tmp_path / "out", *arguments) == 2
    error = capsys.readouterr().err
    assert error.startswith(f"gfla inspect: error: {message}")
    assert error.count("\n") == 1
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--pixel", "3,4"], "--pixel is for a model of a person preset."),
        (["--discriminator", "nowhere"], "The folder of a discriminator is expected. Received: nowhere, no folder."),
    ],
)
def test_wrong_input_is_found_before_the_driver_is_looked_at(
    files, sequence, tmp_path, capsys, monkeypatch, arguments, message
):
    monkeypatch.setattr(clips, "read_driving", lambda *_: pytest.fail("was looked at"))
    assert inspect(files, files / "walk", sequence, tmp_path / "out", *arguments) == 2
    assert capsys.readouterr().err.startswith(f"gfla inspect: error: {message}")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("network", ["person", "sequence"])
def test_a_driver_that_cannot_be_read_leaves_no_folder(files, request, network, tmp_path, capsys):
    (tmp_path / "walk").mkdir()
    (tmp_path / "walk" / "0_keypoints.json").write_text("{}", encoding="utf-8")
    pose = tmp_path / "walk" if network == "sequence" else tmp_path / "walk" / "0_keypoints.json"
    assert inspect(files, pose, request.getfixturevalue(network), tmp_path / "out") == 2
    assert "0_keypoints.json" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_an_output_that_cannot_be_is_found_before_the_model(files, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(job, "load_trained", lambda *_: pytest.fail("was loaded"))
    assert inspect(files, files / "walk", "person-demo", files / "me.png" / "out") == 2
    assert "A folder that can be written to is expected. Received: " in capsys.readouterr().err


def test_keypoints_are_one_photo_s(files, person, tmp_path, capsys):
    pose, output = str(files / "walk" / "0_keypoints.json"), str(tmp_path / "out")
    keypoints = ["--source-keypoints", str(files / "me.json")]
    assert main(["inspect", str(files), pose, "--model", str(person), "--output", output, *keypoints]) == 2
    assert "--source-keypoints is for one photo. Received: " in capsys.readouterr().err


def test_sheets_do_not_replace_photos(files, person, tmp_path, capsys):
    image_io.write_image(tmp_path / "me.png", photo())
    image_io.write_image(tmp_path / "me_in_0_keypoints.png", photo())
    pose = str(files / "walk" / "0_keypoints.json")
    assert main(["inspect", str(tmp_path), pose, "--model", str(person), "--output", str(tmp_path)]) == 2
    assert "Different files are expected" in capsys.readouterr().err
