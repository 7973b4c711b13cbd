"""Runs of stage motion: what they leave, and how they are taken up again."""

from __future__ import annotations

import json
import signal
import time

import numpy as np
import pytest
from helpers.bvh_files import swinging, write_bvh
from helpers.tiny_datasets import write_human36m
from helpers.training_runs import LONG, assert_same_states, last_state, start_training, wait_for

from gfla_tf import load_model
from gfla_tf.models import MotionExtractor
from training.__main__ import main
from training.callbacks.log_file import read_log
from training.configs import load_config
from training.data.human36m import Human36mWindows
from training.data.motion_windows import MotionCaptureWindows
from training.data.render.people import clip_split
from training.motion_sources import open_windows
from training.train import train

FAST = ["round_steps=2", "validation_batches=1", "sample_windows=1"]
NAMES = [next(f"walk{n}" for n in range(60) if clip_split(f"walk{n}") == split) for split in ("train", "test")]


@pytest.fixture(scope="module")
def mocap(tmp_path_factory):
    """A recording of a second for each split."""
    folder = tmp_path_factory.mktemp("mocap")
    for name in NAMES:
        write_bvh(folder / f"{name}.bvh", swinging(60, turn=30))
    return folder


def train_quietly(*settings, data, run):
    train(load_config("motion", "tiny", [*FAST, *settings]), data, run, say=lambda text: None)


def test_a_run_leaves_a_model_curves_and_plots(mocap, tmp_path):
    train_quietly("steps=4", "weights.acceleration=0.5", data=mocap, run=tmp_path)
    folder = tmp_path / "motion"
    files = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    assert files > {"config.json", "curves.png", "samples/step-00000004.png", "checkpoints/step-0000000004.safetensors"}
    lines = read_log(folder / "log.jsonl")
    assert [line["step"] for line in lines] == [2, 4]
    for prefix in ("", "val_"):
        expected = lines[0][f"{prefix}mpjpe"] + 0.5 * lines[0][f"{prefix}acceleration"]
        assert lines[0][f"{prefix}loss"] == pytest.approx(expected, rel=1e-4)
    assert {"windows_per_second", "val_noisy_mpjpe", "val_noisy_acceleration"} <= set(lines[0])
    # The held-out windows and their noise are the same each time.
    assert lines[0]["val_noisy_mpjpe"] == lines[1]["val_noisy_mpjpe"]
    facts = json.loads((folder / "model" / "training.json").read_text())
    weights = {"mpjpe": 1.0, "acceleration": 0.5}
    assert facts == {"stage": "motion", "step": 4, "loss_weights": weights, "moving_average": False}
    model = load_model(folder / "model")
    assert model(np.zeros((1, 30, 34), np.float32)).shape == (1, 4, 34)  # 27 frames see one


def test_a_killed_run_ends_with_the_bits_of_an_undisturbed_one(mocap, tmp_path):
    settings = [*FAST, "deterministic=true", "steps=9", "network.dropout=0.5", "decay=cosine", "keep_checkpoints=9"]
    undisturbed = start_training("motion", mocap, tmp_path / "whole", *settings)
    _, errors = undisturbed.communicate(timeout=LONG)
    assert undisturbed.returncode == 0, errors
    killed = start_training("motion", mocap, tmp_path / "killed", *settings)
    try:
        wait_for(tmp_path / "killed" / "motion" / "checkpoints" / "step-0000000004.safetensors", killed)
        time.sleep(float(np.random.default_rng().uniform(0, 0.05)))  # at any moment of any step
    finally:
        killed.send_signal(signal.SIGKILL)
        killed.communicate()
    assert last_state(tmp_path / "killed", "motion")[0] >= 4
    resumed = start_training("motion", mocap, tmp_path / "killed", *settings)
    _, errors = resumed.communicate(timeout=LONG)
    assert resumed.returncode == 0, errors
    (step, whole), (other_step, again) = (last_state(tmp_path / name, "motion") for name in ("whole", "killed"))
    assert step == other_step == 9
    assert_same_states(whole, again)
    logs = [read_log(tmp_path / name / "motion" / "log.jsonl") for name in ("whole", "killed")]
    assert [line["val_loss"] for line in logs[0]] == [line["val_loss"] for line in logs[1]]


def test_human36m_and_motion_capture_are_told_apart(mocap, tmp_path):
    config = load_config("motion", "tiny", ["normalization=image"])
    network = MotionExtractor()
    windows = open_windows(config, write_human36m(tmp_path / "h36m"), "train", network)
    assert isinstance(windows, Human36mWindows)
    assert (windows.settings.frames, windows.settings.normalization) == (10, "image")
    assert isinstance(open_windows(config, mocap, "test", network), MotionCaptureWindows)
    train_quietly("steps=1", "normalization=image", data=tmp_path / "h36m", run=tmp_path / "run")
    assert last_state(tmp_path / "run", "motion")[0] == 1


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (['held_out=["nobody"]'], "nobody.bvh, held out for testing, expected"),
        (["network.blocks=4"], "A receptive field of at most 81 frames is expected. Received: 243"),
        (["batch_size=400"], "a source of at least 400 elements is expected"),
    ],
)
def test_wrong_input_is_one_line(mocap, tmp_path, capsys, settings, message):
    arguments = ["--config", "tiny", "--data", str(mocap), "--run", str(tmp_path / "run"), "--set", *settings]
    assert main(["motion", *arguments]) == 2
    error = capsys.readouterr().err
    assert "python -m training motion: error: " in error.splitlines()[-1]
    assert message in error


def test_a_folder_without_motion(tmp_path, capsys):
    (tmp_path / "data").mkdir()
    arguments = ["--config", "tiny", "--data", str(tmp_path / "data"), "--run", str(tmp_path / "run")]
    assert main(["motion", *arguments]) == 2
    assert "files for train are expected" in capsys.readouterr().err
    assert not (tmp_path / "run").exists()
