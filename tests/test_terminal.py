"""How commands end; their messages are tested with the commands."""

from __future__ import annotations

import subprocess
import sys

import pytest

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
