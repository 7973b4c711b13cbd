"""Version folders: complete or not there."""

from __future__ import annotations

import subprocess
import sys

import pytest

from serving.versions import existing_versions, new_version, version_folders


def write_version(root, name="model", text="content"):
    with new_version(root, name) as version:
        (version.folder / "file").write_text(text)
    return version.folder


def test_versions_count_up(tmp_path):
    assert [write_version(tmp_path).name for _ in range(3)] == ["1", "2", "3"]
    assert existing_versions(tmp_path / "model") == [1, 2, 3]
    assert (tmp_path / "model" / "3" / "file").read_text() == "content"


TERMINATED = """
import os, signal, sys, time
from serving import __main__ as serving
from serving.versions import new_version

def main():
    with new_version(sys.argv[1], "model"):
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(60)

serving.main = main
serving.run()
"""


def test_nothing_stays_of_a_command_that_is_terminated(tmp_path):
    result = subprocess.run([sys.executable, "-c", TERMINATED, str(tmp_path)], capture_output=True, text=True)
    assert (result.returncode, result.stderr) == (143, "")
    assert list(tmp_path.iterdir()) == []


def test_numbers_are_not_ordered_as_words(tmp_path):
    for name in ("9", "10", "notes", ".writing-x"):
        (tmp_path / "model" / name).mkdir(parents=True)
    (tmp_path / "model" / "11").write_text("no folder")
    assert existing_versions(tmp_path / "model") == [9, 10]


def test_zeros_may_stand_before_a_number(tmp_path):
    for name in ("002", "1", "0000003", "3", "\N{ARABIC-INDIC DIGIT FOUR}"):
        (tmp_path / name).mkdir()
    assert version_folders(tmp_path) == {1: tmp_path / "1", 2: tmp_path / "002", 3: tmp_path / "3"}
    assert existing_versions(tmp_path) == [1, 2, 3]


def test_no_number_before_it_is_complete(tmp_path):
    with new_version(tmp_path, "model") as version:
        assert existing_versions(tmp_path / "model") == []
        assert not version.folder.name.isdecimal()


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_nothing_is_left_of_a_failure(tmp_path, error):
    with pytest.raises(error), new_version(tmp_path, "model") as version:
        (version.folder / "file").write_text("half")
        raise error
    assert list(tmp_path.iterdir()) == []


def test_a_failure_leaves_other_versions(tmp_path):
    write_version(tmp_path)
    with pytest.raises(ValueError, match="no"), new_version(tmp_path, "model"):
        raise ValueError("no")
    assert [entry.name for entry in (tmp_path / "model").iterdir()] == ["1"]


def test_another_export_took_the_number(tmp_path):
    with new_version(tmp_path, "model") as slow:
        (slow.folder / "file").write_text("slow")
        write_version(tmp_path, text="fast")
    assert slow.folder.name == "2"
    assert [(tmp_path / "model" / number / "file").read_text() for number in "12"] == ["fast", "slow"]


@pytest.mark.parametrize("name", ["", "a/b", "..", ".hidden", "a b"])
def test_wrong_name(tmp_path, name):
    with pytest.raises(ValueError, match="letters, digits, '_', '.' and '-' is expected"), new_version(tmp_path, name):
        pass


def test_wrong_root(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ValueError, match="A folder to write models to is expected"):
        write_version(tmp_path / "file")
