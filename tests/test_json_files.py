"""JSON files."""

from __future__ import annotations

import math

import pytest

from gfla_tf.json_files import read_json, write_json


def test_what_is_written_is_read(tmp_path):
    write_json(tmp_path / "a.json", {"a": 1})
    assert (tmp_path / "a.json").read_text() == '{\n  "a": 1\n}\n'
    assert read_json(tmp_path / "a.json") == read_json(str(tmp_path / "a.json")) == {"a": 1}


@pytest.mark.parametrize(
    ("content", "received"),
    [
        (b"", "an empty file"),
        (b"{", r"no JSON \(Expecting property name"),
        (b"[1]", "list"),
        (b"3", "int"),
        (b"[" * 100_000, ""),
        (b"\xff", "a file that is no text"),
    ],
)
def test_what_is_no_object_is_an_error_with_its_path(tmp_path, content, received):
    (tmp_path / "a.json").write_bytes(content)
    with pytest.raises(ValueError, match=rf"a.json: a JSON object is expected\. Received: {received}"):
        read_json(tmp_path / "a.json")


def test_missing_files_are_an_error(tmp_path):
    with pytest.raises(ValueError, match=r"no.json: a list of clips is expected\. Received: no such file\.$"):
        read_json(tmp_path / "no.json", "a list of clips")
    with pytest.raises(ValueError, match=r": a JSON object is expected\. Received: a folder\.$"):
        read_json(tmp_path)
    with pytest.raises(ValueError, match="existing, writable folder"):
        write_json(tmp_path / "no" / "a.json", {})


@pytest.mark.parametrize("content", [{"a": math.nan}, {"a": math.inf}, {"a": object()}])
def test_what_json_has_no_word_for_is_an_error_and_leaves_the_file(tmp_path, content):
    write_json(tmp_path / "a.json", {"a": 1})
    with pytest.raises((ValueError, TypeError)):
        write_json(tmp_path / "a.json", content)
    assert read_json(tmp_path / "a.json") == {"a": 1}
    assert len(list(tmp_path.iterdir())) == 1
