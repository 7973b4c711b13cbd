from __future__ import annotations

import json

import pytest
from helpers.datasets import write_annotations, write_openpose, write_pairs, write_picture

from training.data.layouts import dataset_kind, find_clips, find_human36m, find_pairs, read_dataset_file


def make_pairs_folder(folder, spelling, split="train", pictures=None):
    write_picture(folder / (pictures or split) / "a.jpg", 8, 8)
    write_pairs(folder / f"{spelling}-pairs-{split}.csv", [("a.jpg", "a.jpg")])
    write_annotations(folder / f"{spelling}-annotation-{split}.csv", [])


@pytest.mark.parametrize("spelling", ["fasion", "fashion", "fasion-resize", "fashion-resize"])
@pytest.mark.parametrize("split", ["train", "test"])
def test_every_spelling_of_fashion_is_found(tmp_path, spelling, split):
    make_pairs_folder(tmp_path, spelling, split)
    assert dataset_kind(tmp_path) == "fashion"
    layout = find_pairs(tmp_path, split)
    assert (layout.kind, layout.split, layout.pictures) == ("fashion", split, tmp_path / split)
    assert layout.pairs == tmp_path / f"{spelling}-pairs-{split}.csv"
    assert layout.annotations == tmp_path / f"{spelling}-annotation-{split}.csv"
    assert layout.annotation_size == (256, 176)
    assert layout.truth is None


def test_the_spellings_of_the_two_files_may_differ(tmp_path):
    make_pairs_folder(tmp_path, "fasion-resize")
    (tmp_path / "fasion-resize-pairs-train.csv").rename(tmp_path / "fashion-pairs-train.csv")
    layout = find_pairs(tmp_path)
    assert layout.pairs.name == "fashion-pairs-train.csv"
    assert layout.annotations.name == "fasion-resize-annotation-train.csv"


@pytest.mark.parametrize("pictures", ["bounding_box_test", "test"])
def test_market_is_found_with_its_own_folder_names(tmp_path, pictures):
    make_pairs_folder(tmp_path, "market", "test", pictures)
    layout = find_pairs(tmp_path, "test")
    assert (layout.kind, layout.pictures, layout.annotation_size) == ("market", tmp_path / pictures, (128, 64))


def test_dataset_file_says_size_and_truth(tmp_path):
    make_pairs_folder(tmp_path, "fasion")
    (tmp_path / "truth" / "train").mkdir(parents=True)
    (tmp_path / "dataset.json").write_text('{"kind": "fashion", "annotation_size": [96, 64], "truth": true}')
    layout = find_pairs(tmp_path)
    assert layout.annotation_size == (96, 64)
    assert layout.truth == tmp_path / "truth" / "train"


def test_everything_that_is_missing_is_named_at_once(tmp_path):
    write_pairs(tmp_path / "fasion-pairs-test.csv", [("a", "b")])
    with pytest.raises(ValueError, match="lacks folder train, fasion-pairs-train.csv, fasion-annotation-train.csv"):
        find_pairs(tmp_path, "train")
    with pytest.raises(ValueError, match="the market dataset lacks folder bounding_box_test, market-pairs-test.csv"):
        find_pairs(tmp_path, "test", kind="market")


def test_folders_that_are_no_dataset_are_refused(tmp_path):
    with pytest.raises(ValueError, match="a dataset's folder is expected. Received: a path that is no folder"):
        find_pairs(tmp_path / "nothing")
    with pytest.raises(ValueError, match="Received: a folder with none of them"):
        dataset_kind(tmp_path)
    with pytest.raises(ValueError, match="split must be one of train, test. Received: 'val'"):
        find_pairs(tmp_path, "val", "fashion")
    with pytest.raises(ValueError, match=r"expected a dataset of pairs \(fashion or market\). Received: clips"):
        find_pairs(tmp_path, "train", "clips")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "a JSON object is expected"),
        ("[1]", "a JSON object is expected. Received: list"),
        ('{"kind": "faces"}', "kind must be one of fashion, market, clips, human36m. Received: 'faces'"),
        ('{"annotation_size": [256]}', r"annotation_size must be \[height, width\] in pixels. Received: \[256\]"),
        ('{"annotation_size": [256, -1]}', "annotation_size must be"),
        ('{"annotation_size": "big"}', "annotation_size must be"),
    ],
)
def test_bad_dataset_files_are_refused(tmp_path, text, message):
    (tmp_path / "dataset.json").write_text(text)
    with pytest.raises(ValueError, match=message):
        read_dataset_file(tmp_path)


def test_no_dataset_file_says_nothing(tmp_path):
    assert read_dataset_file(tmp_path) == {}


def test_clips_are_found_with_what_they_have(tmp_path):
    for clip in ("b", "a"):
        for frame in ("000001.png", "000000.png"):
            write_picture(tmp_path / "train" / clip / "frames" / frame, 8, 8)
        (tmp_path / "train" / clip / "frames" / "notes.txt").write_text("no frame")
        write_openpose(tmp_path / "train" / clip / "keypoints" / "000000_keypoints.json", {})
    write_openpose(tmp_path / "train" / "b" / "keypoints" / "000001.json", {})
    (tmp_path / "train" / "b" / "keypoints_noisy").mkdir()
    (tmp_path / "train" / "b" / "masks").mkdir()
    assert dataset_kind(tmp_path) == "clips"
    first, second = find_clips(tmp_path)
    assert (first.name, first.noisy, first.masks) == ("a", False, False)
    assert (second.name, second.noisy, second.masks) == ("b", True, True)
    assert [path.name for path in second.frames] == ["000000.png", "000001.png"]
    assert second.keypoint_file(0) == tmp_path / "train/b/keypoints/000000_keypoints.json"
    assert second.keypoint_file(1) == tmp_path / "train/b/keypoints/000001.json"
    assert second.keypoint_file(1, noisy=True) == tmp_path / "train/b/keypoints_noisy/000001_keypoints.json"
    assert second.mask_file(1) == tmp_path / "train/b/masks/000001.png"


def test_convention_numbers_in_names_order_the_frames(tmp_path):
    names = ["frame2.jpg", "frame10.jpg", "frame1.jpg", "frame01.jpg", "²3.jpg"]
    for name in names:
        write_picture(tmp_path / "train/a/frames" / name, 8, 8)
    (tmp_path / "train/a/keypoints").mkdir()
    (clip,) = find_clips(tmp_path)
    assert [path.name for path in clip.frames] == ["frame01.jpg", "frame1.jpg", "frame2.jpg", "frame10.jpg", "²3.jpg"]


def test_clips_without_keypoints_are_refused(tmp_path):
    with pytest.raises(ValueError, match="expected folders CLIP/frames"):
        find_clips(tmp_path)
    write_picture(tmp_path / "train" / "a" / "frames" / "0.png", 8, 8)
    with pytest.raises(ValueError, match=r"clips lack their folder of keypoints: a \(1\)"):
        find_clips(tmp_path)


def test_human36m_takes_the_only_detector_or_the_chosen_one(tmp_path):
    with pytest.raises(ValueError, match="lacks data_2d_h36m_gt.npz"):
        find_human36m(tmp_path)
    (tmp_path / "data_2d_h36m_gt.npz").touch()
    with pytest.raises(ValueError, match="data_2d_h36m_DETECTOR.npz. Received: no such file"):
        find_human36m(tmp_path)
    (tmp_path / "data_2d_h36m_cpn_ft_h36m_dbb.npz").touch()
    assert dataset_kind(tmp_path) == "human36m"
    assert find_human36m(tmp_path).detected.name == "data_2d_h36m_cpn_ft_h36m_dbb.npz"
    (tmp_path / "data_2d_h36m_hrnet.npz").touch()
    with pytest.raises(ValueError, match="Received: cpn_ft_h36m_dbb, hrnet"):
        find_human36m(tmp_path)
    assert find_human36m(tmp_path, "hrnet").detected.name == "data_2d_h36m_hrnet.npz"


def test_what_a_dataset_file_says_counts_more_than_the_looks(tmp_path):
    make_pairs_folder(tmp_path, "fasion")
    (tmp_path / "dataset.json").write_text(json.dumps({"kind": "clips"}))
    assert dataset_kind(tmp_path) == "clips"
