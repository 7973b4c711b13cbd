"""Frames on disk that are taken up again."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from gfla_tf.animation.spool import KEPT_EVERY, FrameSpool


def frame(number: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Picture, image and pose of a frame; the image has more than 8 bits."""
    picture = np.full((6, 4, 3), number / 255 * 2 - 1, np.float32)
    return picture, picture + np.float32(1e-4), np.full((17, 3), number, np.float32)


@pytest.fixture
def output(tmp_path):
    return tmp_path / "out.mp4"


def spool_of(output, count: int, fingerprint: str = "a") -> FrameSpool:
    spool = FrameSpool(output, fingerprint)
    for number in range(spool.count, count):
        spool.add(*frame(number))
    return spool


def test_frames_come_back(output):
    spool = spool_of(output, 3)
    pictures = list(spool.pictures())
    np.testing.assert_allclose(pictures, np.stack([frame(number)[0] for number in range(3)]), atol=1e-6)
    assert spool.previous[1][0, 0] == 2


def test_it_goes_on_where_the_state_was_kept(output):
    assert FrameSpool(output, "a").previous is None
    spool_of(output, KEPT_EVERY + 3)
    spool = FrameSpool(output, "a")
    assert spool.count == KEPT_EVERY
    image, keypoints = spool.previous
    np.testing.assert_array_equal(image, frame(KEPT_EVERY - 1)[1])
    np.testing.assert_array_equal(keypoints, frame(KEPT_EVERY - 1)[2])
    spool.add(*frame(KEPT_EVERY))
    assert len(list(spool.pictures())) == KEPT_EVERY + 1


def test_frames_of_something_else_are_thrown_away(output):
    spool_of(output, KEPT_EVERY)
    spool = FrameSpool(output, "b")
    assert (spool.count, spool.previous) == (0, None)
    assert [path.name for path in spool.folder.iterdir()] == ["fingerprint"]


@pytest.mark.parametrize("damage", ["no zip", "a header", "another state", "no picture"])
def test_what_is_damaged_begins_anew(output, damage):
    folder = spool_of(output, KEPT_EVERY).folder
    state = folder / "state.npz"
    if damage == "no zip":
        state.write_bytes(b"PK noise")
    elif damage == "a header":  # of an array that is read in several parts: tokenize refuses it
        np.savez(state, count=KEPT_EVERY, image=np.zeros((64, 48, 3), np.float32), keypoints=np.zeros((17, 3)))
        content = state.read_bytes()
        header = content.rindex(b"{'descr", 0, content.index(b"(64, 48, 3)"))
        state.write_bytes(content[:header] + b"{['(" + content[header + 4 :])
    elif damage == "another state":
        np.savez(state, count=KEPT_EVERY)
    else:
        (folder / "000003.png").unlink()
    assert FrameSpool(output, "a").count == 0


def test_nothing_stays_and_nothing_else_is_touched(output):
    spool = spool_of(output, 2)
    spool.remove()
    assert not spool.folder.exists()
    spool.folder.mkdir()
    (spool.folder / "mine.txt").touch()
    with pytest.raises(ValueError, match=r"\.out\.mp4\.frames must be free for the frames"):
        FrameSpool(output, "a")
    assert (spool.folder / "mine.txt").exists()


def test_an_interruption_while_the_folder_is_made_or_removed_blocks_nothing(output, monkeypatch):
    spool = spool_of(output, KEPT_EVERY)
    unlink, left = Path.unlink, iter(range(4))

    def interrupted(path, **options):
        if next(left, None) is None:
            raise KeyboardInterrupt
        unlink(path, **options)

    monkeypatch.setattr(Path, "unlink", interrupted)
    with pytest.raises(KeyboardInterrupt):
        spool.remove()
    monkeypatch.undo()
    assert len(list(spool.folder.iterdir())) == KEPT_EVERY + 2 - 4
    assert FrameSpool(output, "b").count == 0
    (spool.folder / "fingerprint").unlink()
    assert FrameSpool(output, "b").count == 0
