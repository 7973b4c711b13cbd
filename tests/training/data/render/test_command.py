import argparse
import json

import pytest
from helpers.puppets import puppet_cast

from training.__main__ import main
from training.data.render import command
from training.data.render.dataset import render_dataset


@pytest.fixture
def puppets(monkeypatch):
    """The command with people of ellipsoids."""
    pytest.importorskip("embreex")
    monkeypatch.setattr(
        command,
        "render_dataset",
        lambda settings, folder, processes: render_dataset(settings, folder, processes, puppet_cast),
    )


def options(*arguments):
    parser = argparse.ArgumentParser()
    command.add_arguments(parser)
    return parser.parse_args(["--output", "out", *arguments])


def settings(*arguments):
    return command._settings(options(*arguments))


def test_convention_size_is_height_x_width():
    both = settings("--size", "128x64")
    assert (both.height, both.width) == (128, 64)
    assert settings("--size", "96").width == 96
    assert (settings().height, settings().width) == (256, 256)


def test_defaults_that_depend_on_others():
    assert (settings().people, settings().pairs) == (10, 6)
    assert settings("--views", "2").pairs == 2
    assert settings("--kind", "clips", "--clips", "7").people == 7
    assert settings("--kind", "clips", "--clips", "7", "--people", "3").people == 3
    assert settings("--no-truth").truth is False


def test_a_run_from_the_command_line(puppets, tmp_path, capsys):
    arguments = [
        "data",
        "render",
        "--output",
        str(tmp_path / "out"),
        "--people",
        "2",
        "--views",
        "2",
        "--size",
        "32x24",
    ]
    assert main([*arguments, "--processes", "1", "--test-fraction", "0.5"]) == 0
    assert "is complete" in capsys.readouterr().out
    description = json.loads((tmp_path / "out" / "dataset.json").read_text())
    assert description["pictures"] == {"train": 2, "test": 2}
    assert main([*arguments, "--processes", "2", "--test-fraction", "0.5"]) == 0
    assert "nothing to do" in capsys.readouterr().out
    assert main([*arguments, "--seed", "5"]) == 2
    assert "begun with other settings" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (["--people", "0"], "people must be at least 1. Received: 0"),
        (["--views", "2", "--pairs", "5"], "pairs must be at most"),
        (["--motion", "/no/such/folder"], "motion must be an existing folder"),
        (["--processes", "0"], "At least one process is expected. Received: 0"),
    ],
)
def test_wrong_input_ends_in_exit_code_2(wrong, message, puppets, tmp_path, capsys):
    assert main(["data", "render", "--output", str(tmp_path / "out"), *wrong]) == 2
    assert message in capsys.readouterr().err


def test_a_size_that_is_none(capsys):
    with pytest.raises(SystemExit, match="2"):
        options("--size", "large")
    assert "expected HEIGHTxWIDTH or one number" in capsys.readouterr().err


def test_an_interruption_says_how_to_go_on(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(command, "render_dataset", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
    assert main(["data", "render", "--output", str(tmp_path)]) == 130
    assert "the same command takes it up again" in capsys.readouterr().err


def test_help_has_examples_that_parse(capsys):
    lines = [line.split() for line in command.__doc__.splitlines() if "python -m training data render" in line]
    assert len(lines) >= 4
    for line in lines:
        parsed = options(*line[line.index("render") + 1 :])
        assert parsed.output != "out"
