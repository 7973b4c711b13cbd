from __future__ import annotations

import numpy as np
import pytest
from helpers.datasets import MISSING, annotation_row, write_annotations, write_pairs

from training.data.pairs_csv import picture_path, read_annotated_pairs, read_pairs_csv

SOME = list(range(18))


def write(tmp_path, text):
    path = tmp_path / "pairs.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


@pytest.mark.parametrize(
    "text",
    [
        "from,to\na.jpg,b.jpg\n",
        "from,to\na.jpg,b.jpg",
        "\ufefffrom,to\r\na.jpg,b.jpg\r\n\r\n",
        " from , to \n\n a.jpg , b.jpg \n",
        ",to,from\n0,b.jpg,a.jpg\n",
        'from,to\n"a.jpg","b.jpg"\n,\n',
    ],
)
def test_oddities_of_csv_files_do_not_matter(tmp_path, text):
    assert read_pairs_csv(write(tmp_path, text)) == [("a.jpg", "b.jpg")]


def test_folders_in_names_are_kept_and_turned(tmp_path):
    assert read_pairs_csv(write(tmp_path, "from,to\ntrain\\a.jpg,x/b.jpg\n")) == [("train/a.jpg", "x/b.jpg")]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "a CSV file with the columns from,to is expected. Received: ''"),
        ("a,b\n1,2\n", "columns from,to is expected. Received: 'a,b'"),
        ("from,to\n", "at least one pair is expected. Received: a header only"),
        ("from,to\na,b\nc\n", "line 3: two names, from,to, are expected. Received: 'c'"),
        ("from,to\na,b\n\n,c\n", "line 4: two names"),
        (b"from,to\n\xff\xfe,b\n", "a CSV file with the columns from,to is expected. Received: 'utf-8'"),
    ],
)
def test_bad_files_are_refused_with_the_line(tmp_path, text, message):
    with pytest.raises(ValueError, match=message):
        read_pairs_csv(write(tmp_path, text))


def test_a_missing_file_is_a_value_error(tmp_path):
    with pytest.raises(ValueError, match="a CSV file with the columns from,to is expected"):
        read_pairs_csv(tmp_path / "nothing.csv")


def read(tmp_path, rows, pairs, space=""):
    write_annotations(tmp_path / "annotation.csv", rows, space)
    write_pairs(tmp_path / "pairs.csv", pairs)
    return read_annotated_pairs(tmp_path / "pairs.csv", tmp_path / "annotation.csv")


def test_pairs_without_annotation_or_joints_are_dropped_and_counted(tmp_path):
    rows = [annotation_row(name, SOME, SOME) for name in ("a", "b")] + [annotation_row("none", MISSING, MISSING)]
    pairs = [("a", "none"), ("none", "b"), ("a", "b"), ("b", "unknown"), ("b", "a"), ("none", "unknown")]
    found = read(tmp_path, rows, pairs)
    assert found.dropped == {"without any joint": 2, "without annotation": 2}
    assert found.names == ("a", "b")
    assert found.pairs.tolist() == [[0, 1], [1, 0]]
    assert found.keypoints.shape == (2, 18, 3)


def test_one_missing_coordinate_makes_a_joint_missing(tmp_path):
    found = read(tmp_path, [annotation_row("a", [-1, 5] + [-1] * 16, [3, 190] + [4] * 16)], [("a", "a")])
    # y first; x = 190 lies beyond the 176 columns and is kept.
    assert found.keypoints[0, 1].tolist() == [190, 5, 1]
    assert np.count_nonzero(found.keypoints[0, :, 2]) == 1


def test_spaces_after_colons(tmp_path):
    found = read(tmp_path, [annotation_row("0002_c1s1.jpg", SOME, SOME, " ")], [("0002_c1s1.jpg",) * 2], " ")
    assert found.keypoints[0, 7].tolist() == [7, 7, 1]


def test_names_with_folders_find_annotations_without(tmp_path):
    found = read(tmp_path, [annotation_row("a.jpg", SOME, SOME)], [("train/a.jpg", "a.jpg")])
    assert found.names == ("train/a.jpg", "a.jpg")
    found = read(tmp_path, [annotation_row("train/a.jpg", SOME, SOME)], [("a.jpg", "train/a.jpg")])
    assert found.dropped == {}


def test_ambiguous_names_without_folders_are_not_guessed(tmp_path):
    rows = [annotation_row(name, SOME, SOME) for name in ("x/a.jpg", "y/a.jpg")]
    found = read(tmp_path, rows, [("a.jpg", "x/a.jpg"), ("x/a.jpg", "y/a.jpg")])
    assert found.dropped == {"without annotation": 1}


def test_of_two_rows_of_one_picture_the_first_counts(tmp_path):
    rows = [annotation_row("a", SOME, SOME), annotation_row("a", SOME[::-1], SOME)]
    assert read(tmp_path, rows, [("a", "a")]).keypoints[0, 0].tolist() == [0, 0, 1]


def test_no_usable_pair_is_refused(tmp_path):
    with pytest.raises(ValueError, match="pairs of annotated pictures are expected. Received: 1 pairs"):
        read(tmp_path, [annotation_row("a", MISSING, MISSING)], [("a", "a")])


def test_pictures_are_found_with_or_without_folders(tmp_path):
    pictures = tmp_path / "train"
    pictures.mkdir()
    (pictures / "a.jpg").touch()
    assert picture_path(pictures, "a.jpg") == pictures / "a.jpg"
    assert picture_path(pictures, "train/a.jpg") == pictures / "a.jpg"
    assert picture_path(pictures, "some/where/a.jpg") == pictures / "a.jpg"
    assert picture_path(pictures, "missing.jpg") == pictures / "missing.jpg"


@pytest.mark.parametrize("name", ["../secret.jpg", "/secret.jpg", "../../secret.jpg"])
def test_names_do_not_lead_out_of_the_dataset(tmp_path, name):
    pictures = tmp_path / "dataset" / "train"
    pictures.mkdir(parents=True)
    (tmp_path / "secret.jpg").touch()
    assert picture_path(pictures, name) == pictures / "secret.jpg"
