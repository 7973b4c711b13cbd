"""Items counted on a terminal."""

from __future__ import annotations

import sys

from helpers.terminals import Terminal

from gfla_tf.progress import show_progress


def test_items_pass_through_and_are_counted(monkeypatch):
    monkeypatch.setattr("sys.stderr", Terminal())
    assert list(show_progress(iter("abc"), 5, "letters", there=2)) == ["a", "b", "c"]
    last = sys.stderr.getvalue().split("\r")[-1]
    assert last.startswith("\x1b[K5/5 letters, ")
    assert last.endswith("a second, 0:00:00 left\n")


def test_more_than_were_known_of(monkeypatch):
    monkeypatch.setattr("sys.stderr", Terminal())
    list(show_progress(range(3), 0, "frames"))
    assert "3/3 frames" in sys.stderr.getvalue()


def test_nothing_is_written_where_nobody_looks(capsys):
    assert list(show_progress(range(3), 3, "frames")) == [0, 1, 2]
    assert capsys.readouterr().err == ""
