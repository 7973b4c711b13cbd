"""Folders of generated pictures: which file belongs to which pair."""

from __future__ import annotations

import numpy as np
import pytest
from helpers.tiny_datasets import TEST, smooth_picture

from gfla_tf.image_io import write_image
from training.evaluation.generated import GeneratedPictures, match_files

PAIRS = [("a/one.jpg", "two.jpg"), ("two.jpg", "a/one.jpg"), ("one_2.jpg", "three.jpg")]


def touch(folder, *names):
    for name in names:
        (folder / name).touch()


@pytest.mark.parametrize(
    "name",
    ["one__two.png", "one.jpg___two.jpg_vis.png", "one.jpg_2_two.jpg_vis.PNG", "one_2_two.png", "one__two_vis.png"],
)
def test_names_of_files(tmp_path, name):
    touch(tmp_path, name, ".hidden")
    assert [path.name for path in match_files(tmp_path, PAIRS, PAIRS[:1], [".png"])] == [name]


def test_files_of_pairs_that_are_not_evaluated_are_no_error(tmp_path):
    touch(tmp_path, "one__two.png", "two__one.png", "one_2__three.png")
    found = match_files(tmp_path, PAIRS, [PAIRS[2], PAIRS[0]], [".png"])
    assert [path.name for path in found] == ["one_2__three.png", "one__two.png"]


@pytest.mark.parametrize(
    ("names", "message"),
    [
        ([], r"Received: 2 missing \(a/one.jpg__two.jpg, two.jpg__a/one.jpg\)"),
        (["one__two.png"], r"Received: 1 missing \(two.jpg__a/one.jpg\)"),
        (["one__two.png", "two__one.png", "one__six.png"], r"Received: 1 of no pair \(one__six.png\)"),
        (["one__two.png", "two__one.jpg"], r"1 of no pair \(two__one.jpg\); 1 missing"),
        (["one__two.png", "two__one.png", "one_2_two.png"], r"1 second of their pair \(one__two.png\)"),
    ],
)
def test_unmatched_files_are_an_error(tmp_path, names, message):
    touch(tmp_path, *names)
    with pytest.raises(ValueError, match=message):
        match_files(tmp_path, PAIRS, PAIRS[:2], [".png"])


def test_many_names_are_cut(tmp_path):
    touch(tmp_path, *(f"{number}.png" for number in range(7)))
    with pytest.raises(ValueError, match=r"7 of no pair \(0.png, 1.png, 2.png, 3.png, 4.png, ...\)"):
        match_files(tmp_path, PAIRS, [], [".png"])
    with pytest.raises(ValueError, match="a folder of pictures is expected"):
        match_files(tmp_path / "nowhere", PAIRS, [], [".png"])


def test_pictures_are_read_in_the_order_of_pairs(tmp_path, pairs):
    stems = [name.removesuffix(".jpg") for name in TEST]
    for seed, (source, target) in enumerate([stems, stems[::-1]]):
        write_image(tmp_path / f"{source}__{target}.png", smooth_picture(256, 176, seed))
    system = GeneratedPictures("theirs", tmp_path, pairs, [".png"])
    image = system.render(pairs.read([1])).image[0]
    assert np.abs(image - smooth_picture(256, 176, 1)).max() < 0.01
    assert system.identity["files"] == {".png": 2}
    before = system.identity["sha256"]
    write_image(tmp_path / f"{stems[0]}__{stems[1]}.png", smooth_picture(256, 176, 7))
    assert GeneratedPictures("theirs", tmp_path, pairs, [".png"]).identity["sha256"] != before


def test_another_size_is_an_error(tmp_path, pairs):
    stems = [name.removesuffix(".jpg") for name in TEST]
    for source, target in (stems, stems[::-1]):
        write_image(tmp_path / f"{source}__{target}.png", smooth_picture(256, 256, 0))
    system = GeneratedPictures("theirs", tmp_path, pairs, [".png"])
    with pytest.raises(ValueError, match=r"a readable picture of 256x176 pixels .* Received: \(256, 256\)"):
        system.render(pairs.read([0]))
