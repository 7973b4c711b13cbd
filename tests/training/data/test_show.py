"""Sheets of all kinds of datasets."""

from __future__ import annotations

import numpy as np
import pytest
from helpers.tiny_datasets import (
    TRAIN,
    X,
    Y,
    write_clip,
    write_fashion,
    write_fashion_source,
    write_human36m,
    write_market,
    write_rendered,
)

from gfla_tf.image_io import read_image
from gfla_tf.sheets import GAP, LABEL_HEIGHT
from training.__main__ import main
from training.data.show import show
from training.data.show_pairs import pair_panels


def size_of(rows, columns, height, width):
    return rows * (LABEL_HEIGHT + height + GAP) - GAP, columns * (width + GAP) - GAP, 3


@pytest.mark.parametrize(
    ("write", "columns", "width"), [(write_fashion, 4, 176), (write_rendered, 6, 176), (write_market, 4, 128)]
)
def test_a_sheet_has_a_row_a_pair(tmp_path, write, columns, width):
    sheet = show(write(tmp_path), rows=2)
    assert sheet.shape == size_of(2, columns, 256, width)
    assert show(tmp_path, rows=9).shape == sheet.shape  # there are only two pairs


def test_the_seed_draws_and_the_split_is_chosen(tmp_path):
    write_fashion(tmp_path)
    sheets = [show(tmp_path, rows=1, seed=seed) for seed in (0, 0, *range(1, 8))]
    assert np.array_equal(sheets[0], sheets[1])
    assert any(not np.array_equal(sheets[0], sheet) for sheet in sheets[2:])
    assert not any(np.array_equal(show(tmp_path, 1, "test"), sheet) for sheet in sheets)


def test_convention_skeletons_are_drawn_where_the_annotation_says(tmp_path):
    write_fashion(tmp_path)
    panels = pair_panels(tmp_path, "train", 2, np.random.default_rng(0))
    for row in panels:
        changed = np.abs(row["source pose"] - row["source"]).max(axis=-1) > 0.02
        assert changed.shape == (256, 176)
        assert changed[Y[2], X[2]]  # the right shoulder, at y 69, x 68
        assert changed[Y[10], X[10]]
        assert not changed[:25].any()
        assert not changed[:, :50].any()


def test_convention_the_exact_flow_takes_texture_from_the_right(tmp_path):
    write_rendered(tmp_path, shift=12)
    (row, *_) = pair_panels(tmp_path, "train", 2, np.random.default_rng(0))
    warped, source = row["warped by exact flow"], row["source"]
    np.testing.assert_allclose(warped[:, 88:164], source[:, 100:176], atol=1e-3)
    assert (warped[:, :88] == -1).all()
    assert (row["visible in source"][:, 88:164] == 1).all()
    assert (row["visible in source"][:, 164:] == -1).all()


def test_clips_show_their_first_frame_and_skeletons(tmp_path):
    write_clip(tmp_path / "train/long")
    write_clip(tmp_path / "train/short", frames=3)
    assert show(tmp_path, rows=2).shape == size_of(2, 4, 256, 256)  # no more frames than the shorter one has
    (tmp_path / "train/short").rename(tmp_path / "short")
    sheet = show(tmp_path, rows=2)
    assert sheet.shape == size_of(1, 6, 256, 256)
    first, drawn = sheet[LABEL_HEIGHT:, :256], sheet[LABEL_HEIGHT:, 260:516]
    changed = np.abs(first - drawn).max(axis=-1) > 0.02
    # The person is in x 2..27, y 2..42 of a frame of 48 pixels.
    assert changed.any()
    assert not changed[:, 170:].any()
    assert not changed[240:].any()


def test_human36m_shows_a_detector_beside_the_exact_joints(tmp_path):
    sheet = show(write_human36m(tmp_path), rows=2)
    assert sheet.shape == size_of(2, 6, 256, 256)
    detector, exact = sheet[LABEL_HEIGHT:256, :256], sheet[LABEL_HEIGHT:256, 260:516]
    assert (exact > 0).any()
    assert not np.array_equal(detector, exact)


def test_the_command_writes_the_sheet(tmp_path, capfd):
    folder, output = write_market(tmp_path / "market"), tmp_path / "sheet.png"
    arguments = ["data", "show", str(folder), "--output", str(output)]
    assert main([*arguments, "--pairs", "1", "--split", "test"]) == 0
    assert capfd.readouterr().out == f"{output}\n"
    assert read_image(output).shape == size_of(1, 4, 256, 128)


def test_wrong_input_is_refused(tmp_path, capfd):
    raw = write_fashion_source(tmp_path / "raw")
    (tmp_path / "clips/train/empty/frames").mkdir(parents=True)
    (tmp_path / "clips/train/empty/keypoints").mkdir(parents=True)
    for folder, arguments, message in [
        (raw, [], "the fashion dataset lacks folder train"),
        (raw, ["--pairs", "0"], "--pairs from 1 and --seed from 0 are expected. Received: 0, 0."),
        (tmp_path / "clips", [], "clips with frames are expected. Received: none."),
        (tmp_path / "nowhere", [], "a dataset's folder is expected"),
    ]:
        assert main(["data", "show", str(folder), "--output", str(tmp_path / "sheet.png"), *arguments]) == 2
        assert message in capfd.readouterr().err
    assert main(["data", "show", str(raw), "--output", str(tmp_path / "gone/sheet.png")]) == 2
    assert "existing, writable folder is expected" in capfd.readouterr().err
    assert not (tmp_path / "sheet.png").exists()


def test_a_picture_that_is_missing_is_named(tmp_path, capfd):
    folder = write_fashion(tmp_path)
    (folder / "train" / TRAIN[0]).unlink()
    assert main(["data", "show", str(folder), "--output", str(tmp_path / "sheet.png")]) == 2
    assert TRAIN[0] in capfd.readouterr().err
