"""DeepFashion's tree made flat."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from helpers.tiny_datasets import FASHION_NAMES, TEST, TRAIN, smooth_picture, tree, write_fashion_source
from helpers.training_runs import wait_for

from gfla_tf.image_io import read_image, write_image
from training.__main__ import main
from training.data import prepare_fashion as module
from training.data.fashion_tree import flattened_name
from training.data.prepare_fashion import prepare_fashion

ROOT = Path(__file__).parents[3]


@pytest.fixture
def source(tmp_path):
    return write_fashion_source(tmp_path / "source")


@pytest.mark.parametrize(("path", "name"), FASHION_NAMES.items())
def test_names_are_flattened_as_in_the_lists(path, name):
    assert flattened_name(path) == name
    assert flattened_name(Path("/data/deepfashion") / path.replace("img/", "img_highres/")) == name
    assert flattened_name(name) == name


def test_a_path_without_its_folders_has_no_name():
    with pytest.raises(ValueError, match="GENDER/CATEGORY/id_NUMBER/FILE is expected. Received: id_1/02_1_front.jpg"):
        flattened_name("id_1/02_1_front.jpg")


def test_pictures_of_the_lists_are_written_with_csvs_and_description(source, tmp_path):
    output = tmp_path / "output"
    summary = prepare_fashion(source, output, source, workers=2)
    assert summary.written == {"train": 3, "test": 2}
    assert summary.missing == summary.unreadable == []
    files = tree(output)
    assert sorted(files) == sorted(
        [f"train/{name}" for name in TRAIN]
        + [f"test/{name}" for name in TEST]
        + [f"fasion-{what}-{split}.csv" for what in ("pairs", "annotation") for split in ("train", "test")]
        + ["train.lst", "test.lst", "dataset.json"]
    )
    assert files["fasion-pairs-train.csv"] == (source / "fasion-pairs-train.csv").read_bytes()
    said = json.loads(files["dataset.json"])
    assert said["kind"] == "fashion"
    assert said["annotation_size"] == [256, 176]
    assert said["complete"] is True
    assert said["pictures"] == {"train": 3, "test": 2}


def test_convention_the_middle_176_of_256_columns_are_kept(source, tmp_path):
    prepare_fashion(source, tmp_path / "output", source)
    for path, name in FASHION_NAMES.items():
        split = "train" if name in TRAIN else "test"
        written, whole = read_image(tmp_path / "output" / split / name), read_image(source / path)
        assert written.shape == (256, 176, 3)
        # JPEG twice: equal but for a few of 255 steps, and to no other part of the picture.
        np.testing.assert_allclose(written, whole[:, 40:216], atol=0.06)
        errors = {left: np.abs(written - whole[:, left : left + 176]).mean() for left in range(38, 43)}
        assert min(errors, key=errors.get) == 40


@pytest.mark.parametrize(
    ("height", "width", "first", "last"),
    [(1101, 750, -0.5, 749.5), (512, 512, 80, 431), (256, 100, 0, 99)],
)
def test_convention_other_sizes_keep_proportions_about_the_middle(tmp_path, height, width, first, last):
    source = write_fashion_source(tmp_path / "source", height, width)
    column = np.broadcast_to(np.linspace(-1, 1, width)[np.newaxis, :, np.newaxis], (height, width, 3))
    for path in FASHION_NAMES:
        write_image(source / path, column.astype(np.float32))
    prepare_fashion(source, tmp_path / "output", source)
    row = read_image(tmp_path / "output" / "train" / TRAIN[0])[128, :, 0]
    shown = np.interp([first, last], np.arange(width), np.linspace(-1, 1, width))
    np.testing.assert_allclose(row[[0, -1]], shown, atol=0.02)
    if width == 100:  # 38 columns of the border pixel on either side
        np.testing.assert_allclose(row[[37, 138]], [-1, 1], atol=0.02)
        assert row[45] > -0.95


def test_missing_and_unreadable_pictures_are_reported_and_counted(source, tmp_path, capfd):
    (source / "img/WOMEN/Dresses/id_00000002/02_2_side.jpg").unlink()
    damaged = source / "img/MEN/Denim/id_00000080/01_4_full.jpg"
    damaged.write_bytes(damaged.read_bytes()[:2000])
    output = tmp_path / "output"
    assert main(["data", "prepare", "fashion", str(source), "--output", str(output), "--workers", "1"]) == 2
    printed = capfd.readouterr().out
    assert "3 pictures written (2 in train, 1 in test)" in printed
    assert "missing in the tree: 1\n  fashionWOMENDressesid0000000202_2side.jpg" in printed
    assert "unreadable: 1\n" in printed
    assert str(damaged) in printed
    assert not (output / "test" / TEST[1]).exists()


def test_names_come_from_the_annotations_without_lists(source, tmp_path):
    for split in ("train", "test"):
        (source / f"{split}.lst").unlink()
    assert prepare_fashion(source, tmp_path / "output", source).written == {"train": 3, "test": 2}


def test_lists_that_are_no_text_are_named(source, tmp_path):
    (source / "test.lst").write_bytes(b"\xff\xfe")
    with pytest.raises(ValueError, match="one a line, are expected in .*test.lst. Received: 'utf-8'"):
        prepare_fashion(source, tmp_path / "output", source)
    assert not (tmp_path / "output").exists()


def test_folders_before_listed_names_do_not_matter(source, tmp_path):
    (source / "test.lst").write_text(f"../../{TEST[0]}\ntest\\{TEST[1]}\n", encoding="utf-8")
    assert prepare_fashion(source, tmp_path / "output", source).written["test"] == 2
    assert sorted(path.name for path in (tmp_path / "output" / "test").iterdir()) == sorted(TEST)


def test_lists_may_lie_elsewhere_and_the_output_inside_the_source(source, tmp_path):
    lists = tmp_path / "lists"
    lists.mkdir()
    for file in source.glob("*.*"):
        file.rename(lists / file.name)
    for _ in range(2):  # the second run must not take the first one's pictures for the source's
        assert prepare_fashion(source, source / "prepared", lists).written == {"train": 3, "test": 2}


def test_wrong_input_is_refused(source, tmp_path):
    with pytest.raises(ValueError, match="A folder with DeepFashion's pictures is expected. Received: "):
        prepare_fashion(tmp_path / "nowhere", tmp_path / "output", source)
    with pytest.raises(ValueError, match="train.lst, or else fasion-annotation-train.csv, is expected"):
        prepare_fashion(source, tmp_path / "output", tmp_path)
    empty = tmp_path / "empty"
    empty.mkdir()
    with pytest.raises(ValueError, match="Pictures like img/WOMEN/Dresses"):
        prepare_fashion(empty, tmp_path / "output", source)
    other = tmp_path / "other"
    write_fashion_source(other)
    with pytest.raises(ValueError, match="must be a new or empty folder, or one to go on with. Received: "):
        prepare_fashion(source, other, source)
    twice = source / "img_highres/WOMEN/Dresses/id_00000002/02_1_front.jpg"
    twice.parent.mkdir(parents=True)
    write_image(twice, smooth_picture(64, 64, 0))
    with pytest.raises(ValueError, match="One picture for each name is expected"):
        prepare_fashion(source, tmp_path / "output", source)
    assert not (tmp_path / "output").exists()


def test_an_interrupted_run_goes_on(source, tmp_path, monkeypatch):
    undisturbed, output = tmp_path / "undisturbed", tmp_path / "output"
    prepare_fashion(source, undisturbed, source)
    original, done = module._prepare_picture, []

    def fails_at_the_third(job):
        if len(done) == 2:
            raise OSError("disk full")
        done.append(job[1])
        return original(job)

    monkeypatch.setattr(module, "_prepare_picture", fails_at_the_third)
    with pytest.raises(OSError, match="disk full"):
        prepare_fashion(source, output, source)
    assert json.loads((output / "dataset.json").read_text(encoding="utf-8"))["complete"] is False
    before = {path: path.stat().st_mtime_ns for path in done}
    assert all(path.exists() for path in done)
    monkeypatch.setattr(module, "_prepare_picture", original)
    prepare_fashion(source, output, source)
    assert tree(output) == tree(undisturbed)
    assert before == {path: path.stat().st_mtime_ns for path in done}  # kept and not written again


HALTING_RUN = """
import sys, time
from pathlib import Path
from training.data import prepare_fashion as module
import gfla_tf.outputs, gfla_tf.image_io
original, done = gfla_tf.outputs.os.replace, []
def halting(temporary, path):
    if Path(path).suffix == ".jpg":
        done.append(path)
    if len(done) == 3:
        Path(sys.argv[3]).touch()
        time.sleep(3600)
    original(temporary, path)
gfla_tf.outputs.os.replace = halting
module.prepare_fashion(Path(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[1]))
"""


def test_a_killed_run_goes_on(source, tmp_path):
    undisturbed, output = tmp_path / "undisturbed", tmp_path / "output"
    prepare_fashion(source, undisturbed, source)
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "TF_CPP_MIN_LOG_LEVEL": "3"}
    command = [sys.executable, "-c", HALTING_RUN, str(source), str(output), str(tmp_path / "halted")]
    process = subprocess.Popen(command, env=environment, text=True, stderr=subprocess.PIPE)
    try:
        wait_for(tmp_path / "halted", process)
    finally:
        process.send_signal(signal.SIGKILL)
        process.communicate()
    assert any(output.glob("t*/.*"))  # killed while it wrote
    assert len(list(output.glob("t*/fashion*"))) == 2
    prepare_fashion(source, output, source)
    assert tree(output) == tree(undisturbed)
