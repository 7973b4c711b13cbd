"""The command line of `python -m training data`."""

from __future__ import annotations

import argparse
import io
import os
import subprocess
import sys
import threading
import types
import warnings
from pathlib import Path

import pytest
from helpers.tiny_datasets import write_market

from gfla_tf import people
from gfla_tf.commands.table import run_table
from gfla_tf.progress import Progress
from training.__main__ import STAGES, main
from training.data import cli, prepare
from training.data.preparation import begin, finish, in_parallel

ROOT = Path(__file__).parents[3]
HEAVY = ("tensorflow", "keras", "cv2", "numpy", "scipy")


@pytest.fixture
def table(monkeypatch):
    """A table with one command, whose `run` a test replaces."""
    module = types.ModuleType("a_command", "Do it.\n\nAnd say how.")
    module.add_arguments = lambda parser: parser.add_argument("--number", type=int, default=1)
    monkeypatch.setitem(sys.modules, "a_command", module)
    return {"do": ("do it", "a_command")}, module


def run(table, *arguments):
    return run_table("program", "About it.", table[0], arguments)


@pytest.mark.parametrize("arguments", [["--help"], ["data", "--help"], ["data", "prepare", "--help"]])
def test_help_is_instant(arguments):
    code = (
        "import sys\nfrom training.__main__ import main\n"
        f"try: main({arguments!r})\nexcept SystemExit as stop: assert stop.code == 0\n"
        f"loaded = [name for name in {HEAVY!r} if name in sys.modules]\nassert not loaded, loaded"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, env={**os.environ, "PYTHONPATH": "."}
    )
    assert done.returncode == 0, done.stderr
    assert "usage: python -m training" in done.stdout


@pytest.mark.parametrize("name", [*cli.COMMANDS, *prepare.COMMANDS])
def test_every_command_is_in_the_help_with_its_summary(name, capsys):
    table, arguments = (cli.COMMANDS, ["data"]) if name in cli.COMMANDS else (prepare.COMMANDS, ["data", "prepare"])
    with pytest.raises(SystemExit) as stop:
        main([*arguments, "--help"])
    assert stop.value.code == 0
    assert f"{name} " in capsys.readouterr().out
    assert table[name][0]


@pytest.mark.parametrize("arguments", [["prepare", "fashion"], ["prepare", "video"], ["check"], ["show"]])
def test_a_commands_help_says_what_its_module_says(arguments, capsys):
    with pytest.raises(SystemExit) as stop:
        main(["data", *arguments, "--help"])
    assert stop.value.code == 0
    printed = capsys.readouterr().out
    assert f"usage: python -m training data {' '.join(arguments)}" in printed
    assert "dataset" in printed or "OUTPUT" in printed


def test_the_module_can_be_run(tmp_path):
    write_market(tmp_path)
    environment = {name: value for name, value in os.environ.items() if name != "TF_CPP_MIN_LOG_LEVEL"}
    for folder, code in ((tmp_path, 0), (tmp_path / "gone", 2)):
        done = subprocess.run(
            [sys.executable, "-m", "training", "data", "check", "--quick", str(folder)],
            cwd=ROOT,
            capture_output=True,
            text=True,
            env=environment,
        )
        assert done.returncode == code
        message = f"python -m training data check: error: A folder is expected. Received: {folder}.\n"
        assert done.stderr == ("" if code == 0 else message)


def test_stages_name_modules_that_are_there():
    for _, module in STAGES.values():
        assert (ROOT / (module.replace(".", "/") + ".py")).exists()


@pytest.mark.parametrize("arguments", [[], ["unknown"], ["data"], ["data", "unknown"], ["data", "check", "a", "b"]])
def test_wrong_arguments_have_code_2(arguments, capsys):
    with pytest.raises(SystemExit) as stop:
        main(arguments)
    assert stop.value.code == 2
    assert "usage: python -m training" in capsys.readouterr().err


def test_a_command_gets_its_options_and_its_code_is_returned(table):
    table[1].run = lambda options: options.number
    assert run(table, "do", "--number", "7") == 7
    table[1].run = lambda options: None
    assert run(table, "do") == 0


@pytest.mark.parametrize(
    ("error", "code", "message"),
    [
        (ValueError("A number is expected. Received: x."), 2, "program do: error: A number is expected. Received: x."),
        (FileNotFoundError(2, "No such file", "a.txt"), 2, "program do: error: a.txt: No such file"),
        (OSError(28, "No space left"), 2, "program do: error: No space left"),
        (OSError("odd"), 2, "program do: error: odd"),
        (KeyboardInterrupt(), 130, "program do: interrupted"),
    ],
)
def test_errors_are_one_line(table, capsys, error, code, message):
    def fail(options: argparse.Namespace):
        raise error

    table[1].run = fail
    assert run(table, "do") == code
    assert capsys.readouterr().err == message + "\n"


def test_only_our_warnings_are_shown(table, capsys, monkeypatch):
    monkeypatch.setattr(warnings, "showwarning", warnings.showwarning)

    def warn(options):
        warnings.showwarning("a joint is missing", UserWarning, people.__file__, 1)
        warnings.showwarning("old function", DeprecationWarning, "/x/other.py", 1)

    table[1].run = warn
    run(table, "do")
    assert capsys.readouterr().err == "program do: warning: a joint is missing\n"


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_progress_tells_the_time_left():
    now = [0.0]
    progress = Progress(100, "pictures", io.StringIO(), clock=lambda: now[0])
    progress.add(20, worked=False)
    assert progress.line() == "20/100 pictures"
    now[0] = 10.0
    progress.add(5)
    # 5 in 10 seconds: the other 75 take 150.
    assert progress.line() == "25/100 pictures, 0.5 a second, 0:02:30 left"


def test_progress_is_written_to_terminals_only():
    now = [0.0]
    for stream, written in ((io.StringIO(), ""), (Terminal(), "\r\x1b[K1/2 frames\r\x1b[K2/2 frames\n")):
        with Progress(2, "frames", stream, clock=lambda: now[0]) as progress:
            progress.add()
            progress.add()  # too soon after the other
        assert stream.getvalue() == written


def test_parallel_work_gives_every_item_with_its_result():
    items = list(range(30))
    with in_parallel(lambda item: item * item, iter(items), workers=3) as finished:
        done = {item: future.result() for item, future in finished}
    assert done == {item: item * item for item in items}


def test_parallel_work_stops_at_an_error():
    started = []

    def work(item):
        started.append(item)
        if item == 2:
            raise OSError("disk full")

    before = set(threading.enumerate())
    with pytest.raises(OSError, match="disk full"), in_parallel(work, range(10000), workers=2) as finished:
        for _, future in finished:
            future.result()
    assert set(threading.enumerate()) <= before
    assert len(started) < 100


def test_a_folder_is_begun_and_finished(tmp_path):
    folder = tmp_path / "a" / "b"
    begin(folder, {"size": 3})
    (folder / f".{'0' * 32}.jpg").touch()
    (folder / ".keep.jpg").touch()
    begin(folder, {"size": 3})
    assert sorted(path.name for path in folder.iterdir()) == [".keep.jpg", "dataset.json"]
    finish(folder, {"size": 3}, pictures=7)
    assert '"complete": true' in (folder / "dataset.json").read_text(encoding="utf-8")
    assert '"pictures": 7' in (folder / "dataset.json").read_text(encoding="utf-8")
    with pytest.raises(ValueError, match="Received: size 4 instead of 3"):
        begin(folder, {"size": 4})
    (folder / "dataset.json").write_text("[]", encoding="utf-8")
    with pytest.raises(ValueError, match="a JSON object is expected"):
        begin(folder, {"size": 3})
    with pytest.raises(ValueError, match="--output must be a folder. Received: .*, which is a file"):
        begin(folder / "dataset.json", {})
