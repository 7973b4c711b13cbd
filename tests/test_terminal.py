"""How commands end; their messages are tested with the commands."""

from __future__ import annotations

import subprocess
import sys
import warnings
from pathlib import Path

import pytest

import gfla_tf
from gfla_tf.terminal import run_guarded

ENDING = """
import atexit, sys
from gfla_tf.terminal import end_process
atexit.register(print, "the usual end")
sys.modules.update({loaded!r})
print("output")
end_process(3)
"""


@pytest.mark.parametrize(("loaded", "output"), [({}, "output\nthe usual end\n"), ({"tensorflow_io": None}, "output\n")])
def test_a_process_ends_with_its_exit_code_and_at_once_beside_tensorflow_io(loaded, output):
    code = ENDING.format(loaded=loaded)
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (result.returncode, result.stdout, result.stderr) == (3, output, "")


SAYING = """
import os, sys
from gfla_tf.terminal import hide_native_messages
hide_native_messages()
os.write(2, b"native ")
print("ours", file=sys.stderr)
"""


@pytest.mark.parametrize(("level", "said"), [(None, "ours\n"), ("3", "ours\n"), ("0", "native ours\n")])
def test_native_messages_are_for_those_who_ask(monkeypatch, level, said):
    monkeypatch.delenv("TF_CPP_MIN_LOG_LEVEL", raising=False)
    if level is not None:
        monkeypatch.setenv("TF_CPP_MIN_LOG_LEVEL", level)
    result = subprocess.run([sys.executable, "-c", SAYING], capture_output=True, text=True)
    assert (result.returncode, result.stderr) == (0, said)


def test_only_our_own_warnings_are_shown(capsys):
    ours = Path(gfla_tf.__file__).parent
    beside = ours.parent / ".venv" / "lib" / "gfla_tf_helpers" / "training.py"

    def command():
        for number, path in enumerate([ours / "people.py", beside, ours.parent / "serving" / "graphs" / "framing.py"]):
            warnings.warn_explicit(f"warning {number}", UserWarning, str(path), 1)

    with warnings.catch_warnings():
        warnings.simplefilter("always")
        assert run_guarded("gfla pose", command) == 0
    assert capsys.readouterr().err == "gfla pose: warning: warning 0\ngfla pose: warning: warning 2\n"
