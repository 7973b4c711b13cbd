"""The README's commands and code run as they stand there."""

from __future__ import annotations

import itertools
import re
import shlex
import shutil
from pathlib import Path

import numpy as np
import pytest

import gfla_tf
from gfla_tf.cli import main
from gfla_tf.image_io import read_image
from gfla_tf.motion.video import write_video
from gfla_tf.pose import write_openpose_json
from gfla_tf.weights import save_weights
from training.__main__ import main as run_training

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```(\w+)\n(.*?)```", README, re.DOTALL)
COMMANDS = [
    line.split("  #")[0].strip()
    for language, block in BLOCKS
    if language == "sh"
    for line in block.splitlines()
    if line.startswith("gfla ")
]
TRAINING_COMMANDS = re.findall(r"^python -m training (?:flow|image) .*$", README, re.MULTILINE)
POSE = np.column_stack([np.linspace(10, 30, 18), np.linspace(5, 60, 18), np.ones(18)])


@pytest.fixture(scope="module")
def workplace(tmp_path_factory):
    """A folder with the files that the README speaks of."""
    folder = tmp_path_factory.mktemp("readme")
    shutil.copy(ROOT / "samples" / "standing.jpg", folder / "me.jpg")
    shutil.copy(ROOT / "samples" / "walker.jpg", folder / "dancer.jpg")
    (folder / "samples").symlink_to(ROOT / "samples")
    write_openpose_json(folder / "pose.json", [POSE])
    write_video(folder / "dance.mp4", [read_image(folder / "dancer.jpg")] * 3, 25.0)
    for name, file in (("photos", "me.jpg"), ("poses", "pose.json")):
        (folder / name).mkdir()
        shutil.copy(folder / file, folder / name / file)
    save_weights(gfla_tf.load_model("person-fashion", weights="stand-in"), folder / "weights.safetensors")
    shutil.copy(folder / "weights.safetensors", folder / "latest_net_G.pth")  # formats are told by content
    return folder


@pytest.mark.parametrize("command", COMMANDS)
def test_command(command, workplace, monkeypatch):
    monkeypatch.chdir(workplace)
    arguments = shlex.split(command)[1:]
    assert main(arguments) == 0
    outputs = [
        word for flag, word in itertools.pairwise(arguments) if flag in ("--output", "--draw", "--debug", "--plot")
    ]
    assert all(Path(output).exists() for output in outputs)


def test_training_commands(tmp_path, monkeypatch):
    (tmp_path / "samples").symlink_to(ROOT / "samples")
    monkeypatch.chdir(tmp_path)
    for command in TRAINING_COMMANDS:
        assert run_training(shlex.split(command)[3:]) == 0
    for stage in ("flow", "image"):
        assert gfla_tf.load_model(f"runs/tiny/{stage}/model").preset.name == "person-demo"


def test_commands_are_found():
    found = {command.split()[1] for command in COMMANDS}
    assert found == {"doctor", "pose", "transfer", "animate", "inspect", "convert", "motion"}
    assert [command.split()[3] for command in TRAINING_COMMANDS] == ["flow", "image"]


def test_python_code(workplace, monkeypatch):
    monkeypatch.chdir(workplace)
    (code,) = [block for language, block in BLOCKS if language == "python"]
    rng = np.random.default_rng(0)
    names = {
        "source_image": rng.uniform(-1, 1, (1, 64, 32, 3)).astype(np.float32),
        "source_pose": rng.uniform(0, 1, (1, 64, 32, 18)).astype(np.float32),
        "target_pose": rng.uniform(0, 1, (1, 64, 32, 18)).astype(np.float32),
        "reference_image": rng.uniform(-1, 1, (1, 32, 32, 3)).astype(np.float32),
        "reference_pose": rng.uniform(0, 1, (1, 32, 32, 20)).astype(np.float32),
        "target_poses": rng.uniform(0, 1, (1, 2, 32, 32, 20)).astype(np.float32),
    }
    exec(code, names)
    assert not set(re.findall(r'load_model\("([^"]+)"\)', code)) & set(gfla_tf.PRESETS), "untrained"
    assert Path("me_dancing.png").exists()
    assert names["outputs"]["image"].shape == (1, 64, 32, 3)
    assert names["clip"].shape == (1, 2, 32, 32, 3)
    reread = gfla_tf.load_model("my_model")
    assert reread.preset == names["model"].preset


def test_every_relative_link_leads_somewhere():
    links = re.findall(r"\]\((?!https?:)([^)#]+)\)", README)
    assert links
    assert [link for link in links if not (ROOT / link).exists()] == []
