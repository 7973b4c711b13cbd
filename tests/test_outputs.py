"""Files appear whole or not at all."""

from __future__ import annotations

import shutil

import pytest

from gfla_tf.outputs import check_distinct, check_output, remove_temporaries, whole_file


def test_file_appears_at_the_end_of_the_block(tmp_path):
    path = tmp_path / "result.txt"
    with whole_file(path) as temporary:
        temporary.write_text("half", encoding="utf-8")
        assert not path.exists()
        temporary.write_text("whole", encoding="utf-8")
    assert path.read_text(encoding="utf-8") == "whole"
    assert [file.name for file in tmp_path.iterdir()] == ["result.txt"]


def test_an_error_leaves_the_old_file_and_nothing_else(tmp_path):
    path = tmp_path / "result.txt"
    path.write_text("old", encoding="utf-8")
    with pytest.raises(RuntimeError, match="stop"), whole_file(path) as temporary:
        temporary.write_text("new", encoding="utf-8")
        raise RuntimeError("stop")
    assert path.read_text(encoding="utf-8") == "old"
    assert [file.name for file in tmp_path.iterdir()] == ["result.txt"]


def test_missing_folder_and_folder_as_file_are_refused(tmp_path):
    with pytest.raises(ValueError, match=r"existing, writable folder is expected. Received: .*missing"):
        check_output(tmp_path / "missing" / "a.png")
    with pytest.raises(ValueError, match="which is a folder"):
        check_output(tmp_path)


def test_another_ending_is_refused(tmp_path):
    check_output(tmp_path / "a.JPG", (".png", ".jpg"))
    for name in ("a.txt", "a"):
        with pytest.raises(ValueError, match=rf"A file ending in \.png, \.jpg is expected\. Received: .*{name}\.$"):
            check_output(tmp_path / name, (".png", ".jpg"))


def test_an_output_is_no_input_and_no_other_output(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("me.jpg", "poses.json"):
        (tmp_path / name).touch()
    (tmp_path / "link.jpg").symlink_to("me.jpg")
    check_distinct(["me.jpg", "me.jpg", "poses.json#2", None, "absent.jpg"], ["a.png", None, tmp_path / "b.png"])
    wrong = [(["me.jpg"], [tmp_path / "me.jpg"]), (["me.jpg"], ["link.jpg"]), (["poses.json#2"], ["poses.json"])]
    for inputs, outputs in [*wrong, ([], ["a.png", "./a.png"])]:
        with pytest.raises(ValueError, match=r"Different files are expected .* Received: .* more than once"):
            check_distinct(inputs, outputs)


def test_a_full_disk_is_one_clear_message(tmp_path):
    with pytest.raises(ValueError, match=r"a.txt could not be written: No space left"), whole_file(tmp_path / "a.txt"):
        raise OSError(28, "No space left on device")
    assert not list(tmp_path.iterdir())


def test_only_its_own_errors_are_of_writing(tmp_path):
    (tmp_path / "source.txt").touch()
    wrong = "a.txt could not be written: No space left"
    with pytest.raises(ValueError, match=wrong), whole_file(tmp_path / "a.txt") as temporary:
        raise OSError(28, "No space left", str(tmp_path / "source.txt"), None, temporary)  # as of shutil.copyfile
    with pytest.raises(ValueError, match="a.txt could not be written: "), whole_file(tmp_path / "a.txt") as temporary:
        temporary.read_bytes()
    with pytest.raises(FileNotFoundError, match="absent.txt"), whole_file(tmp_path / "a.txt") as temporary:
        shutil.copyfile(tmp_path / "absent.txt", temporary)
    assert [file.name for file in tmp_path.iterdir()] == ["source.txt"]


def test_what_a_killed_process_left_is_removed_and_nothing_else(tmp_path):
    (tmp_path / "below").mkdir()
    files = [tmp_path / ".hidden", tmp_path / "below" / f"{'0a' * 16}.png"]
    for path in (tmp_path / "a.png", tmp_path / "A.MP4", tmp_path / "below" / "a"):
        with pytest.raises(RuntimeError), whole_file(path) as temporary:
            raise RuntimeError
        files.append(temporary)
    for file in files:
        file.touch()
    remove_temporaries(tmp_path)
    assert [file.exists() for file in files] == [True, True, False, False, False]
