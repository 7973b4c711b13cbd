"""The command line, as a process: exit codes, one-line errors, files that are whole."""

from __future__ import annotations

import functools
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from gfla_tf import doctor, pipelines
from gfla_tf.cli import main
from gfla_tf.image_io import read_image, write_image
from gfla_tf.pose import write_openpose_json

SAMPLES = Path(__file__).parents[1] / "samples"
WALKER, ASTRONAUT = str(SAMPLES / "walker.jpg"), str(SAMPLES / "astronaut.jpg")


def gfla(*arguments: str, folder: Path) -> subprocess.CompletedProcess:
    """Run the installed command as a user would, to whom TensorFlow says nothing unless it is asked to."""
    command = [sys.executable, "-m", "gfla_tf.cli", *arguments]
    environment = {name: value for name, value in os.environ.items() if name != "TF_CPP_MIN_LOG_LEVEL"}
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=300, check=False
    )


def test_pose_writes_keypoints_and_drawing(tmp_path):
    done = gfla("pose", WALKER, "--output", "pose.json", "--draw", "pose.png", folder=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    people = json.loads((tmp_path / "pose.json").read_text())["people"]
    assert len(people) == 1
    assert len(people[0]["pose_keypoints_2d"]) == 54
    photo, drawn = read_image(WALKER), read_image(tmp_path / "pose.png")
    assert drawn.shape == photo.shape
    assert np.abs(drawn - photo).max() > 0.5


def test_pose_of_an_upper_body_warns_in_one_line(tmp_path):
    done = gfla("pose", ASTRONAUT, "--output", "pose.json", folder=tmp_path)
    assert done.returncode == 0
    (line,) = done.stderr.splitlines()
    assert line.startswith("gfla pose: warning:")
    assert "left ankle" in line


def test_transfer_end_to_end(tmp_path):
    done = gfla(
        *("transfer", str(SAMPLES / "standing.jpg"), WALKER, "--weights", "stand-in", "--model", "person-market"),
        *("--output", "result.png", "--debug", "sheet.png"),
        folder=tmp_path,
    )
    assert done.returncode == 0, done.stderr
    assert "learned nothing" in done.stderr
    assert read_image(tmp_path / "result.png").shape == (128, 64, 3)
    assert read_image(tmp_path / "sheet.png").shape[0] > 128
    assert sorted(path.name for path in tmp_path.iterdir()) == ["result.png", "sheet.png"]


@pytest.fixture(scope="module")
def load_once():
    """Networks of many millions of numbers are made once."""
    return functools.cache(pipelines.load_trained)


@pytest.fixture
def inputs(tmp_path, monkeypatch, load_once):
    """A folder with right and wrong inputs, as the current one."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(pipelines, "load_trained", load_once)
    write_image("black.png", np.full((80, 60, 3), -1, np.float32))
    Path("text.jpg").write_text("no picture", encoding="utf-8")
    Path("empty.jpg").touch()
    Path("broken.json").write_text("{", encoding="utf-8")
    Path("nobody.json").write_text('{"people": []}', encoding="utf-8")
    keypoints = np.column_stack([np.linspace(10, 30, 18), np.linspace(5, 60, 18), np.ones(18)])
    write_openpose_json("pose.json", [keypoints])
    write_openpose_json("far.json", [keypoints + [1000, 0, 0]])
    Path("noise.pth").write_bytes(b"noise" * 100)
    Path("folder").mkdir()
    return tmp_path


STAND_IN = ("--weights", "stand-in")
WRONG = [
    ("pose absent.jpg --output a.json", "absent.jpg"),
    ("pose text.jpg --output a.json", "A picture"),
    ("pose empty.jpg --output a.json", "A picture"),
    ("pose folder --output a.json", "folder"),
    ("pose black.png --output a.json", "nobody was found"),
    ("pose black.png --output a.json --all", "nobody was found"),
    ("pose black.png --output absent/a.json", "existing, writable folder"),
    ("pose black.png --output folder", "which is a folder"),
    ("pose black.png --output a.json --draw absent/a.png", "existing, writable folder"),
    ("pose black.png --output a.json --draw a.txt", "A file ending in"),
    ("pose black.png --output black.png", "A file ending in .json is expected. Received: black.png"),
    ("pose black.png --output a.json --draw black.png", "Different files are expected"),
    ("pose black.png --output a.json --confidence 2", "A minimum confidence in [0, 1] is expected. Received: 2"),
    ("transfer black.png pose.json --output a.png --model person-fashion", "comes without weights"),
    ("transfer black.png pose.json --output a.png --weights absent.safetensors", "absent.safetensors"),
    ("transfer black.png pose.json --output a.png --weights noise.pth", "not a readable safetensors file"),
    ("transfer black.png pose.json --output a.txt --weights stand-in", "A file ending in"),
    ("transfer black.png pose.json --output absent/a.png --weights stand-in", "existing, writable folder"),
    ("transfer black.png pose.json --output a.png --weights stand-in --model nothing", "presets person-fashion"),
    ("transfer black.png pose.json --output a.png --weights stand-in --model motion", "person preset"),
    ("transfer black.png pose.json --output a.png --weights stand-in --model folder", "config.json"),
    ("transfer black.png pose.json --output black.png --weights stand-in --model person-market", "Different files"),
    (
        "transfer black.png pose.json --output a.png --debug a.png --weights stand-in --model person-market",
        "Different files",
    ),
    ("transfer absent.png pose.json --output a.png --weights stand-in --model person-market", "absent.png"),
    ("transfer black.png pose.json --output a.png --weights stand-in --model person-market", "nobody was found"),
    ("transfer pose.json pose.json --output a.png --weights stand-in --model person-market", "A photo is expected"),
    (
        "transfer black.png broken.json --source-keypoints pose.json --output a.png --weights stand-in "
        "--model person-market",
        "broken JSON",
    ),
    ("transfer black.png absent.json --output a.png", "A photo, a keypoint file or a folder"),
    (
        "transfer black.png nobody.json --source-keypoints pose.json --output a.png --weights stand-in "
        "--model person-market",
        "nobody in",
    ),
    (
        "transfer black.png pose.json --source-keypoints far.json --output a.png --weights stand-in "
        "--model person-market",
        "At least two joints",
    ),
    (
        "transfer black.png pose.json --source-keypoints pose.json --output a.png --weights stand-in "
        "--model person-market --batch-size 0",
        "--batch-size",
    ),
    ("transfer folder pose.json --output out --weights stand-in", "A folder with photos"),
    ("convert noise.pth --preset person-fashion --output a.safetensors", "noise.pth"),
    ("convert absent.pth --preset person-fashion --output a.safetensors", "absent.pth"),
    ("convert noise.pth --preset nothing --output a.safetensors", "preset must be one of"),
    ("convert folder --preset motion --output a.safetensors", "folder"),
    ("convert noise.pth --preset motion --output text.jpg", "A file ending in .safetensors"),
]


@pytest.mark.parametrize(("command", "reason"), WRONG, ids=[command for command, _ in WRONG])
def test_wrong_input_is_one_line_and_exit_code_2(inputs, capsys, command, reason):
    before = sorted(path.name for path in inputs.iterdir())
    assert main(command.split()) == 2
    (line,) = [line for line in capsys.readouterr().err.splitlines() if "stand-in weights" not in line]
    assert line.startswith(f"gfla {command.split()[0]}: error: ")
    assert reason in line
    assert sorted(path.name for path in inputs.iterdir()) == before


@pytest.mark.parametrize("command", ["", "pose", "transfer a.png", "dance", "convert a.pth --precision int8"])
def test_wrong_usage_is_exit_code_2(capsys, command):
    with pytest.raises(SystemExit) as caught:
        main(command.split())
    assert caught.value.code == 2
    assert "usage: gfla" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["transfer", "pose", "motion", "convert", "doctor"])
def test_help_teaches_by_example(capsys, command):
    with pytest.raises(SystemExit) as caught:
        main([command, "--help"])
    assert caught.value.code == 0
    text = capsys.readouterr().out
    assert f"gfla {command}" in text


def test_interrupted(monkeypatch, capsys):
    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("gfla_tf.image_io.read_image", interrupt)
    assert main(["pose", WALKER, "--output", "pose.json"]) == 130
    assert "interrupted" in capsys.readouterr().err


def test_doctor(capsys, monkeypatch):
    """What it examines has tests of its own."""
    findings = [doctor.Finding("TensorFlow", True, "2.21"), doctor.Finding("pose", False, "nothing", "find it")]
    monkeypatch.setattr(doctor, "examine", lambda: iter(findings))
    assert main(["doctor"]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert [line.split() for line in lines[:3]] == [
        ["[ok]", "TensorFlow", "2.21"],
        ["[!!]", "pose", "nothing"],
        ["mend", "it:", "find", "it"],
    ]
    assert lines[3:] == ["Something is missing, see above."]
    findings.pop()
    assert main(["doctor"]) == 0
    assert capsys.readouterr().out.splitlines()[1:] == ["Everything works."]
