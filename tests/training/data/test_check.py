"""What a check finds in good, incomplete and damaged datasets."""

from __future__ import annotations

import json

import numpy as np
import pytest
from helpers.datasets import annotation_row, write_annotations, write_pairs
from helpers.tiny_datasets import (
    TEST,
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

from training.__main__ import main
from training.data.check import check
from training.data.check_pairs import identity


def problems(report, serious):
    return [problem.what for problem in report.problems if problem.serious == serious]


def names_of(report, what):
    (names,) = [problem.names for problem in report.problems if what in problem.what]
    return list(names)


def test_prepared_fashion_is_counted_and_usable(tmp_path):
    report = check(write_fashion(tmp_path))
    assert report.kind == "fashion prepared"
    assert report.usable
    assert report.counts["train"] == {
        "pictures": 3,
        "pairs": 2,
        "pictures in pairs": 3,
        "annotations": 3,
        "identities": 2,
    }
    assert report.counts["test"]["identities"] == 1
    # x 180 lies outside of the 176 columns in all rows.
    assert names_of(report, "train: 3 annotations with a joint outside of the 256x176 picture") == list(TRAIN)
    assert problems(report, serious=True) == []


def test_what_is_wrong_with_pairs_is_reported_by_name(tmp_path):
    folder = write_fashion(tmp_path)
    rows = [annotation_row(TRAIN[0], Y, X), annotation_row(TRAIN[1], [-1] * 18, [-1] * 18)]
    write_annotations(folder / "fasion-annotation-train.csv", rows)
    pairs = [(TRAIN[0], TRAIN[1]), (TRAIN[0], TRAIN[2]), (TRAIN[0], TRAIN[0]), (TRAIN[0], "fashionGONE.jpg")]
    write_pairs(folder / "fasion-pairs-train.csv", pairs)
    damaged = folder / "train" / TRAIN[2]
    damaged.write_bytes(damaged.read_bytes()[:3000])
    report = check(folder, workers=2)
    assert report.usable  # the third pair remains, and the loaders allow a few unreadable files
    assert names_of(report, "train: 1 annotations without any joint") == [TRAIN[1]]
    assert names_of(report, "2 pairs without annotation") == [f"{TRAIN[0]},{TRAIN[2]}", f"{TRAIN[0]},fashionGONE.jpg"]
    assert names_of(report, "1 pairs with a picture without any joint") == [f"{TRAIN[0]},{TRAIN[1]}"]
    assert names_of(report, "1 pairs whose picture is missing") == [f"{TRAIN[0]},fashionGONE.jpg"]
    assert names_of(report, "1 pictures of pairs are missing") == ["fashionGONE.jpg"]
    (unreadable,) = names_of(report, "train: 1 files that cannot be read")
    assert unreadable == f"train/{TRAIN[2]}: no readable JPEG, PNG or WebP"
    assert not [what for what in problems(check(folder, quick=True), False) if "cannot be read" in what]


def test_too_many_missing_pictures_make_it_unusable(tmp_path):
    folder = write_fashion(tmp_path)
    names = [f"fashionGONE{number}.jpg" for number in range(11)]
    write_annotations(folder / "fasion-annotation-train.csv", [annotation_row(name, Y, X) for name in [*names, *TRAIN]])
    write_pairs(folder / "fasion-pairs-train.csv", [(TRAIN[0], name) for name in [TRAIN[1], *names]])
    assert problems(check(folder), serious=True) == ["train: 11 pictures of pairs are missing"]
    write_pairs(folder / "fasion-pairs-train.csv", [(TRAIN[0], name) for name in [TRAIN[1], *names[:10]]])
    assert check(folder).usable


def test_a_folder_of_pictures_without_csvs_lacks_them_by_name(tmp_path):
    folder = write_fashion(tmp_path)
    for file in folder.glob("*.csv"):
        file.unlink()
    report = check(folder)
    assert report.kind == "fashion prepared"
    (train, test) = problems(report, serious=True)
    assert "lacks fasion-pairs-train.csv, fasion-annotation-train.csv" in train
    assert "lacks fasion-pairs-test.csv, fasion-annotation-test.csv" in test
    assert "request" in report.advice[0] or "agreement to sign" in report.advice[0]


def test_a_missing_test_split_is_no_obstacle(tmp_path):
    folder = write_market(tmp_path)
    for file in [*folder.glob("*-test.csv"), *folder.glob("bounding_box_test/*")]:
        file.unlink()
    report = check(folder)
    assert report.usable
    assert report.kind == "market"
    assert [what.partition(":")[0] for what in problems(report, serious=False)] == ["test"]


def test_identities_in_both_splits_are_reported(tmp_path):
    folder = write_fashion(tmp_path)
    write_pairs(folder / "fasion-pairs-test.csv", [(TEST[0], TRAIN[0])])
    assert names_of(check(folder), "1 identities in train and in test") == ["fashionWOMENDressesid00000002"]


@pytest.mark.parametrize(
    ("name", "kind", "who"),
    [
        (
            "train/fashionWOMENBlouses_Shirtsid0000000101_7additional.jpg",
            "fashion",
            "fashionWOMENBlouses_Shirtsid00000001",
        ),
        ("person000001_view03.jpg", "fashion", "person000001"),
        ("somebody.png", "fashion", None),
        ("0002_c1s1_000451_03.jpg", "market", "0002"),
        ("-1_c1s1_000401_03.jpg", "market", "-1"),
    ],
)
def test_names_say_who_it_is(name, kind, who):
    assert identity(name, kind) == who


def test_a_rendered_set_needs_all_of_its_flows(tmp_path):
    folder = write_rendered(tmp_path)
    report = check(folder)
    assert report.kind == "rendered fashion"
    assert report.usable
    assert report.counts["train"]["exact flows"] == 2
    first, second = sorted((folder / "truth/train").iterdir())
    first.unlink()
    second.write_bytes(b"no archive")
    report = check(folder)
    assert names_of(report, "train: 1 pairs without their exact flow") == [first.name]
    assert names_of(report, "train: 1 exact flows cannot be read") == [second.name]
    assert not report.usable


def test_clips_are_counted_and_their_gaps_found(tmp_path):
    for name in ("train/one", "train/two", "test/one"):
        write_clip(tmp_path / name)
    write_clip(tmp_path / "train/short", frames=3)
    report = check(tmp_path)
    assert report.kind == "clips"
    assert report.usable
    assert report.counts["train"] == {"clips": 3, "frames": 65, "clips with noisy keypoints": 0}
    assert len(names_of(report, "train: 3 keypoint files with nobody in them")) == 3
    assert "train: 1 clips have no 30 frames in a row and are left out by the loaders" in problems(report, False)
    (tmp_path / "train/one/keypoints/000004_keypoints.json").unlink()
    (tmp_path / "train/two/keypoints/000005_keypoints.json").write_text('{"people": [{}]}', encoding="utf-8")
    (tmp_path / "test/one/frames/000000.png").write_bytes(b"no picture")
    report = check(tmp_path)
    assert names_of(report, "train: 1 keypoint files are missing") == ["train/one/keypoints/000004_keypoints.json"]
    assert "000005_keypoints.json" in names_of(report, "train: 1 keypoint files cannot be read")[0]
    assert names_of(report, "test: 1 files that cannot be read") == [
        "test/one/frames/000000.png: no readable JPEG, PNG or WebP"
    ]
    assert not report.usable


def test_clips_that_are_all_too_short_are_unusable(tmp_path):
    write_clip(tmp_path / "train/short", frames=3)
    (what,) = problems(check(tmp_path, quick=True), serious=True)
    assert "videos of at least 30 consecutive frames are expected" in what


def test_human36m_needs_both_files(tmp_path):
    folder = write_human36m(tmp_path)
    report = check(folder)
    assert report.kind == "human36m"
    assert report.usable
    assert report.counts["train, cpn_ft_h36m_dbb"] == {"subjects": 1, "recordings": 2, "windows": 6}
    (folder / "data_2d_h36m_gt.npz").unlink()
    report = check(folder)
    assert problems(report, serious=True) == ["data_2d_h36m_gt.npz and data_2d_h36m_DETECTOR.npz are expected"]
    assert "Human3.6M: register at" in report.advice[0]


def test_a_damaged_human36m_file_is_unusable(tmp_path):
    folder = write_human36m(tmp_path)
    np.savez(folder / "data_2d_h36m_gt.npz", positions_2d=np.zeros(3))
    assert not check(folder).usable


def test_the_genuine_tree_is_recognised_and_the_next_command_given(tmp_path):
    folder = write_fashion_source(tmp_path)
    (folder / "img/MEN/Denim/id_00000080/01_4_full.jpg").unlink()
    report = check(folder)
    assert report.kind == "fashion raw"
    assert not report.usable
    assert report.counts == {
        "tree": {"pictures": 4, "identities": 3},
        "train": {"pictures in the list": 3},
        "test": {"pictures in the list": 2},
    }
    assert names_of(report, "test: 1 names of the list are missing in the tree") == [TEST[1]]
    assert report.advice == [f"Next: python -m training data prepare fashion {folder} --output PREPARED"]


def test_archives_and_videos_are_recognised(tmp_path):
    (tmp_path / "Img").mkdir()
    (tmp_path / "Img/img.zip").write_bytes(b"PK")
    report = check(tmp_path)
    assert (report.kind, report.usable) == ("fashion raw", False)
    assert names_of(report, "archives are not unpacked") == ["Img/img.zip"]
    videos = tmp_path / "videos"
    videos.mkdir()
    (videos / "broken.mp4").write_bytes(b"nothing")
    report = check(videos)
    assert (report.kind, report.usable) == ("videos", False)
    assert names_of(report, "videos: 1 files that cannot be read") == ["broken.mp4"]


def test_an_unfinished_preparation_is_unusable(tmp_path):
    folder = write_fashion(tmp_path)
    (folder / "dataset.json").write_text('{"kind": "fashion", "complete": false}', encoding="utf-8")
    assert problems(check(folder), serious=True) == ["It was not finished: start its command again"]


def test_an_unfinished_rendering_is_unusable(tmp_path):
    (tmp_path / ".render").mkdir()
    (tmp_path / "train").mkdir()
    report = check(tmp_path)
    assert report.kind == "rendered"
    assert problems(report, serious=True) == ["It was not finished: start its command again"]


def test_the_command_prints_lines_or_json_and_its_code_says_whether_it_is_usable(tmp_path, capfd):
    folder = write_market(tmp_path / "market")
    assert main(["data", "check", str(folder)]) == 0
    lines = capfd.readouterr().out.splitlines()
    assert lines[0] == f"{folder}: market"
    assert lines[1] == "  train: 2 pictures, 2 pairs, 2 pictures in pairs, 2 annotations, 1 identities"
    assert lines[-1] == "Usable."
    (tmp_path / "empty").mkdir()
    assert main(["data", "check", str(tmp_path / "empty"), "--json"]) == 1
    report = json.loads(capfd.readouterr().out)
    assert (report["kind"], report["usable"]) == (None, False)
    assert report["problems"][0]["serious"] is True
    assert "https://mmlab.ie.cuhk.edu.hk/projects/DeepFashion.html" in " ".join(report["advice"])
    assert main(["data", "check", str(tmp_path / "nowhere")]) == 2
    assert "A folder is expected. Received: " in capfd.readouterr().err
    with pytest.raises(SystemExit) as stop:
        main(["data", "check"])
    assert stop.value.code == 2


def test_long_lists_of_names_are_cut_for_people_only(tmp_path, capfd):
    folder = write_fashion(tmp_path)
    pairs = [(TRAIN[0], TRAIN[1])] + [(TRAIN[0], f"fashionGONE{number}.jpg") for number in range(14)]
    write_pairs(folder / "fasion-pairs-train.csv", pairs)
    assert main(["data", "check", "--quick", str(folder)]) == 1
    assert "       ... and 4 more" in capfd.readouterr().out
    assert len(names_of(check(folder, quick=True), "14 pictures of pairs are missing")) == 14
