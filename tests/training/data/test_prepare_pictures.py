"""Pictures in folders of people made into pairs, with an estimator that finds red boxes."""

from __future__ import annotations

import csv
import threading

import numpy as np
import pytest
from helpers.box_estimator import BoxEstimator

from gfla_tf.image_io import read_image, write_image
from gfla_tf.pose import read_keypoints
from training.__main__ import main
from training.data import prepare_pictures as module
from training.data.fashion import FashionPairs, FashionSettings
from training.data.prepare_pictures import find_pictures, prepare_pictures


def write_picture(path, *boxes, height=80, width=120):
    """Grey with red boxes (left, top, size)."""
    picture = np.zeros((height, width, 3), np.float32)
    for left, top, size in boxes:
        picture[top : top + size, left : left + size] = [0.8, -0.8, -0.8]
    path.parent.mkdir(parents=True, exist_ok=True)
    write_image(path, picture)


@pytest.fixture
def source(tmp_path):
    folder = tmp_path / "source"
    for person in ("anna", "ben", "cleo"):
        write_picture(folder / person / "1.png", (10, 20, 30))
        write_picture(folder / person / "holidays" / "am Meer.png", (50, 10, 40), (0, 60, 10), height=100)
        write_picture(folder / person / "3.png", (30, 30, 20))
    write_picture(folder / "dora" / "only.png", (30, 30, 20))
    (folder / "anna" / "notes.txt").write_text("not a picture")
    return folder


def prepare(source, output, **options):
    return prepare_pictures(find_pictures(source, 0.3), output, (64, 48), make_estimator=BoxEstimator, **options)


def rows(path):
    with open(path, newline="") as file:
        return list(csv.reader(file))[1:]


def test_the_loader_reads_what_is_written(source, tmp_path):
    output = tmp_path / "output"
    assert prepare(source, output, workers=2) == []
    assert len(rows(output / "fashion-pairs-train.csv")) == 12  # two people, 3 * 2 ordered pairs each
    assert len(rows(output / "fashion-pairs-test.csv")) == 6
    people = [{name.split("_")[0] for name in row} for row in rows(output / "fashion-pairs-train.csv")]
    assert all(len(both) == 1 for both in people)
    tested = {path.name.split("_")[0] for path in (output / "test").iterdir()}
    trained = {path.name.split("_")[0] for path in (output / "train").iterdir()}
    assert len(tested) == 1
    assert tested | trained == {"anna", "ben", "cleo"}
    assert any(path.name.endswith("_holidays_am_Meer.jpg") for path in (output / "train").iterdir())
    pairs = FashionPairs(output, "train", FashionSettings((64, 48)))
    assert len(pairs) == 12


def test_convention_joints_are_in_pixels_of_the_picture_written(source, tmp_path):
    output = tmp_path / "output"
    prepare(source, output)
    name = next(path for path in (output / "train").iterdir() if path.name.endswith("Meer.jpg"))
    picture = read_image(name)
    assert picture.shape == (64, 48, 3)
    red = (picture[..., 0] > 0.2) & (picture[..., 1] < 0)
    joints = read_keypoints(output / "keypoints" / f"{name.stem}_keypoints.json", "openpose-18")
    inside = [red[round(y), round(x)] for x, y, _ in joints[1:]]
    assert np.mean(inside) > 0.7  # the larger person, whose joints fill the box (one is beyond it)


def test_at_most_so_many_pairs_and_the_same_every_time(source, tmp_path):
    for name in ("a", "b"):
        prepare(source, tmp_path / name, most_pairs=2)
    lists = [(tmp_path / name / "fashion-pairs-train.csv").read_text() for name in ("a", "b")]
    assert lists[0] == lists[1]
    assert len(lists[0].splitlines()) == 1 + 2 * 2


def test_an_interrupted_run_goes_on(source, tmp_path):
    calls = []

    class Failing(BoxEstimator):
        def estimate(self, image):
            calls.append(1)
            if len(calls) == 5:
                raise KeyboardInterrupt
            return super().estimate(image)

    pictures = find_pictures(source, 0.3)
    threads = set(threading.enumerate())
    with pytest.raises(KeyboardInterrupt) as interrupt:
        prepare_pictures(pictures, tmp_path / "output", (64, 48), make_estimator=Failing)
    assert set(threading.enumerate()) <= threads  # though `interrupt` keeps the frames that began them
    del interrupt
    prepare_pictures(pictures, tmp_path / "output", (64, 48), make_estimator=Failing)
    assert 9 + 1 <= len(calls) <= 9 + 5  # what was written is not estimated again
    prepare(source, tmp_path / "undisturbed")
    for path in sorted((tmp_path / "undisturbed").rglob("*")):
        if path.is_file():
            other = tmp_path / "output" / path.relative_to(tmp_path / "undisturbed")
            assert other.read_bytes() == path.read_bytes(), path


def test_pictures_that_can_t_be_used_are_named(source, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(module, "_bundled_estimator", BoxEstimator)
    write_picture(source / "ben" / "nobody.png")
    (source / "ben" / "broken.jpg").write_bytes(b"no picture")
    arguments = ["data", "prepare", "pictures", str(source), "--output", str(tmp_path / "output"), "--size", "64", "48"]
    assert main(arguments) == 2
    captured = capsys.readouterr()
    assert "nobody.png: nobody was found in it." in captured.err
    assert "broken.jpg" in captured.err
    assert "9 of 11 pictures written" in captured.out
    assert FashionPairs(tmp_path / "output", "train", FashionSettings((64, 48))).layout.annotation_size == (64, 48)


def test_a_picture_with_a_single_joint_is_left_out(source, tmp_path):
    class OneJoint(BoxEstimator):
        def estimate(self, image):
            people = super().estimate(image)
            if image.shape[0] == 100:
                people[0].person[1:] = 0
            return people

    failures = prepare_pictures(find_pictures(source, 0.3), tmp_path / "output", (64, 48), make_estimator=OneJoint)
    assert len(failures) == 3
    assert all("am Meer.png: At least two joints are needed" in failure for failure in failures)
    assert len(rows(tmp_path / "output" / "fashion-pairs-train.csv")) == 4


@pytest.mark.parametrize("name", ["output", "anna/output"])
def test_what_was_written_into_the_source_is_not_taken_for_pictures_of_a_person(source, monkeypatch, name):
    monkeypatch.setattr(module, "_bundled_estimator", BoxEstimator)
    output = source / name
    arguments = ["data", "prepare", "pictures", str(source), "--output", str(output), "--size", "64", "48"]
    for _ in range(2):
        assert main(arguments) == 0
    assert sum(len(list((output / split).iterdir())) for split in ("train", "test")) == 9


def test_wrong_input(source, tmp_path):
    with pytest.raises(ValueError, match="Folders of two people at least, two pictures in each, are expected"):
        find_pictures(source / "anna", 0.1)
    for fraction in (0, 1, 1.5):
        with pytest.raises(ValueError, match=f"--test-fraction must be above 0 and below 1. Received: {fraction}"):
            find_pictures(source, fraction)
    with pytest.raises(ValueError, match="that leaves people to train with is expected. Received: 0.9 of 3 people."):
        find_pictures(source, 0.9)
    write_picture(source / "ben" / "1.jpg", (0, 0, 9))
    with pytest.raises(ValueError, match="Pictures with different names are expected. Received: two for ben_1.jpg"):
        find_pictures(source, 0.1)
