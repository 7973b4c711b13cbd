"""`python -m serving`: help, wrong input, and a whole export."""

from __future__ import annotations

import subprocess
import sys

import pytest

from gfla_tf.models.model_files import save_model
from serving.__main__ import COMMANDS, main


def test_help_names_every_command(capsys):
    with pytest.raises(SystemExit) as caught:
        main(["--help"])
    assert caught.value.code == 0
    said = capsys.readouterr().out
    assert all(command in said for command in COMMANDS)
    assert "says more about a command" in said
    assert "Entry point" not in said


@pytest.mark.parametrize("command", COMMANDS)
def test_help_of_a_command(command, capsys):
    with pytest.raises(SystemExit) as caught:
        main([command, "--help"])
    assert caught.value.code == 0
    assert f"python -m serving {command}" in capsys.readouterr().out


def test_help_loads_no_tensorflow():
    code = "import sys; from serving.__main__ import main\ntry: main(['export', '--help'])\nexcept SystemExit: pass\n"
    result = subprocess.run(
        [sys.executable, "-c", code + "sys.exit('tensorflow' in sys.modules)"], check=False, capture_output=True
    )
    assert result.returncode == 0


def test_unknown_command(capsys):
    with pytest.raises(SystemExit) as caught:
        main(["fly"])
    assert caught.value.code == 2
    assert "invalid choice" in capsys.readouterr().err


def test_export(motion_model, tmp_path, capsys):
    save_model(motion_model, tmp_path / "model")
    assert main(["export", str(tmp_path / "model"), "--output", str(tmp_path / "models"), "--name", "clean"]) == 0
    assert capsys.readouterr().out.strip() == str(tmp_path / "models" / "clean" / "1")
    assert (tmp_path / "models" / "clean" / "1" / "saved_model.pb").is_file()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("export person-demo --name a/b --output models", "A model's name of letters, digits"),
        ("export person-demo --output file", "A folder that can be written to is expected"),
        ("export view --weights stand-in --output models", "Received: one of kind view"),
        ("tflite person-demo --name a/b --output models", "--name must be a file name"),
        ("tflite person-demo --output file", "A folder that can be written to is expected"),
        ("tflite person-demo --size 100 --output models", "size must be a multiple of 32 pixels. Received: 100."),
        ("tflite motion-demo --size 128 --output models", "A size is for models that render pictures"),
    ],
)
def test_wrong_arguments_are_found_before_the_model_is_built(arguments, message, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("gfla_tf.pipelines.load_trained", lambda *_: pytest.fail("was built"))
    (tmp_path / "file").touch()
    assert main(arguments.split()) == 2
    assert message in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


@pytest.mark.parametrize(
    ("model", "message"),
    [
        ("nowhere", "A folder or one of the presets"),
        ("person-fashion", "comes without weights"),
        ("view --weights stand-in", "Received: one of kind view"),
    ],
)
def test_export_of_a_wrong_model(model, message, tmp_path, capsys):
    assert main(["export", *model.split(), "--output", str(tmp_path / "models")]) == 2
    assert message in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []
