"""`python -m training flow|image`: what it answers to wrong input, and how a run is taken up with fewer words."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from gfla_tf.outputs import whole_file
from training.__main__ import main
from training.configs import config_names, load_config, write_config
from training.runs import RunFolder
from training.train_command import NAMES, _config, _data

DATA = Path(__file__).parents[2] / "samples" / "rendered"


@pytest.mark.parametrize("stage", ["flow", "image", "sequence", "motion", "motion-table"])
def test_help_loads_no_tensorflow(stage):
    code = (
        f"import sys; from training.__main__ import main\ntry: main(['{stage}', '--help'])\nexcept SystemExit: pass\n"
    )
    result = subprocess.run([sys.executable, "-c", code + "sys.exit('tensorflow' in sys.modules)"], capture_output=True)
    assert (result.returncode, b"python -m training" in result.stdout) == (0, True)


def test_help_names_every_configuration():
    assert {stage: list(names) for stage, names in NAMES.items()} == {stage: config_names(stage) for stage in NAMES}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--data", DATA], "A new run needs --config fashion256|market128|demo|tiny|mobile|FILE. Received: none"),
        (["--config", "tiny"], "A new run needs --data DIR. Received: none."),
        (["--config", "huge", "--data", DATA], "--config must be fashion256, market128, demo, tiny, mobile or a JSON"),
        (["--config", "tiny", "--data", DATA, "--set", "stepps=3"], "has no field stepps. Did you mean steps?"),
        (["--config", "tiny", "--data", "nowhere"], "nowhere"),
        (["--config", "tiny", "--data", DATA, "--set", "image_size=[70,32]"], "must be multiples of 16"),
        (["--config", "tiny", "--data", DATA, "--distribute", "workers"], "TF_CONFIG must be like"),
        (
            ["--config", "fashion256", "--data", DATA, "--set", "backbone_weights=nowhere.pth"],
            "nowhere.pth",
        ),
    ],
)
def test_wrong_input_is_one_line_and_leaves_nothing(tmp_path, monkeypatch, capsys, arguments, message):
    monkeypatch.delenv("TF_CONFIG", raising=False)
    run = tmp_path / "run"
    assert main(["flow", "--run", str(run), *map(str, arguments)]) == 2
    error = capsys.readouterr().err
    assert error.startswith("python -m training flow: error: ")
    assert message in error
    assert error.count("\n") == 1
    assert not run.exists()


def test_a_run_without_its_first_weights_is_not_begun(tmp_path, capsys):
    arguments = ["flow", "--run", str(tmp_path / "run"), "--data", str(DATA)]
    assert main([*arguments, "--config", "tiny", "--init", "nowhere"]) == 2
    assert "First weights, a stage of a run, a model's folder or a file, are expected" in capsys.readouterr().err
    assert main(arguments) == 2
    assert "A new run needs --config" in capsys.readouterr().err


def test_a_run_taken_up_has_its_own_configuration_and_data(tmp_path):
    folder = RunFolder(tmp_path, "image")
    folder.path.mkdir(parents=True)
    config = load_config("image", "tiny", ["steps=3"])
    write_config(config, folder.config_file)
    with whole_file(folder.starts_file) as temporary:
        temporary.write_text('[{"data": "/there", "step": 0}]')

    class Options:
        config, data, set = None, None, [["keep_checkpoints=1"], ["sample_pairs=0"]]

    found = _config("image", Options, folder)
    assert (found.steps, found.keep_checkpoints, found.sample_pairs) == (3, 1, 0)
    assert _data(Options, folder) == "/there"
